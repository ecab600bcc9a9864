import { describe, expect, it } from 'vitest';
import type { MergeResult } from '../../src/export/fragment.ts';
import { services } from '../../src/export/services.ts';
import {
  codes,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  systemFile,
  diagnosed,
} from './memory-host.ts';

const STOCK = systemFile('/etc/services', 'netbase');

function install(text: string, content: string): MergeResult {
  const host = memoryHost({ '/etc/services': text });
  return services.merge({
    owner: owner('foo'),
    files: [fragment('services', content)],
    before: [],
    host,
  });
}

function findings(content: string): readonly string[] {
  return diagnosed(() => services.parse(fragment('services', content)));
}

describe('export/services on the stock /etc/services', () => {
  it('is added as one block at the end, comments and all, and goes without a trace', () => {
    const host = memoryHost({ '/etc/services': STOCK });
    const content = '# ours\nxh-news\t5999/tcp\txhn\nxh-news\t5999/udp\n';
    const input = { owner: owner('foo'), files: [fragment('services', content)], host };
    const merged = services.merge({ ...input, before: [] });
    expect(codes(merged)).toEqual([]);
    host.apply(merged.edits);
    expect(host.text('/etc/services')).toBe(
      `${STOCK}# BEGIN xhier foo\n${content}# END xhier foo\n`,
    );
    const before = fromReceipt(merged.merged);
    const again = services.merge({ ...input, before });
    expect(again.edits).toEqual([]);
    expect(fromReceipt(again.merged)).toEqual(before);
    host.apply(services.remove({ owner: owner('foo'), before, host }).edits);
    expect(host.text('/etc/services')).toBe(STOCK);
  });

  it('is refused for a port that has another name there, both lines named', () => {
    const result = install(STOCK, '\nmyssh 22/tcp\n');
    const line = STOCK.split('\n').findIndex((text) => /^ssh\s/.test(text)) + 1;
    expect(result.edits).toEqual([]);
    expect(result.conflicts).toMatchObject([
      { code: 'E_SERVICES_PORT', path: '/etc/services', line },
    ]);
    expect(result.conflicts[0]?.message).toContain(`(/etc/services:${line})`);
    expect(result.conflicts[0]?.message).toContain(
      "'myssh 22/tcp' (/software/foo/export/services:2)",
    );
  });

  it('is refused for a name that has another port there, as name and as alias', () => {
    expect(codes(install(STOCK, 'ssh 2222/tcp\n'))).toEqual(['E_SERVICES_NAME']);
    expect(codes(install(STOCK, 'www 8001/tcp\n'))).toEqual(['E_SERVICES_ALIAS']);
    expect(codes(install(STOCK, 'newthing 8001/tcp smtp\n'))).toEqual(['E_SERVICES_ALIAS']);
  });

  it('leaves out what is there already, says so, and leaves it there at removal', () => {
    const host = memoryHost({ '/etc/services': STOCK });
    const files = [fragment('services', 'http 80/tcp\nxh-news 5999/tcp\nmail 25/tcp\n')];
    const merged = services.merge({ owner: owner('foo'), files, before: [], host });
    expect(merged.notes).toHaveLength(2);
    host.apply(merged.edits);
    expect(host.text('/etc/services')).toBe(
      `${STOCK}# BEGIN xhier foo\nxh-news 5999/tcp\n# END xhier foo\n`,
    );
    const before = fromReceipt(merged.merged);
    expect(services.merge({ owner: owner('foo'), files, before, host }).edits).toEqual([]);
    host.apply(services.remove({ owner: owner('foo'), before, host }).edits);
    expect(host.text('/etc/services')).toBe(STOCK);
  });

  it('writes no block when everything is there already, and takes nothing at removal', () => {
    const host = memoryHost({ '/etc/services': STOCK });
    const files = [fragment('services', '# the usual\nssh\t22/tcp\n')];
    const merged = services.merge({ owner: owner('foo'), files, before: [], host });
    expect(merged.edits).toEqual([]);
    expect(merged.merged).toHaveLength(1);
    const removed = services.remove({ owner: owner('foo'), before: merged.merged, host });
    expect(removed).toMatchObject({ edits: [], notes: [] });
  });

  it('counts the protocol: the same port and name for another one is no conflict', () => {
    expect(codes(install('foo 99/tcp\n', 'foo 99/udp\nbar 99/sctp\n'))).toEqual([]);
  });
});

describe('two packages in /etc/services', () => {
  it('may say the same: each has its own line, so that the other can go', () => {
    const host = memoryHost({ '/etc/services': 'ssh 22/tcp\n' });
    const files = [fragment('services', 'foo 99/tcp\n')];
    const first = services.merge({ owner: owner('a'), files, before: [], host });
    host.apply(first.edits);
    const second = services.merge({ owner: owner('b'), files, before: [], host });
    expect(codes(second)).toEqual([]);
    host.apply(second.edits);
    host.apply(services.remove({ owner: owner('a'), before: first.merged, host }).edits);
    expect(host.text('/etc/services')).toBe(
      'ssh 22/tcp\n# BEGIN xhier b\nfoo 99/tcp\n# END xhier b\n',
    );
  });

  it('may not contradict each other, and the other package is named', () => {
    const result = install('# BEGIN xhier bar\nbaz 99/tcp\n# END xhier bar\n', 'foo 99/tcp\n');
    expect(codes(result)).toEqual(['E_SERVICES_PORT']);
    expect(result.conflicts[0]?.message).toContain('of package bar (/etc/services:2)');
  });
});

describe('a fragment that contradicts itself', () => {
  it('is refused, with every contradiction', () => {
    const content = 'a 1/tcp x\nb 1/tcp\na 2/tcp\nc 3/tcp x\nd 4/tcp\nd 4/tcp\n';
    expect(install('', content).conflicts.map(({ code, line }) => `${line} ${code}`)).toEqual([
      '2 E_SERVICES_PORT',
      '3 E_SERVICES_NAME',
      '4 E_SERVICES_ALIAS',
      '6 E_FRAGMENT_TWICE',
    ]);
  });
});

describe('an entry that somebody adds by hand after the install', () => {
  const files = [fragment('services', 'foo 99/tcp\n')];
  const installed = memoryHost({ '/etc/services': 'ssh 22/tcp\n' });
  const merged = services.merge({ owner: owner('foo'), files, before: [], host: installed });
  installed.apply(merged.edits);

  it('that collides is reported at the next install and refuses nothing', () => {
    const host = memoryHost({ '/etc/services': `bar 99/tcp\n${installed.text('/etc/services')}` });
    const again = services.merge({ owner: owner('foo'), files, before: merged.merged, host });
    expect(again).toMatchObject({ edits: [], conflicts: [] });
    expect(again.notes[0]).toContain('/etc/services:1');
  });

  it('that says the same changes nothing', () => {
    const host = memoryHost({ '/etc/services': `foo 99/tcp\n${installed.text('/etc/services')}` });
    const again = services.merge({ owner: owner('foo'), files, before: merged.merged, host });
    expect(again).toMatchObject({ edits: [], conflicts: [] });
  });
});

describe('the reading of a services fragment', () => {
  it('names the place of everything that is wrong at once', () => {
    expect(
      findings(
        'ok 1/tcp alias # c\n\nfoo\nfoo 0/tcp\nfoo 70000/udp\nfoo 7\nfoo 7/\nfoo 7/TCP\n 7 7/tcp\n',
      ),
    ).toEqual([
      '/software/foo/export/services:3:1: error: no port\n  3 | foo\n    | ^~~ NAME PORT/PROTOCOL [ALIAS…]',
      "/software/foo/export/services:4:5: error: '0' is no port number\n  4 | foo 0/tcp\n    |     ^ 1 to 65535, then /PROTOCOL",
      "/software/foo/export/services:5:5: error: '70000' is no port number\n  5 | foo 70000/udp\n    |     ^~~~~ 1 to 65535, then /PROTOCOL",
      '/software/foo/export/services:6:6: error: no protocol\n  6 | foo 7\n    |      ^ 7/tcp or 7/udp',
      "/software/foo/export/services:7:7: error: '' is no protocol name\n  7 | foo 7/\n    |       ^ 7/tcp or 7/udp",
      "/software/foo/export/services:8:7: error: 'TCP' is no protocol name\n  8 | foo 7/TCP\n    |       ^~~ lower case, as in /etc/protocols",
      "/software/foo/export/services:9:2: error: '7' does not begin in the first column\n  9 |  7 7/tcp\n    |  ^",
      "/software/foo/export/services:9:2: error: '7' would be taken for a port\n  9 |  7 7/tcp\n    |  ^",
    ]);
  });

  it('refuses lines that would pass for markers, and bytes that no text has', () => {
    expect(findings('# BEGIN xhier foo\na 1/tcp\0\n')[0]).toContain('services:1:1');
    expect(findings('a 1/tcp #\0\n')).toEqual([expect.stringContaining('NUL byte')]);
    expect(findings('#xhier:disabled-by x# a 1/tcp\n')).toHaveLength(1);
  });

  it('knows a mistyped protocol by what this host has, and only warns', () => {
    const file = fragment('services', 'foo 7/tpc\nbar 8/igmp\n');
    const host = memoryHost({ '/etc/protocols': 'igmp\t2\tIGMP\n' });
    const found = services.check(file, services.parse(file), host);
    expect(found).toMatchObject([
      { severity: 'warning', line: 1, code: 'E_SERVICES_PROTOCOL', hint: "did you mean 'tcp'?" },
    ]);
  });

  it('gives the names and the port as keys', () => {
    const entries = services.parse(fragment('services', 'telnet 23/tcp tn # x\n'));
    expect(entries.map((entry) => services.identity(entry))).toEqual([
      ['telnet/tcp', 'tn/tcp', '23/tcp'],
    ]);
  });
});

describe('odd lines of an administrator in /etc/services', () => {
  it('are no error and stay as they are', () => {
    const text = 'garbage\nx 999999/tcp\n y\t99/tcp\r\n=== \xff\xfe\nz 98/\n';
    const host = memoryHost({ '/etc/services': text });
    const files = [fragment('services', 'foo 100/tcp\n')];
    const merged = services.merge({ owner: owner('foo'), files, before: [], host });
    expect(codes(merged)).toEqual([]);
    host.apply(merged.edits);
    expect(host.text('/etc/services')?.startsWith(text)).toBe(true);
    // indented or not, the C library reads the third line
    expect(codes(install(text, 'q 99/tcp\n'))).toEqual(['E_SERVICES_PORT']);
  });
});

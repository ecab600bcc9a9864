/** Files of one entry a line that only name things: shells, protocols, rpc. On Debian's own. */
import { describe, expect, it } from 'vitest';
import type { FragmentKind, MergeResult } from '../../src/export/fragment.ts';
import { kindNamed } from '../../src/export/kinds.ts';
import {
  codes,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  systemFile,
  diagnosed,
} from './memory-host.ts';

const FOO = owner('foo');

function kind(name: string): FragmentKind {
  const found = kindNamed(name);
  if (!found) throw new Error(`${name} is not in the table of kinds`);
  return found;
}

function merge(name: string, standing: string, content: string): MergeResult {
  const host = memoryHost({ [`/etc/${name}`]: standing });
  return kind(name).merge({ owner: FOO, files: [fragment(name, content)], before: [], host });
}

function findings(name: string, content: string): readonly string[] {
  return diagnosed(() => kind(name).parse(fragment(name, content)));
}

describe.each([
  ['shells', 'debianutils', '# ours\n/software/foo/bin/sh\n'],
  ['protocols', 'netbase', 'xproto\t253\tXP\t# for experiments\n'],
  ['rpc', 'netbase', 'food\t536870912\tfood-mount\n'],
])('export/%s on the stock file', (name, from, content) => {
  const stock = systemFile(`/etc/${name}`, from);

  it('is added as one block, does nothing the second time, and goes without a trace', () => {
    const host = memoryHost({ [`/etc/${name}`]: stock });
    const input = { owner: FOO, files: [fragment(name, content)], host };
    const merged = kind(name).merge({ ...input, before: [] });
    expect(codes(merged)).toEqual([]);
    host.apply(merged.edits);
    expect(host.text(`/etc/${name}`)).toBe(
      `${stock}# BEGIN xhier foo\n${content}# END xhier foo\n`,
    );
    const before = fromReceipt(merged.merged);
    expect(kind(name).merge({ ...input, before })).toMatchObject({ edits: [], merged: before });
    host.apply(kind(name).remove({ owner: FOO, before, host }).edits);
    expect(host.text(`/etc/${name}`)).toBe(stock);
  });

  it('reads every entry that Debian has put there, and leaves out what says the same', () => {
    const host = memoryHost({ [`/etc/${name}`]: stock });
    const all = stock
      .split('\n')
      .filter((line) => /^[a-z/]/.test(line))
      // Debian has one shell twice, and two names for protocol 0
      .filter((line, index, lines) => lines.indexOf(line) === index)
      .filter((line) => !line.startsWith('hopopt'));
    expect(all.length).toBeGreaterThan(5);
    const files = [fragment(name, `${all.join('\n')}\n`)];
    const merged = kind(name).merge({ owner: FOO, files, before: [], host });
    expect(codes(merged)).toEqual([]);
    expect(merged.edits).toEqual([]);
    expect(merged.notes).toHaveLength(all.length);
  });
});

describe('export/shells', () => {
  it('refuses what is no full path, and arguments', () => {
    expect(findings('shells', 'sh\n/bin/sh -l # login\n/bin/../sh\n')).toEqual([
      "/software/foo/export/shells:1:1: error: 'sh' is no path of a program\n  1 | sh\n    | ^~ the full path, such as /software/PKG/bin/SHELL",
      "/software/foo/export/shells:2:9: error: '-l' after the path\n  2 | /bin/sh -l # login\n    |         ^~ one path a line, without arguments",
      "/software/foo/export/shells:3:1: error: '/bin/../sh' is no path of a program\n  3 | /bin/../sh\n    | ^~~~~~~~~~ the full path, such as /software/PKG/bin/SHELL",
    ]);
  });

  it('refuses a shell that is not there or cannot be executed', () => {
    const file = fragment('shells', '/bin/gone\n/bin/plain\n/bin/good\n');
    const host = memoryHost({ '/bin/plain': '', '/bin/good': program() });
    const found = kind('shells').check(file, kind('shells').parse(file), host);
    expect(found.map(({ line, severity, message }) => `${line} ${severity} ${message}`)).toEqual([
      '1 error the shell /bin/gone does not exist',
      '2 error the shell /bin/plain is not executable',
    ]);
  });
});

describe('export/protocols and export/rpc', () => {
  it('are refused for a number that has another name there, both lines named', () => {
    const stock = systemFile('/etc/protocols', 'netbase');
    const result = merge('protocols', stock, '\nmytcp 6\n');
    const line = stock.split('\n').findIndex((text) => /^tcp\s/.test(text)) + 1;
    expect(result.edits).toEqual([]);
    expect(result.conflicts).toMatchObject([{ code: 'E_PROTOCOLS_NUMBER', line }]);
    expect(result.conflicts[0]?.message).toBe(
      `two names for protocol 6: '${stock.split('\n')[line - 1]?.replace(/\t/g, '\\t')}'` +
        ` (/etc/protocols:${line}) and 'mytcp 6' (/software/foo/export/protocols:2)`,
    );
  });

  it('are refused for a name or alias that has another number, here or in another package', () => {
    expect(codes(merge('rpc', 'nfs 100003 nfsprog\n', 'nfs 5\n'))).toEqual(['E_RPC_NAME']);
    expect(codes(merge('rpc', 'nfs 100003 nfsprog\n', 'x 5 nfsprog\n'))).toEqual(['E_RPC_NAME']);
    const other = '# BEGIN xhier bar\nx 5\n# END xhier bar\n';
    const result = merge('rpc', other, 'y 5\n');
    expect(result.conflicts[0]?.message).toContain('of package bar (/etc/rpc:2)');
  });

  it('name the place of everything that is wrong at once', () => {
    expect(findings('protocols', 'a\n7 7\na 65536\nb x1 b\nc 9 c\n')).toEqual([
      '/software/foo/export/protocols:1:2: error: no protocol number\n  1 | a\n    |  ^ NAME NUMBER [ALIAS…]',
      "/software/foo/export/protocols:2:1: error: '7' is no protocol name\n  2 | 7 7\n    | ^ letters, digits and . _ + - /",
      "/software/foo/export/protocols:3:3: error: '65536' is no protocol number\n  3 | a 65536\n    |   ^~~~~ 0 to 65535",
      "/software/foo/export/protocols:4:3: error: 'x1' is no protocol number\n  4 | b x1 b\n    |   ^~ 0 to 65535",
      "/software/foo/export/protocols:4:6: error: 'b' is named twice\n  4 | b x1 b\n    |      ^",
      "/software/foo/export/protocols:5:5: error: 'c' is named twice\n  5 | c 9 c\n    |     ^",
    ]);
    expect(findings('rpc', 'a 4294967295\n')).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { aliases } from '../../src/export/aliases.ts';
import type { MergeResult } from '../../src/export/fragment.ts';
import { codes, fragment, fromReceipt, memoryHost, owner, diagnosed } from './memory-host.ts';

const FOO = owner('foo');
/** As Debian's mailers make it. */
const STOCK = `# /etc/aliases
mailer-daemon: postmaster
postmaster: root
nobody: root
hostmaster: root
webmaster: root
www: root
abuse: root
security: root
`;

function install(standing: string, content: string): MergeResult {
  const host = memoryHost({ '/etc/aliases': standing });
  return aliases.merge({ owner: FOO, files: [fragment('aliases', content)], before: [], host });
}

function findings(content: string): readonly string[] {
  return diagnosed(() => aliases.parse(fragment('aliases', content)));
}

describe('export/aliases on the stock /etc/aliases', () => {
  it('is added as one block and goes without a trace', () => {
    const host = memoryHost({ '/etc/aliases': STOCK });
    const content = '# ours\nnewsmaster: alice,\n\tbob\nlists: "|/software/foo/servers/lists -v"\n';
    const input = { owner: FOO, files: [fragment('aliases', content)], host };
    const merged = aliases.merge({ ...input, before: [] });
    expect(codes(merged)).toEqual([]);
    host.apply(merged.edits);
    expect(host.text('/etc/aliases')).toBe(
      `${STOCK}# BEGIN xhier foo\n${content}# END xhier foo\n`,
    );
    const before = fromReceipt(merged.merged);
    expect(aliases.merge({ ...input, before }).edits).toEqual([]);
    host.apply(aliases.remove({ owner: FOO, before, host }).edits);
    expect(host.text('/etc/aliases')).toBe(STOCK);
  });

  it('is refused for a name that has another address there, whatever its letters and quotes', () => {
    const line = STOCK.split('\n').indexOf('postmaster: root') + 1;
    const result = install(STOCK, '"Postmaster": alice\n');
    expect(result.conflicts).toMatchObject([{ code: 'E_ALIASES_NAME', line }]);
    expect(result.conflicts[0]?.message).toContain(
      `'postmaster: root' (/etc/aliases:${line}) and '"Postmaster": alice'`,
    );
  });

  it('leaves out what is there already, over several lines as on one', () => {
    const standing = 'x:a ,\n  b,\n# a comment\n\tc\ny: z\n';
    const merged = install(standing, 'X: a,b,\n c\n');
    expect(merged).toMatchObject({ edits: [], conflicts: [] });
    expect(merged.notes).toHaveLength(1);
  });

  it('never comes between a line and those that go on with it', () => {
    const host = memoryHost({ '/etc/aliases': 'x: a,\n  b' });
    const files = [fragment('aliases', 'y: c\n')];
    const merged = aliases.merge({ owner: FOO, files, before: [], host });
    host.apply(merged.edits);
    expect(host.text('/etc/aliases')).toBe('# BEGIN xhier foo\ny: c\n# END xhier foo\nx: a,\n  b');
  });
});

describe('the reading of an aliases fragment', () => {
  it('names the place of everything that is wrong at once', () => {
    expect(findings(' on: x\nno colon\n: x\na:\nb: x,,y\na@b: c\nc: "|x\n')).toEqual([
      '/software/foo/export/aliases:1:1: error: begins with a blank, and so goes on with a line that is not there\n  1 |  on: x\n    | ^ begin the name in the first column',
      "/software/foo/export/aliases:2:1: error: no colon after 'no'\n  2 | no colon\n    | ^~ NAME: ADDRESS, …",
      "/software/foo/export/aliases:3:1: error: '' is no name of a mailbox on this host\n  3 | : x\n    | ^ a name without @ and blanks",
      '/software/foo/export/aliases:4:3: error: no address\n  4 | a:\n    |   ^ NAME: ADDRESS, …',
      '/software/foo/export/aliases:5:3: error: an empty address between commas\n  5 | b: x,,y\n    |   ^ NAME: ADDRESS, …',
      "/software/foo/export/aliases:6:1: error: 'a@b' is no name of a mailbox on this host\n  6 | a@b: c\n    | ^~~ a name without @ and blanks",
      '/software/foo/export/aliases:7:4: error: a quote that does not end\n  7 | c: "|x\n    |    ^ name: "|/path/of/program argument"',
    ]);
  });

  it('refuses a program that is not there', () => {
    const file = fragment('aliases', 'a: b, "|/bin/gone -x"\nc: |/bin/alsogone\nd: /var/mail/d\n');
    const found = aliases.check(file, aliases.parse(file), memoryHost());
    expect(found.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '1 the program /bin/gone does not exist',
      '2 the program /bin/alsogone does not exist',
    ]);
  });

  it('refuses one name twice in one fragment', () => {
    expect(codes(install('', 'a: b\nA: c\n'))).toEqual(['E_ALIASES_NAME']);
    expect(codes(install('', 'a: b\nA: b\n'))).toEqual(['E_FRAGMENT_TWICE']);
  });
});

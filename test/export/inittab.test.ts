import { describe, expect, it } from 'vitest';
import type { MergeResult } from '../../src/export/fragment.ts';
import { inittab } from '../../src/export/inittab.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { codes, fragment, fromReceipt, memoryHost, owner, program } from './memory-host.ts';

const FOO = owner('foo');
/** In the form of the one that System V init comes with. */
const STOCK = `# /etc/inittab: init(8) configuration.
id:2:initdefault:
si::sysinit:/etc/init.d/rcS
~~:S:wait:/sbin/sulogin --force
l2:2:wait:/etc/init.d/rc 2
ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now
1:2345:respawn:/sbin/getty --noclear 38400 tty1
#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100
`;

function merge(content: string, standing = STOCK): MergeResult {
  const host = memoryHost({ '/etc/inittab': standing });
  return inittab.merge({ owner: FOO, files: [fragment('inittab', content)], before: [], host });
}

describe('export/inittab', () => {
  it('is added as one block and goes without a trace', () => {
    const host = memoryHost({ '/etc/inittab': STOCK });
    const content = '# kept running\nfo:2345:respawn:/software/foo/servers/food -f a:b\n';
    const input = { owner: FOO, files: [fragment('inittab', content)], host };
    const merged = inittab.merge({ ...input, before: [] });
    host.apply(merged.edits);
    expect(host.text('/etc/inittab')).toBe(
      `${STOCK}# BEGIN xhier foo\n${content}# END xhier foo\n`,
    );
    const before = fromReceipt(merged.merged);
    expect(inittab.merge({ ...input, before }).edits).toEqual([]);
    host.apply(inittab.remove({ owner: FOO, before, host }).edits);
    expect(host.text('/etc/inittab')).toBe(STOCK);
  });

  it('is refused for an id that is there, one that is commented out is free', () => {
    const result = merge('T0:23:respawn:/x\n1:2:respawn:/x\n');
    expect(result.conflicts).toMatchObject([{ code: 'E_INITTAB_ID', line: 7 }]);
    expect(result.conflicts[0]?.message).toBe(
      "two entries with the id '1': '1:2345:respawn:/sbin/getty --noclear 38400 tty1' (/etc/inittab:7)" +
        " and '1:2:respawn:/x' (/software/foo/export/inittab:2)",
    );
    expect(codes(merge('a:2:once:/x\na:3:once:/x\n'))).toEqual(['E_INITTAB_ID']);
  });

  it('leaves out what is there already', () => {
    expect(merge('l2:2:wait:/etc/init.d/rc 2\n')).toMatchObject({ edits: [], conflicts: [] });
  });

  it('names the place of everything that is wrong at once', () => {
    const content =
      'a:b\ntoolong:2:once:/x\na:2x:once:/x\na:2:respwan:/x\nid:2:initdefault:x\na:2:once:\n';
    try {
      inittab.parse(fragment('inittab', content));
      expect.fail('it was read');
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      expect(error.diagnostics.map((each) => formatDiagnostic(each))).toEqual([
        '/software/foo/export/inittab:1:1: error: not four fields\n  1 | a:b\n    | ^~~ ID:RUNLEVELS:ACTION:PROCESS',
        "/software/foo/export/inittab:2:1: error: 'toolong' is no id\n  2 | toolong:2:once:/x\n    | ^~~~~~~ one to four letters and digits",
        "/software/foo/export/inittab:3:4: error: 'x' is no runlevel\n  3 | a:2x:once:/x\n    |    ^ 0 to 9 and S",
        "/software/foo/export/inittab:4:5: error: init knows no action 'respwan'\n  4 | a:2:respwan:/x\n    |     ^~~~~~~ did you mean 'respawn'?",
        "/software/foo/export/inittab:5:6: error: 'initdefault' is the host's, not a package's\n  5 | id:2:initdefault:x\n    |      ^~~~~~~~~~~",
        '/software/foo/export/inittab:6:10: error: no process\n  6 | a:2:once:\n    |          ^ ID:RUNLEVELS:ACTION:PROCESS',
      ]);
    }
  });

  it('tells of programs that are not there, and of a host that has no inittab', () => {
    const file = fragment('inittab', 'a:2:respawn:/gone x\nb:2:respawn:/there\nc:2:off:/gone\n');
    const found = inittab.check(file, inittab.parse(file), memoryHost({ '/there': program() }));
    expect(
      found.map(
        ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
      ),
    ).toEqual([
      'warning 1:1 this host has no /etc/inittab, and so perhaps an init that reads none',
      'error 1:13 the program /gone does not exist',
    ]);
  });
});

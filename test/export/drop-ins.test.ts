/** Each directory of the table with the program that owns it, as Debian has it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { b, fromBuffer } from '../../src/bytes/bytes.ts';
import type { FragmentFile } from '../../src/export/fragment.ts';
import { KINDS, kindNamed } from '../../src/export/kinds.ts';
import { checkFragments, planFragments, removeFragments } from '../../src/export/planFragments.ts';
import { formatDiagnostic } from '../../src/message/diagnostic.ts';
import { codes, fragment, memoryHost, owner, program, diagnosed } from './memory-host.ts';

const FOO = owner('foo');

/** What stands in the way of installing `files` on a host with `standing`. */
function errors(files: readonly FragmentFile[], host = memoryHost()): readonly string[] {
  return diagnosed(() => planFragments({ owner: FOO, exportFiles: files, before: [], host }));
}

describe.each([
  ['sudoers.d', 'foo', 'alice ALL = (root) NOPASSWD: /software/foo/bin/x\n', 0o440],
  ['logrotate.d', 'foo', '/var/log/foo.log {\n  weekly\n  rotate 4\n  missingok\n}\n', 0o644],
  ['tmpfiles.d', 'foo.conf', 'd /run/foo 0755 root root -\n', 0o644],
  ['sysusers.d', 'foo.conf', 'u foo - "Foo" /var/lib/foo\n', 0o644],
  ['ld.so.conf.d', 'foo.conf', '# libraries\n/software/foo/lib # ours\n', 0o644],
  ['cron.d', 'foo', 'MAILTO=root\n5 4 * * * root /software/foo/bin/x\n', 0o644],
  [
    'xinetd.d',
    'foo',
    'service foo\n{\n\tsocket_type = stream\n\twait = no\n\tuser = root\n\tserver = /software/foo/servers/food\n}\n',
    0o644,
  ],
])('export/%s', (directory, name, content, mode) => {
  const start = {
    '/software/foo/servers/food': program(),
    '/software/foo/lib': { type: 'directory' } as const,
  };
  const exportFiles = [fragment(`${directory}/${name}`, content)];

  it('is installed with its mode after its owner has been asked, and goes again', () => {
    const host = memoryHost(start);
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(plan.notes).toEqual([]);
    expect(plan.warnings).toEqual([]);
    expect(plan.edits).toEqual([{ op: 'write', path: `/etc/${directory}/${name}`, content, mode }]);
    host.apply(plan.edits);
    const before = plan.merged;
    expect(planFragments({ owner: FOO, exportFiles, before, host }).edits).toEqual([]);
    host.apply(removeFragments({ owner: FOO, before, host }).edits);
    expect(host.objects).toEqual(memoryHost(start).objects);
  });

  it('is kept as an administrator has edited it', () => {
    const host = memoryHost(start);
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    host.apply(plan.edits);
    host.put(`/etc/${directory}/${name}`, `${content}# mine\n`);
    const next = [fragment(`${directory}/${name}`, `# new\n${content}`)];
    const again = planFragments({ owner: FOO, exportFiles: next, before: plan.merged, host });
    expect(again.edits).toEqual([]);
    expect(again.notes[0]).toContain('was edited since it was installed');
    expect(removeFragments({ owner: FOO, before: plan.merged, host }).edits).toEqual([]);
  });
});

describe('what the owning program refuses', () => {
  it.each([
    [
      'sudoers.d/foo',
      '# x\nalice ALL=\n',
      '/software/foo/export/sudoers.d/foo:2:11: error: visudo: syntax error\n  2 | alice ALL=\n    |           ^',
    ],
    [
      'logrotate.d/foo',
      '/var/log/foo {\n  rotat 4\n}\n',
      "/software/foo/export/logrotate.d/foo:2:1: error: logrotate: unknown option 'rotat' -- ignoring line\n  2 |   rotat 4\n    | ^~~~~~~~~",
    ],
    [
      'tmpfiles.d/foo.conf',
      'd /run/foo\nd relative\n',
      "/software/foo/export/tmpfiles.d/foo.conf:2:1: error: systemd-tmpfiles: Path 'relative' not absolute.\n  2 | d relative\n    | ^~~~~~~~~~",
    ],
    [
      'sysusers.d/foo.conf',
      'u foo\nz x\n',
      "/software/foo/export/sysusers.d/foo.conf:2:1: error: systemd-sysusers: Unknown command type 'z'.\n  2 | z x\n    | ^~~",
    ],
  ])('in %s is shown with its line', (name, content, text) => {
    expect(errors([fragment(name, content)])).toEqual([text]);
    const found = checkFragments({ exportFiles: [fragment(name, content)], host: memoryHost() });
    expect(found.map((each) => formatDiagnostic(each))).toEqual([text]);
  });

  it('is not asked about again when nothing is to be written', () => {
    const host = memoryHost();
    const exportFiles = [fragment('sudoers.d/foo', 'alice ALL=ALL\n')];
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    host.apply(plan.edits);
    const asked = { ...host, ask: () => expect.fail('asked') };
    planFragments({ owner: FOO, exportFiles, before: plan.merged, host: asked });
  });

  it('is said not to be checked by a program that is too old to only check', () => {
    const output = b`systemd-sysusers: unrecognized option '--dry-run'\n`;
    const host = { ...memoryHost(), ask: () => ({ ran: true, status: 1, output }) as const };
    const exportFiles = [fragment('sysusers.d/foo.conf', 'u foo -\n')];
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(plan.notes).toEqual([
      "export/sysusers.d/foo.conf: not checked: systemd-sysusers could not judge: systemd-sysusers: unrecognized option '--dry-run'",
    ]);
  });

  it('is said not to be checked where the program is missing', () => {
    const host = {
      ...memoryHost(),
      ask: () => ({ ran: false, why: 'this host has no visudo' }) as const,
    };
    const exportFiles = [fragment('sudoers.d/foo', 'alice ALL=\n')];
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(plan.notes).toEqual(['export/sudoers.d/foo: not checked: this host has no visudo']);
    expect(plan.edits).toHaveLength(1);
  });
});

describe('what a reader of the directory would pass over without a word', () => {
  it('is an error in cron.d: no account, a bad time, no newline at the end', () => {
    expect(
      errors([fragment('cron.d/foo', '5 4 * * * root\n61 4 * * * root /x\n@daily bin x')]),
    ).toEqual([
      '/software/foo/export/cron.d/foo:1:15: error: no command\n  1 | 5 4 * * * root\n    |               ^ MINUTE HOUR DAY MONTH WEEKDAY ACCOUNT COMMAND, or @daily ACCOUNT COMMAND',
      '/software/foo/export/cron.d/foo:2:1: error: 61 is no minute\n  2 | 61 4 * * * root /x\n    | ^~ 0 to 59',
      '/software/foo/export/cron.d/foo:3:12: error: no newline at the end: cron would ignore the whole file\n  3 | @daily bin x\n    |            ^',
    ]);
  });

  it('is an error in ld.so.conf.d: what is no directory', () => {
    expect(errors([fragment('ld.so.conf.d/a.conf', 'lib\ninclude\n/a b\n')])).toEqual([
      "/software/foo/export/ld.so.conf.d/a.conf:1:1: error: 'lib' is no directory\n  1 | lib\n    | ^~~ one full path a line, or include PATTERN",
      '/software/foo/export/ld.so.conf.d/a.conf:2:1: error: no file to include\n  2 | include\n    | ^~~~~~~',
      "/software/foo/export/ld.so.conf.d/a.conf:3:1: error: '/a b' is no directory\n  3 | /a b\n    | ^~ one full path a line, or include PATTERN",
    ]);
  });

  it.each([
    ['sudoers.d', ['foo', 'foo-1'], ['foo.conf', 'foo~', 'x.y']],
    ['cron.d', ['foo_1', 'A-b'], ['foo.sh', 'foo~', '.x']],
    ['logrotate.d', ['foo', 'foo.log'], ['foo.dpkg-old', 'foo~', '.x', 'a.bak']],
    ['tmpfiles.d', ['foo.conf'], ['foo', '.x.conf', 'foo.conf~']],
  ])('%s: a name that it does not read is told of', (directory, read, unread) => {
    const kind = kindNamed(directory);
    const names = (some: readonly string[]): readonly string[] =>
      some.filter((name) => {
        const file = fragment(`${directory}/${name}`, '');
        return kind?.check(file, [], memoryHost()).some(({ code }) => code === 'E_DROPIN_NAME');
      });
    expect(names(read)).toEqual([]);
    expect(names(unread)).toEqual(unread);
  });

  it("is a vendor's file of the same name in another directory: it would be turned off", () => {
    const host = memoryHost({ '/usr/lib/tmpfiles.d/x11.conf': '' });
    const found = checkFragments({ exportFiles: [fragment('tmpfiles.d/x11.conf', '')], host });
    expect(found.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: /etc/tmpfiles.d/x11.conf turns /usr/lib/tmpfiles.d/x11.conf off',
    ]);
  });
});

describe("Debian's own files", () => {
  it.each([
    ['logrotate.d', '/etc/logrotate.d'],
    ['tmpfiles.d', '/usr/lib/tmpfiles.d'],
    ['sysusers.d', '/usr/lib/sysusers.d'],
    ['cron.d', '/etc/cron.d'],
    ['ld.so.conf.d', '/etc/ld.so.conf.d'],
    ['sudoers.d', '/etc/sudoers.d'],
  ])('for %s are all found right', (directory, from) => {
    const names = readdirSync(from).filter((name) => !name.startsWith('.'));
    expect(names.length).toBeGreaterThan(0);
    const exportFiles = names.map((name) =>
      fragment(`${directory}/${name}`, fromBuffer(readFileSync(join(from, name)))),
    );
    const host = memoryHost({}, ['root', 'www-data', 'logcheck', 'Debian-exim', 'postgres']);
    const found = checkFragments({ exportFiles, host });
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('export/xinetd.d', () => {
  const TIME = (id: string, more = ''): string =>
    `# default: off\nservice time\n{\n\tdisable\t\t= yes\n\ttype\t\t= INTERNAL\n\tid\t\t= ${id}\n\tsocket_type\t= stream\n\tprotocol\t= tcp\n\tuser\t\t= root\n\twait\t\t= no\n${more}}\n`;

  it('is refused for an id that another file has, both named with their lines', () => {
    const host = memoryHost({ '/etc/xinetd.d/time': `\n${TIME('time-stream')}` });
    const exportFiles = [fragment('xinetd.d/foo', TIME('time-stream'))];
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(codes(plan)).toEqual(['E_XINETD_TAKEN']);
    expect(plan.conflicts[0]?.message).toBe(
      "two services with the id 'time-stream': /etc/xinetd.d/time:3 and /software/foo/export/xinetd.d/foo:2",
    );
    const other = [fragment('xinetd.d/foo', TIME('time-foo'))];
    expect(codes(planFragments({ owner: FOO, exportFiles: other, before: [], host }))).toEqual([]);
  });

  it('is refused for what xinetd would leave out, each with its place', () => {
    const content =
      'defaults\n{\n}\nservice a\n{\n\tsocket_typ = stream\n\twait = maybe\n\tuser = root\n\tserver = /gone\n}\nservice b\n{\nx\n';
    expect(errors([fragment('xinetd.d/a', content)]).map((text) => text.split('\n')[0])).toEqual([
      "/software/foo/export/xinetd.d/a:1:1: error: 'defaults' is for /etc/xinetd.conf: it concerns every service",
      "/software/foo/export/xinetd.d/a:4:1: error: no 'socket_type': xinetd would leave it out",
      "/software/foo/export/xinetd.d/a:6:2: error: xinetd knows no attribute 'socket_typ'",
      "/software/foo/export/xinetd.d/a:7:9: error: 'maybe' is no wait",
      '/software/foo/export/xinetd.d/a:9:11: error: the program /gone does not exist',
      '/software/foo/export/xinetd.d/a:11:1: error: the service that begins here does not end',
      "/software/foo/export/xinetd.d/a:13:1: error: 'x' is no attribute",
    ]);
  });

  it('may add to lists several times, and to other attributes once', () => {
    const lists = '\tonly_from = a\n\tonly_from += b\n\tenv = A=1\n';
    expect(errors([fragment('xinetd.d/t', TIME('x', lists))])).toEqual([]);
    const twice = errors([fragment('xinetd.d/t', TIME('x', '\twait = no\n'))]);
    expect(twice[0]).toContain("'wait' is given twice");
  });

  it('is refused for one id twice in one file', () => {
    const found = errors([fragment('xinetd.d/t', TIME('x') + TIME('x'))]);
    expect(found[0]).toContain("a second service with the id 'x'; the first begins in line 2");
  });
});

it('every kind says in one line what it is for', () => {
  for (const { summary } of KINDS) expect(summary).toMatch(/^[^\n]{10,80}$/);
});

/** Accounts and groups on Debian's own files, looked at by pwck(8) and grpck(8) too. */
import * as fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planFragments, removeFragments } from '../../src/export/planFragments.ts';
import type { FragmentPlan } from '../../src/export/planFragments.ts';
import {
  codes,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  systemFile,
  type MemoryHost,
  diagnosed,
} from './memory-host.ts';

const STOCK = Object.fromEntries(
  ['passwd', 'group', 'shadow', 'gshadow'].map((name) => [
    `/etc/${name}`,
    systemFile(`/etc/${name}`, 'base-passwd'),
  ]),
);
const GROUP = 'foo:x::\n';
const PASSWD = '# runs food\nfoo:x:::Foo daemon:/nonexistent:\n';

type Exports = Readonly<Record<string, string>>;

function plan(on: MemoryHost, name: string, exports: Exports): FragmentPlan {
  return planFragments({
    owner: owner(name),
    exportFiles: Object.entries(exports).map(([each, content]) => fragment(each, content)),
    before: on.receipts.get(name) ?? [],
    host: on,
  });
}

function install(on: MemoryHost, name: string, exports: Exports): FragmentPlan {
  const planned = plan(on, name, exports);
  on.apply(planned.edits);
  if (planned.conflicts.length === 0) on.receipts.set(name, fromReceipt(planned.merged));
  return planned;
}

function remove(on: MemoryHost, name: string): readonly string[] {
  const before = on.receipts.get(name) ?? [];
  const planned = removeFragments({ owner: owner(name), before, host: on });
  on.apply(planned.edits);
  on.receipts.delete(name);
  return planned.notes;
}

function texts(on: MemoryHost): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(STOCK).map((path) => [path, on.text(path)]));
}

function line(on: MemoryHost, path: string, name: string): string | undefined {
  return on
    .text(path)
    ?.split('\n')
    .find((each) => each.startsWith(`${name}:`));
}

function errors(exports: Exports): readonly string[] {
  return diagnosed(() => plan(memoryHost(STOCK), 'foo', exports));
}

describe('an account and its group without numbers', () => {
  it('get the first number of the site that is free for both, no password, and go without a trace', () => {
    const on = memoryHost(STOCK);
    const planned = install(on, 'foo', { group: GROUP, passwd: PASSWD });
    expect(codes(planned)).toEqual([]);
    expect([planned.notes, planned.warnings]).toEqual([[], []]);
    expect(on.text('/etc/passwd')).toBe(
      `${STOCK['/etc/passwd']}foo:x:600:600:Foo daemon:/nonexistent:/usr/sbin/nologin\n`,
    );
    expect(on.text('/etc/group')).toBe(`${STOCK['/etc/group']}foo:x:600:\n`);
    expect(on.text('/etc/shadow')).toBe(`${STOCK['/etc/shadow']}foo:!*:::::::\n`);
    expect(on.text('/etc/gshadow')).toBe(`${STOCK['/etc/gshadow']}foo:!*::\n`);
    expect(install(on, 'foo', { group: GROUP, passwd: PASSWD }).edits).toEqual([]);
    expect(remove(on, 'foo')).toEqual([
      "the account 'foo' is taken out; what is still its own: find / -xdev -uid 600",
    ]);
    expect(texts(on)).toEqual(STOCK);
  });

  it('are found right by pwck and grpck, as far as the stock files are', () => {
    const complaints = (on: MemoryHost): readonly string[] => {
      const root = mkdtempSync(join(tmpdir(), 'accounts-test-'));
      try {
        mkdirSync(join(root, 'etc'));
        for (const [path, text] of Object.entries(texts(on))) {
          writeFileSync(join(root, path), text ?? '', 'latin1');
        }
        const says = ['pwck', 'grpck'].map((tool) =>
          spawnSync(`/usr/sbin/${tool}`, ['-r', '-R', root], { encoding: 'utf8' }),
        );
        return says.flatMap(({ stdout, stderr }) =>
          // of the others it says that this root has not their directories
          `${stdout}${stderr}`
            .split('\n')
            .filter((text) => /foo(?!.*nologin)|invalid|cannot/.test(text)),
        );
      } finally {
        rmSync(root, { recursive: true });
      }
    };
    const broken = memoryHost({ ...STOCK, '/etc/group': `${STOCK['/etc/group']}foo:x\n` });
    expect(complaints(broken)).toContain('invalid group file entry');
    const on = memoryHost(STOCK);
    install(on, 'foo', { group: GROUP, passwd: PASSWD.replace('/nonexistent', '/') });
    expect(complaints(on)).toEqual([]);
  });

  it('pass over numbers that somebody has, also where only one of the two is taken', () => {
    const on = memoryHost({
      ...STOCK,
      '/etc/passwd': `${STOCK['/etc/passwd']}x:x:600:100::/:\n`,
      '/etc/group': `${STOCK['/etc/group']}y:x:601:\n`,
    });
    install(on, 'foo', { group: GROUP, passwd: PASSWD });
    expect(line(on, '/etc/passwd', 'foo')).toContain(':602:602:');
  });

  it('keep their numbers whatever comes and goes, and get them back when they were lost', () => {
    const on = memoryHost(STOCK);
    install(on, 'a', { group: 'a:x::\n', passwd: 'a:x::::/:\n' });
    install(on, 'foo', { group: GROUP, passwd: PASSWD });
    remove(on, 'a');
    expect(install(on, 'foo', { group: GROUP, passwd: PASSWD }).edits).toEqual([]);
    on.put('/etc/passwd', STOCK['/etc/passwd'] ?? '');
    const again = install(on, 'foo', { group: GROUP, passwd: PASSWD });
    expect(again.notes).toEqual(["/etc/passwd: 'foo' was gone and is written again"]);
    expect(line(on, '/etc/passwd', 'foo')).toContain(':601:601:');
  });

  it('are refused when the range of the site is used up', () => {
    const on = { ...memoryHost(STOCK), idRange: [0, 3] as const };
    const planned = plan(on, 'foo', { group: GROUP });
    expect(planned.conflicts).toMatchObject([{ code: 'E_GROUP_NUMBER' }]);
    expect(planned.conflicts[0]?.message).toContain('the site gives 0 to 3');
  });

  it('have an entry above those for NIS, and above a last line without newline', () => {
    const on = memoryHost({ '/etc/group': 'root:x:0:\n+:::', '/etc/passwd': 'root:x:0:0::/:' });
    const before = { group: on.text('/etc/group'), passwd: on.text('/etc/passwd') };
    install(on, 'foo', { group: GROUP, passwd: PASSWD });
    expect(on.text('/etc/group')).toBe('root:x:0:\nfoo:x:600:\n+:::');
    expect(on.text('/etc/passwd')).toBe(
      'foo:*:600:600:Foo daemon:/nonexistent:/usr/sbin/nologin\nroot:x:0:0::/:',
    );
    remove(on, 'foo');
    expect({ group: on.text('/etc/group'), passwd: on.text('/etc/passwd') }).toEqual(before);
  });
});

describe('numbers that a fragment asks for', () => {
  it('are refused when they are taken, both sides named', () => {
    const stock = (STOCK['/etc/passwd'] ?? '').split('\n');
    const at = stock.findIndex((each) => each.startsWith('bin:')) + 1;
    const planned = plan(memoryHost(STOCK), 'foo', { passwd: '\nfoo:x:2:100::/:\n' });
    expect(planned.edits).toEqual([]);
    expect(planned.conflicts).toMatchObject([{ code: 'E_ACCOUNT_NUMBER', line: at }]);
    expect(planned.conflicts[0]?.message).toBe(
      `two accounts with number 2: '${stock[at - 1]}' (/etc/passwd:${at}) and 'foo' (/software/foo/export/passwd:2)`,
    );
    expect(codes(plan(memoryHost(STOCK), 'foo', { group: 'foo:x:2:\n' }))).toEqual([
      'E_GROUP_NUMBER',
    ]);
    const twice = { group: 'a:x:700:\nb:x:700:\n' };
    expect(plan(memoryHost(STOCK), 'foo', twice).conflicts[0]?.message).toContain(
      "two groups with number 700: 'a' of the same fragment and 'b'",
    );
  });

  it('are refused for a name that has another, and nothing is renumbered', () => {
    const on = memoryHost(STOCK);
    const planned = plan(on, 'foo', { passwd: 'bin:x:700:1::/bin:\n', group: 'bin:x:700:\n' });
    expect(codes(planned)).toEqual(['E_GROUP_NAME', 'E_ACCOUNT_NAME']);
    install(on, 'foo', { group: 'foo:x:700:\n' });
    const other = plan(on, 'foo', { group: 'foo:x:701:\n' });
    expect(codes(other)).toEqual(['E_GROUP_NAME']);
    expect(other.conflicts[0]?.message).toContain("'foo:x:700:' (/etc/group:");
  });

  it('are refused when only a directory service knows them', () => {
    const on = { ...memoryHost(STOCK), hasNumber: (_: string, id: number) => id === 700 };
    const planned = plan(on, 'foo', { group: 'foo:x:700:\n' });
    expect(planned.conflicts[0]?.message).toContain('one that only a directory service knows');
  });
});

describe('what is there already', () => {
  it('is taken as it is, told of, and left at removal', () => {
    const on = memoryHost(STOCK);
    const planned = install(on, 'foo', {
      group: 'bin:x::\n',
      passwd: 'bin:x:2:bin:other:/home/bin:/bin/sh\n'.replace('/bin/sh', ''),
    });
    expect(planned.edits).toEqual([]);
    expect(planned.notes).toEqual([
      expect.stringContaining("has 'bin' already: left as it is"),
      expect.stringContaining("has 'bin' already: left as it is"),
    ]);
    remove(on, 'foo');
    expect(texts(on)).toEqual(STOCK);
  });

  it('is not given members: the command that does it is named', () => {
    const planned = plan(memoryHost(STOCK), 'foo', { group: 'adm:x::foo,bar\n' });
    expect(planned.conflicts).toMatchObject([
      { code: 'E_GROUP_MEMBERS', remedy: 'gpasswd -a foo adm; gpasswd -a bar adm' },
    ]);
  });

  it('stays while one of several packages has brought it, in whatever order they go', () => {
    for (const [first, second] of [
      ['a', 'c'],
      ['c', 'a'],
    ] as const) {
      const on = memoryHost(STOCK);
      install(on, 'a', { group: GROUP, passwd: PASSWD });
      expect(install(on, 'c', { group: GROUP, passwd: PASSWD }).edits).toEqual([]);
      remove(on, first);
      expect(line(on, '/etc/passwd', 'foo')).toContain(':600:600:');
      expect(line(on, '/etc/gshadow', 'foo')).toBe('foo:!*::');
      expect(install(on, second, { group: GROUP, passwd: PASSWD }).edits).toEqual([]);
      remove(on, second);
      expect(texts(on)).toEqual(STOCK);
    }
  });

  it('of another package is named with it', () => {
    const on = memoryHost(STOCK);
    install(on, 'bar', { group: GROUP });
    const planned = plan(on, 'foo', { group: 'foo:x:650:\n' });
    expect(planned.conflicts[0]?.message).toContain("'foo:x:600:' of package bar (/etc/group:");
  });
});

describe("an administrator's edits", () => {
  it('of an account make it his: a shell, a password, members', () => {
    for (const [path, from, to] of [
      [
        '/etc/passwd',
        'Foo daemon:/nonexistent:/usr/sbin/nologin',
        'Foo daemon:/home/foo:/bin/bash',
      ],
      ['/etc/shadow', 'foo:!*:', 'foo:$y$j9T$abc:'],
    ] as const) {
      const on = memoryHost(STOCK);
      install(on, 'foo', { group: GROUP, passwd: PASSWD });
      on.put(path, on.text(path)?.replace(from, to) ?? '');
      const edited = texts(on);
      expect(install(on, 'foo', { group: GROUP, passwd: PASSWD }).edits).toEqual([]);
      expect(remove(on, 'foo').join('\n')).toMatch(/'foo' was edited[^]*the group 'foo' stays/);
      expect(texts(on)).toEqual(edited);
    }
  });

  it('of others leave them where they are', () => {
    const on = memoryHost(STOCK);
    install(on, 'foo', { group: GROUP, passwd: PASSWD });
    on.put('/etc/passwd', `${on.text('/etc/passwd')}mine:x:1000:100::/home/mine:/bin/sh\n`);
    remove(on, 'foo');
    expect(on.text('/etc/passwd')).toBe(
      `${STOCK['/etc/passwd']}mine:x:1000:100::/home/mine:/bin/sh\n`,
    );
  });

  it('that delete it are told of at removal', () => {
    const on = memoryHost(STOCK);
    install(on, 'foo', { group: GROUP });
    on.put('/etc/group', STOCK['/etc/group'] ?? '');
    expect(remove(on, 'foo')).toEqual(["/etc/group: 'foo' is gone: nothing to take out"]);
    expect(texts(on)).toEqual(STOCK);
  });
});

describe('an account that only a directory service has', () => {
  it('is left to it, and told of', () => {
    const on = { ...memoryHost(STOCK), inDirectory: () => true };
    const planned = plan(on, 'foo', { group: GROUP, passwd: PASSWD });
    expect(planned).toMatchObject({ edits: [], conflicts: [] });
    expect(planned.notes).toEqual([
      "a directory service has the group 'foo': left as it is",
      "a directory service has the account 'foo': left as it is",
    ]);
  });
});

describe('what a package changes later', () => {
  it('is changed in its place; a name that it has no more goes', () => {
    const on = memoryHost(STOCK);
    install(on, 'foo', { group: `${GROUP}more:x::\n`, passwd: PASSWD });
    install(on, 'foo', { group: GROUP, passwd: PASSWD.replace('Foo daemon', 'Food') });
    expect(line(on, '/etc/passwd', 'foo')).toBe(
      'foo:x:600:600:Food:/nonexistent:/usr/sbin/nologin',
    );
    expect(line(on, '/etc/group', 'more')).toBeUndefined();
    install(on, 'foo', {});
    expect(texts(on)).toEqual(STOCK);
  });
});

describe('mistakes', () => {
  it('are named together with their places', () => {
    expect(
      errors({
        passwd: 'foo:x:1\n1x:secret:0:nogroup:g:home:sh\nok:x:65535:::/:\nok:x::::/:\n',
        group: 'foo:x:-1:a,,b\n',
      }),
    ).toEqual([
      "/software/foo/export/group:1:7: error: '-1' is no number of a group\n  1 | foo:x:-1:a,,b\n    |       ^~ 1 to 4294967294, or nothing for one of the site",
      "/software/foo/export/group:1:12: error: '' is no name of an account or group\n  1 | foo:x:-1:a,,b\n    |            ^ a letter, then letters, digits and _ . -, at most 32",
      '/software/foo/export/passwd:1:1: error: 3 fields, not 7\n  1 | foo:x:1\n    | ^~~~~~~ NAME:x:[UID]:[GID]:COMMENT:HOME:[SHELL]',
      "/software/foo/export/passwd:2:1: error: '1x' is no name of an account or group\n  2 | 1x:secret:0:nogroup:g:home:sh\n    | ^~ a letter, then letters, digits and _ . -, at most 32",
      '/software/foo/export/passwd:2:4: error: a password in a package\n  2 | 1x:secret:0:nogroup:g:home:sh\n    |    ^~~~~~ write x: nobody logs in with a password until root sets one',
      '/software/foo/export/passwd:2:11: error: the account with number 0 is root\n  2 | 1x:secret:0:nogroup:g:home:sh\n    |           ^',
      "/software/foo/export/passwd:2:23: error: 'home' is no directory\n  2 | 1x:secret:0:nogroup:g:home:sh\n    |                       ^~~~ a full path; /nonexistent for an account that has none",
      "/software/foo/export/passwd:2:28: error: 'sh' is no path of a shell\n  2 | 1x:secret:0:nogroup:g:home:sh\n    |                            ^~ a full path; nothing for /usr/sbin/nologin",
      "/software/foo/export/passwd:3:6: error: '65535' is no number of an account\n  3 | ok:x:65535:::/:\n    |      ^~~~~ 1 to 4294967294, or nothing for one of the site",
      "/software/foo/export/passwd:4:1: error: 'ok' a second time; the first is in line 3\n  4 | ok:x::::/:\n    | ^~",
    ]);
  });

  it('are a shell that is not there and a group that nobody brings', () => {
    expect(errors({ passwd: 'foo:x::100::/:/bin/gone\n' })).toEqual([
      "/software/foo/export/passwd:1:15: error: the shell /bin/gone of 'foo' does not exist\n  1 | foo:x::100::/:/bin/gone\n    |               ^~~~~~~~~",
    ]);
    const planned = plan(memoryHost(STOCK), 'foo', { passwd: PASSWD });
    expect(planned.conflicts).toMatchObject([
      {
        code: 'E_ACCOUNT_GROUP',
        remedy: "bring it with the package: a line 'foo:x::' in export/group",
      },
    ]);
  });

  it('include a shell that /etc/shells does not list; the package may bring that too', () => {
    const on = memoryHost({
      ...STOCK,
      '/etc/shells': '/bin/sh\n',
      '/software/foo/bin/sh': program(),
    });
    const passwd = 'foo:x::100::/:/software/foo/bin/sh\n';
    expect(plan(on, 'foo', { passwd }).warnings).toMatchObject([
      { message: '/software/foo/bin/sh is not in /etc/shells', hint: 'add export/shells' },
    ]);
    expect(plan(on, 'foo', { passwd, shells: '/software/foo/bin/sh\n' }).warnings).toEqual([]);
  });
});

describe('any packages in any order', () => {
  const anyStep = fc.record({ n: fc.nat(3), what: fc.nat(4), at: fc.nat(100) });

  it('leave the files byte for byte as they were but for what people wrote, and never two names on a number', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
        const on = memoryHost(STOCK);
        let people = 0;
        for (const { n, what, at } of steps) {
          const name = `p${n}`;
          if (what === 0) remove(on, name);
          else if (what === 4) {
            const path = ['/etc/passwd', '/etc/group'][n % 2] ?? '';
            const lines = (on.text(path) ?? '').split('\n');
            const mine = `person${people++}:x:${610 + people}:100:::`;
            lines.splice(at % lines.length, 0, mine.slice(0, n % 2 === 0 ? undefined : -2));
            on.put(path, lines.join('\n'));
          } else {
            const shared = what === 3 ? 'shared:x::\n' : '';
            const users = what === 2 ? `${name}:x:::v${what}:/:\n` : '';
            const planned = install(on, name, {
              group: `${name}:x::\n${shared}`,
              ...(users !== '' && { passwd: users }),
            });
            expect(planned.conflicts).toEqual([]);
          }
          for (const path of ['/etc/passwd', '/etc/group']) {
            const numbers = (on.text(path) ?? '').split('\n').map((each) => each.split(':')[2]);
            const given = numbers.filter((each) => Number(each) >= 600 && Number(each) < 800);
            expect(new Set(given).size).toBe(given.length);
          }
        }
        for (const n of [2, 0, 3, 1]) remove(on, `p${n}`);
        for (const path of ['/etc/passwd', '/etc/group']) {
          const theirs = on.text(path)?.match(/^person.*$/gm) ?? [];
          on.put(path, on.text(path)?.replace(/^person.*\n/gm, '') ?? '');
          people -= theirs.length;
        }
        expect(people).toBe(0);
        expect(texts(on)).toEqual(STOCK);
      }),
      { numRuns: 100 },
    );
  });
});

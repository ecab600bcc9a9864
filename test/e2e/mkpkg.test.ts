/** `xh mkpkg`: the skeleton of a package, whole or not at all. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, writeFiles } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

describe('a skeleton', () => {
  test('has every directory in the tree of its type, and metadata that is ready to be filled in', () => {
    const { path: root } = freshSite();
    const ran = xhDone(root, 'mkpkg', 'hello', '--maintainer', 'Jane Doe <jane@example.org>');
    expect(ran.stderr).toBe(`made ${root}/software/hello\n`);
    expect(ran.stdout).toBe('');
    const top = join(root, 'software/hello');
    expect(readdirSync(top).toSorted()).toEqual(
      '.admin README bin data doc export include lib logs maintenance man servers'.split(' '),
    );
    expect(readlinkSync(join(top, 'bin'))).toBe(join(root, '.software/arch/hello/bin'));
    expect(readlinkSync(join(top, 'logs'))).toBe(join(root, '.software/local/hello/logs'));
    expect(lstatSync(join(top, 'man/man1')).isDirectory()).toBe(true);
    expect(readFileSync(join(top, '.admin/Maintainer'), 'utf8')).toContain(
      'Jane Doe <jane@example.org>',
    );
    expect(readFileSync(join(top, 'README'), 'utf8')).toContain('# hello');
    expect(readFileSync(join(top, '.admin/Options'), 'utf8')).not.toMatch(/@[A-Z]+@/);
    expect(statSync(join(top, '.admin/Install')).mode & 0o777).toBe(0o755);
    // and can be installed and taken out as it is
    spawnSync('chmod', ['755', root]);
    xhDone(root, 'install', 'hello');
    xhDone(root, 'uninstall', 'hello');
  });

  test('with --arch-independent has no tree for an architecture, now or later', () => {
    const { path: root } = freshSite();
    xhDone(root, 'mkpkg', 'hello', '--arch-independent');
    expect(existsSync(join(root, '.software/arch/hello'))).toBe(false);
    expect(lstatSync(join(root, 'software/hello/bin')).isDirectory()).toBe(true);
    expect(readFileSync(join(root, 'software/hello/.admin/file-types'), 'utf8')).toMatch(
      /^\/bin share$/m,
    );
  });

  test('with --versioned stands beside other versions, and the first is the current one', () => {
    const { path: root } = freshSite();
    xhDone(root, 'mkpkg', 'hello', '--version', '1.0', '--versioned');
    xhDone(root, 'mkpkg', 'hello', '--version', '2.0', '--versioned');
    expect(readlinkSync(join(root, 'software/hello'))).toBe('hello-1.0');
    expect(xhDone(root, 'list').stdout).toBe('  hello-1.0  1.0\n  hello-2.0  2.0 (not current)\n');
    expect(xh(root, 'mkpkg', 'other', '--versioned').status).toBe(2);
  });

  test("is made from the site's templates where there are any", () => {
    const { path: root } = freshSite();
    writeFiles(root, {
      'etc/xhier/templates/package/README': 'Ask the help desk about @NAME@ @VERSION@.\n',
      'etc/xhier/templates/package/doc/POLICY': 'of @MAINTAINER@, not @SOMEBODY@\n',
    });
    xhDone(root, 'mkpkg', 'hello', '--version', '3', '--maintainer', 'a@example.org');
    const top = join(root, 'software/hello');
    expect(readFileSync(join(top, 'README'), 'utf8')).toBe('Ask the help desk about hello 3.\n');
    expect(readFileSync(join(top, 'doc/POLICY'), 'utf8')).toBe(
      'of a@example.org, not @SOMEBODY@\n',
    );
    expect(existsSync(join(top, '.admin/Options'))).toBe(true);
  });

  test('goes into the tree of this architecture where a host serves several', () => {
    const { path: root } = freshSite();
    writeFiles(root, { 'etc/xhier.toml': 'arch-store = "/export/software/arch"\n' });
    const before = snapshot(root);
    const told = xhDone(root, 'mkpkg', 'hello', '--dry-run').stdout;
    expect(told).toContain('/export/software/arch/linux-');
    expect(snapshot(root)).toEqual(before);
    xhDone(root, 'mkpkg', 'hello');
    const arch = xhDone(root, 'arch').stdout.trim();
    expect(readlinkSync(join(root, '.software/arch'))).toBe(
      join(root, 'export/software/arch', arch),
    );
    expect(statSync(join(root, 'software/hello/bin')).isDirectory()).toBe(true);
    xhDone(root, 'mkpkg', 'second');
    expect(readdirSync(join(root, 'export/software/arch', arch)).toSorted()).toEqual([
      'hello',
      'second',
    ]);
  });
});

describe('--from', () => {
  test('takes over what is there with modes, times and links, sorted into types', () => {
    const { path: root } = freshSite();
    const stage = temporaryDirectory();
    writeFiles(stage, {
      'bin/tool': command('tool'),
      'bin/t': '→ tool',
      'share/tool/table': 'x\n',
      'lib/libtool.so': 'elf',
      'man/man1/tool.1': '.TH TOOL 1\n',
    });
    chmodSync(join(stage, 'share/tool/table'), 0o640);
    symlinkSync('../share/tool', join(stage, 'lib/data'));
    xhDone(root, 'mkpkg', 'tool', '--from', stage);
    const top = join(root, 'software/tool');
    expect(readlinkSync(join(top, 'bin/t'))).toBe('tool');
    expect(readFileSync(join(top, 'lib/data/table'), 'utf8')).toBe('x\n');
    expect(statSync(join(top, 'share/tool/table')).mode & 0o7777).toBe(0o640);
    expect(statSync(join(top, 'bin/tool')).mtimeMs).toBe(statSync(join(stage, 'bin/tool')).mtimeMs);
    expect(existsSync(join(root, '.software/arch/tool/bin/tool'))).toBe(true);
    expect(existsSync(join(root, '.software/share/tool/share/tool/table'))).toBe(true);
    expect(spawnSync(join(top, 'bin/t'), { encoding: 'utf8' }).stdout).toBe('tool\n');
  });

  test('a relative directory is the one that the user stands in', () => {
    const { path: root } = freshSite();
    const stage = temporaryDirectory();
    writeFiles(stage, { 'data/x': 'x' });
    const ran = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../dist/xh.cjs'), 'mkpkg', 'tool', '--from', '.'],
      { cwd: stage, env: { ...process.env, XH_ROOT: root }, encoding: 'utf8' },
    );
    expect(ran.stderr).toBe(`made ${root}/software/tool\n`);
    expect(existsSync(join(root, 'software/tool/data/x'))).toBe(true);
  });
});

describe('what cannot be made leaves nothing', () => {
  const stage = (): string => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'data'));
    spawnSync('mkfifo', [join(directory, 'data/pi\npe')]);
    return directory;
  };

  test.each([
    ['a name that is none', ['mkpkg', '../evil'], 2, "'../evil' is no package name"],
    ['a name with a terminal escape', ['mkpkg', 'a\u001b[31m'], 2, String.raw`'a\e[31m'`],
    ['a version that is none', ['mkpkg', 'a', '--version', '1/2'], 2, "'1/2'"],
    [
      'a maintainer that is no mail address',
      ['mkpkg', 'a', '--maintainer', 'x y'],
      2,
      'jane@example.org',
    ],
    [
      'a directory that is not there',
      ['mkpkg', 'a', '--from', '/gone'],
      2,
      'there is no such directory',
    ],
    ['a FIFO in the directory', ['mkpkg', 'a', '--from', stage], 3, String.raw`data/pi\npe`],
  ] as const)('%s', (_, args, status, says) => {
    const { path: root } = freshSite();
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, ...args.map((word) => (typeof word === 'string' ? word : word())));
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(says);
    expect(snapshot(root)).toEqual(before);
  });

  test('a package that is there already is refused with what would help here', () => {
    const { path: root } = freshSite();
    xhDone(root, 'mkpkg', 'hello');
    const before = snapshot(root);
    const ran = xh(root, 'mkpkg', 'hello');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('there is a package hello already');
    expect(ran.stderr).toContain('--versioned');
    expect(ran.stderr).not.toContain('--replace');
    expect(snapshot(root)).toEqual(before);
  });

  test('a template that nobody can read', () => {
    const { path: root } = freshSite();
    writeFiles(root, { 'etc/xhier/templates/package/.admin/file-types': '/bin nowhere\n' });
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'mkpkg', 'hello');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('file-types:1:');
    expect(snapshot(root)).toEqual(before);
  });

  test('a dry run, which tells what would be made, as text and as JSON', () => {
    const { path: root } = freshSite();
    const before = snapshot(root);
    const told = xhDone(root, 'mkpkg', 'hello', '--dry-run').stdout;
    expect(told).toMatch(/^tree \/\.software\/share\/hello \(\d+ objects\)$/m);
    const plan = JSON.parse(xhDone(root, 'mkpkg', 'hello', '--dry-run', '--json').stdout) as {
      changes: { op: string; path: string }[];
    };
    expect(plan.changes.filter(({ op }) => op === 'tree').map(({ path }) => path)).toEqual([
      '/.software/share/hello',
      '/.software/arch/hello',
      '/.software/local/hello',
    ]);
    expect(snapshot(root)).toEqual(before);
  });
});

test('--json names the package and its path', () => {
  const { path: root } = freshSite();
  const ran = program('xh.cjs', root, ['mkpkg', 'hello', '--json', '--quiet']);
  expect(JSON.parse(ran.stdout)).toEqual({ package: 'hello', path: `${root}/software/hello` });
  expect(ran.stderr).toBe('');
});

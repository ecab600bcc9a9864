/** Commands that tell: what they say to people, and that what they say to programs is JSON. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite, siteThatStays } from '../site.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

const root = siteThatStays();
let before: ReadonlyMap<string, string>;

beforeAll(() => {
  copySystemFiles(root, 'services');
  makePackage(root, 'tool-1.0', {
    '.admin/Options':
      'version = 1.0\nsummary = does what it does: größer\nhomepage = https://example.org/tool\nlicence = MIT\npriority = 60\n',
    '.admin/Dependencies': 'base\n?extra\nsystem:sh\n',
    '.admin/Maintainer': 'Jane Doe <jane@example.org>\njoe@example.org\n',
    'bin/tool': command('tool'),
    'man/man1/tool.1.gz': 'x',
    'export/services': 'tool 4711/tcp\n',
    'data/größe': 'x',
  });
  makePackage(root, 'tool-2.0', { '.admin/Options': 'version = 2.0\n' });
  makePackage(root, 'base', { 'bin/base': command('base') });
  xhDone(root, 'install', 'tool@1');
  before = snapshot(root);
});

function json(...words: readonly string[]): unknown {
  return JSON.parse(xhDone(root, ...words, '--json').stdout);
}

test('none of them changes anything', () => {
  for (const words of [
    ['list'],
    ['info', 'tool'],
    ['files', 'tool'],
    ['which', 'tool'],
    ['history'],
    ['config'],
    ['prefer'],
  ]) {
    xhDone(root, ...words);
    json(...words);
  }
  expect(snapshot(root)).toEqual(before);
});

describe('list', () => {
  test('names every package with version, star and summary, in columns', () => {
    expect(xhDone(root, 'list').stdout).toBe(
      [
        '* base      -',
        '* tool-1.0  1.0                does what it does: größer',
        '  tool-2.0  2.0 (not current)',
        '',
      ].join('\n'),
    );
    expect(xhDone(root, 'list', '--installed').stdout.split('\n')).toHaveLength(3);
    expect(xhDone(root, 'list', 'ba', '2.0').stdout).toMatch(/^\* base +-\n {2}tool-2\.0/);
    expect(xh(root, 'list', 'nothing-like-that')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'none of 3 packages is like that\n',
    });
    expect(json('list', 'tool')).toEqual([
      {
        directory: 'tool-1.0',
        name: 'tool',
        version: '1.0',
        current: true,
        installed: true,
        summary: 'does what it does: größer',
      },
      { directory: 'tool-2.0', name: 'tool', version: '2.0', current: false, installed: false },
    ]);
  });

  test('of an empty site says how to begin, and is an empty list in JSON', () => {
    const { path } = freshSite();
    expect(xhDone(path, 'list')).toMatchObject({
      stdout: '',
      stderr: 'no packages: make one with xh mkpkg or xh import\n',
    });
    expect(JSON.parse(xhDone(path, 'list', '--json').stdout)).toEqual([]);
    expect(snapshot(path)).toEqual(new Map([['etc', 'directory 755 0:0']]));
  });
});

describe('info', () => {
  test('tells what a package says of itself and what the host knows of it', () => {
    const text = xhDone(root, 'info', 'tool').stdout;
    for (const line of [
      /^package +tool-1\.0$/m,
      /^summary +does what it does: größer$/m,
      /^maintainer +Jane Doe <jane@example\.org>, joe@example\.org$/m,
      /^needs +base, \?extra, system:sh$/m,
      /^priority +60$/m,
      /^installed +\d{4}-.* by /m,
      /^links +2$/m,
      /^in +\/etc\/services$/m,
    ]) {
      expect(text).toMatch(line);
    }
    expect(json('info', 'tool@2')).toMatchObject({ directory: 'tool-2.0', current: false });
    expect(json('info', 'tool', 'base')).toMatchObject([
      {
        name: 'tool',
        options: { licence: 'MIT', homepage: 'https://example.org/tool' },
        installed: { links: 2, fragments: ['/etc/services'] },
      },
      { name: 'base', dependencies: [] },
    ]);
    expect(xhDone(root, 'info', 'tool', 'base').stdout).toMatch(/\n\npackage +base\n[^]*[^\n]\n$/);
    expect(xh(root, 'info', 'tol')).toMatchObject({ status: 1, stdout: '' });
    expect(xh(root, 'info').status).toBe(2);
  });
});

describe('files', () => {
  test('lists every path, with mode, owner, size and hash when asked, and links apart', () => {
    expect(xhDone(root, 'files', 'tool').stdout).toContain(
      '/.software/share/tool-1.0/\n/.software/share/tool-1.0/.admin/\n',
    );
    expect(xhDone(root, 'files', 'tool').stdout).toContain('/data/größe\n');
    expect(xhDone(root, 'files', 'tool', '-l').stdout).toMatch(
      /^0755 0:0 +20 [0-9a-f]{12} \/\.software\/share\/tool-1\.0\/bin\/tool$/m,
    );
    expect(xhDone(root, 'files', 'tool', '--links').stdout).toBe(
      [
        `/.software/local/.admin/bins/bin/tool → ${root}/software/tool/bin/tool`,
        `/.software/local/.admin/man/man1/tool.1.gz → ${root}/software/tool/man/man1/tool.1.gz`,
        '',
      ].join('\n'),
    );
    expect(json('files', 'tool-2.0')).toMatchObject([
      { path: '/.software/share/tool-2.0', type: 'directory' },
      {},
      {},
      {},
    ]);
    expect(json('files', 'tool-2.0', '--links')).toEqual([]);
  });
});

describe('which', () => {
  test('finds a command, a page with and without its section, a file, a system file', () => {
    expect(xhDone(root, 'which', 'tool').stdout).toContain(
      'from tool: no other installed package has this name',
    );
    expect(json('which', 'tool')).toMatchObject([
      { kind: 'link', path: '/.software/local/.admin/bins/bin/tool', package: 'tool' },
      { kind: 'link', path: '/.software/local/.admin/man/man1/tool.1.gz', package: 'tool' },
    ]);
    expect(json('which', 'tool.1.gz')).toHaveLength(1);
    const file = '/.software/share/tool-1.0/data/größe';
    for (const path of [
      file,
      join(root, file),
      '/software/tool/data/größe',
      join(root, 'software/tool/data/größe'),
    ]) {
      expect(json('which', path)).toMatchObject([
        { kind: 'file', package: 'tool-1.0', type: 'share', path: file },
      ]);
    }
    expect(json('which', join(root, 'etc/services'))).toEqual([
      { kind: 'fragments', path: '/etc/services', packages: ['tool-1.0'] },
    ]);
    expect(json('which', '/.software/local/.admin/bins/bin/tool')).toHaveLength(1);
  });

  test('takes a relative path for one from where the user stands', () => {
    const ran = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../dist/xh.cjs'), 'which', './tool'],
      {
        cwd: join(root, '.software/local/.admin/bins/bin'),
        env: { ...process.env, XH_ROOT: root },
        encoding: 'utf8',
      },
    );
    expect(ran.stdout).toContain('from tool');
  });

  test('of what belongs to nobody says so with exit 1, and tells the rest', () => {
    const ran = xh(root, 'which', 'nothing', 'base', '/etc/passwd', '/', '.', '/../..');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('from base');
    expect(ran.stderr).toBe(
      ['nothing', '/etc/passwd', '/', '.', '/../..']
        .map((word) => `${word}: belongs to no package\n`)
        .join(''),
    );
    expect(JSON.parse(xh(root, 'which', 'nothing', '--json').stdout)).toEqual([]);
  });
});

describe('arch, platform, config', () => {
  test('arch and platform are what uname says, and the best that fits comes first', () => {
    const uname = (option: string): string =>
      spawnSync('uname', [option], { encoding: 'utf8' }).stdout.trim();
    expect(xhDone(root, 'arch').stdout).toBe(`linux-${uname('-m')}\n`);
    expect(json('arch')).toBe(`linux-${uname('-m')}`);
    const all = xhDone(root, 'arch', '--compatible').stdout.trim().split('\n');
    expect(all.at(-1)).toBe(`linux-${uname('-m')}`);
    expect(json('arch', '--compatible')).toEqual(all);
    expect(xhDone(root, 'platform').stdout).toMatch(
      new RegExp(`^linux_${uname('-r').split('-')[0] ?? ''}.*_${uname('-m')}\n$`),
    );
    expect(json('platform')).toBe(xhDone(root, 'platform').stdout.trim());
  });

  test('config tells each value and where it comes from', () => {
    const { path } = freshSite();
    writeFiles(path, {
      'etc/xhier.toml': '# ours\nlock-timeout = 7\nmaintainer = "a@example.org"\n',
    });
    expect(xhDone(path, 'config', 'lock-timeout').stdout).toBe('7\n');
    const values = (JSON.parse(xhDone(path, 'config', '--json').stdout) as Setting[]).filter(
      ({ name }) => ['lock-timeout', 'maintainer', 'keep-generations'].includes(name),
    );
    expect(values).toEqual([
      { name: 'maintainer', value: 'a@example.org', origin: `${path}/etc/xhier.toml:3` },
      { name: 'lock-timeout', value: 7, origin: `${path}/etc/xhier.toml:2` },
      { name: 'keep-generations', value: 20, origin: 'default' },
    ]);
    const over = program('xh.cjs', path, ['config', 'maintainer', '--json'], {
      XH_MAINTAINER: 'b@example.org',
    });
    expect(JSON.parse(over.stdout)).toMatchObject({
      value: 'b@example.org',
      origin: '$XH_MAINTAINER',
    });
    expect(
      xhDone(path, 'config', 'lock-timeout', '--lock-timeout', '9', '--json').stdout,
    ).toContain('--lock-timeout');
    expect(xh(path, 'config', 'lock-timout')).toMatchObject({
      status: 2,
      stderr: "xh: there is no key 'lock-timout'\n    → did you mean 'lock-timeout'?\n",
    });
    writeFileSync(join(path, 'etc/xhier.toml'), 'lock-timeout = "x"\nlokc = 1\n');
    const bad = xh(path, 'list');
    expect(bad.status).toBe(0);
    const broken = xh(path, 'mkpkg', 'a');
    expect(broken.status).toBe(2);
    expect(broken.stderr).toContain('etc/xhier.toml:1:16: error:');
    expect(broken.stderr).toContain('etc/xhier.toml:2:1: error:');
  });

  interface Setting {
    readonly name: string;
    readonly value: unknown;
    readonly origin: string;
  }
});

test('a site root is the same by whatever name it is called', () => {
  const link = join(freshSite().path, 'link');
  symlinkSync(root, link);
  const at = (cwd: string, words: readonly string[], xhRoot?: string): string =>
    spawnSync(process.execPath, [join(import.meta.dirname, '../../dist/xh.cjs'), ...words], {
      cwd,
      env: { PATH: process.env['PATH'], ...(xhRoot !== undefined && { XH_ROOT: xhRoot }) },
      encoding: 'utf8',
    }).stdout;
  const expected = xhDone(root, 'files', 'tool', '--links').stdout;
  expect(at('/', ['--root', root, 'files', 'tool', '--links'])).toBe(expected);
  expect(at('/', ['files', 'tool', '--links', `--root=${root}`])).toBe(expected);
  expect(at(root, ['--root', '.', 'files', '--links', 'tool'])).toBe(expected);
  expect(at(join(root, 'etc'), ['files', 'tool', '--links'], '..')).toBe(expected);
  expect(at('/', ['files', 'tool', '--links'], link)).toBe(expected);
  // the option wins
  expect(at('/', ['--root', root, 'files', 'tool', '--links'], '/nowhere')).toBe(expected);
  expect(xh(join(root, 'gone'), 'list')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('XH_ROOT') as string,
  });
  expect(xh(root, 'list', '--root', join(root, 'etc/services')).status).toBe(2);
});

/** Link farms as users meet them: which links there are, who wins, and what is never touched. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite, siteThatStays } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const ADMIN = '.software/local/.admin';

describe('a package with something for every class', () => {
  const root = siteThatStays();
  let before: ReadonlyMap<string, string>;

  beforeAll(() => {
    makePackage(root, 'all', {
      'bin/tool': command('tool'),
      'bin/alias': '→ tool',
      'bin/.hidden': command('hidden'),
      'bin/sub/inner': command('inner'),
      'maintenance/toolfix': command('toolfix'),
      'servers/toold': command('toold'),
      'man/man1/tool.1': '.TH TOOL 1\n',
      'man/de/man1/tool.1': '.TH TOOL 1\n',
      'man/cat1/tool.1': 'formatted\n',
      'info/tool.info': 'tool\n',
      'info/dir': 'the directory of all\n',
      'share/bash-completion/completions/tool': 'complete tool\n',
      'share/icons/hicolor/16x16/apps/tool.png': 'png',
      'share/applications/tool.desktop': '[Desktop Entry]\n',
      'share/locale/de/LC_MESSAGES/tool.mo': 'mo',
      'include/tool/deep/tool.h': '#define TOOL 1\n',
      'lib/libtool.so.1': 'elf',
      'lib/libtool.so': '→ libtool.so.1',
      'lib/private/helper.so': 'elf',
      'lib/pkgconfig/tool.pc': 'Name: tool\n',
    });
    writeFiles(join(root, '.software/share/all'), { 'doc/not-executable': 'x' });
    xhDone(root, 'make-links');
    before = snapshot(root);
    xhDone(root, 'install', 'all');
  });

  test.each([
    ['bin/tool', `${ADMIN}/bins/bin/tool`],
    ['bin/alias', `${ADMIN}/bins/bin/alias`],
    ['maintenance/toolfix', `${ADMIN}/bins/maintenance/toolfix`],
    ['servers/toold', `${ADMIN}/bins/servers/toold`],
    ['man/man1/tool.1', 'software/.admin/man/man1/tool.1'],
    ['man/de/man1/tool.1', 'software/.admin/man/de/man1/tool.1'],
    ['info/tool.info', `${ADMIN}/info/tool.info`],
    ['share/bash-completion/completions/tool', `${ADMIN}/share/bash-completion/completions/tool`],
    ['share/icons/hicolor/16x16/apps/tool.png', `${ADMIN}/share/icons/hicolor/16x16/apps/tool.png`],
    ['share/applications/tool.desktop', `${ADMIN}/share/applications/tool.desktop`],
    ['share/locale/de/LC_MESSAGES/tool.mo', `${ADMIN}/share/locale/de/LC_MESSAGES/tool.mo`],
    ['include/tool/deep/tool.h', 'usr/include/tool/deep/tool.h'],
    ['lib/libtool.so.1', 'usr/local/lib/libtool.so.1'],
    ['lib/libtool.so', 'usr/local/lib/libtool.so'],
    ['lib/pkgconfig/tool.pc', `${ADMIN}/pkgconfig/tool.pc`],
  ])('%s is linked as %s, absolute through /software', (from, to) => {
    expect(readlinkSync(join(root, to))).toBe(join(root, 'software/all', from));
    expect(readFileSync(join(root, to))).toEqual(readFileSync(join(root, 'software/all', from)));
  });

  test('hidden, formatted, private and nested files stay in the package', () => {
    expect(readdirSync(bins(root))).toEqual(['alias', 'tool']);
    expect(readdirSync(join(root, ADMIN, 'man')).toSorted()).toEqual(['de', 'man1']);
    expect(readdirSync(join(root, ADMIN, 'info'))).toEqual(['tool.info']);
    expect(readdirSync(join(root, 'usr/local/lib')).toSorted()).toEqual([
      'libtool.so',
      'libtool.so.1',
    ]);
  });

  test('directories of the farms are real, however few packages use them', () => {
    for (const directory of [
      'usr/include/tool',
      'usr/include/tool/deep',
      `${ADMIN}/man/de`,
      `${ADMIN}/share/icons/hicolor`,
    ]) {
      expect(lstatSync(join(root, directory)).isDirectory(), directory).toBe(true);
    }
    // so that what a program writes there does not land in the package
    writeFileSync(join(root, 'usr/include/tool/local.h'), 'mine\n');
    expect(existsSync(join(root, 'software/all/include/tool/local.h'))).toBe(false);
  });

  test('uninstalled, it leaves nothing behind but what people put beside its links', () => {
    xhDone(root, 'uninstall', 'all');
    expect(readFileSync(join(root, 'usr/include/tool/local.h'), 'utf8')).toBe('mine\n');
    rmSync(join(root, 'usr'), { recursive: true });
    const left = new Map(snapshot(root));
    left.delete(`${ADMIN}/directories.json`);
    expect(Object.fromEntries(left)).toEqual(Object.fromEntries(before));
  });
});

describe('two packages with one name', () => {
  test('the higher priority wins, the loser is reported and gets the name when the winner goes', () => {
    const { path: root } = freshSite();
    makePackage(root, 'high', { '.admin/Options': 'priority = 70\n', 'bin/vi': command('high') });
    makePackage(root, 'low', { '.admin/Options': 'priority = 30\n', 'bin/vi': command('low') });
    const first = xhDone(root, 'install', 'low', 'high');
    expect(first.stderr).toMatch(/bin\/vi: high \(priority 70\) wins over low \(30\)/);
    expect(readlinkSync(bins(root, 'vi'))).toBe(join(root, 'software/high/bin/vi'));
    const which = xhDone(root, 'which', 'vi').stdout;
    expect(which).toContain(
      'from high: priority 70, the highest of those that have it; also in low',
    );
    const links = xhDone(root, 'files', '--links', 'low').stdout;
    expect(links).toMatch(/bins\/bin\/vi: not its own here, it leads to .*software\/high\/bin\/vi/);
    expect(JSON.parse(xhDone(root, 'files', '--links', 'low', '--json').stdout)).toMatchObject([
      { path: `/${ADMIN}/bins/bin/vi`, stands: false },
    ]);
    const gone = xhDone(root, 'uninstall', 'high');
    expect(gone.stderr).toMatch(/bin\/vi: .*low/);
    expect(readlinkSync(bins(root, 'vi'))).toBe(join(root, 'software/low/bin/vi'));
    // and back
    expect(xhDone(root, 'install', 'high').stderr).toContain('wins over low');
    xhDone(root, 'uninstall', 'low');
    expect(readlinkSync(bins(root, 'vi'))).toBe(join(root, 'software/high/bin/vi'));
    xhDone(root, 'uninstall', 'high');
    expect(existsSync(bins(root))).toBe(false);
  });

  test('equal priority is a conflict that names both, and xh prefer settles it', () => {
    const { path: root } = freshSite();
    for (const name of ['vim', 'nvi']) {
      makePackage(root, name, { 'bin/vi': command(name), 'man/man1/vi.1': `.TH ${name}\n` });
    }
    xhDone(root, 'install', 'vim');
    const before = snapshot(root);
    const refused = xh(root, 'install', 'nvi');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('vi is provided by both');
    expect(refused.stderr).toContain('xh prefer vi nvi   or   xh prefer vi vim');
    expect(refused.stderr).toContain('xh prefer vi.1 nvi');
    expect(refused.stderr).toContain('refused: 2 conflicts; nothing has been changed');
    expect(snapshot(root)).toEqual(before);
    xhDone(root, 'prefer', 'vi', 'nvi');
    xhDone(root, 'prefer', 'vi.1', 'vim');
    expect(xhDone(root, 'prefer').stdout).toBe('vi    nvi\nvi.1  vim\n');
    expect(JSON.parse(xhDone(root, 'prefer', '--json').stdout)).toEqual([
      { name: 'vi', package: 'nvi' },
      { name: 'vi.1', package: 'vim' },
    ]);
    const note = xhDone(root, 'install', 'nvi').stderr;
    expect(note).toMatch(/bin\/vi: nvi \(preferred\) wins over vim/);
    expect(readlinkSync(bins(root, 'vi'))).toContain('/nvi/');
    expect(readlinkSync(join(root, ADMIN, 'man/man1/vi.1'))).toContain('/vim/');
    expect(xhDone(root, 'which', 'vi').stdout).toContain('preferred');
    // the other way round takes effect at once
    xhDone(root, 'prefer', 'vi', 'vim');
    expect(readlinkSync(bins(root, 'vi'))).toContain('/vim/');
    const drop = xh(root, 'prefer', '--drop', 'vi');
    expect([drop.status, drop.stderr]).toEqual([3, expect.stringContaining('provided by both')]);
    expect(xh(root, 'prefer', '--drop', 'vi', 'vim').status).toBe(2);
    expect(xh(root, 'prefer', '--drop', 'ed').stderr).toContain('nothing is preferred for ed');
  });

  test('the site prefers for all its hosts in xhier.toml', () => {
    const { path: root } = freshSite();
    for (const name of ['vim', 'nvi']) makePackage(root, name, { 'bin/vi': command(name) });
    writeFiles(root, { 'etc/xhier.toml': '[prefer]\nvi = "nvi"\n' });
    xhDone(root, 'install', 'vim', 'nvi');
    expect(readlinkSync(bins(root, 'vi'))).toContain('/nvi/');
    expect(JSON.parse(xhDone(root, 'which', 'vi', '--json').stdout)).toMatchObject([
      { package: 'nvi', losers: ['vim'], why: expect.stringContaining('xhier.toml') as string },
    ]);
  });

  test('the same content in both is no conflict, and either may leave', () => {
    const { path: root } = freshSite();
    for (const name of ['a', 'b']) makePackage(root, name, { 'include/common.h': 'same\n' });
    xhDone(root, 'install', 'a', 'b');
    expect(readlinkSync(join(root, 'usr/include/common.h'))).toContain('/software/a/');
    xhDone(root, 'uninstall', 'a');
    expect(readlinkSync(join(root, 'usr/include/common.h'))).toContain('/software/b/');
    xhDone(root, 'uninstall', 'b');
    expect(existsSync(join(root, 'usr'))).toBe(false);
  });

  test('when the winner leaves two that are equal, the site is asked before, not guessed for', () => {
    const { path: root } = freshSite();
    makePackage(root, 'top', { '.admin/Options': 'priority = 90\n', 'bin/x': command('top') });
    for (const name of ['a', 'b']) makePackage(root, name, { 'bin/x': command(name) });
    xhDone(root, 'install', 'top');
    xhDone(root, 'install', 'a', 'b');
    const refused = xh(root, 'uninstall', 'top');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('x is provided by both a and b');
    expect(readlinkSync(bins(root, 'x'))).toContain('/top/');
    xhDone(root, 'prefer', 'x', 'b');
    xhDone(root, 'uninstall', 'top');
    expect(readlinkSync(bins(root, 'x'))).toContain('/b/');
  });
});

describe('what is in the way is never touched', () => {
  test.each([
    ['a file', (at: string): void => writeFileSync(at, 'mine\n')],
    ['a link to elsewhere', (at: string): void => symlinkSync('/usr/bin/true', at)],
    [
      'a directory',
      (at: string): void => {
        mkdirSync(at);
      },
    ],
    [
      'a link of a person into another package',
      (at: string): void => symlinkSync(join(at, '../../../../../../software/other/bin/tool'), at),
    ],
  ])('%s: refused with exit 3, and all of it named at once', (_, put) => {
    const { path: root } = freshSite();
    makePackage(root, 'other', {
      '.admin/Options': 'default = no\n',
      'bin/tool': command('other'),
    });
    makePackage(root, 'tool', {
      '.admin/Options': 'priority = 90\n',
      'bin/tool': command('tool'),
      'bin/free': command('free'),
      'include/tool.h': 'x\n',
    });
    xhDone(root, 'install', 'other');
    mkdirSync(bins(root), { recursive: true });
    put(bins(root, 'tool'));
    writeFiles(root, { 'usr/include/tool.h': 'mine\n' });
    const before = snapshot(root);
    const refused = xh(root, 'install', 'tool');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('bins/bin/tool is ');
    expect(refused.stderr).toContain('/usr/include/tool.h is a file that xhier did not make');
    expect(refused.stderr).toContain('refused: 2 conflicts');
    expect(snapshot(root)).toEqual(before);
    expect(xhDone(root, 'list', '--installed').stdout).not.toContain('tool');
  });

  test('but a link of ours that leads nowhere gives way', () => {
    const { path: root } = freshSite();
    makePackage(root, 'gone', { 'bin/tool': command('gone') });
    xhDone(root, 'install', 'gone');
    rmSync(join(root, '.software/share/gone'), { recursive: true });
    rmSync(join(root, `${ADMIN}/receipts/gone.json`));
    makePackage(root, 'tool', { 'bin/tool': command('tool') });
    xhDone(root, 'install', 'tool');
    expect(readlinkSync(bins(root, 'tool'))).toBe(join(root, 'software/tool/bin/tool'));
  });

  test('a file where a directory has to be', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool', { 'include/a/tool.h': 'x\n', 'lib/libtool.a': 'x' });
    writeFiles(root, { 'usr/include/a': 'mine\n', 'usr/local/lib': 'mine\n' });
    const before = snapshot(root);
    const refused = xh(root, 'install', 'tool');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toMatch(/conflict \/usr\/include\/a: .*is a file.*directory/);
    expect(refused.stderr).toMatch(/conflict \/usr\/local\/lib: .*is a file.*directory/);
    expect(snapshot(root)).toEqual(
      new Map(
        [...before, ...snapshot(root)].filter(
          ([name]) => before.has(name) || name.startsWith('.software') || name === 'software',
        ),
      ),
    );
    expect(readFileSync(join(root, 'usr/include/a'), 'utf8')).toBe('mine\n');
  });

  test('a farm directory that is a link inside the site is written through, and stays a link', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool', { 'lib/libtool.a': 'x' });
    mkdirSync(join(root, 'usr/lib64'), { recursive: true });
    mkdirSync(join(root, 'usr/local'));
    symlinkSync('../lib64', join(root, 'usr/local/lib'));
    xhDone(root, 'install', 'tool');
    expect(readdirSync(join(root, 'usr/lib64'))).toEqual(['libtool.a']);
    xhDone(root, 'uninstall', 'tool');
    expect(readdirSync(join(root, 'usr/lib64'))).toEqual([]);
    expect(readlinkSync(join(root, 'usr/local/lib'))).toBe('../lib64');
  });

  test('a farm directory that is a link to nowhere is a conflict', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool', { 'include/tool.h': 'x' });
    mkdirSync(join(root, 'usr'));
    symlinkSync('gone', join(root, 'usr/include'));
    const refused = xh(root, 'install', 'tool');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('conflict /usr/include: ');
    expect(readdirSync(join(root, 'usr'))).toEqual(['include']);
  });

  test('a foreign file that took the place of our link stays at uninstall, and the name is forgotten', () => {
    const { path: root } = freshSite();
    makePackage(root, 'high', { '.admin/Options': 'priority = 70\n', 'bin/x': command('high') });
    makePackage(root, 'low', { 'bin/x': command('low'), 'bin/y': command('low') });
    xhDone(root, 'install', 'high', 'low');
    rmSync(bins(root, 'x'));
    writeFileSync(bins(root, 'x'), 'mine\n');
    xhDone(root, 'uninstall', 'high');
    expect(readFileSync(bins(root, 'x'), 'utf8')).toBe('mine\n');
    rmSync(bins(root, 'x'));
    xhDone(root, 'make-links');
    expect(readlinkSync(bins(root, 'x'))).toContain('/low/');
    expect(xhDone(root, 'which', 'x').stdout).not.toContain('high');
    // low goes too: nobody brings high's link back
    xhDone(root, 'uninstall', 'low');
    expect(existsSync(bins(root))).toBe(false);
  });
});

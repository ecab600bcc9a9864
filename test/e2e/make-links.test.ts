/** `xh make-links`, and which packages and classes are linked at all. */
import {
  existsSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { xh, xhDone } from './xh.ts';

const ADMIN = '.software/local/.admin';

describe('make-links', () => {
  test('restores links that were removed or turned, removes stray ones of ours, leaves what people made', () => {
    const { path: root } = freshSite();
    const top = makePackage(root, 'tool', {
      'bin/a': command('a'),
      'bin/b': command('b'),
      'bin/0': command('0'),
    });
    xhDone(root, 'install', 'tool');
    rmSync(bins(root, 'a'));
    // a package's command that has gone, and one that has come
    rmSync(join(top, 'bin/b'));
    writeFiles(top, { 'bin/c': command('c') });
    // ours by its look, of a package that nobody has
    symlinkSync(join(root, 'software/gone/bin/old'), bins(root, 'old'));
    // a person's: another name for a command of a package
    symlinkSync(join(root, 'software/tool/bin/a'), bins(root, 'mine'));
    symlinkSync('/bin/true', bins(root, 'foreign'));
    const told = xhDone(root, 'make-links', '--dry-run', '--verbose').stdout;
    expect(told).toMatch(/link .*bins\/bin\/a →/);
    expect(told).toMatch(/drop .*bins\/bin\/old/);
    const ran = xhDone(root, 'make-links');
    expect(ran.stderr).toMatch(/farms updated \(generation 2\): 4 links/);
    expect(readdirSync(bins(root)).toSorted()).toEqual(['0', 'a', 'c', 'foreign', 'mine']);
    expect(xhDone(root, 'make-links').stderr).toContain('nothing to do');
    expect(JSON.parse(xhDone(root, 'make-links', '--json').stdout)).toEqual({});
  });

  test('of one package, by its name though its directory has a version', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool-1.0', { '.admin/Options': 'version = 1.0\n', 'bin/a': command('a') });
    xhDone(root, 'install', 'tool');
    rmSync(bins(root, 'a'));
    xhDone(root, 'make-links', 'tool');
    expect(readlinkSync(bins(root, 'a'))).toBe(join(root, 'software/tool/bin/a'));
    const missing = xh(root, 'make-links', 'tol');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('tol is not installed here');
  });

  test('links of a package that has vanished from the depot go', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool', { 'bin/a': command('a') });
    makePackage(root, 'other', { 'bin/b': command('b') });
    xhDone(root, 'install', 'tool', 'other');
    renameSync(join(root, '.software/share/tool'), join(root, 'elsewhere'));
    const ran = xhDone(root, 'make-links');
    expect(ran.stderr).toContain('tool is installed here, but the depot has it no more');
    expect(readdirSync(bins(root))).toEqual(['b']);
    // the weekly maintenance goes on with the others, and says so
    makePackage(root, 'other', { 'bin/c': command('c') });
    expect(xhDone(root, 'install', '--all').stderr).toContain('xh uninstall tool');
    expect(readdirSync(bins(root)).toSorted()).toEqual(['b', 'c']);
    xhDone(root, 'uninstall', 'tool');
    expect(xhDone(root, 'list', '--installed').stdout).not.toContain('tool');
  });
});

describe('which packages and classes are linked', () => {
  test('a package that is not default has no links until the site says so', () => {
    const { path: root } = freshSite();
    makePackage(root, 'tool', { '.admin/Options': 'default = no\n', 'bin/tool': command('tool') });
    makePackage(root, 'game', { 'bin/game': command('game') });
    xhDone(root, 'install', 'tool', 'game');
    expect(readdirSync(bins(root))).toEqual(['game']);
    writeFiles(root, {
      'etc/xhier.toml': '[default-packages]\nalso = ["to*"]\nnever = ["game"]\n',
    });
    xhDone(root, 'make-links');
    expect(readdirSync(bins(root))).toEqual(['tool']);
  });

  test('links = in Options chooses classes, and an unknown class is shown with the nearest', () => {
    const { path: root } = freshSite();
    const top = makePackage(root, 'tool', {
      '.admin/Options': 'links = man\n',
      'bin/tool': command('tool'),
      'man/man1/tool.1': '.TH\n',
    });
    xhDone(root, 'install', 'tool');
    expect(existsSync(bins(root))).toBe(false);
    expect(existsSync(join(root, ADMIN, 'man/man1/tool.1'))).toBe(true);
    writeFileSync(join(top, '.admin/Options'), '# which\nlinks = bin mann\n');
    const refused = xh(root, 'install', 'tool');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('/.admin/Options:2:');
    expect(refused.stderr).toContain("did you mean 'man'?");
    writeFileSync(join(top, '.admin/Options'), 'links = none\n');
    xhDone(root, 'install', 'tool');
    expect(existsSync(join(root, ADMIN, 'man'))).toBe(false);
  });
});

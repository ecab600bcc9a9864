/**
 * What has gone wrong in the farms of Stow, Homebrew's Cellar, Guix's union, Spack's views and
 * update-alternatives, as tests of our own: here none of it may.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { currentGeneration } from '../../src/host/generations.ts';
import type { Plan } from '../../src/host/plan.ts';
import { visitHost } from '../../src/host/transaction.ts';
import type { Site } from '../../src/site/site.ts';
import { installed, linked, preferred, uninstalled } from '../depot/operations.ts';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { snapshot } from '../e2e/xh.ts';
import { freshSite, temporaryDirectory } from '../site.ts';

const ADMIN = '.software/local/.admin';

function codes(plan: Plan): string[] {
  return plan.conflicts.map(({ code }) => code).toSorted();
}

function generation(site: Site): number {
  return visitHost(site, ({ walker }) => currentGeneration(walker));
}

describe('what stands in the way', () => {
  test('a link of a person is named with where it leads, and stays', async () => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'bin/tool': command('tool') });
    mkdirSync(bins(site.path), { recursive: true });
    symlinkSync('/usr/bin/true', bins(site.path, 'tool'));
    const plan = await installed(site, 'tool');
    expect(codes(plan)).toEqual(['E_FARM_FOREIGN']);
    expect(plan.conflicts[0]?.message).toContain('a link to /usr/bin/true');
    expect(plan.conflicts[0]?.message).toContain('tool wants the name');
    expect(readlinkSync(bins(site.path, 'tool'))).toBe('/usr/bin/true');
  });

  test('a dangling link of our own is replaced, one of somebody else is not', async () => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'bin/a': command('a'), 'bin/b': command('b') });
    mkdirSync(bins(site.path), { recursive: true });
    symlinkSync(join(site.path, 'software/lost/bin/a'), bins(site.path, 'a'));
    symlinkSync('nowhere', bins(site.path, 'b'));
    expect(codes(await installed(site, 'tool'))).toEqual(['E_FARM_FOREIGN']);
    rmSync(bins(site.path, 'b'));
    expect(codes(await installed(site, 'tool'))).toEqual([]);
    expect(readlinkSync(bins(site.path, 'a'))).toBe(join(site.path, 'software/tool/bin/a'));
  });

  test('a directory of the farm that an administrator has moved and linked is written through', async () => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'include/sub/x.h': 'x\n', 'include/top.h': 'x\n' });
    mkdirSync(join(site.path, 'export/include'), { recursive: true });
    mkdirSync(join(site.path, 'usr/include'), { recursive: true });
    symlinkSync('../../export/include', join(site.path, 'usr/include/sub'));
    expect(codes(await installed(site, 'tool'))).toEqual([]);
    expect(readdirSync(join(site.path, 'export/include'))).toEqual(['x.h']);
    await uninstalled(site, 'tool');
    expect(readdirSync(join(site.path, 'export/include'))).toEqual([]);
    expect(readlinkSync(join(site.path, 'usr/include/sub'))).toBe('../../export/include');
  });

  test('a directory of the farm that is a link into a package is never written through', async () => {
    const site = freshSite();
    makePackage(site.path, 'one', { 'include/lib/one.h': '1\n' });
    makePackage(site.path, 'two', { 'include/lib/two.h': '2\n' });
    mkdirSync(join(site.path, 'usr/include'), { recursive: true });
    // as another tool would fold it
    symlinkSync(join(site.path, 'software/one/include/lib'), join(site.path, 'usr/include/lib'));
    const plan = await installed(site, 'two');
    expect(codes(plan)).toEqual(['E_FARM_OBSTACLE']);
    expect(plan.conflicts[0]?.message).toContain('software/one/include/lib');
    expect(readdirSync(join(site.path, 'software/one/include/lib'))).toEqual(['one.h']);
  });

  test('a directory stays when people have put something into it', async () => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'include/sub/x.h': 'x\n' });
    await installed(site, 'tool');
    writeFiles(site.path, { 'usr/include/sub/mine.h': 'mine\n' });
    await uninstalled(site, 'tool');
    expect(readdirSync(join(site.path, 'usr/include/sub'))).toEqual(['mine.h']);
  });
});

describe('names', () => {
  test.each(['0', 'false', 'null', '__proto__', 'constructor', '-n', 'a b', 'ü'])(
    'a command called %j is linked, listed and taken out like any other',
    async (name) => {
      const site = freshSite();
      makePackage(site.path, 'tool', { [`bin/${name}`]: command('x') });
      await installed(site, 'tool');
      expect(readdirSync(bins(site.path))).toEqual([name]);
      expect(readlinkSync(bins(site.path, name))).toBe(join(site.path, 'software/tool/bin', name));
      expect(codes(await uninstalled(site, 'tool'))).toEqual([]);
      expect(existsSync(bins(site.path))).toBe(false);
    },
  );

  test('a package called 0 is a package', async () => {
    const site = freshSite();
    makePackage(site.path, '0', { 'bin/zero': command('0') });
    await installed(site, '0');
    expect(readlinkSync(bins(site.path, 'zero'))).toBe(join(site.path, 'software/0/bin/zero'));
    await uninstalled(site, '0');
    expect(existsSync(bins(site.path))).toBe(false);
  });
});

describe('where the depot stands', () => {
  test('a tree that has moved to another disk, with a link in its place, changes nothing', async () => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'bin/tool': command('tool') });
    await installed(site, 'tool');
    mkdirSync(join(site.path, 'export'));
    renameSync(join(site.path, '.software/share'), join(site.path, 'export/share'));
    symlinkSync('../export/share', join(site.path, '.software/share'));
    expect((await linked(site)).changes).toEqual([]);
    expect(readFileSync(bins(site.path, 'tool'), 'utf8')).toBe(command('tool'));
    expect(codes(await uninstalled(site, 'tool'))).toEqual([]);
    expect(existsSync(bins(site.path))).toBe(false);
  });

  test('a site root that has moved: make-links gives every link its new place', async () => {
    const before = freshSite();
    makePackage(before.path, 'high', {
      '.admin/Options': 'priority = 70\n',
      'bin/tool': command('high'),
      'include/x.h': 'x\n',
    });
    makePackage(before.path, 'low', { 'bin/tool': command('low'), 'bin/own': command('own') });
    await installed(before, 'high', 'low');
    const path = join(temporaryDirectory('moved'), 'site');
    renameSync(before.path, path);
    mkdirSync(before.path);
    const site = { root: bytes(path), path };
    const plan = await linked(site);
    expect(plan.conflicts).toEqual([]);
    expect(readlinkSync(bins(path, 'tool'))).toBe(join(path, 'software/high/bin/tool'));
    expect(readlinkSync(bins(path, 'own'))).toBe(join(path, 'software/low/bin/own'));
    expect(readlinkSync(join(path, 'usr/include/x.h'))).toBe(
      join(path, 'software/high/include/x.h'),
    );
    expect((await linked(site)).changes).toEqual([]);
    await uninstalled(site, 'high', 'low');
    expect(existsSync(bins(path))).toBe(false);
    expect(existsSync(join(path, 'usr'))).toBe(false);
  });

  test('a package directory that is a link inside the site is a package, through its own name', async () => {
    const site = freshSite();
    const top = makePackage(site.path, 'tool', { 'bin/tool': command('tool') });
    mkdirSync(join(site.path, 'big'));
    renameSync(top, join(site.path, 'big/tool'));
    symlinkSync('../../big/tool', top);
    await installed(site, 'tool');
    expect(readlinkSync(bins(site.path, 'tool'))).toBe(join(site.path, 'software/tool/bin/tool'));
    expect((await linked(site)).changes).toEqual([]);
    await uninstalled(site, 'tool');
    expect(existsSync(bins(site.path))).toBe(false);
  });

  test('a package inside a package is files of the outer one, and no package', async () => {
    const site = freshSite();
    const outer = makePackage(site.path, 'outer', {
      'bin/outer': command('outer'),
      'inner/.admin/Maintainer': 'x@example.org\n',
      'inner/bin/inner': command('inner'),
      'bin/inner/bin/deep': command('deep'),
    });
    await installed(site, 'outer');
    expect(readdirSync(bins(site.path))).toEqual(['outer']);
    expect(existsSync(join(outer, 'inner/bin/inner'))).toBe(true);
    await expect(installed(site, 'inner')).rejects.toThrow("there is no package 'inner'");
  });
});

describe('several packages with one name', () => {
  test('two providers: one leaves, the other has the name, and the content is there throughout', async () => {
    const site = freshSite();
    for (const name of ['one', 'two']) {
      makePackage(site.path, name, { 'bin/same': command('same'), 'share/info/dir': `${name}\n` });
    }
    expect(codes(await installed(site, 'one', 'two'))).toEqual([]);
    expect(readlinkSync(bins(site.path, 'same'))).toContain('/one/');
    await uninstalled(site, 'one');
    expect(readlinkSync(bins(site.path, 'same'))).toContain('/two/');
    await uninstalled(site, 'two');
    expect(existsSync(bins(site.path))).toBe(false);
  });

  test('an override and back leaves the host as it was', async () => {
    const site = freshSite();
    makePackage(site.path, 'vendor', { 'bin/vi': command('vendor'), 'man/man1/vi.1': '.TH 1\n' });
    makePackage(site.path, 'own', {
      '.admin/Options': 'priority = 80\n',
      'bin/vi': command('own'),
      'man/man1/vi.1': '.TH 2\n',
    });
    await installed(site, 'vendor');
    const before = snapshot(site.path);
    await installed(site, 'own');
    expect(readlinkSync(bins(site.path, 'vi'))).toContain('/own/');
    await uninstalled(site, 'own');
    expect(snapshot(site.path)).toEqual(before);
    await installed(site, 'own');
    await preferred(site, 'vi', 'vendor');
    expect(readlinkSync(bins(site.path, 'vi'))).toContain('/vendor/');
    expect(readlinkSync(join(site.path, ADMIN, 'man/man1/vi.1'))).toContain('/own/');
    await preferred(site, 'vi', undefined);
    expect(readlinkSync(bins(site.path, 'vi'))).toContain('/own/');
  });

  test('executables of one name and unlike content are a conflict, not the last one wins', async () => {
    const site = freshSite();
    for (const name of ['a', 'b', 'c']) {
      makePackage(site.path, name, { 'bin/run': command(name), 'lib/librun.so': name });
    }
    const plan = await installed(site, 'a', 'b', 'c');
    expect(codes(plan)).toEqual(['E_FARM_TIE', 'E_FARM_TIE']);
    expect(plan.conflicts.map(({ remedy }) => remedy).join('\n')).toContain('xh prefer run a');
    expect(existsSync(bins(site.path))).toBe(false);
    expect(generation(site)).toBe(0);
  });

  test('same content but only one of them can be executed is not the same', async () => {
    const site = freshSite();
    makePackage(site.path, 'a', { 'lib/libx.so': 'elf', 'include/x.h': 'x\n' });
    makePackage(site.path, 'b', { 'lib/libx.so': 'elf', 'include/x.h': 'x\n' });
    expect(codes(await installed(site, 'a', 'b'))).toEqual([]);
  });

  test("the packages' own info directories never meet", async () => {
    const site = freshSite();
    for (const name of ['a', 'b']) {
      makePackage(site.path, name, {
        'share/info/dir': `directory of ${name}\n`,
        [`share/info/${name}.info`]: 'x\n',
      });
    }
    expect(codes(await installed(site, 'a', 'b'))).toEqual([]);
    expect(readdirSync(join(site.path, ADMIN, 'info')).toSorted()).toEqual(['a.info', 'b.info']);
  });

  test.each([
    ['both at once', [['file', 'tree']]],
    ['both at once, the other way', [['tree', 'file']]],
    ['the file first', [['file'], ['tree']]],
    ['the directory first', [['tree'], ['file']]],
  ])('a file of one that is a directory of the other: %s', async (_, steps) => {
    const site = freshSite();
    makePackage(site.path, 'file', { 'include/net': 'a header\n', 'bin/f': command('f') });
    makePackage(site.path, 'tree', { 'include/net/if.h': 'x\n', 'bin/t': command('t') });
    let plan: Plan | undefined;
    for (const names of steps) plan = await installed(site, ...names);
    expect(codes(plan as Plan)).toEqual(['E_FARM_KIND']);
    const message = plan?.conflicts[0]?.message ?? '';
    expect(message).toContain('a file of file');
    expect(message).toContain('a directory of tree');
    expect(plan?.conflicts[0]?.path).toBe('/usr/include/net');
  });

  test('a file that has become a directory, or the reverse: refused, with the way out', async () => {
    const site = freshSite();
    const top = makePackage(site.path, 'tool', { 'include/net': 'a header\n' });
    const header = join(site.path, 'usr/include/net');
    await installed(site, 'tool');
    rmSync(join(top, 'include/net'));
    writeFiles(top, { 'include/net/if.h': 'x\n' });
    const refused = await installed(site, 'tool');
    expect(codes(refused)).toEqual(['E_FARM_KIND']);
    expect(refused.conflicts[0]?.remedy).toContain('xh uninstall tool; then xh install tool');
    expect(codes(await uninstalled(site, 'tool'))).toEqual([]);
    expect(codes(await installed(site, 'tool'))).toEqual([]);
    expect(lstatSync(header).isDirectory()).toBe(true);
    rmSync(join(top, 'include/net'), { recursive: true });
    writeFiles(top, { 'include/net': 'a header\n' });
    expect(codes(await installed(site, 'tool'))).toEqual(['E_FARM_KIND']);
    expect(codes(await uninstalled(site, 'tool'))).toEqual([]);
    expect(codes(await installed(site, 'tool'))).toEqual([]);
    expect(lstatSync(header).isSymbolicLink()).toBe(true);
  });
});

describe('plans', () => {
  test('the same operation twice is one generation', async () => {
    const site = freshSite();
    makePackage(site.path, 'a', { 'bin/a': command('a'), 'bin/x': command('x') });
    makePackage(site.path, 'b', { '.admin/Options': 'priority = 60\n', 'bin/x': command('y') });
    for (const again of [1, 2]) {
      const plan = await installed(site, 'a', 'b');
      if (again === 2) expect(plan.changes).toEqual([]);
      expect(generation(site), `time ${again}`).toBe(1);
    }
    expect((await linked(site)).changes).toEqual([]);
    for (const again of [1, 2]) {
      await preferred(site, 'x', 'a');
      expect(generation(site), `time ${again}`).toBe(2);
    }
    expect((await linked(site)).changes).toEqual([]);
    expect(generation(site)).toBe(2);
  });

  test('a link that something else has changed since is not counted as ours', async () => {
    const site = freshSite();
    makePackage(site.path, 'a', { 'bin/a': command('a') });
    await installed(site, 'a');
    rmSync(bins(site.path, 'a'));
    writeFileSync(bins(site.path, 'a'), 'wrapper\n');
    expect(codes(await linked(site))).toEqual(['E_FARM_FOREIGN']);
    expect(codes(await uninstalled(site, 'a'))).toEqual([]);
    expect(readFileSync(bins(site.path, 'a'), 'utf8')).toBe('wrapper\n');
  });
});

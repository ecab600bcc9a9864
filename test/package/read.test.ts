import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { XhError } from '../../src/message/error.ts';
import { findPackage, readPackage } from '../../src/package/read.ts';
import { listPackages } from '../../src/package/entries.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { diagnosed } from './diagnosed.ts';

type TestSite = ReturnType<typeof freshSite>;

/** A site whose `/software` is a link to its share tree. */
function siteWith(...directories: readonly string[]): TestSite {
  const site = freshSite();
  mkdirSync(join(site.path, '.software/share'), { recursive: true });
  symlinkSync(join(site.path, '.software/share'), join(site.path, 'software'));
  for (const directory of directories) {
    write(site, `${directory}/.admin/Maintainer`, 'ops@example.org\n');
  }
  return site;
}

function write(site: TestSite, path: string, text: string): void {
  const full = join(site.path, 'software', path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof XhError)
      return `${error.code} ${error.exit}: ${error.message} (${error.remedy ?? ''})`;
    throw error;
  }
  return 'accepted';
}

test('packages are the directories with an .admin; a NAME link says which version is current', () => {
  const site = siteWith('gnu', 'tex-3.1', 'tex-2.9', 'perl-5.36');
  symlinkSync('tex-2.9', join(site.path, 'software/tex'));
  mkdirSync(join(site.path, 'software/stray'));
  mkdirSync(join(site.path, 'software/.admin'));
  write(site, 'file', '');
  expect(
    listPackages(site).map(({ directory, name, version, current }) => [
      directory,
      name,
      version,
      current,
    ]),
  ).toEqual([
    ['gnu', 'gnu', undefined, true],
    ['perl-5.36', 'perl', '5.36', true],
    ['tex-2.9', 'tex', '2.9', true],
    ['tex-3.1', 'tex', '3.1', false],
  ]);
  expect(listPackages(site)[0]?.path).toBe(`${site.path}/software/gnu`);
});

test('a site without /software has no packages', () => {
  expect(listPackages(freshSite())).toEqual([]);
});

test('a package that stands elsewhere, by a link, is a package', () => {
  const site = siteWith();
  const elsewhere = temporaryDirectory();
  mkdirSync(join(elsewhere, '.admin'));
  symlinkSync(elsewhere, join(site.path, 'software/big'));
  symlinkSync('/nowhere/at/all', join(site.path, 'software/gone'));
  expect(listPackages(site).map(({ directory }) => directory)).toEqual(['big']);
});

test('the version in Options says where the name ends', () => {
  const site = siteWith('libglib2.0-0', 'bash-5.2.15-2');
  write(site, 'libglib2.0-0/.admin/Options', 'version = 2.74.6-2\n');
  write(site, 'bash-5.2.15-2/.admin/Options', 'version = 1:5.2.15-2\nnonsense\n');
  expect(listPackages(site)).toMatchObject([
    { name: 'bash', version: '1:5.2.15-2' },
    { name: 'libglib2.0-0', version: '2.74.6-2' },
  ]);
});

test('all that a package says is read', () => {
  const site = siteWith('tex-3.1');
  write(site, 'tex-3.1/.admin/Dependencies', 'gnu\n?x11 ^11\n');
  write(site, 'tex-3.1/.admin/Options', 'priority = 60\n');
  write(site, 'tex-3.1/.admin/Targets', 'linux-*\n');
  write(site, 'tex-3.1/.admin/file-types', 'fonts/*.pk spool\n');
  write(site, 'tex-3.1/.admin/Install', '#!/bin/sh\n');
  const tex = readPackage(site, b`tex-3.1`);
  expect(tex).toMatchObject({
    name: 'tex',
    version: '3.1',
    current: true,
    maintainers: [{ address: 'ops@example.org' }],
    dependencies: [{ name: 'gnu' }, { name: 'x11', optional: true }],
    options: { values: { priority: 60, default: true } },
    targets: [{ exclude: false }],
    fileTypes: [{ glob: 'fonts/*.pk', type: 'spool' }],
    install: { executable: false },
  });
  chmodSync(join(site.path, 'software/tex-3.1/.admin/Install'), 0o755);
  expect(readPackage(site, tex).install?.executable).toBe(true);
});

test('a package with nothing but a maintainer is one', () => {
  const plain = readPackage(siteWith('gnu'), b`gnu`);
  expect(plain).toMatchObject({
    dependencies: [],
    fileTypes: [],
    options: { values: { priority: 50 } },
  });
  expect(plain).not.toHaveProperty('install');
  expect(plain).not.toHaveProperty('targets');
});

test('what is wrong in all files of a package is told at once', () => {
  const site = siteWith('foo');
  const admin = `${site.path}/software/foo/.admin`;
  rmSync(join(admin, 'Maintainer'));
  write(site, 'foo/.admin/Dependencies', 'gnu,\n');
  write(site, 'foo/.admin/Options', 'priorty = 1\n');
  write(site, 'foo/.admin/file-types', 'data campus\n');
  expect(diagnosed(() => readPackage(site, b`foo`)).replaceAll(`${admin}/`, '')).toBe(
    `Maintainer:1:1: error: there is no such file: every package has a maintainer
  1 | 
    | ^ write a mail address into it
Dependencies:1:1: error: expected the name of a package: it contains ','
  1 | gnu,
    | ^~~~ one package a line
Options:1:1: error: unknown option 'priorty'
  1 | priorty = 1
    | ^~~~~~~ did you mean 'priority'?
file-types:1:6: error: unknown file type 'campus'
  1 | data campus
    |      ^~~~~~ one of share, arch, regional, admin, local, spool`,
  );
});

test('what is no ordinary file is refused, and never waited for', () => {
  const site = siteWith('foo', 'bar', 'fat', 'ok');
  const admin = (name: string) => join(site.path, `software/${name}/.admin/Options`);
  execFileSync('mkfifo', [admin('foo')]);
  mkdirSync(admin('bar'));
  write(site, 'fat/.admin/Options', '#'.repeat(1024 * 1024 + 1));
  expect(refusal(() => readPackage(site, b`foo`))).toContain('E_ADMIN_READ 2: cannot read');
  expect(refusal(() => readPackage(site, b`bar`))).toContain('it is not a regular file');
  expect(refusal(() => readPackage(site, b`fat`))).toContain('it has 1048577 bytes');
  // and none of them hides the others
  expect(listPackages(site).map(({ directory }) => directory)).toEqual(['bar', 'fat', 'foo', 'ok']);
});

test('a package is found by directory, by name, by name and range', () => {
  const site = siteWith('gnu', 'tex-3.1', 'tex-2.9', 'tex-2.10', 'tex-4.0-rc1', 'font-7x14-1.0');
  symlinkSync('tex-2.9', join(site.path, 'software/tex'));
  const found = (request: string) => findPackage(site, bytes(request)).directory;
  expect(found('gnu')).toBe('gnu');
  expect(found('tex')).toBe('tex-2.9');
  expect(found('tex-3.1')).toBe('tex-3.1');
  expect(found('tex@^2')).toBe('tex-2.10');
  expect(found('tex@*')).toBe('tex-3.1');
  expect(found('tex@4.0-rc1')).toBe('tex-4.0-rc1');
  expect(found('font-7x14')).toBe('font-7x14-1.0');
  rmSync(join(site.path, 'software/tex'));
  expect(found('tex')).toBe('tex-3.1');
});

test('what is not found is told with what is there', () => {
  const site = siteWith('gnu', 'tex-3.1', 'tex-2.9');
  expect(refusal(() => findPackage(site, b`gnuu`))).toBe(
    "E_NO_PACKAGE 1: there is no package 'gnuu' (did you mean 'gnu'?)",
  );
  expect(refusal(() => findPackage(site, b`tex@^4`))).toBe(
    "E_NO_VERSION 1: no version of 'tex' is in '^4' (there is 3.1, 2.9)",
  );
  expect(refusal(() => findPackage(site, b`news`))).toContain("'xh list' names those");
  expect(refusal(() => findPackage(site, b`tex@=1/2`))).toContain('E_RANGE 2');
  expect(refusal(() => findPackage(site, b`../etc`))).toContain('E_PACKAGE_NAME 2');
  expect(refusal(() => readPackage(site, b`tex`))).toBe(
    "E_NO_PACKAGE 1: there is no package directory 'tex' (there is tex-2.9, tex-3.1)",
  );
  expect(refusal(() => readPackage(site, b`..`))).toContain('E_NO_PACKAGE 1');
});

test('two hundred packages are listed, each in the right order', () => {
  const names = Array.from({ length: 200 }, (_, i) => `p${String(i).padStart(3, '0')}-1.${i}`);
  const site = siteWith(...names);
  for (const [i, name] of names.entries())
    write(site, `${name}/.admin/Options`, `version = 1.${i}\n`);
  const listed = listPackages(site);
  expect(listed.map(({ directory }) => directory)).toEqual(names);
  expect(listed.every(({ current }) => current)).toBe(true);
});

test('a name that is not UTF-8 is read as the bytes that it is', () => {
  const site = siteWith();
  const admin = Buffer.from(`${site.path}/software/caf\xe9/.admin`, 'latin1');
  mkdirSync(admin, { recursive: true });
  writeFileSync(Buffer.concat([admin, Buffer.from('/Maintainer')]), 'ops\n');
  const [entry] = listPackages(site);
  expect(entry?.directory).toBe('caf\xe9');
  expect(entry && readPackage(site, entry).maintainers).toEqual([{ address: 'ops' }]);
});

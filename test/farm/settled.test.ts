/** That the farms are known to be right is never said when anything that the answer rests on has changed. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSettled, rememberSettled } from '../../src/depot/settled.ts';
import { visitHost, withHost } from '../../src/host/transaction.ts';
import { loadConfig } from '../../src/site/config.ts';
import type { Site } from '../../src/site/site.ts';
import { installed, linked, preferred, uninstalled } from '../depot/operations.ts';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';

type Place = Site & { readonly path: string };

/** A site with two packages, one name contested between equals, for which all is known. */
async function settled(): Promise<Place> {
  const site = freshSite();
  for (const name of ['one', 'two']) {
    makePackage(site.path, name, {
      '.admin/Options': 'priority = 50\n',
      'bin/same': command('same'),
      [`bin/${name}`]: command(name),
      [`man/man1/${name}.1`]: '.TH\n',
      'bin/data': 'not executable\n',
    });
    chmodSync(join(site.path, '.software/share', name, 'bin/data'), 0o644);
  }
  makePackage(site.path, 'spare', { '.admin/Options': 'default = no\n', 'bin/x': command('x') });
  await installed(site, 'one', 'two', 'spare');
  await remember(site, Date.now() + 10_000);
  expect(known(site)).toBe(true);
  return site;
}

async function remember(site: Site, since: number): Promise<void> {
  await withHost(site, { command: 'test', lockTimeout: 5 }, (host) => {
    rememberSettled(host, loadConfig(site), since);
  });
}

function known(site: Site): boolean {
  return visitHost(site, (host) => isSettled(host, loadConfig(site)));
}

const CHANGES: Readonly<Record<string, (site: Place) => unknown>> = {
  'a command comes': ({ path }) =>
    writeFiles(join(path, '.software/share/one'), { 'bin/new': command('new') }),
  'a command goes': ({ path }) => unlinkSync(join(path, 'software/one/bin/one')),
  'a command cannot be executed any more': ({ path }) =>
    chmodSync(join(path, 'software/one/bin/one'), 0o644),
  'a file can be executed now': ({ path }) => chmodSync(join(path, 'software/one/bin/data'), 0o755),
  'a directory of another class comes': ({ path }) =>
    writeFiles(join(path, '.software/share/one'), { 'share/info/one.info': 'x\n' }),
  'a section of the manual comes': ({ path }) =>
    writeFiles(join(path, '.software/share/one'), { 'man/man8/one.8': '.TH\n' }),
  'one of two equals gets another content, and its time is set back': ({ path }) => {
    const file = join(path, 'software/two/bin/same');
    writeFileSync(file, command('othr'));
    utimesSync(file, 0, 0);
  },
  'its Options change': ({ path }) =>
    writeFileSync(join(path, 'software/one/.admin/Options'), 'priority = 51\n'),
  'a package that was not default is': ({ path }) =>
    writeFileSync(join(path, 'software/spare/.admin/Options'), 'default = yes\n'),
  'its Options go': ({ path }) => unlinkSync(join(path, 'software/one/.admin/Options')),
  'a package goes': ({ path }) => rmSync(join(path, 'software/two'), { recursive: true }),
  'a package comes in its place': ({ path }) => {
    renameSync(join(path, 'software/two'), join(path, 'software/gone'));
    renameSync(join(path, 'software/gone'), join(path, 'software/two'));
  },
  'a link goes': ({ path }) => unlinkSync(bins(path, 'one')),
  'a link is turned': ({ path }) => {
    unlinkSync(bins(path, 'one'));
    symlinkSync(join(path, 'software/two/bin/two'), bins(path, 'one'));
  },
  'a link that nobody wants comes': ({ path }) =>
    symlinkSync(join(path, 'software/gone/bin/x'), bins(path, 'x')),
  'a directory of the farms is another': ({ path }) => {
    rmSync(bins(path), { recursive: true });
    mkdirSync(bins(path));
  },
  'the site decides otherwise': ({ path }) =>
    writeFiles(path, { 'etc/xhier.toml': '[default-packages]\nnever = ["one"]\n' }),
  'the site prefers another': ({ path }) =>
    writeFiles(path, { 'etc/xhier.toml': '[prefer]\nsame = "two"\n' }),
  'this host prefers another': (site) => preferred(site, 'same', 'two'),
  'a package is taken out': (site) => uninstalled(site, 'spare'),
};

test.each(Object.keys(CHANGES))('when %s', async (what) => {
  const site = await settled();
  await CHANGES[what]?.(site);
  expect(known(site)).toBe(false);
});

test('as long as nothing changes it stays known, whatever is done elsewhere', async () => {
  const site = await settled();
  writeFiles(site.path, { 'etc/motd': 'x\n', '.software/share/one/data/file': 'x\n' });
  // a directory more in the package: it might be one of those that are linked
  expect(known(site)).toBe(false);
  await remember(site, Date.now() + 10_000);
  writeFiles(site.path, { '.software/share/one/data/file': 'y\n', 'usr/share/x': 'x\n' });
  expect(known(site)).toBe(true);
  expect((await linked(site)).changes).toEqual([]);
});

test('what has changed so lately that another change could have the same time is not remembered', async () => {
  const site = freshSite();
  makePackage(site.path, 'one', { 'bin/one': command('one') });
  await installed(site, 'one');
  await remember(site, Date.now());
  expect(known(site)).toBe(false);
  expect(existsSync(join(site.path, '.software/local/.admin/cache'))).toBe(false);
});

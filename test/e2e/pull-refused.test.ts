/** What a pull does not believe: each is refused or got over, says what and what to do, and all stays as it was. */
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../site.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { snapshot, xh, xhDone, type Ran } from './xh.ts';

let site: Publisher;
let slave: string;
/** Another store that the tests spoil. */
let bad: string;

beforeEach(() => {
  site = publisher();
  xhDone(site.root, 'mkpkg', 'tool');
  site.write('tool', { 'data/table': 'one\n', 'data/long': 'x'.repeat(100_000) });
  site.publish();
  bad = join(temporaryDirectory('bad'), 'store');
  slave = subscriber(bad, site.siteKey);
});

/** The store as it is now, at the place that the host pulls from. */
function copyStore(): void {
  rmSync(bad, { recursive: true, force: true });
  cpSync(site.store, bad, { recursive: true, preserveTimestamps: true });
}

function edit(path: string, change: (text: string) => string): void {
  const file = join(bad, path);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

/** What is below the trees of packages, but for what the next pull goes on with. */
function packages(): ReadonlyMap<string, string> {
  if (!existsSync(join(slave, '.software/share'))) return new Map();
  const found = snapshot(slave, '.software/share');
  return new Map([...found].filter(([path]) => !/^[^/]*\/[^/]*\/\.|^[^/]*\/[^/]*$/.test(path)));
}

/** A pull that is to leave everything as it is. */
function refused(status: number, ...words: readonly string[]): string {
  const before = packages();
  const ran = xh(slave, 'pull', ...words);
  expect(ran.stderr).not.toMatch(/defect/);
  expect(ran.status, ran.stderr).toBe(status);
  expect(ran.stderr).toMatch(/→ /);
  expect([...packages()]).toEqual([...before]);
  return ran.stderr;
}

function publishAgain(content: string): void {
  site.write('tool', { 'data/table': content });
  site.publish();
}

test('a forged head', () => {
  copyStore();
  xhDone(slave, 'pull');
  publishAgain('two\n');
  copyStore();
  edit('heads/tool.json', (text) => text.replace(/"revision": ?2/, '"revision": 3'));
  expect(refused(3)).toMatch(/head of tool is not signed by a publisher[^]*who can|signed by/);
});

test('an old head once a newer one has been seen', () => {
  copyStore();
  const old = readFileSync(join(bad, 'heads/tool.json'));
  publishAgain('two\n');
  copyStore();
  xhDone(slave, 'pull');
  writeFileSync(join(bad, 'heads/tool.json'), old);
  expect(refused(3)).toMatch(/revision 1, and revision 2 has been seen[^]*old copy/);
});

test('a head of another package under its name', () => {
  xhDone(site.root, 'mkpkg', 'other');
  site.publish();
  copyStore();
  renameSync(join(bad, 'heads/other.json'), join(bad, 'heads/tool.json'));
  expect(refused(1, 'tool', 'other')).toMatch(/head of tool is one of other/);
});

test('records that are cut off, or no records', () => {
  copyStore();
  xhDone(slave, 'pull');
  edit('heads/tool.json', (text) => text.slice(0, text.length / 2));
  expect(refused(1)).toMatch(/tool: failed: .*cut off|no JSON/);
  copyStore();
  edit('trust.json', (text) => text.slice(0, 40));
  refused(1);
  copyStore();
  edit('packages.json', () => '<html>not found</html>');
  expect(refused(1)).toMatch(/list of packages cannot be used/);
});

test('a store of somebody else', () => {
  const other = publisher();
  xhDone(other.root, 'mkpkg', 'tool');
  other.publish();
  cpSync(other.store, bad, { recursive: true });
  expect(refused(3)).toMatch(/record of trust is not signed by a key of this site[^]*site-keys/);
});

test('a key that may not sign for that package, and one that was revoked', () => {
  xhDone(site.root, 'key', 'make', 'guest');
  xhDone(site.root, 'key', 'delegate', 'guest', '--packages', 'guest-*', '--store', site.store);
  copyStore();
  xhDone(slave, 'pull');
  site.write('tool', { 'data/table': 'two\n' });
  // the publisher's own program refuses first
  const ran = xh(site.root, 'publish', '--key', 'guest', 'tool');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/may sign for guest-\*/);
  site.publish();
  xhDone(site.root, 'key', 'revoke', 'publisher', '--store', site.store);
  copyStore();
  expect(refused(3)).toMatch(/head of tool is not signed by a publisher/);
});

test('a cache that serves wrong bytes is passed over where another store is right', () => {
  copyStore();
  for (const directory of readdirSync(join(bad, 'objects'))) {
    for (const name of readdirSync(join(bad, 'objects', directory))) {
      edit(join('objects', directory, name), (text) => `${text.slice(0, -1)}!`);
    }
  }
  expect(refused(1)).toMatch(/has something else at objects\//);
  const both = subscriber([bad, site.store], site.siteKey);
  const ran = xhDone(both, 'pull');
  expect(ran.stderr).toMatch(/warning: .*something else/);
  expect(readFileSync(join(both, 'software/tool/data/table'), 'utf8')).toBe('one\n');
});

test('a store whose objects are missing', () => {
  copyStore();
  rmSync(join(bad, 'objects'), { recursive: true });
  expect(refused(1)).toMatch(/has no objects\/[^]*xh store verify/);
  copyStore();
  rmSync(join(bad, 'trees'), { recursive: true });
  expect(refused(1)).toMatch(/has no trees\//);
});

/** A pull at another time than that of the publisher, as faketime(1) makes it. */
function at(time: string, ...words: readonly string[]): Ran {
  const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
  return spawnSync('faketime', [time, process.execPath, XH, 'pull', ...words], {
    encoding: 'utf8',
    env: { ...process.env, XH_ROOT: slave, NO_COLOR: '1' },
  });
}

test('a clock that is wrong, or a head that nobody has renewed', () => {
  copyStore();
  xhDone(slave, 'pull');
  const ran = at('+60 days');
  expect(ran.status, ran.stderr).toBe(3);
  expect(ran.stderr).toMatch(/head of tool was good until .*[^]*clock right/);
  const later = at('+3 years');
  expect(later.status).toBe(3);
  expect(later.stderr).toMatch(/record of trust was good until/);
  // a clock that is behind believes what is not over yet
  expect(at('-40 days').status).toBe(0);
});

test('the key of the site is changed: hosts that were there, and that were away, follow', () => {
  copyStore();
  xhDone(slave, 'pull');
  const away = subscriber(bad, site.siteKey);
  xhDone(site.root, 'key', 'make', 'site2');
  xhDone(site.root, 'key', 'add-site', 'site2', '--store', site.store);
  xhDone(site.root, 'key', 'revoke', 'site', '--site-key', 'site2', '--store', site.store);
  publishAgain('two\n');
  copyStore();
  for (const host of [slave, away]) {
    xhDone(host, 'pull');
    expect(readFileSync(join(host, 'software/tool/data/table'), 'utf8')).toBe('two\n');
  }
});

test('a site that has lost all its keys begins anew where somebody says so on the host', () => {
  copyStore();
  publishAgain('two\n');
  copyStore();
  xhDone(slave, 'pull');
  const other = publisher();
  xhDone(other.root, 'mkpkg', 'tool');
  other.write('tool', { 'data/table': 'anew\n' });
  other.publish();
  rmSync(bad, { recursive: true });
  cpSync(other.store, bad, { recursive: true });
  writeFileSync(
    join(slave, 'etc/xhier.toml'),
    `stores = ["${bad}"]\nsite-keys = ["${other.siteKey}"]\n`,
  );
  expect(refused(3)).toMatch(/number 1|revision 1/);
  xhDone(slave, 'pull', '--anew');
  xhDone(slave, 'pull');
  expect(readFileSync(join(slave, 'software/tool/data/table'), 'utf8')).toBe('anew\n');
});

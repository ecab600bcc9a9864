/** A store in a bucket: published to, pulled from, swept, verified and mirrored, as one in a directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/distribute/store/open.ts';
import { bytes } from '../../src/bytes/bytes.ts';
import { makeBucket, startConditional, startSwift, type ObjectStore } from '../servers/swift.ts';
import { siteThatStays } from '../site.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import type { Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const top = siteThatStays();
let swift: ObjectStore;
let conditional: ObjectStore;
beforeAll(async () => {
  swift = await startSwift(join(top, 'swift'));
  conditional = await startConditional(swift.url);
  await makeBucket(swift.url, 'depot');
}, 60_000);
afterAll(async () => {
  await conditional.end();
  await swift.end();
});

/** Not the way of other tests: one of the servers is in this process, and has to answer meanwhile. */
async function run(
  { environment }: ObjectStore,
  root: string,
  ...words: readonly string[]
): Promise<Ran> {
  const child = spawn(process.execPath, [XH, ...words], {
    env: { ...process.env, ...environment, XH_ROOT: root, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

async function done(server: ObjectStore, root: string, ...words: readonly string[]): Promise<Ran> {
  const ran = await run(server, root, ...words);
  expect(`${words.join(' ')}: ${ran.status} ${ran.stderr}`).toMatch(/: 0 /);
  return ran;
}

/** A publisher whose store is a bucket. */
async function withBucket(server: ObjectStore, bucket: string): Promise<Publisher> {
  const site = publisher();
  const config = join(site.root, 'etc/xhier.toml');
  writeFileSync(config, `[publish]\nstore = "${bucket}"\n`);
  await done(server, site.root, 'key', 'trust');
  await done(server, site.root, 'key', 'delegate', 'publisher', '--packages', '*');
  await done(server, site.root, 'mkpkg', 'tool', '--maintainer', 'me@example.org');
  site.write('tool', { 'data/large': 'large\n'.repeat(20_000), 'data/small': 'one\n' });
  return site;
}

test('published, pulled, changed, swept, verified and mirrored', async () => {
  const bucket = 's3://depot/site/store';
  const site = await withBucket(swift, bucket);
  const first = await done(swift, site.root, 'publish');
  expect(first.stderr).toMatch(/note: .* knows no conditional writes: let one publisher at a time/);
  expect((await done(swift, site.root, 'publish', '-v')).stderr).toMatch(
    /tool +revision 1 +unchanged/,
  );
  const host = subscriber(bucket, site.siteKey);
  await done(swift, host, 'pull');
  expect(readFileSync(join(host, 'software/tool/data/small'), 'utf8')).toBe('one\n');
  site.write('tool', { 'data/small': 'two\n', 'data/large': 'larger\n'.repeat(20_000) });
  await done(swift, site.root, 'publish');
  await done(swift, host, 'pull');
  expect(readFileSync(join(host, 'software/tool/data/small'), 'utf8')).toBe('two\n');
  const swept = await done(swift, site.root, 'store', 'gc', '--keep', '1', '--grace', '0');
  expect(swept.stderr).toMatch(/\d+ files removed, \d+ KiB/);
  const copy = join(top, 'copy');
  expect((await done(swift, site.root, 'store', 'mirror', bucket, copy)).stderr).toMatch(
    /1 of them new/,
  );
  await done(swift, site.root, 'store', 'mirror', copy, 's3://depot/again');
  await done(swift, site.root, 'store', 'verify', '--store', 's3://depot/again');
  // somebody takes an object away
  const store = openStore(bytes(bucket), { environment: swift.environment });
  for await (const { path, size } of store.list('objects'))
    if (size > 100_000) await store.remove(path);
  store.close();
  const found = await run(swift, site.root, 'store', 'verify', '--quick');
  expect(`${found.status} ${found.stdout}`).toMatch(/^1 missing +objects\//);
  await done(swift, site.root, 'store', 'mirror', copy, bucket, '--anew');
  expect((await done(swift, site.root, 'store', 'verify')).stderr).toMatch(/all as it should be/);
});

test('with conditional writes several publish at the same time, and nothing is lost', async () => {
  const bucket = 's3://depot/several';
  const site = await withBucket(conditional, bucket);
  const names = ['a', 'b', 'c'];
  for (const name of names)
    await done(conditional, site.root, 'mkpkg', name, '--maintainer', 'me@x.org');
  await Promise.all(names.map((name) => done(conditional, site.root, 'publish', name)));
  const host = subscriber(bucket, site.siteKey);
  // all three are in the list of packages, which each of them has changed
  await done(conditional, host, 'pull');
  for (const name of names) expect(existsSync(join(host, 'software', name, '.admin'))).toBe(true);
});

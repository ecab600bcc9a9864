/** A depot read as a store: what it gives is what publishing would, and never what has changed since. */
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import {
  heldStore,
  type HeldHead,
  type HeldPackage,
  type HeldStore,
} from '../../src/distribute/held-store.ts';
import { packagesOf } from '../../src/distribute/store/catalogue.ts';
import { hashOf, type Hash } from '../../src/distribute/store/hash.ts';
import { parseHead, type Head } from '../../src/distribute/store/head.ts';
import { packIndexText } from '../../src/distribute/store/pack.ts';
import { headPath, objectPath, treePath } from '../../src/distribute/store/paths.ts';
import { reachable, readObject } from '../../src/distribute/store/reach.ts';
import { createWalker } from '../../src/files/walk.ts';
import { readAccounts } from '../../src/site/accounts.ts';
import { freshSite } from '../site.ts';

let root = '';
beforeEach(() => {
  root = freshSite().path;
});

function write(path: string, content: string | Buffer): void {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
}

function headFor({ directory, trees }: HeldPackage): Head {
  return {
    package: directory,
    revision: 1,
    published: '2026-11-22T00:00:00.000Z',
    expires: '2026-12-22T00:00:00.000Z',
    trees: new Map([...trees].map(([name, tree]) => [name, tree.root])),
    packs: [],
    objects: 0,
    bytes: 0,
  };
}

function held(
  names: readonly string[],
  head: (held: HeldPackage) => HeldHead = (each) => ({ head: headFor(each) }),
): HeldStore {
  const walker = createWalker(bytes(root));
  onTestFinished(() => {
    walker.close();
  });
  return heldStore('here', {
    walker,
    accounts: readAccounts(),
    packages: () => names.map(bytes),
    trees: (directory) => [
      { name: b`share`, path: b`/.software/share/${directory}` },
      { name: b`arch/linux-x86_64`, path: b`/.software/arch/${directory}` },
      { name: b`local`, path: b`/.software/local/${directory}`, directoriesOnly: true },
    ],
    head,
  });
}

test('all that a head leads to is there, and is what its name says', async () => {
  const large = Buffer.alloc(200_000, 'abc');
  write('.software/share/clock/doc/text', 'text');
  write('.software/share/clock/doc/empty', '');
  write('.software/arch/clock/bin/clock', large);
  write('.software/local/clock/logs/log', 'of this host alone');
  write('.software/share/other/x', 'x');
  const store = held(['clock', 'other']);
  expect(await packagesOf(store)).toEqual(['clock', 'other']);
  const text = (await store.read(headPath(b`clock`)))?.toString() ?? '';
  const { head } = parseHead(text);
  expect([...head.trees.keys()]).toEqual(['share', 'arch/linux-x86_64', 'local']);
  const { objects } = await reachable(store, head.trees.values());
  expect([...objects.keys()].toSorted()).toEqual([hashOf(b`text`), hashOf(large)].toSorted());
  for (const object of objects.keys()) expect(hashOf(await readObject(store, object))).toBe(object);
  const part = await store.read(objectPath(hashOf(large)), { range: { from: 4, length: 5 } });
  expect(part?.toString()).toBe('bcabc');
  const behind = await store.read(objectPath(hashOf(large)), {
    range: { from: 199_999, length: 9 },
  });
  expect(behind?.toString()).toBe('b');
  for (const path of [
    headPath(b`absent`),
    b`heads/../x.json`,
    b`etc/passwd`,
    objectPath(hashOf(b`no`)),
    treePath(hashOf(b`no`)),
  ]) {
    expect(await store.read(path)).toBeUndefined();
  }
});

test('data with holes are read where they are, also in parts', async () => {
  const file = Buffer.concat([Buffer.alloc(1 << 20), Buffer.from('first'), Buffer.alloc(1 << 20)]);
  write('.software/share/clock/sparse', '');
  const { execFileSync } = await import('node:child_process');
  const path = join(root, '.software/share/clock/sparse');
  execFileSync('dd', ['of=' + path, 'bs=1', `seek=${1 << 20}`, 'conv=notrunc', 'status=none'], {
    input: 'first',
  });
  execFileSync('truncate', ['-s', `${file.length}`, path]);
  const store = held(['clock']);
  const tree = store.held(b`clock`)?.trees.get(b`share`);
  const [object] = [...(tree?.files.keys() ?? [])];
  if (object === undefined) throw new Error('it has data');
  const whole = await readObject(store, object);
  expect(whole.includes('first')).toBe(true);
  const at = whole.indexOf('first');
  const part = await store.read(objectPath(object), { range: { from: at + 1, length: 3 } });
  expect(part?.toString()).toBe('irs');
});

test('what has changed since it was looked at is not given under its old name', async () => {
  write('.software/share/clock/a', 'before');
  write('.software/share/clock/b', 'gone');
  write('.software/share/clock/c', 'moved');
  const store = held(['clock']);
  const first = store.head(b`clock`)?.head.trees.get(b`share`);
  write('.software/share/clock/a', 'after!');
  rmSync(join(root, '.software/share/clock/b'));
  renameSync(join(root, '.software/share/clock/c'), join(root, '.software/share/clock/d'));
  mkdirSync(join(root, '.software/share/clock/c'));
  for (const text of ['before', 'gone', 'moved']) {
    expect(await store.read(objectPath(hashOf(bytes(text))))).toBeUndefined();
  }
  expect(store.head(b`clock`)?.head.trees.get(b`share`)).toBe(first);
  store.forget(b`clock`);
  expect(store.head(b`clock`)?.head.trees.get(b`share`)).not.toBe(first);
  expect((await store.read(objectPath(hashOf(b`after!`))))?.toString()).toBe('after!');
});

test('packs of a signed head are made anew of the files that are in them', async () => {
  write('.software/share/clock/a', 'one');
  write('.software/share/clock/b', 'three');
  const [one, three] = [hashOf(b`one`), hashOf(b`three`)];
  const index = packIndexText([
    { object: one, length: 3 },
    { object: three, length: 5 },
  ]);
  const pack = hashOf(b`onethree`);
  const store = held(['clock'], (each) => ({
    head: { ...headFor(each), packs: [{ pack, index: hashOf(index) }] },
    text: 'as it was signed',
    packs: [index],
  }));
  expect((await store.read(headPath(b`clock`)))?.toString()).toBe('as it was signed');
  const read = async (
    hash: Hash,
    range?: { from: number; length: number },
  ): Promise<string | undefined> =>
    (await store.read(objectPath(hash), range && { range }))?.toString();
  expect(await read(hashOf(index))).toBe(index);
  expect(await read(pack)).toBe('onethree');
  expect(await read(pack, { from: 2, length: 4 })).toBe('ethr');
  write('.software/share/clock/b', 'other');
  expect(await read(pack)).toBeUndefined();
});

test('what cannot be read is an error of this host, and of no other package', async () => {
  write('.software/share/clock/a', 'text');
  write('.software/share/other/a', 'other');
  const store = held(['clock', 'other', 'missing']);
  expect(store.head(b`missing`)).toBeUndefined();
  expect(store.head(b`unknown`)).toBeUndefined();
  chmodSync(join(root, '.software/share/clock/a'), 0o000);
  expect((await store.read(headPath(b`other`)))?.length).toBeGreaterThan(0);
});

/** A tree that has gone through a store, and nothing else, is the tree that went in. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { publish } from '../../../src/distribute/publish/publish.ts';
import { scanTree, sourceReader } from '../../../src/distribute/publish/scan.ts';
import { fetchObjects } from '../../../src/distribute/pull/fetch.ts';
import { growTree } from '../../../src/distribute/pull/materialise.ts';
import { listingsOf } from '../../../src/distribute/pull/trees.ts';
import { openDirectoryStore } from '../../../src/distribute/store/directory.ts';
import type { Head } from '../../../src/distribute/store/head.ts';
import { generateKey } from '../../../src/distribute/store/signed.ts';
import type { Store, StoreReader } from '../../../src/distribute/store/store.ts';
import { verifyStore } from '../../../src/distribute/store/verify.ts';
import { closeDir, openDir } from '../../../src/files/dir.ts';
import { createWalker } from '../../../src/files/walk.ts';
import { readAccounts } from '../../../src/site/accounts.ts';
import { startJudge, TREE } from '../../lfu/judge.ts';

const judge = startJudge();
const key = generateKey().key;
const accounts = readAccounts();

function freshDirectory(): string {
  const root = mkdtempSync(join(tmpdir(), 'store-tree-'));
  onTestFinished(() => {
    // rm(1) manages paths that are too long for a path
    execFileSync('rm', ['-rf', root]);
  });
  for (const name of ['store', 'tree', 'pulled']) mkdirSync(join(root, name));
  return root;
}

async function publishTree(root: string, store: Store): Promise<Head> {
  const walker = createWalker(bytes(root));
  try {
    const { dir, name, path } = walker.locate(b`/tree`);
    const tree = scanTree(dir, name, path, {
      accounts,
      known: () => undefined,
      learn: () => undefined,
    });
    const { head } = await publish(
      store,
      { directory: b`tree`, trees: new Map([[b`share`, tree]]) },
      { key, now: Date.now(), lifetime: 1e9, read: sourceReader(walker) },
    );
    return head;
  } finally {
    walker.close();
  }
}

async function pullTree(root: string, store: StoreReader, head: Head): Promise<number> {
  const tree = head.trees.get(b`share`);
  if (tree === undefined) throw new Error('no tree');
  const dir = openDir(bytes(join(root, 'pulled')));
  try {
    const growing = growTree(dir, b`tree`, tree, {
      trees: await listingsOf(store, tree, new Map<never, Bytes>()),
      local: () => undefined,
      read: () => [],
      accounts,
      privileged: true,
    });
    const missing = growing.missing.size;
    await fetchObjects(store, growing.missing, head.packs, {
      arrived: growing.fill,
      large: growing.large,
    });
    growing.finish();
    return missing;
  } finally {
    closeDir(dir);
  }
}

test('the torture tree, by an independent judge', async () => {
  const root = freshDirectory();
  execFileSync('python3', [TREE, 'build', join(root, 'tree')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const store = openDirectoryStore(bytes(join(root, 'store')));
  const head = await publishTree(root, store);
  await pullTree(root, store, head);
  expect(await judge('differences', join(root, 'tree'), join(root, 'pulled/tree'))).toBe('');
  expect((await verifyStore(store)).findings).toEqual([]);
});

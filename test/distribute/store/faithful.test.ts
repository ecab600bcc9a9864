/** A tree that has gone through a store, and nothing else, is the tree that went in. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { publish } from '../../../src/distribute/publish/publish.ts';
import { scanTree, sourceReader, type ScannedTree } from '../../../src/distribute/publish/scan.ts';
import { fetchObjects } from '../../../src/distribute/pull/fetch.ts';
import { growTree } from '../../../src/distribute/pull/materialise.ts';
import { listingsOf } from '../../../src/distribute/pull/trees.ts';
import { openDirectoryStore } from '../../../src/distribute/store/directory.ts';
import type { Head } from '../../../src/distribute/store/head.ts';
import { generateKey } from '../../../src/distribute/store/signed.ts';
import type { Store, StoreReader } from '../../../src/distribute/store/store.ts';
import { verifyStore } from '../../../src/distribute/store/verify.ts';
import { closeDir, openDir } from '../../../src/files/dir.ts';
import { createWalker, type Walker } from '../../../src/files/walk.ts';
import { XhError } from '../../../src/message/error.ts';
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

function scan(walker: Walker, name: Bytes): ScannedTree {
  const place = walker.locate(b`/${name}`);
  const options = { accounts, known: () => undefined, learn: () => undefined };
  return scanTree(place.dir, place.name, place.path, options);
}

async function publishTree(root: string, store: Store): Promise<Head> {
  const walker = createWalker(bytes(root));
  try {
    const tree = scan(walker, b`tree`);
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

interface Pulling {
  /** A tree of this host whose files may have what is wanted. */
  readonly from?: string;
}

/** @returns how many objects had to be fetched */
async function pullTree(
  root: string,
  store: StoreReader,
  head: Head,
  { from }: Pulling = {},
): Promise<number> {
  const tree = head.trees.get(b`share`);
  if (tree === undefined) throw new Error('no tree');
  const dir = openDir(bytes(join(root, 'pulled')));
  const walker = createWalker(bytes(root));
  try {
    const here = from === undefined ? undefined : scan(walker, bytes(from));
    const growing = growTree(dir, b`tree`, tree, {
      trees: await listingsOf(store, tree, here?.trees ?? new Map<never, Bytes>()),
      local: (object) => here?.files.get(object),
      read: sourceReader(walker),
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
    walker.close();
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

/** A tree that has something of everything, of about 300 objects. */
function makeTree(root: string): void {
  execFileSync(
    'bash',
    [
      '-ec',
      `cd tree; mkdir -p bin lib/d empty; for i in {1..200}; do echo "file $i" > lib/d/$i; done
      for i in {1..4}; do head -c $((70000 * i)) /dev/urandom > bin/big$i; done
      head -c 20000000 /dev/urandom > bin/large; chmod 4755 bin/large; cp bin/large lib/same
      ln bin/big1 lib/name; ln -s ../bin/big1 lib/link; mkfifo pipe; truncate -s 1G sparse
      printf end >> sparse; setfattr -n user.note -v x lib; chmod 2711 empty
      touch -d '1969-01-01 00:00:00.5' bin/large lib`,
    ],
    { cwd: root },
  );
}

test('what was begun is gone on with, wherever it broke off, and nothing that was whole is fetched again', async () => {
  const root = freshDirectory();
  makeTree(root);
  const store = openDirectoryStore(bytes(join(root, 'store')));
  const head = await publishTree(root, store);
  let bytesRead = 0;
  for (let at = 0, whole = false; !whole; at++) {
    let left = 12 + at;
    const failing: StoreReader = {
      ...store,
      async read(path, reading) {
        if (left-- <= 0) throw new XhError('E_STORE_READ', 'cut off');
        const content = await store.read(path, reading);
        if (path.startsWith('objects/')) bytesRead += content?.length ?? 0;
        return content;
      },
    };
    whole = await pullTree(root, failing, head).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'E_STORE_READ' });
        return false;
      },
    );
  }
  expect(await judge('differences', join(root, 'tree'), join(root, 'pulled/tree'))).toBe('');
  const { size } = await totalOf(store);
  // the index of the pack is read each time; of what makes the tree nothing twice
  expect(bytesRead).toBeLessThan(1.05 * size);
  expect(execFileSync('ls', ['-A', join(root, 'pulled')], { encoding: 'utf8' })).toBe('tree\n');
});

async function totalOf(store: Store): Promise<{ readonly size: number }> {
  let size = 0;
  for await (const each of store.list('objects')) size += each.size;
  return { size };
}

test('what the host has is not fetched, unless it is not what it was thought to be', async () => {
  const root = freshDirectory();
  makeTree(root);
  execFileSync('cp', ['-a', join(root, 'tree'), join(root, 'here')]);
  execFileSync('bash', ['-ec', 'echo new > lib/d/7; echo more > lib/d/more; rm bin/big2'], {
    cwd: join(root, 'tree'),
  });
  const store = openDirectoryStore(bytes(join(root, 'store')));
  const head = await publishTree(root, store);
  expect(await pullTree(root, store, head, { from: 'here' })).toBe(2);
  expect(await judge('differences', join(root, 'tree'), join(root, 'pulled/tree'))).toBe('');
});

/** Publishing to a store in a directory: what is there afterwards, what is written, what is swept. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { b, bytes, printable, type Bytes } from '../../../src/bytes/bytes.ts';
import { publish, type Published } from '../../../src/distribute/publish/publish.ts';
import { scanTree, sourceReader } from '../../../src/distribute/publish/scan.ts';
import { openDirectoryStore } from '../../../src/distribute/store/directory.ts';
import type { Hash } from '../../../src/distribute/store/hash.ts';
import { sweep } from '../../../src/distribute/store/gc.ts';
import { mirror } from '../../../src/distribute/store/mirror.ts';
import { readTree } from '../../../src/distribute/store/reach.ts';
import { generateKey } from '../../../src/distribute/store/signed.ts';
import type { Store } from '../../../src/distribute/store/store.ts';
import { verifyStore } from '../../../src/distribute/store/verify.ts';
import { createWalker } from '../../../src/files/walk.ts';
import { readAccounts } from '../../../src/site/accounts.ts';

const key = generateKey().key;
const DAY = 86_400_000;

let root: string;
let store: Store;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'publish-'));
  mkdirSync(join(root, 'store'));
  mkdirSync(join(root, 'tree'));
  store = openDirectoryStore(bytes(join(root, 'store')));
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

function sh(script: string): string {
  return execFileSync('sh', ['-ec', script], { cwd: root, encoding: 'utf8' });
}

/** Publishes `tree` as the package `tools`. */
async function publishTree(
  options: { name?: Bytes; top?: string; now?: number; to?: Store; anew?: boolean } = {},
): Promise<Published> {
  const { name = b`share`, top = 'tree', now = Date.now(), to = store, anew = false } = options;
  const walker = createWalker(bytes(root));
  try {
    const place = walker.locate(b`/${bytes(top)}`);
    const tree = scanTree(place.dir, place.name, place.path, {
      accounts: readAccounts(),
      known: () => undefined,
      learn: () => undefined,
    });
    return await publish(
      to,
      { directory: b`tools`, version: b`1.0`, trees: new Map([[name, tree]]) },
      { key, now, lifetime: 30 * DAY, read: sourceReader(walker), anew },
    );
  } finally {
    walker.close();
  }
}

/** What a tree of the store says, a line an object. */
async function described(tree: Hash, path = ''): Promise<string[]> {
  const lines: string[] = [];
  for (const entry of await readTree(store, tree)) {
    const name = path === '' ? printable(entry.name) : `${path}/${printable(entry.name)}`;
    const { type, mode, owner, group, mtime } = entry;
    const said =
      entry.type === 'l' ? ` -> ${entry.target}` : entry.type === 'f' ? ` ${entry.size}` : '';
    const nanoseconds = String(mtime.nanoseconds).padStart(9, '0');
    lines.push(
      `${type} ${mode.toString(8)} ${owner.id} ${group.id} ${mtime.seconds}.${nanoseconds} ${name}${said}`,
    );
    if (entry.type === 'd') lines.push(...(await described(entry.tree, name)));
  }
  return lines.toSorted();
}

/** The same from find(1). */
function found(top: string): string[] {
  const format = '%y %m %U %G %T@ %p';
  const output = sh(
    `cd ${top} && find . \\( -type f -printf '${format} %s\\n' \\) -o \\( -type l -printf '${format} -> %l\\n' \\) -o -printf '${format}\\n'`,
  );
  // find has ten digits
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/(\.\d{9})0/, '$1').replace(/^l \d+/, 'l 777'))
    .toSorted();
}

test('a tree in the store is the tree on the disk, object by object', async () => {
  sh(`cd tree; mkdir -p bin 'a b/c' empty; cp /bin/ls bin; ln -s ../bin/ls 'a b/link'
    printf x > 'a b/c/%41 ,='; chmod 4755 bin/ls; touch -d '1960-01-02 03:04:05.123456789' bin/ls
    mkfifo pipe; truncate -s 1T sparse; printf end | dd of=sparse bs=1 seek=1000000 conv=notrunc 2>&1
    : > nothing; chmod 0 empty`);
  const { head, outcome } = await publishTree();
  expect(outcome).toBe('published');
  expect(await described(head.trees.get(b`share`) as Hash)).toEqual(found('tree'));
  expect(await verifyStore(store)).toMatchObject({ findings: [], heads: [{ revision: 1 }] });
});

test('names of one file are told to be one, and only within the tree', async () => {
  sh(`cd tree; printf one > a; ln a b; mkdir d; ln a d/c; printf two > alone; ln alone ../outside`);
  const { head } = await publishTree();
  const top = (await readTree(store, head.trees.get(b`share`) as Hash))[0];
  const entries = top?.type === 'd' ? await readTree(store, top.tree) : [];
  const link = new Map(entries.map((entry) => [entry.name, entry.hardLink]));
  expect(link.get(b`a`)).toMatch(/^[0-9a-f]{16}$/);
  expect(link.get(b`b`)).toBe(link.get(b`a`));
  const d = entries.find(({ name }) => name === 'd');
  const inside = d?.type === 'd' ? await readTree(store, d.tree) : [];
  expect(inside[0]?.hardLink).toBe(link.get(b`a`));
  expect(link.get(b`alone`)).toBeUndefined();
});

test('what has not changed is not written again, and nothing changed is no revision', async () => {
  sh(`cd tree; mkdir one two; seq 1 20000 > one/big; head -c 100000 /dev/urandom > two/big
    for i in $(seq 40); do echo $i > one/$i; done; touch -d @1000000000 one two .`);
  const first = await publishTree();
  expect(first.added.objects).toBe(42);
  const again = await publishTree();
  expect(again).toMatchObject({ outcome: 'unchanged', head: { revision: 1 } });
  sh(`cd tree; echo changed > one/7; touch -d @1000000000 one`);
  const second = await publishTree();
  // the listings of `one`, of the root, and of what holds the root
  expect(second).toMatchObject({ outcome: 'published', added: { objects: 1, trees: 3 } });
  expect(second.head).toMatchObject({ revision: 2 });
  expect(second.head.packs).toHaveLength(2);
  expect((await verifyStore(store)).findings).toEqual([]);
});

/** A store that tells what is asked of it: `add` and the like, with paths. */
function watched(calls: string[]): Store {
  return {
    ...store,
    read(path, reading) {
      calls.push(`read ${path}`);
      return store.read(path, reading);
    },
    add(path, ...rest) {
      calls.push(`add ${path}`);
      return store.add(path, ...rest);
    },
  };
}

test('of a tree that has changed in one place only what leads to that place is looked at', async () => {
  sh(`cd tree; for d in $(seq 30); do mkdir -p $d/deep; seq $d 20000 > $d/deep/big; done`);
  await publishTree();
  sh(`cd tree; seq 7 30000 > 7/deep/big`);
  const calls: string[] = [];
  expect(await publishTree({ to: watched(calls) })).toMatchObject({
    added: { objects: 1, trees: 4 },
  });
  const added = calls.filter((call) => call.startsWith('add '));
  expect(added.filter((call) => call.includes('objects/'))).toHaveLength(1);
  expect(added).toHaveLength(5);
  expect(calls.filter((call) => call.startsWith('read trees/'))).toHaveLength(4);
});

test('published anew nothing is relied on: all that is lacking comes back, and what cannot is left out', async () => {
  sh(
    `cd tree; mkdir d; seq 1 20000 > d/big; echo small > small; mkdir ../arm; echo arm > ../arm/arm`,
  );
  await publishTree();
  await publishTree({ name: b`arch/linux-aarch64`, top: 'arm' });
  sh(`find store/objects store/trees -type f -delete`);
  expect(await publishTree()).toMatchObject({ outcome: 'unchanged' });
  const again = await publishTree({ anew: true });
  expect(again).toMatchObject({ head: { revision: 3 }, lost: ['arch/linux-aarch64'] });
  expect([...again.head.trees.keys()]).toEqual(['share']);
  expect((await verifyStore(store)).findings.filter(({ past }) => !past)).toEqual([]);
});

test('what a sweep takes away while it is relied on is written again', async () => {
  sh(`cd tree; seq 1 20000 > big`);
  await publishTree();
  sh(`rm store/heads/*.json store/packages.json`);
  const swept: Store = {
    ...store,
    async add(path, ...rest) {
      const isNew = await store.add(path, ...rest);
      // somebody sweeps between the look and the head
      if (!isNew) await store.remove(path);
      return isNew;
    },
  };
  await publishTree({ to: swept });
  expect((await verifyStore(store)).findings).toEqual([]);
});

test('a sweep leaves what a publisher has come to rely on since it was listed', async () => {
  sh(`cd tree; seq 1 20000 > big`);
  await publishTree();
  sh(`rm store/heads/*.json`);
  const now = Date.now() + 2 * DAY;
  const relied: Store = { ...store, written: () => Promise.resolve(now) };
  expect((await sweep(relied, { keep: 1, now, grace: DAY })).removed).toEqual([]);
  expect((await sweep(store, { keep: 1, now, grace: DAY })).removed.length).toBeGreaterThan(2);
});

test('a head that will not be good for long is signed again', async () => {
  const first = await publishTree();
  const later = Date.parse(first.head.published) + 16 * DAY;
  const second = await publishTree({ now: later });
  expect(second).toMatchObject({ outcome: 'refreshed', head: { revision: 2 } });
  expect(Date.parse(second.head.expires)).toBe(later + 30 * DAY);
});

test('two publishers of one package at the same time both arrive', async () => {
  sh(`mkdir arm; cp /bin/true arm; cp /bin/false tree`);
  const other = openDirectoryStore(bytes(join(root, 'store')));
  await Promise.all([
    publishTree({ name: b`arch/linux-x86_64` }),
    publishTree({ name: b`arch/linux-aarch64`, top: 'arm', to: other }),
  ]);
  other.close();
  const { heads, findings } = await verifyStore(store);
  expect(findings).toEqual([]);
  expect(heads).toMatchObject([{ revision: 2 }]);
  expect([...(heads[0]?.trees.keys() ?? [])].toSorted()).toEqual([
    'arch/linux-aarch64',
    'arch/linux-x86_64',
  ]);
});

test('a publisher that dies anywhere leaves a store in which every head is whole', async () => {
  sh(`cd tree; seq 1 20000 > big; echo small > small`);
  await publishTree();
  sh(`cd tree; seq 1 30000 > big; echo other > small; mkdir d; echo more > d/more`);
  let at = 0;
  for (let dies = true; dies; at++) {
    let left = at;
    const failing: Store = {
      ...store,
      add: (...words) => (left-- > 0 ? store.add(...words) : died()),
      settle: () => (left-- > 0 ? store.settle() : died()),
      replace: (path, content, before) =>
        left-- > 0 ? store.replace(path, content, before) : died(),
    };
    dies = await publishTree({ to: failing }).then(
      () => false,
      () => true,
    );
    const { findings, heads } = await verifyStore(store);
    expect(findings).toEqual([]);
    expect(heads).toMatchObject([{ revision: dies ? 1 : 2 }]);
  }
  expect(at).toBeGreaterThan(6);
});

function died(): Promise<never> {
  return Promise.reject(new Error('died'));
}

describe('a store', () => {
  test('that lacks something, or has something else, says what and who needs it', async () => {
    sh(`cd tree; seq 1 20000 > big; echo small > small`);
    await publishTree();
    const path = sh('find store/objects -size +64k').trim();
    const content = readFileSync(join(root, path));
    content[5] = 0;
    writeFileSync(join(root, path), content);
    const tree = sh('ls store/trees/*/* | head -1').trim();
    rmSync(join(root, tree));
    const { findings } = await verifyStore(store);
    expect(findings).toHaveLength(2);
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: 'E_STORE_MISSING',
          path: tree.slice(6),
          packages: ['tools'],
        }),
      ]),
    );
  });

  test('is swept of what no kept revision needs, and of nothing that is young', async () => {
    sh(`cd tree; seq 1 20000 > big; echo small > small`);
    const now = Date.now();
    await publishTree({ now });
    for (const [i, content] of ['one', 'two', 'three'].entries()) {
      sh(`cd tree; seq ${i} 30000 > big; echo ${content} > small`);
      await publishTree({ now });
    }
    sh(`printf half > store/objects/.new-1234; cp tree/big store/objects/stray`);
    const young = await sweep(store, { keep: 2, now, grace: DAY });
    expect(young.removed).toEqual([]);
    const before = sh('find store -type f | wc -l');
    const dry = await sweep(store, { keep: 2, now: now + 2 * DAY, grace: DAY, dryRun: true });
    expect(sh('find store -type f | wc -l')).toBe(before);
    const { removed } = await sweep(store, { keep: 2, now: now + 2 * DAY, grace: DAY });
    expect(removed).toEqual(dry.removed);
    const paths = removed.map(({ path }) => printable(path));
    expect(paths).toContain('objects/.new-1234');
    expect(paths).toContain('heads/tools.past/1.json');
    expect(paths).not.toContain('heads/tools.past/3.json');
    // what is not ours by its name is not ours to take
    expect(paths).not.toContain('objects/stray');
    rmSync(join(root, 'store/objects/stray'));
    expect((await verifyStore(store)).findings).toEqual([]);
    expect((await sweep(store, { keep: 2, now: now + 2 * DAY, grace: DAY })).removed).toEqual([]);
  });

  test('that is damaged is not swept', async () => {
    await publishTree();
    rmSync(join(root, sh('ls store/trees/*/* | head -1').trim()));
    await expect(sweep(store, { keep: 1, now: Date.now() + DAY, grace: 0 })).rejects.toThrow(
      /has no/,
    );
  });

  test('is mirrored whole, the second time nothing, and never with a head that lacks its objects', async () => {
    sh(`cd tree; seq 1 20000 > big; echo small > small; mkdir d; echo x > d/x; mkdir ../copy`);
    await publishTree();
    const copy = openDirectoryStore(bytes(join(root, 'copy')));
    for (let at = 0, whole = false; !whole; at++) {
      let left = at;
      const failing = {
        ...store,
        read: (path: Bytes) =>
          left-- > 0 ? store.read(path) : Promise.reject(new Error('cut off')),
      };
      whole = await mirror(failing, copy, [b`tools`]).then(
        () => true,
        () => false,
      );
      expect((await verifyStore(copy)).findings).toEqual([]);
    }
    expect((await verifyStore(copy)).heads).toMatchObject([{ revision: 1 }]);
    expect(await mirror(store, copy, [b`tools`])).toEqual({ packages: 0, objects: 0, bytes: 0 });
    copy.close();
  });
});

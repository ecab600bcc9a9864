/**
 * Publishing and fetching by the library alone, as a program of its own to be timed: what the commands
 * do beyond that (plans, rules, records) is then their own part. Bundled by store.mjs.
 *
 *     publish TREE STORE | pull ADDRESS DIRECTORY
 */
import { b, bytes } from '../../src/bytes/bytes.ts';
import { publish } from '../../src/distribute/publish/publish.ts';
import { scanTree, sourceReader } from '../../src/distribute/publish/scan.ts';
import { fetchObjects } from '../../src/distribute/pull/fetch.ts';
import { growTree } from '../../src/distribute/pull/materialise.ts';
import { listingsOf } from '../../src/distribute/pull/trees.ts';
import { openDirectoryStore } from '../../src/distribute/store/directory.ts';
import { parseHead } from '../../src/distribute/store/head.ts';
import { openHttpStore } from '../../src/distribute/store/http.ts';
import { headPath } from '../../src/distribute/store/paths.ts';
import { generateKey } from '../../src/distribute/store/signed.ts';
import { openDir } from '../../src/files/dir.ts';
import { createWalker } from '../../src/files/walk.ts';
import { readAccounts } from '../../src/site/accounts.ts';

const PACKAGE = b`tree`;

async function publishTree(path: string, to: string): Promise<void> {
  const walker = createWalker(b`/`);
  const store = openDirectoryStore(bytes(to));
  const place = walker.locate(bytes(path));
  const tree = scanTree(place.dir, place.name, place.path, {
    accounts: readAccounts(),
    known: () => undefined,
    learn: () => undefined,
  });
  await publish(
    store,
    { directory: PACKAGE, trees: new Map([[b`share`, tree]]) },
    { key: generateKey().key, now: Date.now(), lifetime: 1e9, read: sourceReader(walker) },
  );
}

async function pullTree(address: string, to: string): Promise<void> {
  const store = openHttpStore(new URL(address));
  const content = await store.read(headPath(PACKAGE));
  if (content === undefined) throw new Error('nothing has been published');
  const { head } = parseHead(content.toString());
  const root = head.trees.get(b`share`);
  if (root === undefined) throw new Error('no tree');
  const growing = growTree(openDir(bytes(to)), PACKAGE, root, {
    trees: await listingsOf(store, root, new Map()),
    local: () => undefined,
    read: () => [],
    accounts: readAccounts(),
    privileged: process.getuid?.() === 0,
  });
  await fetchObjects(store, growing.missing, head.packs, {
    arrived: growing.fill,
    large: growing.large,
  });
  growing.finish();
  store.close();
}

const [verb, from = '', to = ''] = process.argv.slice(2);
void (verb === 'publish' ? publishTree(from, to) : pullTree(from, to));

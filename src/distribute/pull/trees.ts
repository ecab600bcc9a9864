/** The listings of a tree: those that this host has already from there, the others from the store. */
import type { Hash } from '../store/hash.ts';
import { readTree } from '../store/reach.ts';
import type { StoreReader } from '../store/store.ts';
import { parseTree, type TreeEntry } from '../store/tree.ts';
import type { Bytes } from '../../bytes/bytes.ts';

/**
 * All listings below `root`.
 * @param known their texts, by hash
 * @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_TREE, E_STORE_READ
 */
export async function listingsOf(
  store: StoreReader,
  root: Hash,
  known: ReadonlyMap<Hash, Bytes>,
): Promise<Map<Hash, readonly TreeEntry[]>> {
  const found = new Map<Hash, readonly TreeEntry[]>();
  const queue = [root];
  const queued = new Set(queue);

  async function take(tree: Hash): Promise<void> {
    const text = known.get(tree);
    const entries = text === undefined ? await readTree(store, tree) : parseTree(text);
    found.set(tree, entries);
    for (const entry of entries) {
      if (entry.type !== 'd' || queued.has(entry.tree)) continue;
      queued.add(entry.tree);
      queue.push(entry.tree);
    }
  }

  // several at a time, and the next as soon as one is there
  const reading = new Set<Promise<void>>();
  for (let at = 0; at < queue.length || reading.size > 0;) {
    for (; reading.size < AT_ONCE && at < queue.length; at++) {
      const one: Promise<void> = take(queue[at] ?? root).finally(() => reading.delete(one));
      reading.add(one);
    }
    await Promise.race(reading);
  }
  return found;
}

const AT_ONCE = 16;

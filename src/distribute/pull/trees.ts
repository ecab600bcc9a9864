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

  await new Promise<void>((resolve, reject) => {
    let at = 0;
    let reading = 0;
    // several at a time, and the next as soon as one is there
    function go(): void {
      for (; reading < AT_ONCE && at < queue.length; at++) {
        reading++;
        take(queue[at] ?? root).then(
          () => {
            reading--;
            go();
          },
          (error: unknown) => {
            queue.length = 0;
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      }
      if (reading === 0) resolve();
    }
    go();
  });
  return found;
}

const AT_ONCE = 16;

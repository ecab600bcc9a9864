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
  // level by level, and of each level several at a time
  for (let level = [root]; level.length > 0;) {
    const next: Hash[] = [];
    for (let at = 0; at < level.length; at += AT_ONCE) {
      const some = level.slice(at, at + AT_ONCE);
      const listings = await Promise.all(
        some.map(async (tree) => {
          const text = known.get(tree);
          return text === undefined ? readTree(store, tree) : parseTree(text);
        }),
      );
      for (const [i, tree] of some.entries()) {
        const entries = listings[i] ?? [];
        found.set(tree, entries);
        for (const entry of entries) {
          if (entry.type === 'd' && !found.has(entry.tree)) next.push(entry.tree);
        }
      }
    }
    level = [...new Set(next)];
  }
  return found;
}

const AT_ONCE = 16;

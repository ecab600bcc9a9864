/**
 * What of a package's trees is not in those of its last head: equal subtrees are known by their hash,
 * and nothing below them is looked at. What that head leads to the store has, and keeps until another
 * one takes its place.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import type { Hash } from '../store/hash.ts';
import type { Head } from '../store/head.ts';
import { readTree } from '../store/reach.ts';
import type { StoreReader } from '../store/store.ts';
import { parseTree, type TreeEntry } from '../store/tree.ts';
import type { ScannedTree } from './scan.ts';

export interface Fresh {
  readonly trees: ReadonlyMap<Hash, Bytes>;
  /** Data that may be new; absent: all may be. */
  readonly objects?: ReadonlySet<Hash>;
}

/** @throws XhError E_STORE_READ */
export async function freshIn(
  store: StoreReader,
  { trees }: { readonly trees: ReadonlyMap<Bytes, ScannedTree> },
  last: Head | undefined,
): Promise<Fresh> {
  if (last === undefined) {
    return { trees: new Map([...trees.values()].flatMap((tree) => [...tree.trees])) };
  }
  const fresh = { trees: new Map<Hash, Bytes>(), objects: new Set<Hash>() };
  for (const [name, tree] of trees) await compare(store, tree, last.trees.get(name), fresh);
  return fresh;
}

interface Growing {
  readonly trees: Map<Hash, Bytes>;
  readonly objects: Set<Hash>;
}

async function compare(
  store: StoreReader,
  { root, trees }: ScannedTree,
  before: Hash | undefined,
  fresh: Growing,
): Promise<void> {
  const pending: (readonly [now: Hash, before: Hash | undefined])[] = [[root, before]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [hash, old] = pair;
    const text = trees.get(hash);
    if (hash === old || text === undefined || fresh.trees.has(hash)) continue;
    fresh.trees.set(hash, text);
    const known = new Map(
      (old === undefined ? [] : await listing(store, old)).map((entry) => [entry.name, entry]),
    );
    for (const entry of parseTree(text)) {
      const standing = known.get(entry.name);
      if (entry.type === 'd') {
        pending.push([entry.tree, standing?.type === 'd' ? standing.tree : undefined]);
      } else if (entry.type === 'f' && entry.object !== undefined) {
        const same = standing?.type === 'f' && standing.object === entry.object;
        if (!same) fresh.objects.add(entry.object);
      }
    }
  }
}

/** One that is missing or damaged is as none: what it led to is written again. */
async function listing(store: StoreReader, tree: Hash): Promise<readonly TreeEntry[]> {
  try {
    return await readTree(store, tree);
  } catch (error) {
    if (!(error instanceof XhError) || error.code === 'E_STORE_READ') throw error;
    return [];
  }
}

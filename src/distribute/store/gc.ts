/**
 * Sweeping a store: what none of the last revisions of any package leads to goes, but for what was
 * written lately, since its publisher may be about to publish the head that leads to it.
 */
import { fromBuffer, slice, type Bytes } from '../../bytes/bytes.ts';
import { isHash, type Hash } from './hash.ts';
import { parseHead, type Head } from './head.ts';
import { parsePackIndex } from './pack.ts';
import { reachable, readObject } from './reach.ts';
import { objectPath, treePath } from './paths.ts';
import type { Store, StoredName } from './store.ts';
import { headsOf } from './verify.ts';

export interface GcOptions {
  /** How many revisions of a package are kept, the current one among them: at least 1. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What is younger is left alone: milliseconds. */
  readonly grace: number;
  readonly dryRun?: boolean;
}

export interface Swept {
  readonly removed: readonly StoredName[];
  readonly kept: number;
}

/**
 * Nothing is removed when a head that is kept cannot be read, or leads to something that is missing:
 * then it is not known what is needed.
 * @throws XhError E_STORE_HEAD, E_STORE_MISSING, E_STORE_DAMAGED …
 */
export async function sweep(store: Store, options: GcOptions): Promise<Swept> {
  const { keep, now, grace, dryRun = false } = options;
  const { heads, past } = await revisions(store, keep);
  const needed = new Set<Bytes>();
  for (const head of heads) for (const path of await pathsOf(store, head)) needed.add(path);
  const removed: StoredName[] = [];
  let kept = 0;
  const old = ({ written }: StoredName): boolean => now - written > grace;
  for (const top of ['objects', 'trees', 'heads'] as const) {
    for await (const found of store.list(top)) {
      const name = slice(found.path, found.path.lastIndexOf('/') + 1);
      // what a killed publisher left half written begins with a dot
      const ours = top === 'heads' ? past.has(found.path) : isHash(name) && !needed.has(found.path);
      if ((ours || name.startsWith('.')) && old(found)) removed.push(found);
      else kept++;
    }
  }
  if (!dryRun) for (const { path } of removed) await store.remove(path);
  return { removed, kept };
}

/** The heads whose trees are kept, and the paths of those that are too old. */
async function revisions(
  store: Store,
  keep: number,
): Promise<{ readonly heads: readonly Head[]; readonly past: ReadonlySet<Bytes> }> {
  const heads: Head[] = [];
  const earlier = new Map<Bytes, { readonly path: Bytes; readonly head: Head }[]>();
  for await (const { path, text, past } of headsOf(store)) {
    const { head } = parseHead(text);
    if (past) earlier.set(head.package, [...(earlier.get(head.package) ?? []), { path, head }]);
    else heads.push(head);
  }
  const current = new Map(heads.map((head) => [head.package, head.revision]));
  const past = new Set<Bytes>();
  for (const [name, all] of earlier) {
    const sorted = all
      // the current one may have been put there by a publisher that was killed before the next came
      .filter(({ head }) => head.revision !== current.get(name))
      .toSorted((one, other) => other.head.revision - one.head.revision);
    heads.push(...sorted.slice(0, keep - 1).map(({ head }) => head));
    for (const { path } of sorted.slice(keep - 1)) past.add(path);
  }
  return { heads, past };
}

async function pathsOf(store: Store, head: Head): Promise<Set<Bytes>> {
  const paths = new Set<Bytes>();
  const packed = new Set<Hash>();
  for (const { pack, index } of head.packs) {
    paths.add(objectPath(pack)).add(objectPath(index));
    const lines = fromBuffer(await readObject(store, index));
    for (const { object } of parsePackIndex(lines)) packed.add(object);
  }
  const { trees, objects } = await reachable(store, head.trees.values());
  for (const tree of trees) paths.add(treePath(tree));
  for (const object of objects.keys()) if (!packed.has(object)) paths.add(objectPath(object));
  return paths;
}

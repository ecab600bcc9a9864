/**
 * Listings of a package as they came from the store, where what stands here would make others: of what is
 * the host's own, and of trees that accounts or rules have made something else here. Whoever is fed from
 * this host (`xh serve --store`) gets them as they were. They stand in one file a package, one after the other.
 */
import { b, slice, type Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import { hashOf, type Hash } from '../../distribute/store/hash.ts';
import { parseTree, TREE_HEADER, treeText, type TreeEntry } from '../../distribute/store/tree.ts';
import { readAt, writeFileDurably } from '../../files/content.ts';
import { statAt } from '../../files/stat.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { unlessRefused } from '../../message/error.ts';
import { PULLED } from '../pulled.ts';

/** A tree as it was published, with what it is here. */
interface PublishedTree {
  readonly root: Hash;
  /** Undefined for what is the host's own. */
  readonly here: Hash | undefined;
  /** Those that have just come; the others are known from before. */
  readonly listings?: ReadonlyMap<Hash, readonly TreeEntry[]>;
}

export function listingsPath(directory: Bytes): Bytes {
  return b`${PULLED}/.listings/${directory}`;
}

/** The texts that are kept of a package, by hash. */
export function keptListings(walker: Walker, directory: Bytes): ReadonlyMap<Hash, Bytes> {
  const place = walker.tryLocate(listingsPath(directory), { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return new Map();
  const all = readAt(place.dir, place.name);
  const found = new Map<Hash, Bytes>();
  // no line of a listing is like its first
  for (let at = 0; at >= 0 && all.startsWith(START, at);) {
    const next = all.indexOf(`\n${START}`, at);
    const text = slice(all, at, next < 0 ? all.length : next + 1);
    found.set(hashOf(text), text);
    at = next < 0 ? -1 : next + 1;
  }
  return found;
}

/** Keeps what is needed of `trees`, all of a package, before they are switched. @throws FileError */
export function keepListings(
  walker: Walker,
  directory: Bytes,
  trees: readonly PublishedTree[],
): void {
  const before = keptListings(walker, directory);
  const needed = new Map<Hash, Bytes>();
  for (const { root, here, listings } of trees) {
    if (here === root) continue;
    const pending = [root];
    for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
      const entries = listings?.get(hash);
      const text = entries === undefined ? before.get(hash) : treeText(entries);
      if (text === undefined || needed.has(hash)) continue;
      needed.set(hash, text);
      const known = entries ?? unlessRefused(() => parseTree(text)) ?? [];
      for (const entry of known) if (entry.type === 'd') pending.push(entry.tree);
    }
  }
  const isSame =
    needed.size === before.size && [...needed.keys()].every((hash) => before.has(hash));
  if (isSame) return;
  const path = listingsPath(directory);
  makeDirs(walker, dirname(path));
  const { dir, name } = walker.locate(path, { follow: true });
  writeFileDurably(dir, name, [...needed.values()].join('') as Bytes, 0o644);
}

const START = `${TREE_HEADER}\n`;

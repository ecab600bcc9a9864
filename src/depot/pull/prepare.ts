/**
 * A tree of a store made beside the place that it is to take: files that are to stay as they are by a
 * second name, data that this host has by copying, the rest fetched. It can be left at any point, and the
 * next pull goes on with it.
 */
import { b, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { fetchObjects } from '../../distribute/pull/fetch.ts';
import { growTree } from '../../distribute/pull/materialise.ts';
import { listingsOf } from '../../distribute/pull/trees.ts';
import { scanTree, sourceReader, type KnownFile } from '../../distribute/publish/scan.ts';
import { siteLinks } from '../../distribute/site-links.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import type { Head } from '../../distribute/store/head.ts';
import type { StoreReader } from '../../distribute/store/store.ts';
import { dataLength, type TreeEntry } from '../../distribute/store/tree.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';
import { removeTreeAt } from '../../files/names.ts';
import type { ObjectStat } from '../../files/stat.ts';
import { tellingShape, type Shape } from '../../host/shape.ts';
import type { ShowProgress } from '../../message/progress.ts';
import type { Looking, Standing } from './local.ts';
import type { WantedTree } from './select.ts';
import type { TreeRules } from './rules.ts';

export interface Preparing {
  readonly directory: Bytes;
  readonly head: Head;
  readonly wanted: WantedTree;
  readonly standing: Standing;
  /** Where the trees of its type stand, below the site root. */
  readonly root: Bytes;
  readonly store: StoreReader;
  readonly looking: Looking;
  readonly privileged: boolean;
  readonly rules: TreeRules | undefined;
  readonly progress: ShowProgress | undefined;
}

/** A tree that is ready to be switched. */
export interface Prepared {
  readonly wanted: WantedTree;
  /** Its place, and where it has been made. */
  readonly path: Bytes;
  readonly from: Bytes;
  readonly shape: Shape;
  /** The root of what it is on this host. */
  readonly here: Hash;
  /** As it was published. */
  readonly listings: ReadonlyMap<Hash, readonly TreeEntry[]>;
  /** Its files by their paths below it. */
  readonly files: ReadonlyMap<Bytes, MadeFile>;
  readonly fetched: Fetched;
}

export interface Fetched {
  readonly objects: number;
  readonly bytes: number;
}

export interface MadeFile {
  readonly file: KnownFile;
  readonly stat: Pick<ObjectStat, 'size' | 'mtime'>;
}

/** The name of what is made beside a package of that directory. */
export function besideName(directory: Bytes): Bytes {
  return b`.xhier-pull-${directory}`;
}

/** @throws XhError E_STORE_*, E_PULL_RULES; FileError. What has arrived has arrived. */
export async function prepareTree(preparing: Preparing): Promise<Prepared> {
  const { directory, wanted, looking, root, rules } = preparing;
  const { dir, name } = looking.walker.locate(root, { follow: true });
  const inside = openDirAt(dir, name);
  try {
    const beside = besideName(directory);
    rules?.settle(inside, beside, directory);
    const { listings, fetched } = await grow(inside, beside, preparing);
    if (rules !== undefined) await rules.apply(inside, beside, directory);
    const path = b`${root}/${directory}`;
    const made = b`${root}/${beside}`;
    // what was made by a listing is known; what rules have made of it has to be looked at
    const known = rules === undefined ? byListing(wanted.root, listings, made) : () => undefined;
    const { accounts } = looking;
    const files = new Map<Bytes, MadeFile>();
    const keep = (at: Bytes, stat: ObjectStat, file: KnownFile): void => {
      // of many packages at the same time: no more than is asked for
      const { size, mtime } = stat;
      files.set(slice(at, made.length + 1), { file, stat: { size, mtime } });
    };
    const tree = scanTree(inside, beside, made, {
      accounts,
      links: siteLinks(looking.walker.root.path),
      learn: keep,
      known(at, stat) {
        const file = known(at, stat);
        if (file !== undefined) keep(at, stat, file);
        return file;
      },
    });
    const shape = tellingShape(inside, beside, directory);
    if (shape === undefined) throw new Error('what has been made has gone');
    return { wanted, path, from: made, shape, here: tree.root, listings, files, fetched };
  } finally {
    closeDir(inside);
  }
}

/** What an earlier pull has left of a package that is as it should be by now. */
export function dropBeside(looking: Looking, root: Bytes, directory: Bytes): void {
  const place = looking.walker.tryLocate(b`${root}/${besideName(directory)}`);
  if (place !== undefined) removeTreeAt(place.dir, place.name);
}

interface Grown {
  readonly listings: ReadonlyMap<Hash, readonly TreeEntry[]>;
  readonly fetched: Fetched;
}

async function grow(inside: Dir, beside: Bytes, preparing: Preparing): Promise<Grown> {
  const { directory, head, wanted, standing, store, looking, privileged, progress } = preparing;
  const here = standing.is === 'tree' ? standing.tree : undefined;
  const known = here?.trees ?? new Map<Hash, Bytes>();
  const listings = await listingsOf(store, wanted.root, known);
  const place = here === undefined ? undefined : openDirAt(inside, directory);
  try {
    const growing = growTree(inside, beside, wanted.root, {
      trees: listings,
      local: (object) => here?.files.get(object),
      read: sourceReader(looking.walker),
      links: siteLinks(looking.walker.root.path),
      ...(place !== undefined && here !== undefined && { standing: { dir: place, tree: here } }),
      accounts: looking.accounts,
      privileged,
    });
    const total = sum(growing.missing.values());
    const objects = growing.missing.size;
    let done = 0;
    let bytes = 0;
    const arrived = (length: number): void => {
      done++;
      bytes += length;
      const doing = `fetching ${printable(directory)}`;
      progress?.({ doing, unit: 'objects', done, total: objects, bytes, totalBytes: total });
    };
    await fetchObjects(store, new Map(growing.missing), head.packs, {
      arrived(object, content) {
        growing.fill(object, content);
        arrived(content.length);
      },
      large(object) {
        const file = growing.large(object);
        const length = growing.missing.get(object) ?? 0;
        return {
          ...file,
          finish() {
            const isRight = file.finish();
            if (isRight) arrived(length);
            return isRight;
          },
        };
      },
    });
    growing.finish();
    return { listings, fetched: { objects, bytes: total } };
  } finally {
    if (place !== undefined) closeDir(place);
  }
}

/** What the files are that were made as their listings say. */
function byListing(
  root: Hash,
  listings: Grown['listings'],
  path: Bytes,
): (path: Bytes, stat: ObjectStat) => KnownFile | undefined {
  const files = new Map<Bytes, Extract<TreeEntry, { type: 'f' }>>();
  const enter = (tree: Hash, at: Bytes): void => {
    for (const entry of listings.get(tree) ?? []) {
      const below = entry.name === '.' ? at : b`${at}/${entry.name}`;
      if (entry.type === 'd') enter(entry.tree, below);
      else if (entry.type === 'f') files.set(below, entry);
    }
  };
  enter(root, path);
  return (at, stat) => {
    const entry = files.get(at);
    // where holes are is another question on each file system
    if (entry === undefined || entry.data !== undefined) return undefined;
    if (entry.size !== stat.size || (dataLength(entry) === 0 && entry.size > 0)) return undefined;
    return { object: entry.object };
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}

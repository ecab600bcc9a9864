/**
 * A tree of a store as lfu sees a master: its listings, as an index of it would have them, and its files'
 * data by what they are called in the store. Nothing but listings is fetched for that.
 */
import { createHash } from 'node:crypto';
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { isCarried, type Attributes } from '../../files/attributes.ts';
import { piecesOf } from '../../files/content.ts';
import type { OpenFile } from '../../files/copy.ts';
import { STRIDE, setRow, type Listing } from '../../files/listing.ts';
import type { ObjectStat } from '../../files/stat.ts';
import type { Place, Tree } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import type { Accounts } from '../../site/accounts.ts';
import type { SiteLinks } from '../../distribute/site-links.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import type { PackReference } from '../../distribute/store/head.ts';
import type { StoreReader } from '../../distribute/store/store.ts';
import { dataLength, type TreeEntry } from '../../distribute/store/tree.ts';
import { listingsOf } from '../../distribute/pull/trees.ts';
import type { RootObject } from '../plan/input.ts';
import type { Followable } from '../scan/follow.ts';
import type { Scanner } from '../scan/scanner.ts';

/** A tree that may be believed, and where it is to be had. */
export interface StoreMaster {
  /** What it is called in ledgers, logs and messages. */
  readonly name: Bytes;
  /** Where the store is, when that is a directory of this host. */
  readonly directory: Bytes | undefined;
  readonly store: StoreReader;
  readonly root: Hash;
  readonly packs: readonly PackReference[];
  readonly accounts: Accounts;
  /** How links into the hierarchy are written here, when not as in the store. */
  readonly links?: SiteLinks | undefined;
  close(): void;
}

export type FileEntry = Extract<TreeEntry, { type: 'f' }>;

export interface StoreTree {
  readonly master: StoreMaster;
  readonly root: RootObject;
  readonly scanner: Scanner;
  readonly lookup: Followable;
  /** The file `name` in `place`. */
  file(place: Place, name: Bytes): FileEntry;
}

/**
 * Reads the listings of `master`.
 * @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_TREE, E_STORE_READ
 */
export async function readStoreTree(
  master: StoreMaster,
  { privileged }: { readonly privileged: boolean },
): Promise<StoreTree> {
  const trees = await listingsOf(master.store, master.root, new Map());
  const [top] = trees.get(master.root) ?? [];
  if (top?.type !== 'd' || top.name !== '.') {
    throw new XhError('E_STORE_TREE', `${printable(master.name)} is no tree of a package`, {
      remedy: 'publish the package again',
    });
  }
  const names = countNames(trees.values());
  const entriesAt = new WeakMap<Place, ReadonlyMap<Bytes, TreeEntry>>();

  function entriesOf(place: Place): ReadonlyMap<Bytes, TreeEntry> {
    const known = entriesAt.get(place);
    if (known !== undefined) return known;
    let tree: Hash | undefined = top?.type === 'd' ? top.tree : undefined;
    if (place.parent !== undefined) {
      const entry = entriesOf(place.parent).get(place.name);
      tree = entry?.type === 'd' ? entry.tree : undefined;
    }
    const found = new Map(
      (tree === undefined ? [] : (trees.get(tree) ?? [])).map((each) => [each.name, each]),
    );
    entriesAt.set(place, found);
    return found;
  }

  function targetOf({ target }: { readonly target: Bytes }): Bytes {
    return master.links?.toSite(target) ?? target;
  }

  function statOf(entry: TreeEntry, path: Bytes): ObjectStat {
    const { accounts } = master;
    const { type, mode, owner, group, mtime, hardLink } = entry;
    const size = type === 'f' ? entry.size : type === 'l' ? targetOf(entry).length : 0;
    return {
      type,
      mode: type === 'l' ? 0o777 : mode,
      links: hardLink === undefined ? 1 : (names.get(hardLink) ?? 1),
      // a name means the same everywhere, a number need not
      uid: accounts.user(owner.name)?.uid ?? owner.id,
      gid: accounts.group(group.name)?.gid ?? group.id,
      inode: numberOf(hardLink === undefined ? `/${path}` : `=${hardLink}`),
      device: NOWHERE,
      size,
      blocks: type === 'f' ? Math.ceil(dataLength(entry) / 512) : 0,
      major: type === 'b' || type === 'c' ? entry.major : 0,
      minor: type === 'b' || type === 'c' ? entry.minor : 0,
      // nobody knows when it was read
      mtime,
      atime: mtime,
      ctime: mtime,
    };
  }

  function carried({ attributes }: TreeEntry): Attributes {
    return new Map(attributes.filter(([name]) => isCarried(name, privileged)));
  }

  function entryAt(place: Place, name: Bytes): TreeEntry | undefined {
    return entriesOf(place).get(name);
  }

  function file(place: Place, name: Bytes): FileEntry {
    const entry = entryAt(place, name);
    if (entry?.type !== 'f') throw new Error(`${place.path}/${name} is no file of the store`);
    return entry;
  }

  function list(place: Place): Listing {
    const entries = [...entriesOf(place).values()];
    const rows = new Int32Array(entries.length * STRIDE);
    const targets = new Map<number, Bytes>();
    const attributes = new Map<number, Attributes>();
    for (const [index, entry] of entries.entries()) {
      const path = (place.path === '' ? entry.name : `${place.path}/${entry.name}`) as Bytes;
      setRow(rows, index, statOf(entry, path));
      if (entry.type === 'l') targets.set(index, targetOf(entry));
      const own = carried(entry);
      if (own.size > 0) attributes.set(index, own);
    }
    return { names: entries.map(({ name }) => name), rows, targets, attributes, failed: new Map() };
  }

  return {
    master,
    root: { stat: statOf(top, '' as Bytes), attributes: carried(top) },
    scanner: {
      list,
      openFile() {
        throw new Error('files of a store are not opened: their hashes are compared');
      },
      holdsSame: (place, name, other) => holdsSame(file(place, name), other),
    },
    lookup: {
      stat(place, name) {
        const entry = entryAt(place, name);
        const path = (place.path === '' ? name : `${place.path}/${name}`) as Bytes;
        return entry === undefined ? undefined : statOf(entry, path);
      },
      target(place, name) {
        const entry = entryAt(place, name);
        return entry?.type === 'l' ? targetOf(entry) : ('' as Bytes);
      },
      attributes(place, name) {
        const entry = entryAt(place, name);
        return entry === undefined ? new Map<Bytes, Bytes>() : carried(entry);
      },
    },
    file,
  };
}

/** Whether an open file of the same size has the data of `entry`, and nothing where that has holes. */
function* holdsSame(entry: FileEntry, { fd, path }: OpenFile): Generator<number, boolean> {
  const digest = createHash('sha256');
  let at = 0;
  for (const [offset, length] of [...(entry.data ?? [[0, entry.size] as const]), END(entry.size)]) {
    for (const piece of piecesOf(fd, path, at, offset - at)) {
      if (piece.some((byte) => byte !== 0)) return false;
      yield piece.length;
    }
    let got = 0;
    for (const piece of piecesOf(fd, path, offset, length)) {
      digest.update(piece);
      got += piece.length;
      yield piece.length;
    }
    if (got !== length) return false;
    at = offset + length;
  }
  return entry.object === undefined || digest.digest('hex') === entry.object;
}

const END = (size: number) => [size, 0] as const;

/** How many names each object with several has. */
function countNames(listings: Iterable<readonly TreeEntry[]>): ReadonlyMap<Bytes, number> {
  const counts = new Map<Bytes, number>();
  for (const entries of listings) {
    for (const { hardLink } of entries) {
      if (hardLink !== undefined) counts.set(hardLink, (counts.get(hardLink) ?? 0) + 1);
    }
  }
  return counts;
}

/** Stands for an inode: another for each object, and the same in every run. */
function numberOf(identity: string): bigint {
  return createHash('sha256').update(identity, 'latin1').digest().readBigUInt64LE();
}

/** No file system has it. */
const NOWHERE = 0n;

/** A master without directories. */
export const NO_TREE: Tree = {
  root: { fd: -1, path: '' as Bytes },
  wayTo: noDirectory,
  open: noDirectory,
  rename: noDirectory,
  renew: noDirectory,
  closeBelow: () => undefined,
};

function noDirectory(): never {
  throw new Error('a store has no directories to be opened');
}

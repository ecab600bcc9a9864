/**
 * A tree of a store as a directory, made beside its place: from files that this host has already, as
 * far as they have the same data, and from what is fetched. It can be left at any point and gone on
 * with; what is there and whole is not made again.
 */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { b, type Bytes } from '../../bytes/bytes.ts';
import { piecesOf, sha256At, writeAll } from '../../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../../files/dir.ts';
import { FileError } from '../../files/error.ts';
import { withHeld } from '../../files/held.ts';
import { giveMetadata, type Metadata } from '../../files/metadata.ts';
import {
  createAt,
  hardLinkAt,
  makeDirAt,
  makeNodeAt,
  openFileAt,
  removeTreeAt,
  renameAt,
  symlinkAt,
} from '../../files/names.ts';
import { modeBits, statAt, statOf, type ObjectStat, type Time } from '../../files/stat.ts';
import { unlessRefused } from '../../message/error.ts';
import type { Accounts } from '../../site/accounts.ts';
import type { ScannedTree, Source } from '../publish/scan.ts';
import type { SiteLinks } from '../site-links.ts';
import type { Hash } from '../store/hash.ts';
import { dataLength, parseTree, type TreeEntry } from '../store/tree.ts';
import type { LargeObject } from './fetch.ts';
import { spreading } from './spreading.ts';
import { createWays } from './ways.ts';

type FileEntry = Extract<TreeEntry, { type: 'f' }>;

export interface Materials {
  /** All listings of the tree. */
  readonly trees: ReadonlyMap<Hash, readonly TreeEntry[]>;
  /** A file of this host that had these data when it was last looked at. */
  readonly local: (object: Hash) => Source | undefined;
  /** Its data, as they are now. */
  readonly read: (source: Source) => Iterable<Uint8Array>;
  /** What stands in the place of the tree: a file in it that is to stay as it is gets a second name, which costs no data. */
  readonly standing?: { readonly dir: Dir; readonly tree: ScannedTree } | undefined;
  /** What links say here, where they say something else in a store. */
  readonly links?: SiteLinks | undefined;
  readonly accounts: Accounts;
  /** Whether owners and all attributes can be given. */
  readonly privileged: boolean;
}

/** A tree that is being made. */
export interface GrowingTree {
  /** Objects that have to be fetched, with how many bytes each has. */
  readonly missing: ReadonlyMap<Hash, number>;
  /** Makes every file that has these data. @throws FileError */
  fill(object: Hash, content: Uint8Array): void;
  /** The same, piece by piece. */
  large(object: Hash): LargeObject;
  /** When nothing is missing: second names, and what directories have themselves. @throws FileError */
  finish(): void;
}

/**
 * Begins the tree that the listing `root` has, as `name` in `dir`; what is there is what an earlier
 * call has left.
 * @throws FileError
 */
export function growTree(dir: Dir, name: Bytes, root: Hash, materials: Materials): GrowingTree {
  const [top] = materials.trees.get(root) ?? [];
  if (top?.type !== 'd') throw new Error('the root of a tree is a directory');
  const making = createMaking(materials);
  making.directory(dir, name, top);
  return making;
}

/** A directory of the tree that stands in the place of the one that is made. */
interface Standing {
  readonly dir: Dir;
  readonly tree: ScannedTree;
  readonly entries: ReadonlyMap<Bytes, TreeEntry>;
}

function standingTop({ standing }: Materials): Standing | undefined {
  if (standing === undefined) return undefined;
  const [top] = listingIn(standing.tree, standing.tree.root);
  return top?.type === 'd'
    ? { ...standing, entries: byName(listingIn(standing.tree, top.tree)) }
    : undefined;
}

/** Runs `work` with the directory of that name, if there is one. */
function withBelow(
  standing: Standing | undefined,
  name: Bytes,
  work: (below: Standing | undefined) => void,
): void {
  const entry = standing?.entries.get(name);
  if (standing === undefined || entry?.type !== 'd') {
    work(undefined);
    return;
  }
  const dir = unlessRefused(() => openDirAt(standing.dir, name));
  try {
    const { tree } = standing;
    work(
      dir === undefined ? undefined : { dir, tree, entries: byName(listingIn(tree, entry.tree)) },
    );
  } finally {
    if (dir !== undefined) closeDir(dir);
  }
}

function listingIn({ trees }: ScannedTree, hash: Hash): readonly TreeEntry[] {
  const text = trees.get(hash);
  return text === undefined ? [] : parseTree(text);
}

function byName(entries: readonly TreeEntry[]): ReadonlyMap<Bytes, TreeEntry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

function sameTime(one: Time, other: Time): boolean {
  return one.seconds === other.seconds && one.nanoseconds === other.nanoseconds;
}

function sameAttributes(one: TreeEntry['attributes'], other: TreeEntry['attributes']): boolean {
  return (
    one.length === other.length &&
    one.every(([name, value], i) => name === other[i]?.[0] && value === other[i][1])
  );
}

/** A file that waits for its data. */
interface Waiting {
  readonly entry: FileEntry;
  /** From the root on. */
  readonly way: readonly Bytes[];
}

function createMaking(materials: Materials) {
  const { trees, accounts, privileged } = materials;
  const missing = new Map<Hash, number>();
  const waiting = new Map<Hash, Waiting[]>();
  /** Where the first name of an object with several is, and the others. */
  const linked = new Map<
    Bytes,
    { readonly first: readonly Bytes[]; readonly others: (readonly Bytes[])[] }
  >();
  /** Each after the one that it is in. */
  const directories: { readonly entry: TreeEntry; readonly way: readonly Bytes[] }[] = [];
  let base: { readonly dir: Dir; readonly name: Bytes } | undefined;
  const ways = createWays();
  /** Where two directories are needed at the same time. */
  const otherWays = createWays();

  function directory(dir: Dir, name: Bytes, entry: TreeEntry & { readonly type: 'd' }): void {
    base = { dir, name };
    enter(dir, name, entry, [name], standingTop(materials));
    // what the host has the data of is made at once
    for (const [object, files] of waiting) {
      const source = materials.local(object);
      if (source !== undefined && isFilled(object, source)) continue;
      const [first] = files;
      if (first !== undefined) missing.set(object, dataLength(first.entry));
    }
  }

  function enter(
    parent: Dir,
    name: Bytes,
    entry: TreeEntry & { readonly type: 'd' },
    way: readonly Bytes[],
    standing: Standing | undefined,
  ): void {
    const isNew = statAt(parent, name)?.type !== 'd';
    if (isNew) {
      removeTreeAt(parent, name);
      makeDirAt(parent, name, 0o700);
    }
    directories.push({ entry, way });
    const inside = openDirAt(parent, name);
    try {
      // of an earlier run, when its owner was somebody else for a while
      if (!isNew) {
        withHeld(parent, name, (held, stat) => {
          if ((stat.mode & 0o700) !== 0o700) giveMetadata(held, stat, openTo(stat), privileged);
        });
      }
      const entries = trees.get(entry.tree) ?? [];
      const wanted = new Set(entries.map((each) => each.name));
      const present = new Set(isNew ? [] : listDir(inside));
      for (const each of present) if (!wanted.has(each)) removeTreeAt(inside, each);
      for (const each of entries) {
        const path = [...way, each.name];
        if (each.type === 'd') {
          withBelow(standing, each.name, (below) => {
            enter(inside, each.name, each, path, below);
          });
        } else if (!isShared(inside, each, standing)) {
          make(inside, each, path, present.has(each.name));
        }
      }
    } finally {
      closeDir(inside);
    }
  }

  function make(
    dir: Dir,
    entry: Exclude<TreeEntry, { type: 'd' }>,
    way: readonly Bytes[],
    isThere: boolean,
  ): void {
    if (entry.hardLink !== undefined) {
      const known = linked.get(entry.hardLink);
      if (known !== undefined) {
        known.others.push(way);
        return;
      }
      linked.set(entry.hardLink, { first: way, others: [] });
    }
    const there = isThere ? statAt(dir, entry.name) : undefined;
    if (there !== undefined) {
      if (isWhole(there, entry)) return;
      removeTreeAt(dir, entry.name);
    }
    switch (entry.type) {
      case 'f':
        if (entry.object === undefined) makeFile(dir, entry, []);
        else wait(entry.object, { entry, way });
        return;
      case 'l':
        symlinkAt(dir, entry.name, materials.links?.toSite(entry.target) ?? entry.target);
        break;
      case 'b':
      case 'c':
        makeNodeAt(dir, entry.name, modeBits(entry.type) | 0o600, entry.major, entry.minor);
        break;
      default:
        makeNodeAt(dir, entry.name, modeBits(entry.type) | 0o600);
    }
    withHeld(dir, entry.name, (held, stat) => {
      giveMetadata(held, stat, metadataOf(entry), privileged);
    });
  }

  function wait(object: Hash, file: Waiting): void {
    const others = waiting.get(object);
    if (others === undefined) waiting.set(object, [file]);
    else others.push(file);
  }

  /** Whether the file that stands in its place is what is wanted, and has got another name here. */
  function isShared(dir: Dir, entry: TreeEntry, standing: Standing | undefined): boolean {
    const there = standing?.entries.get(entry.name);
    if (standing === undefined || entry.type !== 'f' || there?.type !== 'f') return false;
    if (entry.hardLink !== undefined || there.hardLink !== undefined) return false;
    const wanted = metadataOf(entry);
    const same =
      there.object === entry.object &&
      there.size === entry.size &&
      there.mode === entry.mode &&
      sameTime(there.mtime, entry.mtime) &&
      (!privileged || (there.owner.id === wanted.uid && there.group.id === wanted.gid)) &&
      sameAttributes(there.attributes, entry.attributes);
    if (!same) return false;
    removeTreeAt(dir, entry.name);
    try {
      hardLinkAt(standing.dir, entry.name, dir, entry.name);
      return true;
    } catch (error) {
      // gone since, on another file system, or one that has no second names: it is made anew
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  /** Its time is given last, so a file that has it is whole. */
  function isWhole(stat: ObjectStat, entry: TreeEntry): boolean {
    return (
      entry.type === 'f' &&
      stat.type === 'f' &&
      stat.size === entry.size &&
      stat.mode === entry.mode &&
      stat.links === 1 &&
      sameTime(stat.mtime, entry.mtime)
    );
  }

  function makeFile(dir: Dir, entry: FileEntry, pieces: Iterable<Uint8Array>): void {
    const metadata = metadataOf(entry);
    // what is to be somebody else's is nobody's to read before
    const isOurs = [-1, OWN.uid].includes(metadata.uid) && [-1, OWN.gid].includes(metadata.gid);
    const fd = createAt(dir, entry.name, isOurs ? entry.mode & 0o777 : 0o600);
    const path = b`${dir.path}/${entry.name}`;
    try {
      const spread = spreading(fd, path, entry);
      for (const piece of pieces) spread.write(piece);
      spread.end();
      giveMetadata({ fd, path, isOpen: true }, statOf(fd, path), metadata, privileged);
    } finally {
      closeSync(fd);
    }
  }

  /** Makes the files that wait for an object from one that the host has, if that still has these data. */
  function isFilled(object: Hash, source: Source): boolean {
    const digest = createHash('sha256');
    for (const piece of materials.read(source)) digest.update(piece);
    if (digest.digest('hex') !== object) return false;
    fillWith(object, () => materials.read(source));
    return true;
  }

  function fillWith(object: Hash, pieces: () => Iterable<Uint8Array>): void {
    for (const { entry, way } of waiting.get(object) ?? []) {
      withDirectory(way, (dir) => {
        makeFile(dir, entry, pieces());
      });
    }
    missing.delete(object);
  }

  /** Runs `work` in the directory that the last name of `way` is in. */
  function withDirectory<T>(way: readonly Bytes[], work: (dir: Dir) => T, opened = ways): T {
    if (base === undefined) throw new Error('no tree has been begun');
    return work(opened.enter(base.dir, way.slice(0, -1)));
  }

  /** Its pieces come to a file of their own beside the tree, where the next run finds them. */
  function large(object: Hash): LargeObject {
    if (base === undefined) throw new Error('no tree has been begun');
    const { dir } = base;
    const name = b`.xhier-part-${object}`;
    const length = missing.get(object) ?? 0;
    const there = statAt(dir, name);
    if (there?.type !== 'f' || there.size >= length) {
      removeTreeAt(dir, name);
      closeSync(createAt(dir, name, 0o600));
    }
    const begun = statAt(dir, name)?.size ?? 0;
    let end = begun;
    return {
      begun,
      write(piece) {
        const fd = openFileAt(dir, name, { write: true });
        try {
          writeAll(fd, b`${dir.path}/${name}`, piece, end);
          end += piece.length;
        } finally {
          closeSync(fd);
        }
      },
      finish() {
        if (sha256At(dir, name) !== object) {
          removeTreeAt(dir, name);
          return false;
        }
        place(object, dir, name);
        removeTreeAt(dir, name);
        return true;
      },
    };
  }

  /** A file that has all the data of an object becomes the file that waits for them, or is copied to those that do. */
  function place(object: Hash, dir: Dir, name: Bytes): void {
    const [first, ...more] = waiting.get(object) ?? [];
    if (first === undefined) return;
    if (more.length > 0 || first.entry.data !== undefined) {
      fillWith(object, () => contentsAt(dir, name));
      return;
    }
    withHeld(dir, name, (held, stat) => {
      giveMetadata(held, stat, metadataOf(first.entry), privileged);
    });
    withDirectory(first.way, (target) => {
      renameAt(dir, name, target, first.entry.name);
    });
    missing.delete(object);
  }

  function finish(): void {
    for (const { first, others } of linked.values()) {
      for (const other of others) linkName(first, other);
    }
    // what is made in a directory changes its time
    for (const { entry, way } of directories.toReversed()) {
      withDirectory(way, (dir) => {
        withHeld(dir, way.at(-1) ?? entry.name, (held, stat) => {
          giveMetadata(held, stat, metadataOf(entry), privileged);
        });
      });
    }
  }

  function linkName(first: readonly Bytes[], other: readonly Bytes[]): void {
    const [from, to] = [first.at(-1), other.at(-1)];
    if (from === undefined || to === undefined) return;
    withDirectory(first, (source) => {
      const link = (target: Dir): void => {
        removeTreeAt(target, to);
        hardLinkAt(source, from, target, to);
      };
      withDirectory(other, link, otherWays);
    });
  }

  function metadataOf(entry: TreeEntry): Metadata {
    const { owner, group } = entry;
    return {
      mode: entry.type === 'l' ? undefined : entry.mode,
      uid: privileged ? (accounts.user(owner.name)?.uid ?? owner.id) : -1,
      gid: privileged ? (accounts.group(group.name)?.gid ?? group.id) : -1,
      mtime: entry.mtime,
      attributes: new Map(entry.attributes),
    };
  }

  return {
    missing,
    directory,
    fill: (object: Hash, content: Uint8Array) => {
      fillWith(object, () => [content]);
    },
    large,
    finish,
  };
}

/** All of a file. */
function* contentsAt(dir: Dir, name: Bytes): Generator<Uint8Array> {
  const fd = openFileAt(dir, name);
  try {
    yield* piecesOf(fd, b`${dir.path}/${name}`, 0, Infinity);
  } finally {
    closeSync(fd);
  }
}

function openTo({ uid, gid, mode }: ObjectStat): Metadata {
  return { mode: mode | 0o700, uid, gid, mtime: undefined, attributes: new Map() };
}

const OWN = { uid: process.geteuid?.(), gid: process.getegid?.() };

/**
 * A tree of a store as a directory, made beside its place: from files that this host has already, as
 * far as they have the same data, and from what is fetched. It can be left at any point and gone on
 * with; what is there and whole is not made again.
 */
import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { b, type Bytes } from '../../bytes/bytes.ts';
import { setSize, sha256At, writeAll } from '../../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../../files/dir.ts';
import { about } from '../../files/error.ts';
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
import { modeBits, statAt, statOf, type ObjectStat } from '../../files/stat.ts';
import type { Accounts } from '../../site/accounts.ts';
import type { Source } from '../publish/scan.ts';
import type { Hash } from '../store/hash.ts';
import { dataLength, type TreeEntry } from '../store/tree.ts';
import type { LargeObject } from './fetch.ts';

type FileEntry = Extract<TreeEntry, { type: 'f' }>;

export interface Materials {
  /** All listings of the tree. */
  readonly trees: ReadonlyMap<Hash, readonly TreeEntry[]>;
  /** A file of this host that had these data when it was last looked at. */
  readonly local: (object: Hash) => Source | undefined;
  /** Its data, as they are now. */
  readonly read: (source: Source) => Iterable<Uint8Array>;
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

  function directory(dir: Dir, name: Bytes, entry: TreeEntry & { readonly type: 'd' }): void {
    base = { dir, name };
    enter(dir, name, entry, [name]);
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
  ): void {
    if (statAt(parent, name)?.type !== 'd') {
      removeTreeAt(parent, name);
      makeDirAt(parent, name, 0o700);
    }
    directories.push({ entry, way });
    const inside = openDirAt(parent, name);
    try {
      // of an earlier run, when its owner was somebody else for a while
      withHeld(parent, name, (held, stat) => {
        if ((stat.mode & 0o700) !== 0o700) giveMetadata(held, stat, openTo(stat), privileged);
      });
      const entries = trees.get(entry.tree) ?? [];
      const wanted = new Set(entries.map((each) => each.name));
      for (const stray of listDir(inside)) if (!wanted.has(stray)) removeTreeAt(inside, stray);
      for (const each of entries) {
        if (each.type === 'd') enter(inside, each.name, each, [...way, each.name]);
        else make(inside, each, [...way, each.name]);
      }
    } finally {
      closeDir(inside);
    }
  }

  function make(dir: Dir, entry: Exclude<TreeEntry, { type: 'd' }>, way: readonly Bytes[]): void {
    if (entry.hardLink !== undefined) {
      const known = linked.get(entry.hardLink);
      if (known !== undefined) {
        known.others.push(way);
        return;
      }
      linked.set(entry.hardLink, { first: way, others: [] });
    }
    const there = statAt(dir, entry.name);
    if (there !== undefined && isWhole(there, entry)) return;
    removeTreeAt(dir, entry.name);
    switch (entry.type) {
      case 'f':
        if (entry.object === undefined) makeFile(dir, entry, []);
        else waiting.set(entry.object, [...(waiting.get(entry.object) ?? []), { entry, way }]);
        return;
      case 'l':
        symlinkAt(dir, entry.name, entry.target);
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

  /** Its time is given last, so a file that has it is whole. */
  function isWhole(stat: ObjectStat, entry: TreeEntry): boolean {
    return (
      entry.type === 'f' &&
      stat.type === 'f' &&
      stat.size === entry.size &&
      stat.mode === entry.mode &&
      stat.links === 1 &&
      stat.mtime.seconds === entry.mtime.seconds &&
      stat.mtime.nanoseconds === entry.mtime.nanoseconds
    );
  }

  function makeFile(dir: Dir, entry: FileEntry, pieces: Iterable<Uint8Array>): void {
    const fd = createAt(dir, entry.name, 0o600);
    const path = b`${dir.path}/${entry.name}`;
    try {
      const spread = spreading(fd, path, entry);
      for (const piece of pieces) spread.write(piece);
      spread.end();
      giveMetadata({ fd, path, isOpen: true }, statOf(fd, path), metadataOf(entry), privileged);
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
  function withDirectory<T>(way: readonly Bytes[], work: (dir: Dir) => T): T {
    if (base === undefined) throw new Error('no tree has been begun');
    let dir = base.dir;
    const opened: Dir[] = [];
    try {
      for (const name of way.slice(0, -1)) {
        dir = openDirAt(dir, name);
        opened.push(dir);
      }
      return work(dir);
    } finally {
      for (const each of opened) closeDir(each);
    }
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
      fillWith(object, () => piecesAt(dir, name));
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
      withDirectory(other, (target) => {
        removeTreeAt(target, to);
        hardLinkAt(source, from, target, to);
      });
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
function* piecesAt(dir: Dir, name: Bytes): Generator<Uint8Array> {
  const fd = openFileAt(dir, name);
  const piece = Buffer.allocUnsafe(1 << 20);
  try {
    for (let at = 0; ;) {
      const got = about(b`${dir.path}/${name}`, () => readSync(fd, piece, 0, piece.length, at));
      if (got === 0) return;
      yield piece.subarray(0, got);
      at += got;
    }
  } finally {
    closeSync(fd);
  }
}

function openTo({ uid, gid, mode }: ObjectStat): Metadata {
  return { mode: mode | 0o700, uid, gid, mtime: undefined, attributes: new Map() };
}

/** Puts data that come in pieces where a file has them. */
function spreading(fd: number, path: Bytes, { size, data }: FileEntry) {
  const extents = data ?? [[0, size] as const];
  let at = 0;
  let into = 0;
  return {
    write(piece: Uint8Array): void {
      let rest = piece;
      while (rest.length > 0) {
        const extent = extents[at];
        if (extent === undefined) throw new Error('more data than the file has');
        const [start, length] = extent;
        const part = rest.subarray(0, length - into);
        writeAll(fd, path, part, start + into);
        rest = rest.subarray(part.length);
        into += part.length;
        if (into < length) return;
        at++;
        into = 0;
      }
    },
    end(): void {
      setSize(fd, path, size);
    },
  };
}

/**
 * A package's tree on this host as a store has it: the listing of each directory, from the leaves up,
 * and where the data of each file are to be read. Nothing is written; a file that changes while it is
 * read is read again.
 */
import { createHash, type Hash as Digest } from 'node:crypto';
import { closeSync } from 'node:fs';
import { b, compareBytes, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { attributesAt, isCarried } from '../../files/attributes.ts';
import { piecesOf } from '../../files/content.ts';
import { nextData, nextHole, type OpenFile } from '../../files/copy.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../../files/dir.ts';
import { openFileAt, readLinkAt } from '../../files/names.ts';
import { sameObject, statAt, statOf, type ObjectStat } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import type { Accounts } from '../../site/accounts.ts';
import type { SiteLinks } from '../site-links.ts';
import { hashOf, type Hash } from '../store/hash.ts';
import { treeText, type Extent, type TreeEntry } from '../store/tree.ts';

/** Data of a file of this host. */
export interface Source {
  /** Below the site root. */
  readonly path: Bytes;
  readonly length: number;
  readonly data: readonly Extent[];
}

export interface ScannedTree {
  /** The listing that has the root alone. */
  readonly root: Hash;
  readonly trees: ReadonlyMap<Hash, Bytes>;
  readonly files: ReadonlyMap<Hash, Source>;
  readonly objects: number;
  /** Of all files' data. */
  readonly bytes: number;
}

export interface ScanOptions {
  readonly accounts: Accounts;
  /**
   * Of a type whose files are each host's own: directories, and nothing that is in them; their times are
   * left out, since they change with what is in them.
   */
  readonly directoriesOnly?: boolean;
  /** What links say in a store, where they say something else here. */
  readonly links?: SiteLinks | undefined;
  /** The hash of a file that has not changed since it was known. */
  readonly known: (path: Bytes, stat: ObjectStat) => KnownFile | undefined;
  /** Told of each file's hash. */
  readonly learn: (path: Bytes, stat: ObjectStat, file: KnownFile) => void;
}

/** What a file's data are. */
export interface KnownFile {
  readonly object: Hash | undefined;
  /** Absent when there are no holes. */
  readonly data?: readonly Extent[];
}

/**
 * The tree whose root is `name` in `dir`, a directory; `path` is how it is called.
 * @throws FileError; XhError E_PUBLISH_CHANGED for a file that does not keep still
 */
export function scanTree(dir: Dir, name: Bytes, path: Bytes, options: ScanOptions): ScannedTree {
  const stat = statAt(dir, name);
  if (stat?.type !== 'd') {
    throw new XhError('E_PUBLISH_TREE', `${printable(path)} is no directory`, {
      remedy: 'a tree of a package is a directory; xh check tells what else is wrong with it',
    });
  }
  const scan = createScan(path, options);
  const top = scan.look({ dir, name, path, shown: b`.` }, stat);
  return scan.finish(top);
}

/** Reads the data of files below the root of `walker`. */
export function sourceReader(walker: Walker): (source: Source) => Iterable<Uint8Array> {
  return function* pieces({ path, data }) {
    const { dir, name } = walker.locate(path);
    const fd = openFileAt(dir, name, { quiet: true });
    try {
      for (const [from, length] of data) {
        for (const piece of piecesOf(fd, path, from, length)) yield Buffer.from(piece);
      }
    } finally {
      closeSync(fd);
    }
  };
}

/** What is in a directory, hard links not yet named. */
interface Node {
  readonly entry: (hardLink: Bytes | undefined, tree: Hash | undefined) => TreeEntry;
  /** Of an object with several names. */
  readonly identity?: string;
  readonly children?: readonly Node[];
}

interface Place {
  readonly dir: Dir;
  readonly name: Bytes;
  readonly path: Bytes;
  /** Its name in the listing. */
  readonly shown: Bytes;
}

function createScan(base: Bytes, options: ScanOptions) {
  const { accounts } = options;
  const trees = new Map<Hash, Bytes>();
  const files = new Map<Hash, Source>();
  /** The names of each object that has several. */
  const names = new Map<string, Bytes[]>();
  let objects = 0;
  let length = 0;

  function look(place: Place, stat: ObjectStat): Node {
    const { dir, name, path, shown } = place;
    objects++;
    const common = {
      name: shown,
      mode: stat.mode,
      owner: { id: stat.uid, name: accounts.userById(stat.uid)?.name ?? b`` },
      group: { id: stat.gid, name: accounts.groupById(stat.gid)?.name ?? b`` },
      mtime: options.directoriesOnly === true ? { seconds: 0, nanoseconds: 0 } : stat.mtime,
      attributes: attributes(dir, name),
    };
    const identity =
      stat.type !== 'd' && stat.links > 1 ? `${stat.device} ${stat.inode}` : undefined;
    if (identity !== undefined) {
      names.set(identity, [...(names.get(identity) ?? []), slice(path, base.length)]);
    }
    const shared = { ...(identity !== undefined && { identity }) };
    const linked = (hardLink: Bytes | undefined) => ({
      ...common,
      ...(hardLink !== undefined && { hardLink }),
    });
    switch (stat.type) {
      case 'd':
        return {
          ...shared,
          children: children(place, path),
          entry: (_, tree) => ({ ...common, type: 'd', tree: tree ?? hashOf(b``) }),
        };
      case 'f': {
        const { file, size } = readFile(place, stat);
        length += file.object === undefined ? 0 : (files.get(file.object)?.length ?? 0);
        const content = {
          size,
          ...(file.object !== undefined && { object: file.object }),
          ...(file.data !== undefined && { data: file.data }),
        };
        return { ...shared, entry: (link) => ({ ...linked(link), type: 'f', ...content }) };
      }
      case 'l': {
        const text = readLinkAt(dir, name);
        const target = options.links?.toStore(text) ?? text;
        return { ...shared, entry: (link) => ({ ...linked(link), type: 'l', target }) };
      }
      case 'b':
      case 'c': {
        const { type, major, minor } = stat;
        return { ...shared, entry: (link) => ({ ...linked(link), type, major, minor }) };
      }
      default: {
        const { type } = stat;
        return { ...shared, entry: (link) => ({ ...linked(link), type }) };
      }
    }
  }

  function children({ dir, name }: Place, path: Bytes): Node[] {
    const inside = openDirAt(dir, name);
    try {
      const found: Node[] = [];
      for (const child of listDir(inside).toSorted(compareBytes)) {
        const stat = statAt(inside, child);
        // gone since
        if (stat === undefined) continue;
        if (options.directoriesOnly === true && stat.type !== 'd') continue;
        found.push(
          look({ dir: inside, name: child, path: b`${path}/${child}`, shown: child }, stat),
        );
      }
      return found;
    } finally {
      closeDir(inside);
    }
  }

  function attributes(dir: Dir, name: Bytes): TreeEntry['attributes'] {
    return [...attributesAt(dir, name)]
      .filter(([key]) => isCarried(key, true))
      .toSorted(([one], [other]) => compareBytes(one, other));
  }

  function readFile(place: Place, stat: ObjectStat): { file: KnownFile; size: number } {
    const known = options.known(place.path, stat);
    const { file, stat: now } = known === undefined ? hashed(place) : { file: known, stat };
    if (known === undefined) options.learn(place.path, now, file);
    if (file.object !== undefined && !files.has(file.object)) {
      const data = file.data ?? [[0, now.size] as const];
      files.set(file.object, {
        path: place.path,
        data,
        length: data.reduce((sum, [, each]) => sum + each, 0),
      });
    }
    return { file, size: now.size };
  }

  function finish(top: Node): ScannedTree {
    const text = (node: Node): TreeEntry => {
      const tree = node.children === undefined ? undefined : add(node.children.map(text));
      return node.entry(linkOf(node), tree);
    };
    const root = add([text(top)]);
    return { root, trees, files, objects, bytes: length };
  }

  function add(entries: readonly TreeEntry[]): Hash {
    const text = treeText(entries);
    const hash = hashOf(text);
    trees.set(hash, text);
    return hash;
  }

  /** All names of one object in this tree say the same, and only they. */
  function linkOf({ identity }: Node): Bytes | undefined {
    const all = identity === undefined ? [] : (names.get(identity) ?? []);
    return all.length < 2 ? undefined : (hashOf(all.join('\0') as Bytes).slice(0, 16) as Bytes);
  }

  return { look, finish };
}

/** Reads a file's data and what it is; again when it has changed meanwhile. */
function hashed({ dir, name, path }: Place): { file: KnownFile; stat: ObjectStat } {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fd = openFileAt(dir, name, { quiet: true });
    try {
      const stat = statOf(fd, path);
      const open = { fd, path, device: stat.device };
      const extents = stat.type === 'f' ? [...extentsOf(open, stat.size)] : undefined;
      const digest = createHash('sha256');
      const whole = extents?.every((extent) => update(digest, open, extent));
      const after = statAt(dir, name);
      const still =
        after !== undefined && sameObject(after, stat) && !hasChanged(stat, statOf(fd, path));
      if (extents !== undefined && whole === true && still) {
        return { stat, file: fileOf(digest.digest('hex') as Hash, extents, stat.size) };
      }
    } finally {
      closeSync(fd);
    }
  }
  throw new XhError('E_PUBLISH_CHANGED', `${printable(path)} changes while it is read`, {
    place: { file: path },
    remedy:
      'publish when whoever writes it is done; what changes all the time belongs into logs or spool',
  });
}

function fileOf(hash: Hash, extents: readonly Extent[], size: number): KnownFile {
  const object = extents.length === 0 ? undefined : hash;
  const [first] = extents;
  const whole = size === 0 || (extents.length === 1 && first?.[0] === 0 && first[1] === size);
  return whole ? { object } : { object, data: extents };
}

/** Where a file has data. */
function* extentsOf(file: OpenFile, size: number): Generator<Extent> {
  for (let at = 0; at < size;) {
    const start = nextData(file, at);
    if (start >= size) return;
    const end = Math.min(nextHole(file, start), size);
    yield [start, end - start];
    at = end;
  }
}

/** Whether the file has all of the extent. */
function update(digest: Digest, { fd, path }: OpenFile, [from, length]: Extent): boolean {
  let got = 0;
  for (const piece of piecesOf(fd, path, from, length)) {
    digest.update(piece);
    got += piece.length;
  }
  return got === length;
}

function hasChanged(before: ObjectStat, after: ObjectStat): boolean {
  return (
    before.size !== after.size ||
    before.mtime.seconds !== after.mtime.seconds ||
    before.mtime.nanoseconds !== after.mtime.nanoseconds ||
    before.ctime.seconds !== after.ctime.seconds ||
    before.ctime.nanoseconds !== after.ctime.nanoseconds
  );
}

const ATTEMPTS = 5;

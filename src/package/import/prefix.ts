/** Installed prefixes: directories that `make install`, with DESTDIR or without, has left. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { b, compareBytes, fromBuffer, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { basename, join } from '../../bytes/path.ts';
import { about } from '../../files/error.ts';
import { overLimit } from './findings.ts';
import { changed } from './packed.ts';
import { shapeOf, splitNameVersion } from './shape.ts';
import type {
  FileEntry,
  ImportedSoftware,
  ImportEntry,
  ImportLimits,
  ImportSource,
  OpenOptions,
} from './source.ts';

export const prefix: ImportSource = {
  name: 'prefix',
  title: 'directory with installed software',
  recognises(path) {
    return statSync(toBuffer(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  },
  open: (path, options) => openPrefix(path, options),
};

/** The directory `path` as software, with nothing known of it but its name. */
export function openPrefix(path: Bytes, { limits, origin }: OpenOptions): ImportedSoftware {
  const real = about(path, () => fromBuffer(realpathSync(toBuffer(path), { encoding: 'buffer' })));
  const tree = readDirectory(real, limits);
  const { rooted } = shapeOf(tree.entries);
  return {
    source: prefix.name,
    path,
    ...splitNameVersion(basename(real)),
    dependencies: [],
    provides: [],
    conflicts: [],
    base: b``,
    origin: origin ?? (rooted ? b`/` : real),
    scripts: [],
    conffiles: [],
    triggers: [],
    ...tree,
  };
}

/** The entries of `root`, or only those at and below the paths of `parts`, by their paths from `root`. */
export function readDirectory(
  root: Bytes,
  limits: ImportLimits,
  parts: readonly Bytes[] = [b``],
): Pick<ImportedSoftware, 'entries' | 'read' | 'contents'> {
  const { entries, stamps } = readTree(root, limits, parts);
  return {
    entries,
    read: (entry) => Buffer.concat([...readFile(root, entry, stamps)]),
    *contents() {
      for (const entry of entries) {
        if (entry.type === 'file') yield { entry, pieces: readFile(root, entry, stamps) };
      }
    },
  };
}

interface Tree {
  readonly entries: readonly ImportEntry[];
  /** What changes when a file changes, of every file. */
  readonly stamps: ReadonlyMap<FileEntry, string>;
}

function readTree(root: Bytes, limits: ImportLimits, parts: readonly Bytes[]): Tree {
  const entries: ImportEntry[] = [];
  const stamps = new Map<FileEntry, string>();
  const seen = new Map<string, Bytes>();
  let bytesFound = 0;
  const pending: Bytes[] = [...parts].toReversed();
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const full = toBuffer(join(root, path));
    const stat = about(join(root, path), () => lstatSync(full, { bigint: true }));
    const entry = entryOf(root, path, stat, seen);
    entries.push(entry);
    if (entries.length > limits.maxEntries) {
      throw overLimit(root, `more than ${limits.maxEntries} files`);
    }
    if (entry.type === 'file') {
      stamps.set(entry, stampOf(stat));
      bytesFound += entry.size;
      if (bytesFound > limits.maxBytes) throw overLimit(root, `more than ${limits.maxBytes} bytes`);
    }
    if (entry.type !== 'directory') continue;
    const names = about(
      join(root, path),
      () => readdirSync(full, { encoding: 'latin1' }) as Bytes[],
    );
    // the last one pushed comes first
    for (const name of names.toSorted(compareBytes).toReversed()) pending.push(join(path, name));
  }
  return { entries, stamps };
}

function entryOf(
  root: Bytes,
  path: Bytes,
  stat: BigIntStats,
  seen: Map<string, Bytes>,
): ImportEntry {
  const common = {
    path,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: {
      seconds: Number((stat.mtimeNs - modulo(stat.mtimeNs)) / 1_000_000_000n),
      nanoseconds: Number(modulo(stat.mtimeNs)),
    },
  };
  if (stat.isDirectory()) return { ...common, type: 'directory' };
  if (stat.isSymbolicLink()) {
    const full = join(root, path);
    const target = about(full, () => readlinkSync(toBuffer(full), { encoding: 'buffer' }));
    return { ...common, type: 'link', target: fromBuffer(target) };
  }
  if (stat.isBlockDevice()) return { ...common, type: 'block-device' };
  if (stat.isCharacterDevice()) return { ...common, type: 'character-device' };
  if (stat.isFIFO()) return { ...common, type: 'fifo' };
  if (stat.isSocket()) return { ...common, type: 'socket' };
  const inode = `${stat.dev} ${stat.ino}`;
  const first = stat.nlink > 1n ? seen.get(inode) : undefined;
  if (first !== undefined) return { ...common, type: 'hardlink', target: first };
  seen.set(inode, path);
  return { ...common, type: 'file', size: Number(stat.size) };
}

/** Nanoseconds of a time that may be before 1970. */
function modulo(nanoseconds: bigint): bigint {
  return ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
}

function stampOf(stat: BigIntStats): string {
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
}

const READ_PIECE = 2 ** 18;

function* readFile(
  root: Bytes,
  entry: FileEntry,
  stamps: ReadonlyMap<FileEntry, string>,
): Generator<Buffer> {
  const path = join(root, entry.path);
  const fd = about(path, () =>
    openSync(toBuffer(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  try {
    const check = (): void => {
      if (stampOf(about(path, () => fstatSync(fd, { bigint: true }))) !== stamps.get(entry)) {
        throw changed(path);
      }
    };
    check();
    for (let at = 0; at < entry.size;) {
      const piece = Buffer.allocUnsafe(Math.min(READ_PIECE, entry.size - at));
      const got = about(path, () => readSync(fd, piece, 0, piece.length, at));
      if (got === 0) throw changed(path);
      at += got;
      yield piece.subarray(0, got);
    }
    check();
  } finally {
    closeSync(fd);
  }
}

/**
 * A directory whole: its names, what each of them is, link targets and attributes, read in one go.
 * What every object has stands in one array of integers, so that two listings of a million objects
 * are compared without making a million records.
 */
import { b, isAscii, type Bytes } from '../bytes/bytes.ts';
import { attributesAt, isCarried, type Attributes } from './attributes.ts';
import { listDir, type Dir } from './dir.ts';
import { FileError, about, errnoOf } from './error.ts';
import { AT, SEEK, SystemCallError, calls, cString, errnoName, scanCalls } from './kernel.ts';
import { readLinkAt } from './names.ts';
import {
  STATX_BASIC_STATS,
  modeBits,
  typeOfMode,
  type ObjectStat,
  type ObjectType,
} from './stat.ts';

export interface Listing {
  /** In the order of the file system, without `.` and `..`. */
  readonly names: readonly Bytes[];
  /** {@link STRIDE} integers for each name, at the offsets of {@link ROW}. */
  readonly rows: Int32Array;
  /** Of the links among them, by index. */
  readonly targets: ReadonlyMap<number, Bytes>;
  /** Of those that have any that a copy has too, by index. */
  readonly attributes: ReadonlyMap<number, Attributes>;
  /** Names that are there but could not be looked at. */
  readonly failed: ReadonlyMap<Bytes, FileError>;
}

/** Offsets in a row; 64-bit values take two, the lower half first. */
export const ROW = {
  /** Type and permission bits, as st_mode. */
  mode: 0,
  links: 1,
  uid: 2,
  gid: 3,
  inode: 4,
  size: 6,
  mtime: 8,
  mtimeNanoseconds: 10,
  major: 11,
  minor: 12,
  deviceMajor: 13,
  deviceMinor: 14,
  atime: 15,
  atimeNanoseconds: 17,
  ctime: 18,
  ctimeNanoseconds: 20,
  blocks: 21,
  /** stx_attributes, lower half. */
  flags: 23,
} as const;
export const STRIDE = 24;

export const EMPTY_LISTING: Listing = {
  names: [],
  rows: new Int32Array(0),
  targets: new Map(),
  attributes: new Map(),
  failed: new Map(),
};

export interface ListingOptions {
  /** Whether attributes that only root may set are of interest. */
  readonly privileged: boolean;
  /** The working directory, to come back to. */
  readonly workingDirectory: Dir;
}

/**
 * Reads `dir` whole: first all names, then what they are. What goes meanwhile is left out.
 * @throws FileError when the names cannot be read to the end
 */
export function readListing(dir: Dir, options: ListingOptions): Listing {
  const found = readNames(dir);
  const names: Bytes[] = [];
  const rows = new Int32Array(found.length * STRIDE);
  const targets = new Map<number, Bytes>();
  const failed = new Map<Bytes, FileError>();
  for (const name of found) {
    const index = names.length;
    const errno = readRow(dir, name, rows, index * STRIDE);
    if (errno !== undefined) {
      if (errno !== 'ENOENT') failed.set(name, new FileError(errno, 'statx', at(dir, name)));
      continue;
    }
    if (((rows[index * STRIDE] ?? 0) & S_IFMT) === S_IFLNK) {
      const target = readTarget(dir, name, failed);
      if (target === undefined) continue;
      targets.set(index, target);
    }
    names.push(name);
  }
  const attributes = readAttributes(dir, names, rows, failed, options);
  return { names, rows, targets, attributes, failed };
}

/**
 * The names of a directory and what they are, without what links and attributes say: enough to tell
 * whether anything has changed, since that cannot change unseen by ctime. What cannot be looked at is in
 * `failed`, what goes meanwhile is left out.
 * @throws FileError when the names cannot be read to the end
 */
export function readRows(dir: Dir): Pick<Listing, 'names' | 'rows' | 'failed'> {
  const found = readNames(dir);
  const names: Bytes[] = [];
  const rows = new Int32Array(found.length * STRIDE);
  const failed = new Map<Bytes, FileError>();
  for (const name of found) {
    const errno = readRow(dir, name, rows, names.length * STRIDE);
    if (errno === undefined) names.push(name);
    else if (errno !== 'ENOENT') failed.set(name, new FileError(errno, 'statx', at(dir, name)));
  }
  return { names, rows: rows.subarray(0, names.length * STRIDE), failed };
}

/** The type of object `index`. */
export function typeIn(listing: Pick<Listing, 'rows'>, index: number): ObjectType {
  return typeOfMode(listing.rows[index * STRIDE] ?? 0);
}

/** Whether something is mounted on directory `index`, by the kernel's word (Linux 5.8 or later). */
export function isMountIn(listing: Listing, index: number): boolean {
  return ((listing.rows[index * STRIDE + ROW.flags] ?? 0) & STATX_ATTR_MOUNT_ROOT) !== 0;
}

/** All that is known of object `index`. */
export function statIn(listing: Listing, index: number): ObjectStat {
  const { rows } = listing;
  const start = index * STRIDE;
  const unsigned = (offset: number): number => (rows[start + offset] ?? 0) >>> 0;
  const wide = (offset: number): number =>
    unsigned(offset) + (rows[start + offset + 1] ?? 0) * 2 ** 32;
  const mode = rows[start] ?? 0;
  return {
    type: typeOfMode(mode),
    mode: mode & 0o7777,
    links: unsigned(ROW.links),
    uid: unsigned(ROW.uid),
    gid: unsigned(ROW.gid),
    inode: BigInt(unsigned(ROW.inode)) | (BigInt(unsigned(ROW.inode + 1)) << 32n),
    size: wide(ROW.size),
    blocks: wide(ROW.blocks),
    device: (BigInt(unsigned(ROW.deviceMajor)) << 32n) | BigInt(unsigned(ROW.deviceMinor)),
    major: unsigned(ROW.major),
    minor: unsigned(ROW.minor),
    mtime: { seconds: wide(ROW.mtime), nanoseconds: unsigned(ROW.mtimeNanoseconds) },
    atime: { seconds: wide(ROW.atime), nanoseconds: unsigned(ROW.atimeNanoseconds) },
    ctime: { seconds: wide(ROW.ctime), nanoseconds: unsigned(ROW.ctimeNanoseconds) },
  };
}

/** Writes `stat` as the row of object `index`: {@link statIn} backwards. */
export function setRow(rows: Int32Array, index: number, stat: ObjectStat): void {
  const start = index * STRIDE;
  const wide = (offset: number, value: bigint | number): void => {
    const bits = BigInt.asUintN(64, BigInt(value));
    rows[start + offset] = Number(bits & 0xffff_ffffn);
    rows[start + offset + 1] = Number(bits >> 32n);
  };
  rows[start] = modeBits(stat.type) | stat.mode;
  rows[start + ROW.links] = stat.links;
  rows[start + ROW.uid] = stat.uid;
  rows[start + ROW.gid] = stat.gid;
  wide(ROW.inode, stat.inode);
  wide(ROW.size, stat.size);
  wide(ROW.blocks, stat.blocks);
  rows[start + ROW.deviceMajor] = Number(stat.device >> 32n);
  rows[start + ROW.deviceMinor] = Number(stat.device & 0xffff_ffffn);
  rows[start + ROW.major] = stat.major;
  rows[start + ROW.minor] = stat.minor;
  wide(ROW.mtime, stat.mtime.seconds);
  rows[start + ROW.mtimeNanoseconds] = stat.mtime.nanoseconds;
  wide(ROW.atime, stat.atime.seconds);
  rows[start + ROW.atimeNanoseconds] = stat.atime.nanoseconds;
  wide(ROW.ctime, stat.ctime.seconds);
  rows[start + ROW.ctimeNanoseconds] = stat.ctime.nanoseconds;
}

const STATX_ATTR_MOUNT_ROOT = 0x2000;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

const entries = Buffer.allocUnsafe(1 << 16);

/** By the handle itself: reading it by a name would count as an access to the directory. */
function readNames(dir: Dir): Bytes[] {
  const names: Bytes[] = [];
  try {
    calls.lseek(dir.fd, 0, SEEK.set);
    for (;;) {
      const length = calls.getdents64(dir.fd, entries, entries.length);
      if (length === 0) return names;
      // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name, NUL
      for (let start = 0; start < length;) {
        const end = entries.indexOf(0, start + 19);
        const name = entries.toString('latin1', start + 19, end) as Bytes;
        if (name !== '.' && name !== '..') names.push(name);
        start += entries.readUInt16LE(start + 16);
      }
    }
  } catch (error) {
    if (!(error instanceof SystemCallError)) return listDir(dir); // a C library without it
    // opened for passing through only, since it may not be read
    const errno = error.errno === 'EBADF' ? 'EACCES' : error.errno;
    throw new FileError(errno, 'getdents64', dir.path, error);
  }
}

const buffer = Buffer.from(new ArrayBuffer(256));
const words = new Int32Array(buffer.buffer);

/** @returns the errno when it cannot be read */
function readRow(dir: Dir, name: Bytes, rows: Int32Array, start: number): string | undefined {
  if (isAscii(name)) {
    const { statx } = scanCalls();
    if (statx(dir.fd, name, AT.symlinkNofollow, STATX_BASIC_STATS, buffer) < 0) return errnoName();
  } else {
    try {
      calls.statx(dir.fd, cString(name), AT.symlinkNofollow, STATX_BASIC_STATS, buffer);
    } catch (error) {
      return errnoOf(error) ?? 'EIO';
    }
  }
  // struct statx of linux/stat.h, little-endian, in 32-bit words
  rows[start] = (words[7] ?? 0) & 0xffff;
  rows[start + 1] = words[4] ?? 0;
  rows[start + 2] = words[5] ?? 0;
  rows[start + 3] = words[6] ?? 0;
  rows[start + 4] = words[8] ?? 0;
  rows[start + 5] = words[9] ?? 0;
  rows[start + 6] = words[10] ?? 0;
  rows[start + 7] = words[11] ?? 0;
  rows[start + 8] = words[28] ?? 0;
  rows[start + 9] = words[29] ?? 0;
  rows[start + 10] = words[30] ?? 0;
  rows[start + 11] = words[32] ?? 0;
  rows[start + 12] = words[33] ?? 0;
  rows[start + 13] = words[34] ?? 0;
  rows[start + 14] = words[35] ?? 0;
  rows[start + 15] = words[16] ?? 0;
  rows[start + 16] = words[17] ?? 0;
  rows[start + 17] = words[18] ?? 0;
  rows[start + 18] = words[24] ?? 0;
  rows[start + 19] = words[25] ?? 0;
  rows[start + 20] = words[26] ?? 0;
  rows[start + 21] = words[12] ?? 0;
  rows[start + 22] = words[13] ?? 0;
  rows[start + 23] = words[2] ?? 0;
  return undefined;
}

function readTarget(dir: Dir, name: Bytes, failed: Map<Bytes, FileError>): Bytes | undefined {
  try {
    return readLinkAt(dir, name);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.errno !== 'ENOENT') failed.set(name, error);
    return undefined;
  }
}

/**
 * The attributes of all objects. There is no llistxattr relative to a directory before Linux 6.13,
 * and by /proc/self/fd it takes four times as long: so `dir` is the working directory meanwhile.
 */
function readAttributes(
  dir: Dir,
  names: readonly Bytes[],
  rows: Int32Array,
  failed: Map<Bytes, FileError>,
  { privileged, workingDirectory }: ListingOptions,
): ReadonlyMap<number, Attributes> {
  const found = new Map<number, Attributes>();
  if (names.length === 0) return found;
  about(dir.path, () => calls.fchdir(dir.fd));
  try {
    for (const [index, name] of names.entries()) {
      const type = (rows[index * STRIDE] ?? 0) & S_IFMT;
      // users' attributes and access lists are for files and directories only
      if (!privileged && type !== S_IFREG && type !== S_IFDIR) continue;
      const length = listAttributes(name);
      if (length === 0) continue;
      if (length < 0) {
        const errno = errnoName();
        if (!WITHOUT.has(errno))
          failed.set(name, new FileError(errno, 'llistxattr', at(dir, name)));
        continue;
      }
      try {
        const attributes = attributesAt(dir, name);
        const carried = [...attributes].filter(([key]) => isCarried(key, privileged));
        if (carried.length > 0) found.set(index, new Map(carried));
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        if (!WITHOUT.has(error.errno)) failed.set(name, error);
      }
    }
  } finally {
    calls.fchdir(workingDirectory.fd);
  }
  return found;
}

/** The length of the list of attribute names of `name` in the working directory; -1 with an errno. */
function listAttributes(name: Bytes): number {
  if (isAscii(name)) return scanCalls().llistxattr(name, NO_BUFFER, 0);
  try {
    return calls.llistxattr(cString(name), NO_BUFFER, 0);
  } catch {
    return -1;
  }
}

function at(dir: Dir, name: Bytes): Bytes {
  return b`${dir.path}/${name}`;
}

const NO_BUFFER = Buffer.alloc(1);
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
/** Gone meanwhile, or on a file system that has no attributes. */
const WITHOUT: ReadonlySet<string> = new Set(['ENOENT', 'EOPNOTSUPP', 'ENOSYS']);

/** What an object is: type, owner, size, nanosecond times, by statx(2), below an open directory. */
import { b, isAscii, type Bytes } from '../bytes/bytes.ts';
import { about } from './error.ts';
import { AT, SystemCallError, calls, cString, errnoName, scanCalls } from './kernel.ts';
import type { Dir } from './dir.ts';

/** The letters of find(1): file, directory, link, pipe, socket, block and character device. */
export type ObjectType = 'f' | 'd' | 'l' | 'p' | 's' | 'b' | 'c';

/** Seconds since the epoch (may be negative) and nanoseconds 0–999,999,999. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface ObjectStat {
  readonly type: ObjectType;
  /** Permission bits with set-id and sticky, 0–07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Bytes. */
  readonly size: number;
  /** Allocated 512-byte blocks. */
  readonly blocks: number;
  readonly inode: bigint;
  /** Device number of the file system, major in the upper 32 bits. */
  readonly device: bigint;
  /** Major and minor of a device file. */
  readonly major: number;
  readonly minor: number;
  readonly mtime: Time;
  readonly atime: Time;
  readonly ctime: Time;
}

export const STATX_BASIC_STATS = 0x7ff;
const out = Buffer.alloc(256);

/** The object `name` in `dir` itself (a link is not followed), or undefined when there is none. */
export function statAt(dir: Dir, name: Bytes): ObjectStat | undefined {
  try {
    // what is asked for is often not there: no exception is made of that, where it can be avoided
    if (isAscii(name)) {
      const { statx } = scanCalls();
      const result = statx(dir.fd, name, AT.symlinkNofollow, STATX_BASIC_STATS, out);
      if (result >= 0) return decode(out);
      const errno = errnoName();
      if (ABSENT.has(errno)) return undefined;
      throw new SystemCallError('statx', errno);
    }
    calls.statx(dir.fd, cString(name), AT.symlinkNofollow, STATX_BASIC_STATS, out);
  } catch (error) {
    if (error instanceof SystemCallError && ABSENT.has(error.errno)) return undefined;
    return about(b`${dir.path}/${name}`, () => {
      throw error;
    });
  }
  return decode(out);
}

/** The object that `fd` has open; `path` for messages. */
export function statOf(fd: number, path: Bytes): ObjectStat {
  about(path, () => calls.statx(fd, cString(b``), AT.emptyPath, STATX_BASIC_STATS, out));
  return decode(out);
}

/** Whether two stats are of one object. */
export function sameObject(one: ObjectStat, other: ObjectStat): boolean {
  return one.inode === other.inode && one.device === other.device;
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** The type that the upper bits of an st_mode say. */
export function typeOfMode(mode: number): ObjectType {
  return TYPES[mode >> 12] ?? 'f';
}

/** The upper bits of an st_mode that say this. */
export function modeBits(type: ObjectType): number {
  return MODE_OF_TYPE[type];
}

/** struct statx of linux/stat.h. */
function decode(buffer: Buffer): ObjectStat {
  const mode = buffer.readUInt16LE(28);
  return {
    type: typeOfMode(mode),
    mode: mode & 0o7777,
    links: buffer.readUInt32LE(16),
    uid: buffer.readUInt32LE(20),
    gid: buffer.readUInt32LE(24),
    inode: buffer.readBigUInt64LE(32),
    size: Number(buffer.readBigUInt64LE(40)),
    blocks: Number(buffer.readBigUInt64LE(48)),
    device: (BigInt(buffer.readUInt32LE(136)) << 32n) | BigInt(buffer.readUInt32LE(140)),
    major: buffer.readUInt32LE(128),
    minor: buffer.readUInt32LE(132),
    atime: timeAt(buffer, 64),
    ctime: timeAt(buffer, 96),
    mtime: timeAt(buffer, 112),
  };
}

function timeAt(buffer: Buffer, offset: number): Time {
  return {
    seconds: Number(buffer.readBigInt64LE(offset)),
    nanoseconds: buffer.readUInt32LE(offset + 8),
  };
}

/** S_IFMT >> 12. */
const TYPES: Readonly<Record<number, ObjectType>> = {
  0x1: 'p',
  0x2: 'c',
  0x4: 'd',
  0x6: 'b',
  0x8: 'f',
  0xa: 'l',
  0xc: 's',
};
const MODE_OF_TYPE: Readonly<Record<ObjectType, number>> = {
  p: 0o010000,
  c: 0o020000,
  d: 0o040000,
  b: 0o060000,
  f: 0o100000,
  l: 0o120000,
  s: 0o140000,
};

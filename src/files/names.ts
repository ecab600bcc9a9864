/** Making, replacing and removing one name in an open directory. Links are never followed. */
import { b, fromBuffer, type Bytes } from '../bytes/bytes.ts';
import { about, errnoOf } from './error.ts';
import { AT, O, RENAME, SystemCallError, calls, cString } from './kernel.ts';
import { closeDir, listDir, openDirAt, quietly, type Dir } from './dir.ts';
import { statAt, type Time } from './stat.ts';

function pathOf(dir: Dir, name: Bytes): Bytes {
  return b`${dir.path === '/' ? b`` : dir.path}/${name}`;
}

/** Makes a directory with exactly this mode, at once. @throws FileError EEXIST when the name is taken */
export function makeDirAt(dir: Dir, name: Bytes, mode: number): void {
  about(pathOf(dir, name), () => {
    // whoever is killed between making it and opening it to others would leave it closed for ever
    const umask = calls.umask(0);
    try {
      calls.mkdirat(dir.fd, cString(name), mode);
    } finally {
      calls.umask(umask);
    }
    // set-id bits are dropped, or inherited
    const made = statAt(dir, name);
    if (made?.mode !== mode) calls.fchmodat(dir.fd, cString(name), mode, AT.symlinkNofollow);
  });
}

/** Removes an empty directory. */
export function removeDirAt(dir: Dir, name: Bytes): void {
  about(pathOf(dir, name), () => calls.unlinkat(dir.fd, cString(name), AT.removeDir));
}

/** Removes a name that is no directory. */
export function unlinkAt(dir: Dir, name: Bytes): void {
  about(pathOf(dir, name), () => calls.unlinkat(dir.fd, cString(name), 0));
}

/** Removes whatever no-directory is there; absent is as good. */
export function unlinkIfPresent(dir: Dir, name: Bytes): void {
  try {
    unlinkAt(dir, name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** A symbolic link under a name that must be free. */
export function symlinkAt(dir: Dir, name: Bytes, target: Bytes): void {
  about(pathOf(dir, name), () => calls.symlinkat(cString(target), dir.fd, cString(name)));
}

/** The target of link `name`. @throws FileError EINVAL when it is none */
export function readLinkAt(dir: Dir, name: Bytes): Bytes {
  let size = 256;
  for (;;) {
    const buffer = Buffer.alloc(size);
    const length = about(pathOf(dir, name), () =>
      calls.readlinkat(dir.fd, cString(name), buffer, size),
    );
    if (length < size) return fromBuffer(buffer.subarray(0, length));
    size *= 4;
  }
}

/** A second name for an object that is no directory; a link gets the second name itself. */
export function hardLinkAt(fromDir: Dir, from: Bytes, toDir: Dir, to: Bytes): void {
  about(pathOf(toDir, to), () => calls.linkat(fromDir.fd, cString(from), toDir.fd, cString(to), 0));
}

/** Renames, replacing what is there in one step. */
export function renameAt(fromDir: Dir, from: Bytes, toDir: Dir, to: Bytes): void {
  about(pathOf(toDir, to), () =>
    calls.renameat2(fromDir.fd, cString(from), toDir.fd, cString(to), 0),
  );
}

/** Renames to a name that must be free. @throws FileError EEXIST when it is not */
export function renameToFreeAt(fromDir: Dir, from: Bytes, toDir: Dir, to: Bytes): void {
  about(pathOf(toDir, to), () => {
    try {
      calls.renameat2(fromDir.fd, cString(from), toDir.fd, cString(to), RENAME.noReplace);
    } catch (error) {
      if (!NO_FLAGS.has(errnoOf(error) ?? '')) throw error;
      // no such flag on this file system (NFS): linkat refuses a taken name just as well
      if (statAt(fromDir, from)?.type === 'd') {
        if (statAt(toDir, to) !== undefined) {
          throw new SystemCallError('renameat2', 'EEXIST', { cause: error });
        }
        calls.renameat2(fromDir.fd, cString(from), toDir.fd, cString(to), 0);
      } else {
        calls.linkat(fromDir.fd, cString(from), toDir.fd, cString(to), 0);
        calls.unlinkat(fromDir.fd, cString(from), 0);
      }
    }
  });
}

/**
 * Exchanges two names of one directory in one step, so that neither is ever absent.
 * @returns false where the file system cannot (NFS): nothing has been done then
 */
export function exchangeAt(dir: Dir, one: Bytes, other: Bytes): boolean {
  try {
    calls.renameat2(dir.fd, cString(one), dir.fd, cString(other), RENAME.exchange);
    return true;
  } catch (error) {
    if (NO_FLAGS.has(errnoOf(error) ?? '')) return false;
    return about(pathOf(dir, other), () => {
      throw error;
    });
  }
}

/** A FIFO, socket or device; `mode` carries the type bits too (S_IFIFO …). */
export function makeNodeAt(dir: Dir, name: Bytes, mode: number, major = 0, minor = 0): void {
  const device =
    (BigInt(major & 0xfffff000) << 32n) |
    (BigInt(major & 0xfff) << 8n) |
    (BigInt(minor & 0xffffff00) << 12n) |
    BigInt(minor & 0xff);
  about(pathOf(dir, name), () => calls.mknodat(dir.fd, cString(name), mode, device));
}

/** Owner and group; -1 leaves one as it is. Clears set-id bits: set the mode afterwards. */
export function chownAt(dir: Dir, name: Bytes, uid: number, gid: number): void {
  about(pathOf(dir, name), () =>
    calls.fchownat(dir.fd, cString(name), uid >>> 0, gid >>> 0, AT.symlinkNofollow),
  );
}

/** Permission bits, set-id and sticky among them; not for links, which have none. */
export function chmodAt(dir: Dir, name: Bytes, mode: number): void {
  about(pathOf(dir, name), () => calls.fchmodat(dir.fd, cString(name), mode, AT.symlinkNofollow));
}

/** Times to the nanosecond; undefined leaves one as it is. */
export function setTimesAt(
  dir: Dir,
  name: Bytes,
  times: { readonly atime?: Time; readonly mtime?: Time },
): void {
  const packed = packTimes(times);
  about(pathOf(dir, name), () =>
    calls.utimensat(dir.fd, cString(name), packed, AT.symlinkNofollow),
  );
}

/** Times of an open file. */
export function setTimesOf(
  fd: number,
  path: Bytes,
  times: { readonly atime?: Time; readonly mtime?: Time },
): void {
  const packed = packTimes(times);
  about(path, () => calls.futimens(fd, packed));
}

/** Removes `name` with all below it; entered by handles, links not followed. Absent is as good. */
export function removeTreeAt(dir: Dir, name: Bytes): void {
  const found = statAt(dir, name);
  if (found === undefined) return;
  if (found.type !== 'd') {
    unlinkIfPresent(dir, name);
    return;
  }
  if ((found.mode & 0o700) !== 0o700 && process.geteuid?.() !== 0) chmodAt(dir, name, 0o700);
  const below = openDirAt(dir, name);
  try {
    for (const child of listDir(below)) removeTreeAt(below, child);
  } finally {
    closeDir(below);
  }
  removeDirAt(dir, name);
}

const UTIME_OMIT = 0x3ffffffe;

/** struct timespec[2] of utimensat(2): access time, modification time. */
export function packTimes(times: { readonly atime?: Time; readonly mtime?: Time }): Buffer {
  const packed = Buffer.alloc(32);
  for (const [offset, time] of [
    [0, times.atime],
    [16, times.mtime],
  ] as const) {
    packed.writeBigInt64LE(BigInt(time?.seconds ?? 0), offset);
    packed.writeBigInt64LE(BigInt(time?.nanoseconds ?? UTIME_OMIT), offset + 8);
  }
  return packed;
}

const NO_FLAGS: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'EOPNOTSUPP']);

/** Opens a file that must not exist yet, for writing. */
export function createAt(dir: Dir, name: Bytes, mode: number): number {
  return about(pathOf(dir, name), () =>
    calls.openat(dir.fd, cString(name), O.wronly | O.creat | O.excl | O.nofollow | O.cloexec, mode),
  );
}

/**
 * Opens an existing file for reading, or `write`; a link in its place is an error; never blocks on a
 * FIFO. `quiet`: reading it is not to count as an access, where we may have that.
 */
export function openFileAt(
  dir: Dir,
  name: Bytes,
  { quiet = false, write = false }: { readonly quiet?: boolean; readonly write?: boolean } = {},
): number {
  const flags = (write ? O.wronly : O.rdonly) | O.nofollow | O.nonblock | O.cloexec;
  const open = (more: number): number => calls.openat(dir.fd, cString(name), flags | more, 0);
  return about(pathOf(dir, name), () =>
    quiet
      ? quietly(
          () => open(O.noatime),
          () => open(0),
        )
      : open(0),
  );
}

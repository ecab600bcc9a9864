/**
 * Directories held open. Whatever is done to a name is done relative to such a handle, so that a
 * link planted anywhere on the way after it was opened leads nowhere.
 */
import { closeSync, fsyncSync, readdirSync } from 'node:fs';
import { b, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { about, errnoOf } from './error.ts';
import { AT_FDCWD, O, calls, cString } from './kernel.ts';

export interface Dir {
  readonly fd: number;
  /** How it was reached: for messages only. */
  readonly path: Bytes;
}

const OPEN_DIRECTORY = O.rdonly | O.directory | O.cloexec;

/** Opens `path` by its whole name, links followed: for roots, which the operator named. @throws FileError */
export function openDir(path: Bytes): Dir {
  const fd = about(path, () => calls.openat(AT_FDCWD, cString(path), OPEN_DIRECTORY, 0));
  return { fd, path };
}

/**
 * Opens directory `name` in `parent`; a link in its place is an error. `quiet`: reading it is not to
 * count as an access, where we may have that. @throws FileError
 */
export function openDirAt(
  parent: Dir,
  name: Bytes,
  { quiet = false }: { readonly quiet?: boolean } = {},
): Dir {
  const path = b`${parent.path === '/' ? b`` : parent.path}/${name}`;
  const open = (flags: number): number =>
    calls.openat(parent.fd, cString(name), flags | O.nofollow, 0);
  const fd = about(path, () => {
    try {
      return quiet
        ? quietly(
            () => open(OPEN_DIRECTORY | O.noatime),
            () => open(OPEN_DIRECTORY),
          )
        : open(OPEN_DIRECTORY);
    } catch (error) {
      // one may pass through a directory that one may not read
      if (errnoOf(error) === 'EACCES') return open(O.path | O.directory | O.cloexec);
      throw error;
    }
  });
  return { fd, path };
}

/** O_NOATIME is for the owner and root: others do `otherwise`. */
export function quietly(open: () => number, otherwise: () => number): number {
  try {
    return open();
  } catch (error) {
    if (errnoOf(error) === 'EPERM') return otherwise();
    throw error;
  }
}

export function closeDir(dir: Dir): void {
  closeSync(dir.fd);
}

/** Runs `work` with `dir` and closes it afterwards, whatever happens. */
export function withDir<T>(dir: Dir, work: (dir: Dir) => T): T {
  try {
    return work(dir);
  } finally {
    closeDir(dir);
  }
}

/** The names in `dir`, in no particular order, without `.` and `..`. @throws FileError */
export function listDir(dir: Dir): Bytes[] {
  // /proc/self/fd/N is the open directory itself, not its name
  const handle = toBuffer(b`/proc/self/fd/${dir.fd}`);
  return about(dir.path, () => readdirSync(handle, { encoding: 'latin1' })) as Bytes[];
}

/** Makes the names in `dir` durable. */
export function syncDir(dir: Dir): void {
  try {
    about(dir.path, () => fsyncSync(dir.fd));
  } catch (error) {
    // some network file systems cannot sync a directory: their server does
    if (!CANNOT_SYNC.has(errnoOf(error) ?? '')) throw error;
  }
}

/** Makes everything of the file system durable that `dir` is on. */
export function syncAll(dir: Dir): void {
  about(dir.path, () => calls.syncfs(dir.fd));
}

const CANNOT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'EBADF', 'EOPNOTSUPP']);

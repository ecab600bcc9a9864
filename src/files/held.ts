/**
 * One object held open by its path only (O_PATH): whatever is done to it is done to this very object,
 * even when somebody renames it, or puts another in its place, meanwhile.
 */
import { chmodSync, closeSync, fchmodSync } from 'node:fs';
import { b, type Bytes } from '../bytes/bytes.ts';
import type { Dir } from './dir.ts';
import { about } from './error.ts';
import { AT, AT_FDCWD, O, calls, cString } from './kernel.ts';
import { packTimes } from './names.ts';
import { statOf, type ObjectStat, type Time } from './stat.ts';

export interface Held {
  readonly fd: number;
  readonly path: Bytes;
  /** Open for more than its path: then some things are quicker. */
  readonly isOpen?: boolean;
}

/** Holds the object `name` in `dir` itself, a link too. To be released. @throws FileError */
export function holdAt(dir: Dir, name: Bytes): Held {
  const path = b`${dir.path}/${name}`;
  const fd = about(path, () =>
    calls.openat(dir.fd, cString(name), O.path | O.nofollow | O.cloexec, 0),
  );
  return { fd, path };
}

export function release(held: Held): void {
  closeSync(held.fd);
}

/** Holds `name`, runs `work` with it and what it is, and releases it whatever happens. */
export function withHeld<T>(dir: Dir, name: Bytes, work: (held: Held, stat: ObjectStat) => T): T {
  const held = holdAt(dir, name);
  try {
    return work(held, statOf(held.fd, held.path));
  } finally {
    release(held);
  }
}

/** Owner and group; -1 leaves one as it is. Clears set-id bits and capabilities. */
export function chownHeld(held: Held, uid: number, gid: number): void {
  about(held.path, () =>
    calls.fchownat(held.fd, EMPTY, uid >>> 0, gid >>> 0, AT.emptyPath | AT.symlinkNofollow),
  );
}

/** Permission bits, set-id and sticky among them; not for links, which have none. */
export function chmodHeld(held: Held, mode: number): void {
  about(held.path, () => {
    if (held.isOpen === true) fchmodSync(held.fd, mode);
    // fchmod(2) does not take O_PATH handles; their /proc names lead to the very object
    else chmodSync(`/proc/self/fd/${held.fd}`, mode);
  });
}

/** Times to the nanosecond; undefined leaves one as it is. */
export function setTimesHeld(
  held: Held,
  times: { readonly atime?: Time; readonly mtime?: Time },
): void {
  const packed = packTimes(times);
  about(held.path, () =>
    calls.utimensat(held.fd, EMPTY, packed, AT.emptyPath | AT.symlinkNofollow),
  );
}

/** A second name for the object that is held. @throws FileError */
export function linkHeld(held: Held, dir: Dir, name: Bytes): void {
  const path = cString(b`/proc/self/fd/${held.fd}`);
  about(b`${dir.path}/${name}`, () =>
    calls.linkat(AT_FDCWD, path, dir.fd, cString(name), AT.symlinkFollow),
  );
}

const EMPTY = cString(b``);

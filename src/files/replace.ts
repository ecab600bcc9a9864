/**
 * A file that is written piece by piece and takes its name only when it is whole: until then the
 * name is what it was, whatever happens.
 */
import { closeSync, fchmodSync, fchownSync } from 'node:fs';
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { sha256, syncFile, writeAll } from './content.ts';
import { syncDir, type Dir } from './dir.ts';
import { about, errnoOf } from './error.ts';
import { LOCK, calls } from './kernel.ts';
import { createAt, openFileAt, renameAt, unlinkIfPresent } from './names.ts';
import { sameObject, statAt, statOf } from './stat.ts';

export interface Replacement {
  /** @throws FileError */
  write(content: Uint8Array): void;
  /** Makes it durable and gives it its name. @throws FileError */
  commit(): void;
  /** Leaves nothing behind; harmless after a commit. */
  abandon(): void;
}

/**
 * Begins the file `name` in `dir`. One that was there keeps its mode and owner; a new one gets `mode`.
 * What a killed process has left of it is removed.
 * @throws FileError; XhError E_LOCKED (exit 3) when another process is writing it
 */
export function replaceFileAt(dir: Dir, name: Bytes, mode: number): Replacement {
  const temporary = temporaryFor(name);
  const path = b`${dir.path}/${temporary}`;
  const old = statAt(dir, name);
  const fd = create(dir, name, temporary);
  let isOpen = true;
  let end = 0;

  function close(): void {
    if (isOpen) closeSync(fd);
    isOpen = false;
  }

  function abandon(): void {
    if (!isOpen) return;
    unlinkIfPresent(dir, temporary);
    close();
  }

  try {
    about(path, () => {
      if (old !== undefined && process.geteuid?.() === 0) fchownSync(fd, old.uid, old.gid);
      fchmodSync(fd, (old?.mode ?? mode) & 0o777);
    });
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    abandon,
    write(content) {
      writeAll(fd, path, content, end);
      end += content.length;
    },
    commit() {
      syncFile(fd, path);
      const found = statAt(dir, temporary);
      if (found === undefined || !sameObject(found, statOf(fd, path))) throw taken(dir, name);
      renameAt(dir, temporary, dir, name);
      close();
      syncDir(dir);
    },
  };
}

/** Always the same for a name, and one that no copy of a tree ever has (src/lfu/names.ts). */
function temporaryFor(name: Bytes): Bytes {
  return b`.lfu-${sha256(name).slice(0, 16) as Bytes}`;
}

/** Whoever writes the file has it locked. */
function create(dir: Dir, name: Bytes, temporary: Bytes): number {
  let fd: number;
  try {
    fd = createAt(dir, temporary, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const left = openFileAt(dir, temporary);
    try {
      if (!lock(left)) throw taken(dir, name);
      unlinkIfPresent(dir, temporary);
    } finally {
      closeSync(left);
    }
    fd = createAt(dir, temporary, 0o600);
  }
  lock(fd);
  return fd;
}

/** @returns false when somebody else has it */
function lock(fd: number): boolean {
  try {
    calls.flock(fd, LOCK.exclusive | LOCK.nonBlocking);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'EAGAIN';
  }
}

function taken(dir: Dir, name: Bytes): XhError {
  const path = b`${dir.path}/${name}`;
  return new XhError('E_LOCKED', `another process is writing ${printable(path)}`, {
    exit: EXIT.refused,
    place: { file: path },
    remedy: 'wait until it has ended',
  });
}

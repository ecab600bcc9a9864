/** Contents of files: whole reads, durable writes of new files, hashes. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { b, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { about } from './error.ts';
import { chmodAt, createAt, openFileAt, renameAt, unlinkIfPresent } from './names.ts';
import { statAt, statOf } from './stat.ts';
import { syncDir, type Dir } from './dir.ts';

/** The whole content of `name`; a link in its place is an error. @throws FileError */
export function readAt(dir: Dir, name: Bytes): Bytes {
  const path = b`${dir.path}/${name}`;
  const fd = openFileAt(dir, name);
  try {
    return fromBuffer(readAll(fd, path));
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 (hex) of a content. */
export function sha256(content: Bytes | Uint8Array): string {
  return createHash('sha256')
    .update(typeof content === 'string' ? toBuffer(content) : content)
    .digest('hex');
}

/** SHA-256 (hex) of the file `name`, read in pieces. @throws FileError */
export function sha256At(dir: Dir, name: Bytes): string {
  const path = b`${dir.path}/${name}`;
  const fd = openFileAt(dir, name);
  try {
    const hash = createHash('sha256');
    const piece = (shared ??= Buffer.allocUnsafe(1 << 18));
    for (;;) {
      const length = about(path, () => readSync(fd, piece, 0, piece.length, null));
      if (length === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}

/** One for all files: getting a new one costs more than a small file. */
let shared: Buffer | undefined;

/**
 * `length` bytes of an open file from `from` on, in pieces that are good until the next one is asked
 * for; fewer when the file ends before. @throws FileError
 */
export function* piecesOf(
  fd: number,
  path: Bytes,
  from: number,
  length: number,
): Generator<Buffer, void> {
  const buffer = Buffer.allocUnsafe(Math.min(length, PIECE));
  for (let done = 0; done < length;) {
    const wanted = Math.min(buffer.length, length - done);
    const at = from + done;
    const got = about(path, () => readSync(fd, buffer, 0, wanted, at));
    if (got === 0) return;
    yield buffer.subarray(0, got);
    done += got;
  }
}

const PIECE = 1 << 18;

/** Writes all of `content` at offset `at`, or where the file stands; a short write is continued. */
export function writeAll(fd: number, path: Bytes, content: Uint8Array, at: number | null): void {
  about(path, () => {
    for (let done = 0; done < content.length;) {
      const position = at === null ? null : at + done;
      done += writeSync(fd, content, done, content.length - done, position);
    }
  });
}

/** Makes an open file so many bytes long: what it lacks is a hole. */
export function setSize(fd: number, path: Bytes, size: number): void {
  about(path, () => {
    ftruncateSync(fd, size);
  });
}

/** Replaces the content of an open file in place: only for what may be half written, as a lock's note. */
export function overwrite(fd: number, path: Bytes, content: Bytes): void {
  about(path, () => {
    ftruncateSync(fd, 0);
    const buffer = toBuffer(content);
    writeSync(fd, buffer, 0, buffer.length, 0);
  });
}

/** Makes an open file's content and metadata durable. */
export function syncFile(fd: number, path: Bytes): void {
  about(path, () => fsyncSync(fd));
}

/**
 * Writes a whole file in one step: beside its name, synced, renamed over it, directory synced. For
 * our own bookkeeping; system files go through the journal.
 */
export function writeFileDurably(
  dir: Dir,
  name: Bytes,
  content: Bytes | Uint8Array,
  mode: number,
): void {
  const path = b`${dir.path}/${name}`;
  const beside = b`.${name}.new`;
  unlinkIfPresent(dir, beside);
  const fd = createAt(dir, beside, mode);
  try {
    try {
      // whatever the umask
      if (statOf(fd, path).mode !== mode) chmodAt(dir, beside, mode);
      writeAll(fd, path, typeof content === 'string' ? toBuffer(content) : content, 0);
      syncFile(fd, path);
    } finally {
      closeSync(fd);
    }
    renameAt(dir, beside, dir, name);
  } catch (error) {
    unlinkIfPresent(dir, beside);
    throw error;
  }
  syncDir(dir);
}

/** Whether a non-directory of that name is there. */
export function existsAt(dir: Dir, name: Bytes): boolean {
  return statAt(dir, name) !== undefined;
}

function readAll(fd: number, path: Bytes): Buffer {
  const size = statOf(fd, path).size;
  let buffer = Buffer.allocUnsafe(Math.max(size, 4096) + 1);
  let length = 0;
  for (;;) {
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(length)]);
    const got = about(path, () => readSync(fd, buffer, length, buffer.length - length, null));
    if (got === 0) return buffer.subarray(0, length);
    length += got;
  }
}

/**
 * The contents of a file into a new one: shared blocks where the file system can, copied within the
 * kernel where it can, holes as the file system reports them. In steps, so that a long copy can be
 * slowed down or given up between two of them.
 */
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import type { Bytes } from '../bytes/bytes.ts';
import { writeAll } from './content.ts';
import { about, errnoOf } from './error.ts';
import { SEEK, calls } from './kernel.ts';

export interface OpenFile {
  readonly fd: number;
  readonly path: Bytes;
  /** Of its file system. */
  readonly device: bigint;
}

export interface CopyOptions {
  /** Write holes out. */
  readonly fill?: boolean;
  /** The most bytes of one step. */
  readonly step?: number;
}

export interface Copier {
  /**
   * Copies the first `size` bytes of `from` to the empty file `to`; after each step yields how many
   * bytes it wrote. False in the end when `from` turned out to be shorter.
   * @throws FileError
   */
  copy(
    from: OpenFile,
    to: OpenFile,
    size: number,
    options?: CopyOptions,
  ): Generator<number, boolean>;
}

/** A copier remembers what the file systems here cannot do, and asks no more. */
export function createCopier(): Copier {
  const cannot = new Set<string>();

  /** What `attempt` returns, or undefined when these two file systems cannot do that. */
  function attempt<T>(what: string, from: OpenFile, to: OpenFile, work: () => T): T | undefined {
    const key = `${what} ${from.device} ${to.device}`;
    if (cannot.has(key)) return undefined;
    try {
      return work();
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (!CANNOT.has(errno)) return about(from.path, () => throwAgain(error));
      if (NEVER.has(errno)) cannot.add(key);
      return undefined;
    }
  }

  function share(from: OpenFile, to: OpenFile): boolean {
    const done = attempt('share', from, to, () => calls.ioctl(to.fd, FICLONE, from.fd));
    return done !== undefined;
  }

  function* copyRange(
    from: OpenFile,
    to: OpenFile,
    start: number,
    end: number,
    { fill = false, step = STEP }: CopyOptions,
  ): Generator<number, boolean> {
    for (let at = start; at < end;) {
      const wanted = Math.min(step, end - at);
      const inKernel =
        fill || wanted < WORTH_A_CALL
          ? undefined
          : attempt('range', from, to, () => kernelCopy(from, to, at, wanted));
      const done = inKernel ?? readAndWrite(from, to, at, Math.min(wanted, piece.length));
      if (done === 0) return false;
      at += done;
      yield done;
    }
    return true;
  }

  return {
    *copy(from, to, size, options = {}) {
      const { fill = false } = options;
      if (size === 0) return true;
      if (!fill && share(from, to)) {
        yield 0;
        // a clone has all of the file, however long it is by now
        return about(to.path, () => fstatSync(to.fd)).size === size;
      }
      let end = 0;
      while (end < size) {
        const start = fill ? end : Math.min(nextData(from, end), size);
        if (start === size) break;
        end = fill ? size : Math.min(nextHole(from, start), size);
        if (!(yield* copyRange(from, to, start, end, options))) return false;
      }
      // the hole at the end
      if (end < size) {
        if (about(from.path, () => fstatSync(from.fd)).size < size) return false;
        about(to.path, () => ftruncateSync(to.fd, size));
      }
      return true;
    },
  };
}

/**
 * Whether two files have the same first `size` bytes; after each step yields how many it has read.
 * What is a hole in both is not read.
 */
export function* sameContents(
  one: OpenFile,
  other: OpenFile,
  size: number,
): Generator<number, boolean> {
  const otherPiece = Buffer.allocUnsafe(piece.length);
  for (let at = 0; at < size;) {
    at = Math.min(nextData(one, at), nextData(other, at));
    if (at >= size) break;
    const wanted = Math.min(piece.length, size - at);
    const first = readWhole(one, piece, wanted, at);
    const second = readWhole(other, otherPiece, wanted, at);
    if (first !== second || first !== wanted) return false;
    if (!piece.subarray(0, wanted).equals(otherPiece.subarray(0, wanted))) return false;
    at += wanted;
    yield wanted;
  }
  return true;
}

/** Where data begins at or after `at`; Infinity when there is none. */
export function nextData(file: OpenFile, at: number): number {
  return seek(file, at, SEEK.data, at);
}

/** Where a hole begins at or after `at`; there is one at the end of every file. */
export function nextHole(file: OpenFile, at: number): number {
  return seek(file, at, SEEK.hole, Infinity);
}

function seek(file: OpenFile, at: number, whence: number, otherwise: number): number {
  try {
    return calls.lseek(file.fd, at, whence);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENXIO') return Infinity;
    // a file system that knows of no holes
    if (errno === 'EINVAL' || errno === 'EOPNOTSUPP') return otherwise;
    return about(file.path, () => throwAgain(error));
  }
}

function kernelCopy(from: OpenFile, to: OpenFile, at: number, length: number): number | undefined {
  fromOffset.writeBigInt64LE(BigInt(at));
  toOffset.writeBigInt64LE(BigInt(at));
  const done = calls.copyFileRange(from.fd, fromOffset, to.fd, toOffset, length, 0);
  // some file systems say 0 where they cannot
  return done === 0 ? undefined : done;
}

function readAndWrite(from: OpenFile, to: OpenFile, at: number, length: number): number {
  const got = about(from.path, () => readSync(from.fd, piece, 0, length, at));
  if (got > 0) writeAll(to.fd, to.path, piece.subarray(0, got), at);
  return got;
}

function readWhole(file: OpenFile, into: Buffer, length: number, at: number): number {
  for (let done = 0; done < length;) {
    const got = about(file.path, () => readSync(file.fd, into, done, length - done, at + done));
    if (got === 0) return done;
    done += got;
  }
  return length;
}

function throwAgain(error: unknown): never {
  throw error;
}

/** _IOW(0x94, 9, int), the same on all but a few old architectures. */
const FICLONE = 0x40049409;
const STEP = 16 << 20;
/** Less than this is copied as quickly by reading and writing. */
const WORTH_A_CALL = 1 << 17;
const piece = Buffer.allocUnsafe(1 << 18);
const fromOffset = Buffer.alloc(8);
const toOffset = Buffer.alloc(8);
/** Not between these two file systems. */
const NEVER: ReadonlySet<string> = new Set(['EXDEV', 'EOPNOTSUPP', 'ENOTTY', 'ENOSYS']);
/** Not this pair of files. */
const CANNOT: ReadonlySet<string> = new Set([...NEVER, 'EINVAL', 'EPERM', 'ETXTBSY']);

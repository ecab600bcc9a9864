/**
 * A part of a file, decompressed: read as a stream, as often as needed. What fits the limit is kept
 * in memory after the first time; what does not is decompressed again, so that no temporary file is
 * ever made and a package may be larger than memory.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { about } from '../../files/error.ts';
import { XhError } from '../../message/error.ts';
import { compressionOf, decompress } from './compression.ts';
import { overLimit } from './findings.ts';
import type { ImportLimits } from './source.ts';

/** `size` bytes from `start` of the file `path`. */
export interface FileRange {
  readonly path: Bytes;
  readonly start: number;
  readonly size: number;
}

export interface Packed {
  /** All decompressed bytes. @throws XhError when damaged, too long, or changed since it was opened */
  chunks(): AsyncGenerator<Buffer>;
  /** `size` bytes from `offset` in pieces, or undefined unless all was read once and is in memory. */
  kept(offset: number, size: number): readonly Buffer[] | undefined;
}

export function openPacked(range: FileRange, limits: ImportLimits): Packed {
  const { path } = range;
  const stamp = stampOf(path);
  const compression = compressionOf(readStart(range));
  let memory:
    { readonly chunks: readonly Buffer[]; readonly starts: readonly number[] } | undefined;

  async function* unpack(): AsyncGenerator<Buffer> {
    let keeping: Buffer[] | undefined = memory === undefined ? [] : undefined;
    const starts: number[] = [];
    let length = 0;
    for await (const chunk of decompress(readRange(range, stamp), compression, path)) {
      starts.push(length);
      length += chunk.length;
      if (length > limits.maxBytes) {
        throw overLimit(path, `more than ${limits.maxBytes} bytes when decompressed`);
      }
      if (length > limits.keepBytes) keeping = undefined;
      keeping?.push(chunk);
      yield chunk;
    }
    if (keeping !== undefined) memory = { chunks: keeping, starts };
  }

  return {
    async *chunks() {
      if (memory === undefined) yield* unpack();
      else yield* memory.chunks;
    },
    kept(offset, size) {
      if (memory === undefined) return undefined;
      const { chunks, starts } = memory;
      const pieces: Buffer[] = [];
      let at = offset;
      for (let i = lastNotAbove(starts, offset); i < chunks.length && at < offset + size; i++) {
        const from = at - (starts[i] ?? 0);
        const piece = (chunks[i] ?? Buffer.alloc(0)).subarray(from, from + offset + size - at);
        pieces.push(piece);
        at += piece.length;
      }
      return pieces;
    },
  };
}

/** The first bytes of `range`, for telling what it is; fewer when it is shorter. @throws FileError */
export function readStart(range: FileRange, count = 16): Buffer {
  return about(range.path, () => {
    // a pipe in its place must not make us wait
    const fd = openSync(toBuffer(range.path), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(Math.min(count, range.size));
      return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, range.start));
    } finally {
      closeSync(fd);
    }
  });
}

/** What changes when a file changes. */
function stampOf(path: Bytes): string {
  return about(path, () => {
    const fd = openSync(toBuffer(path), 'r');
    try {
      return stampText(fstatSync(fd, { bigint: true }));
    } finally {
      closeSync(fd);
    }
  });
}

function stampText(stat: {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}): string {
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
}

const READ_PIECE = 2 ** 18;

/** The bytes of `range`, provided that the file is before and after what `stamp` says. */
async function* readRange(range: FileRange, stamp: string): AsyncGenerator<Buffer> {
  const { path, start, size } = range;
  const file = await open(toBuffer(path), 'r');
  try {
    const check = async (): Promise<void> => {
      if (stampText(await file.stat({ bigint: true })) !== stamp) throw changed(path);
    };
    await check();
    for (let at = start; at < start + size;) {
      const piece = Buffer.allocUnsafe(Math.min(READ_PIECE, start + size - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw changed(path);
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
    await check();
  } finally {
    await file.close();
  }
}

/** The error for a source that is not what it was when it was opened. */
export function changed(path: Bytes): XhError {
  return new XhError('E_IMPORT_CHANGED', `${printable(path)} has changed while it was read`, {
    place: { file: path },
    remedy: 'run the command again when nobody writes to it',
  });
}

/** Index of the last of the ascending `starts` that is not above `offset`. */
function lastNotAbove(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

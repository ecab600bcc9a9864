/**
 * Reading what may not be there, may not be read, or may be something else: others' files, of which
 * there are many, and where one that cannot be had is one less. A pipe is never waited for.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { compareBytes, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';

export interface Beginning {
  readonly content: Buffer;
  /** Whether that is all of it. */
  readonly whole: boolean;
}

/** The first `length` bytes of the file at `path`, links followed; undefined when it is no file that can be read. */
export function beginningOf(path: Bytes, length: number): Beginning | undefined {
  try {
    const fd = openSync(toBuffer(path), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return undefined;
      const buffer = Buffer.allocUnsafe(Math.min(length, stat.size));
      let got = 0;
      while (got < buffer.length) {
        const more = readSync(fd, buffer, got, buffer.length - got, got);
        if (more === 0) break;
        got += more;
      }
      return { content: buffer.subarray(0, got), whole: stat.size <= length };
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** The names in a directory in byte order; none when it is no directory that can be read. */
export function namesIn(directory: Bytes): Bytes[] {
  try {
    const names = readdirSync(toBuffer(directory), { encoding: 'latin1' }) as Bytes[];
    return names.toSorted(compareBytes);
  } catch {
    return [];
  }
}

/** The path without links, or undefined when it leads nowhere that we may see. */
export function realPathOf(path: Bytes): Bytes | undefined {
  try {
    return fromBuffer(realpathSync(toBuffer(path), { encoding: 'buffer' }));
  } catch {
    return undefined;
  }
}

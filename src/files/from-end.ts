/** A file's lines from its end: what was written last is found in a log of any size at once. */
import { readSync } from 'node:fs';
import { fromBuffer, type Bytes } from '../bytes/bytes.ts';
import { about } from './error.ts';
import { statOf } from './stat.ts';

/** The lines of an open file, the last first, without their ends. @throws FileError */
export function* linesFromEnd(fd: number, path: Bytes): Generator<Bytes> {
  const block = Buffer.alloc(BLOCK);
  let at = statOf(fd, path).size;
  if (at === 0) return;
  let rest = '';
  let isLast = true;
  while (at > 0) {
    const start = Math.max(0, at - BLOCK);
    const length = about(path, () => readSync(fd, block, 0, at - start, start));
    const [first = '', ...lines] = fromBuffer(block.subarray(0, length)).split('\n');
    at = start;
    if (lines.length === 0) {
      rest = first + rest;
      continue;
    }
    lines.push((lines.pop() ?? '') + rest);
    rest = first;
    // an end of line ends the last one, and begins none
    if (isLast && lines.at(-1) === '') lines.pop();
    isLast = false;
    for (let i = lines.length - 1; i >= 0; i--) yield lines[i] as Bytes;
  }
  yield rest as Bytes;
}

/** Bytes. */
const BLOCK = 1 << 18;

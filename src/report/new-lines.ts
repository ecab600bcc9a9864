/**
 * The lines that have come to a log since it was last read, whether or not it has been rolled meanwhile:
 * what was read is remembered by the file's own identity, and the rest of a file that now is LOG.1 is
 * read before the new one. A line without its end is left for the next time.
 */
import { closeSync } from 'node:fs';
import { b, fromBuffer, toText, type Bytes } from '../bytes/bytes.ts';
import { piecesOf } from '../files/content.ts';
import type { Dir } from '../files/dir.ts';
import { openFileAt } from '../files/names.ts';
import { statAt, statOf } from '../files/stat.ts';

/** How far a log has been read. */
export interface Cursor {
  /** Number of the inode, in decimals: a log that was rolled is another one. */
  readonly inode: string;
  /** Bytes. */
  readonly offset: number;
}

export interface NewLines {
  readonly lines: readonly string[];
  readonly cursor: Cursor;
  /** Bytes that were passed over, because there were too many. */
  readonly skipped: number;
}

/**
 * Reads what is new in `name`. Without a cursor it is all that is there.
 * @param most bytes of one file that are read at most, the last of it: a log that has run wild is no report
 * @returns undefined when there is no such log
 * @throws FileError
 */
export function newLines(
  dir: Dir,
  name: Bytes,
  cursor: Cursor | undefined,
  most = MOST,
): NewLines | undefined {
  const now = statAt(dir, name);
  if (now?.type !== 'f') return undefined;
  const parts: Part[] = [];
  if (cursor !== undefined && cursor.inode !== String(now.inode)) {
    parts.push(...rolled(dir, name, cursor).map((each) => readPart(dir, each, most)));
  }
  const isSame = cursor?.inode === String(now.inode);
  // what is shorter than it was has been emptied
  const from = isSame && cursor.offset <= now.size ? cursor.offset : 0;
  const last = readPart(dir, { name, from, whole: false }, most);
  parts.push(last);
  return {
    lines: parts.flatMap(({ lines }) => lines),
    cursor: { inode: last.inode, offset: last.end },
    skipped: parts.reduce((sum, each) => sum + each.skipped, 0),
  };
}

const MOST = 64 * 2 ** 20;
/** So many rolled files are looked at. */
const GENERATIONS = 100;

interface Wanted {
  readonly name: Bytes;
  readonly from: number;
  /** Nobody will write the rest of its last line. */
  readonly whole: boolean;
}

/** The files that the cursor's one has become the oldest of: LOG.3, LOG.2, LOG.1. */
function rolled(dir: Dir, name: Bytes, cursor: Cursor): Wanted[] {
  const found: Wanted[] = [];
  for (let number = 1; number <= GENERATIONS; number++) {
    const each = b`${name}.${number}`;
    const stat = statAt(dir, each);
    if (stat?.type !== 'f') break;
    const isIt = String(stat.inode) === cursor.inode;
    found.push({ name: each, from: isIt ? cursor.offset : 0, whole: true });
    if (isIt) return found.toReversed();
  }
  // it has gone: what is there has not been read, or who knows; the newest of it is enough
  return found.slice(0, 1);
}

interface Part {
  readonly lines: readonly string[];
  readonly inode: string;
  readonly end: number;
  readonly skipped: number;
}

function readPart(dir: Dir, { name, from, whole }: Wanted, most: number): Part {
  const path = b`${dir.path}/${name}`;
  const fd = openFileAt(dir, name, { quiet: true });
  try {
    const { size, inode } = statOf(fd, path);
    const begin = Math.max(Math.min(from, size), size - most);
    const pieces: Bytes[] = [];
    for (const piece of piecesOf(fd, path, begin, size - begin)) pieces.push(fromBuffer(piece));
    const content = pieces.join('') as Bytes;
    const cut = whole ? content.length : content.lastIndexOf('\n') + 1;
    const lines = content.slice(0, cut).split('\n') as Bytes[];
    // the rest of a line whose beginning was passed over is none
    if (begin > from) lines.shift();
    return {
      lines: lines.flatMap((line) => (line === '' ? [] : [toText(line)])),
      inode: String(inode),
      end: begin + cut,
      skipped: Math.max(0, begin - from),
    };
  } finally {
    closeSync(fd);
  }
}

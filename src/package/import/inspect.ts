/**
 * What the contents of a software say about it: hashes, interpreters, compiled for what, and which
 * of its old places they name. Read once, piecewise, whatever the size.
 */
import { createHash } from 'node:crypto';
import { fromBuffer, slice, split, type Bytes } from '../../bytes/bytes.ts';
import type { ShowProgress } from '../../message/progress.ts';
import { executableArchitecture } from './executable.ts';
import { mentionFinder, type Mention } from './mentions.ts';
import type { CheckedSoftware } from './refusals.ts';
import type { EntryContent, FileEntry } from './source.ts';

export interface Inspected {
  /** Hex. */
  readonly sha256: string;
  /** What follows `#!`, without blanks around. */
  readonly shebang?: Bytes;
  /** As `xh arch` prints it, of a compiled program or library. */
  readonly architecture?: Bytes;
  /** Where a compiled file looks for libraries relative to itself: `$ORIGIN/../lib`. */
  readonly libraryPaths: readonly Bytes[];
  readonly mentions: readonly Mention[];
}

/** Content of entries, by entry. */
export type Inspection = ReadonlyMap<FileEntry, Inspected>;

/** Reads all contents once. @throws XhError when the source is damaged or has changed */
export async function inspectContents(
  checked: CheckedSoftware,
  progress?: ShowProgress,
): Promise<Inspection> {
  const { software, tree, places } = checked;
  const newFinder = mentionFinder(tree, (path) => places.isCommon(path));
  const inspection = new Map<FileEntry, Inspected>();
  const total = software.entries.filter(({ type }) => type === 'file').length;
  for await (const content of software.contents()) {
    progress?.({ doing: 'reading', unit: 'files', done: inspection.size, total });
    inspection.set(content.entry, await inspect(content, newFinder()));
  }
  return inspection;
}

/** The kernel reads no more of a first line. */
const LONGEST_SHEBANG = 256;
/** Enough for the headers that tell the architecture. */
const START = 512;

async function inspect(
  { pieces }: EntryContent,
  finder: ReturnType<ReturnType<typeof mentionFinder>>,
): Promise<Inspected> {
  const hash = createHash('sha256');
  const libraryPaths = new Set<Bytes>();
  let start: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  let compiled: Bytes | undefined;
  for await (const piece of pieces) {
    hash.update(piece);
    finder.add(piece);
    if (start.length < START) {
      start = Buffer.concat([start, piece.subarray(0, START - start.length)]);
      compiled = executableArchitecture(start);
    }
    if (compiled !== undefined) {
      const window = Buffer.concat([tail, piece]);
      for (const path of originPaths(window)) libraryPaths.add(path);
      tail = window.subarray(-LONGEST_RUN_PATH);
    }
  }
  const shebang = shebangOf(start);
  return {
    sha256: hash.digest('hex'),
    ...(shebang !== undefined && { shebang }),
    ...(compiled !== undefined && { architecture: compiled }),
    libraryPaths: [...libraryPaths],
    mentions: finder.finish(),
  };
}

function shebangOf(start: Buffer): Bytes | undefined {
  const text = fromBuffer(start.subarray(0, LONGEST_SHEBANG));
  if (!text.startsWith('#!')) return undefined;
  const end = text.indexOf('\n');
  const line = slice(text, 2, end < 0 ? undefined : end);
  return split(line.replace(/[\t\r]/g, ' ') as Bytes, ' ')
    .filter((word) => word !== '')
    .join(' ') as Bytes;
}

const LONGEST_RUN_PATH = 1024;
const ORIGIN_WORDS = ['$ORIGIN', '${ORIGIN}'].map((word) => Buffer.from(word));
const MOST_RUN_PATHS = 20;

/** The directories in strings such as `$ORIGIN/../lib:$ORIGIN`, each beginning with `$ORIGIN`. */
function originPaths(window: Buffer): Bytes[] {
  const paths: Bytes[] = [];
  for (const word of ORIGIN_WORDS) {
    for (let at = window.indexOf(word); at >= 0 && paths.length < MOST_RUN_PATHS;) {
      let end = at + word.length;
      while (end < window.length && (window[end] ?? 0) > 0x20 && window[end] !== COLON) end++;
      // a string that is not at its end yet comes whole with the next piece
      if (end < window.length && end - at < LONGEST_RUN_PATH) {
        const rest = fromBuffer(window.subarray(at + word.length, end));
        if (rest === '' || rest.startsWith('/')) paths.push(`$ORIGIN${rest}` as Bytes);
      }
      at = window.indexOf(word, end);
    }
  }
  return paths;
}

const COLON = 0x3a;

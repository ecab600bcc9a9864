/**
 * Transcripts: what a script said and under what circumstances, one file for each run in the site's
 * log, for its owner alone, since scripts print what nobody else is to know.
 */
import { closeSync } from 'node:fs';
import {
  b,
  bytes,
  printable,
  slice,
  split,
  toBuffer,
  trim,
  type Bytes,
} from '../../bytes/bytes.ts';
import { writeAll } from '../../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../../files/dir.ts';
import { FileError } from '../../files/error.ts';
import { createAt, unlinkIfPresent } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import type { ScriptRun } from '../../host/plan.ts';
import { EXIT } from '../../message/error.ts';
import { drawsScreen, plainText } from './plain-text.ts';
import { transcriptText, type Fact, type Stream } from './transcript-text.ts';

export interface Transcript {
  /** Absolute, as inside the site. */
  readonly path: Bytes;
  /** For a child that writes by itself; undefined where nothing can be kept. */
  readonly fd: number | undefined;
  /** Lines for the head or the end: names and what they are. @throws FileError */
  facts(...facts: readonly Fact[]): void;
  /** What the script said. @throws FileError */
  said(stream: Stream, content: Bytes): void;
  /** What was typed for it. @throws FileError */
  typed(text: string): void;
  /** A remark of our own. @throws FileError */
  remark(text: string): void;
  /** Seconds since it was opened. */
  elapsed(): number;
  /** The last lines that the script said. */
  last(): readonly Bytes[];
  close(): void;
}

const LOG = b`/.software/local/.admin/log`;
/** Lines that are shown when a script fails. */
const SHOWN = 20;
/** Bytes of one line of them. */
const LONGEST = 4000;
/** Bytes of a transcript: what says more is not worth the disk that it fills. */
const MOST = 64 << 20;

export interface TranscriptOptions {
  /** How many there are of the same package and action, this one among them. */
  readonly keep: number;
  /** Whether the disk's refusals are passed over. */
  readonly unrecorded?: boolean;
}

/** Opens a new one; the oldest that are too many go. @throws FileError unless it may be `unrecorded` */
export function openTranscript(
  walker: Walker,
  run: ScriptRun,
  options: TranscriptOptions,
): Transcript {
  const { unrecorded = false } = options;
  try {
    return openFile(walker, run, options);
  } catch (error) {
    if (!unrecorded || !(error instanceof FileError)) throw error;
    return transcriptOn(undefined, { path: LOG, file: LOG }, unrecorded);
  }
}

function openFile(
  walker: Walker,
  run: ScriptRun,
  { keep, unrecorded = false }: TranscriptOptions,
): Transcript {
  const place = walker.locate(b`${LOG}/x`);
  const name = nameNow(place.dir, run);
  const older = namesFor(place.dir, run);
  for (const old of older.slice(0, Math.max(0, older.length - keep + 1))) {
    unlinkIfPresent(place.dir, old);
  }
  const paths = { path: b`${LOG}/${name}`, file: b`${place.dir.path}/${name}` };
  return transcriptOn(createAt(place.dir, name, 0o600), paths, unrecorded);
}

/**
 * The transcripts that are kept of a package's scripts, oldest first; none for whom the log is closed.
 */
export function transcriptsOf(walker: Walker, directory: Bytes): Bytes[] {
  const dir = openLog(walker);
  if (dir === undefined) return [];
  try {
    const found = (['install', 'uninstall'] as const).flatMap((action) =>
      namesFor(dir, { package: directory, action }),
    );
    return found
      .toSorted((one, other) => (slice(one, -STAMP_LENGTH) < slice(other, -STAMP_LENGTH) ? -1 : 1))
      .map((name) => b`${LOG}/${name}`);
  } finally {
    closeDir(dir);
  }
}

function openLog(walker: Walker): Dir | undefined {
  try {
    const place = walker.tryLocate(LOG, { follow: true });
    if (place === undefined || statAt(place.dir, place.name) === undefined) return undefined;
    return openDirAt(place.dir, place.name);
  } catch (error) {
    if (error instanceof FileError && error.exit === EXIT.notPermitted) return undefined;
    throw error;
  }
}

/** Names of transcripts, oldest first: `PACKAGE.ACTION.TIME`. */
function namesFor(dir: Dir, { package: directory, action }: ScriptRun): Bytes[] {
  const begin = b`${directory}.${bytes(action)}.`;
  return listDir(dir)
    .filter((name) => name.startsWith(begin) && STAMP.test(slice(name, begin.length)))
    .toSorted((one, other) => (one < other ? -1 : 1));
}

const STAMP = /^\d{8}T\d{6}\.\d{3}Z$/;
const STAMP_LENGTH = 20;

/** A name of this moment; two are never of one. */
function nameNow(dir: Dir, { package: directory, action }: ScriptRun): Bytes {
  for (;;) {
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
    const name = b`${directory}.${bytes(action)}.${bytes(stamp)}`;
    if (statAt(dir, name) === undefined) return name;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

interface Paths {
  readonly path: Bytes;
  /** With the site root, for what the system refuses. */
  readonly file: Bytes;
}

function transcriptOn(
  fd: number | undefined,
  { path, file }: Paths,
  unrecorded: boolean,
): Transcript {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const text = transcriptText(elapsed);
  const last = lastLines();
  let size = 0;
  const write = (content: Bytes): void => {
    size += content.length;
    try {
      if (fd !== undefined) writeAll(fd, file, toBuffer(content), null);
    } catch (error) {
      if (!unrecorded || !(error instanceof FileError)) throw error;
    }
  };
  return {
    path,
    fd,
    facts(...facts) {
      write(text.facts(facts));
    },
    said(stream, content) {
      last.add(stream, content);
      if (size > MOST) return;
      write(text.said(stream, content));
      if (size > MOST) write(text.line('xh', 'what it says from here on is left out: too much'));
    },
    typed(words) {
      write(text.line('in', words));
    },
    remark(words) {
      write(text.line('xh', words));
    },
    elapsed,
    last: () => last.lines(),
    close() {
      if (fd !== undefined) closeSync(fd);
    },
  };
}

/** The ends of what was said, both streams together, each line whole. */
function lastLines(): { add(stream: Stream, content: Bytes): void; lines(): readonly Bytes[] } {
  const whole: Bytes[] = [];
  const unfinished = new Map<Stream, Bytes>();
  return {
    add(stream, content) {
      const [first = b``, ...rest] = split(content, '\n');
      const parts = [slice(b`${unfinished.get(stream) ?? b``}${first}`, -LONGEST), ...rest];
      unfinished.set(stream, parts.pop() ?? b``);
      whole.push(...parts.slice(-SHOWN).filter((line) => line !== ''));
      whole.splice(0, Math.max(0, whole.length - SHOWN));
    },
    lines: () => [...whole, ...unfinished.values()].filter((line) => line !== '').slice(-SHOWN),
  };
}

/** The last lines of what was said, for people: of what is drawn on a screen only the words. */
export function shownLines(lines: readonly Bytes[]): string[] {
  return lines
    .flatMap((line) =>
      drawsScreen(line)
        ? split(plainText(line), '\n').filter((each) => trim(each) !== '')
        : [slice(line, -LONGEST)],
    )
    .slice(-SHOWN)
    .map(printable);
}

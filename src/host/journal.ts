/**
 * The journal: what a transaction is about to do, on disk before it does anything, so that whoever
 * comes after a kill or a power failure can finish it or take it back.
 *
 * A transaction is one file, `ID.PHASE`, and goes on to its next phase by a rename, which is done or
 * not, and needs no space:
 *
 * - `staging`: nothing that people see has been touched. It is taken back.
 * - `commit`: everything is staged. It is finished, or taken back when that fails.
 * - `undo`: finishing failed. It is taken back.
 * - `clean`: all has taken effect, and what was replaced goes. It is finished; there is no way back.
 */
import { b, bytes, printable, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { existsAt, readAt, writeFileDurably } from '../files/content.ts';
import { closeDir, listDir, openDirAt, syncDir, type Dir } from '../files/dir.ts';
import { renameAt, unlinkIfPresent } from '../files/names.ts';
import type { Walker } from '../files/walk.ts';
import { XhError } from '../message/error.ts';
import { fromJsonText, toJsonText } from './json.ts';
import type { Change, ScriptRun } from './plan.ts';

export type Phase = 'staging' | 'commit' | 'undo' | 'clean';

export interface JournalEntry {
  readonly format: 1;
  /** Unique name of the transaction, in its temporary names too. */
  readonly id: Bytes;
  readonly command: string;
  readonly user: string;
  /** ISO 8601. */
  readonly time: string;
  readonly changes: readonly Change[];
  /** Scripts that have been started: their opposite is run when the transaction is taken back. */
  readonly scripts?: readonly ScriptRun[];
}

/** An entry as it was found, with how far it got. */
export interface OpenEntry {
  readonly entry: JournalEntry;
  readonly phase: Phase;
}

const PHASES: readonly Phase[] = ['staging', 'commit', 'undo', 'clean'];
const JOURNAL = b`/.software/local/.admin/journal`;

/** Writes the entry, durably, before anything that it says is done; one that stands is replaced. */
export function openEntry(walker: Walker, entry: JournalEntry): void {
  inJournal(walker, (dir) => {
    writeFileDurably(dir, fileName(entry.id, 'staging'), bytes(toJsonText(entry)), 0o600);
  });
}

/** Everything is staged: from here on the transaction is finished, unless that fails. */
export function markCommitted(walker: Walker, id: Bytes): void {
  mark(walker, id, 'staging', 'commit');
}

/**
 * From here on a transaction that was to be finished is taken back. Nothing must have gone yet: it may
 * be marked `clean` where that could not be made durable.
 */
export function markUndo(walker: Walker, id: Bytes): void {
  mark(walker, id, 'commit', 'undo');
  mark(walker, id, 'clean', 'undo');
}

/** All has taken effect: what was replaced may go. */
export function markClean(walker: Walker, id: Bytes): void {
  mark(walker, id, 'commit', 'clean');
}

/** Nothing is left to do. */
export function closeEntry(walker: Walker, id: Bytes): void {
  close(walker, id, PHASES);
}

/** Closes an entry that has come to nothing, or was taken back; one whose changes took effect stays. */
export function dropEntry(walker: Walker, id: Bytes): void {
  close(walker, id, ['staging', 'undo']);
}

/**
 * The entries that a killed command left, oldest first; what was never renamed into place is swept.
 * @throws XhError E_JOURNAL when one cannot be read
 */
export function openEntries(walker: Walker): OpenEntry[] {
  if (walker.stat(JOURNAL, { follow: true }) === undefined) return [];
  return inJournal(walker, (dir) => {
    const found: OpenEntry[] = [];
    for (const name of listDir(dir).toSorted()) {
      const phase = PHASES.find((each) => name.endsWith(`.${each}`));
      if (name.startsWith('.') && name.endsWith('.new')) unlinkIfPresent(dir, name);
      else if (phase !== undefined) found.push({ entry: readEntry(dir, name), phase });
    }
    return found;
  });
}

/** The name beside a place that belongs to change `index` of transaction `id`; never over 255 bytes. */
export function asideName(id: Bytes, index: number): Bytes {
  return b`.xhier-${id}-${index}`;
}

/** Runs `work` in the journal's directory. */
function inJournal<T>(walker: Walker, work: (dir: Dir) => T): T {
  const place = walker.locate(JOURNAL, { follow: true });
  const dir = openDirAt(place.dir, place.name);
  try {
    return work(dir);
  } finally {
    closeDir(dir);
  }
}

function close(walker: Walker, id: Bytes, phases: readonly Phase[]): void {
  inJournal(walker, (dir) => {
    const open = phases.map((phase) => fileName(id, phase)).filter((name) => existsAt(dir, name));
    for (const name of open) unlinkIfPresent(dir, name);
    if (open.length > 0) syncDir(dir);
  });
}

/** Goes on to a phase; from another than `from` nothing is done. */
function mark(walker: Walker, id: Bytes, from: Phase, to: Phase): void {
  inJournal(walker, (dir) => {
    if (!existsAt(dir, fileName(id, from))) return;
    renameAt(dir, fileName(id, from), dir, fileName(id, to));
    syncDir(dir);
  });
}

function fileName(id: Bytes, phase: Phase): Bytes {
  return b`${id}.${bytes(phase)}`;
}

function readEntry(dir: Dir, name: Bytes): JournalEntry {
  const id = slice(name, 0, name.lastIndexOf('.'));
  const entry = parsed(readAt(dir, name));
  // it was renamed into place after a sync, so it is whole unless something else has been at it
  if (isEntry(entry) && entry.id === id) return entry;
  const file = b`${dir.path}/${name}`;
  throw new XhError(
    'E_JOURNAL',
    `${printable(file)}: this entry of the journal is damaged, or a newer version wrote it; what it had begun cannot be settled`,
    {
      place: { file },
      remedy:
        `put it back from a backup, or use the newer version; else look for files named ${printable(asideName(id, 0)).slice(0, -1)}…, ` +
        'which are what it had made or replaced, put those right by hand, and move the entry away',
    },
  );
}

function parsed(content: Bytes): unknown {
  try {
    return fromJsonText(toText(content));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof JournalEntry, unknown>>;
  return (
    entry.format === 1 &&
    typeof entry.id === 'string' &&
    Array.isArray(entry.changes) &&
    entry.changes.every(isChange)
  );
}

function isChange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { op, path } = value as Partial<Record<keyof Change, unknown>>;
  return typeof op === 'string' && typeof path === 'string' && path.startsWith('/');
}

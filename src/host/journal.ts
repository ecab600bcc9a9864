/**
 * The journal: what a transaction is about to do, on disk before it does anything, so that whoever
 * comes after a kill or a power failure can finish it or take it back.
 *
 * `ID.json` holds the changes and stands while anything may be undone or finished. `ID.commit` says
 * that everything is staged (with the inodes that identify it): from then on it is finished. A
 * transaction that fails later renames it to `ID.undo`: from then on it is taken back. One that is
 * done but for what it replaced renames it to `ID.clean`: from then on there is no way back.
 */
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { closeDir, listDir, openDirAt, syncDir, type Dir } from '../files/dir.ts';
import { renameAt, unlinkIfPresent } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
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
  /** Scripts that had been started: their opposite is run when the transaction is taken back. */
  readonly scripts?: readonly ScriptRun[];
}

/** An entry as it was found, with how far it got. */
export interface OpenEntry {
  readonly entry: JournalEntry;
  readonly phase: Phase;
  /** What staging made, change by change; known from the commit on. */
  readonly inodes: readonly (string | null)[];
}

const MARKS = ['clean', 'undo', 'commit'] as const;
const JOURNAL = b`/.software/local/.admin/journal`;

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

/** Writes the entry, durably, before anything else is done. */
export function openEntry(walker: Walker, entry: JournalEntry): void {
  inJournal(walker, (dir) => {
    writeFileDurably(dir, b`${entry.id}.json`, bytes(toJsonText(entry)), 0o600);
  });
}

/** Everything is staged: from here on the transaction is finished, whatever happens. */
export function markCommitted(walker: Walker, id: Bytes, inodes: readonly (string | null)[]): void {
  inJournal(walker, (dir) => {
    writeFileDurably(dir, b`${id}.commit`, bytes(JSON.stringify(inodes)), 0o600);
  });
}

/** From here on the transaction is taken back. A rename: it needs no space. */
export function markUndo(walker: Walker, id: Bytes): void {
  inJournal(walker, (dir) => {
    renameAt(dir, b`${id}.commit`, dir, b`${id}.undo`);
    syncDir(dir);
  });
}

/** All has taken effect: what was replaced may go. Not synced: an older mark means only that it is done again. */
export function markClean(walker: Walker, id: Bytes): void {
  inJournal(walker, (dir) => {
    if (statAt(dir, b`${id}.commit`) !== undefined) {
      renameAt(dir, b`${id}.commit`, dir, b`${id}.clean`);
    }
  });
}

/** Nothing is left to do. The entry goes before its mark, which says nothing alone. */
export function closeEntry(walker: Walker, id: Bytes): void {
  inJournal(walker, (dir) => {
    unlinkIfPresent(dir, b`${id}.json`);
    syncDir(dir);
    for (const mark of MARKS) unlinkIfPresent(dir, b`${id}.${bytes(mark)}`);
  });
}

/** The entries that a killed command left; marks without an entry are swept. */
export function openEntries(walker: Walker): OpenEntry[] {
  if (walker.stat(JOURNAL, { follow: true }) === undefined) return [];
  return inJournal(walker, (dir) => {
    const names = listDir(dir);
    const found: OpenEntry[] = [];
    for (const name of names.toSorted()) {
      const stem = name.replace(/\.[^.]*$/, '') as Bytes;
      if (!name.endsWith('.json') || name.startsWith('.')) {
        // a mark alone, or a file that was never renamed into place
        if (!names.includes(b`${stem}.json`)) unlinkIfPresent(dir, name);
        continue;
      }
      found.push(readEntry(dir, stem));
    }
    return found;
  });
}

function readEntry(dir: Dir, id: Bytes): OpenEntry {
  // it was renamed into place after a sync, so it is whole
  const entry = fromJsonText(toText(readAt(dir, b`${id}.json`))) as JournalEntry;
  for (const phase of MARKS) {
    const mark = b`${id}.${bytes(phase)}`;
    if (statAt(dir, mark) !== undefined) {
      return { entry, phase, inodes: JSON.parse(readAt(dir, mark)) as (string | null)[] };
    }
  }
  return { entry, phase: 'staging', inodes: [] };
}

/** The name beside a place that belongs to change `index` of transaction `id`; never over 255 bytes. */
export function asideName(id: Bytes, index: number): Bytes {
  return b`.xhier-${id}-${index}`;
}

/**
 * Collecting: what was kept for going back to old generations goes, with all that nothing refers to.
 * Who changed the host, when and why stays known for ever, and which system files it was about; the
 * contents, and the records that only a rollback reads, do not.
 *
 * What a rollback to a kept generation reads is named by the kept records alone, and what an uninstall
 * reads stands elsewhere: in receipts, and beside the paths that were displaced.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { closeDir, listDir, openDirAt } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  generationNumbers,
  generationPath,
  OBJECTS,
  readGeneration,
  type Generation,
  type RecordedChange,
} from './generations.ts';
import { toJsonText } from './json.ts';
import { emptyPlan, type Plan } from './plan.ts';
import type { Host } from './transaction.ts';

/** What is kept in any case. */
export interface CollectLimits {
  /** So many of the newest generations, at least 1. */
  readonly keep: number;
  /** And those that are not so many days old. */
  readonly days: number;
}

export interface Collection {
  readonly plan: Plan;
  /** The generations that cannot be gone back to, or shown in full, afterwards. */
  readonly generations: readonly number[];
  /** The oldest that can; undefined where there is none at all. */
  readonly oldest?: number;
  /** How many contents of files go. */
  readonly contents: number;
  /** How many transcripts of Install scripts go. */
  readonly transcripts: number;
  /** Bytes on disk that become free. */
  readonly bytes: number;
}

/**
 * Plans a collection. Touches nothing.
 * @throws XhError E_RECORD, E_RECORD_FORMAT where a generation cannot be read: then nobody knows what
 *   it needs, and nothing goes
 */
export function planCollect(host: Host, limits: CollectLimits, now = new Date()): Collection {
  const { walker } = host;
  const draft = createDraft(walker);
  const all = generationNumbers(walker).map((number) => readGeneration(walker, number));
  const old = new Set(beyond(all, limits, now));
  const kept = all.filter((each) => each.collected === undefined && !old.has(each));
  for (const generation of old) slim(draft, generation, now);
  const contents = unneeded(walker, kept);
  const transcripts = oldTranscripts(walker, kept);
  const gone = [...contents, ...transcripts];
  for (const { path } of gone) draft.remove(path, { bookkeeping: true });
  return {
    plan: { ...emptyPlan('gc'), changes: draft.changes() },
    generations: [...old].map(({ generation }) => generation),
    ...(kept[0] !== undefined && { oldest: kept[0].generation }),
    contents: contents.length,
    transcripts: transcripts.length,
    bytes: gone.reduce((sum, each) => sum + each.bytes, 0),
  };
}

/**
 * Whether so many generations are beyond the limits that a collection is worth its time. Reads one
 * record, so that it can be asked after every change.
 */
export function isCollectionDue(
  { walker }: Host,
  limits: CollectLimits,
  now = new Date(),
): boolean {
  const number = generationNumbers(walker).at(-(limits.keep + WORTH_IT));
  if (number === undefined) return false;
  const generation = readGeneration(walker, number);
  return generation.collected === undefined && isOld(generation, limits, now);
}

/** How many generations a collection that nobody asked for takes at least. */
const WORTH_IT = 10;

/** Those that go: the oldest, up to the first that a limit keeps. */
function beyond(all: readonly Generation[], limits: CollectLimits, now: Date): Generation[] {
  const candidates = all.slice(0, -limits.keep);
  const firstKept = candidates.findIndex(
    (each) => each.collected === undefined && !isOld(each, limits, now),
  );
  return candidates
    .slice(0, firstKept < 0 ? undefined : firstKept)
    .filter((each) => each.collected === undefined);
}

function isOld({ time }: Generation, { days }: CollectLimits, now: Date): boolean {
  return now.getTime() - Date.parse(time) >= days * DAY;
}

const DAY = 86_400_000;

/** The record without what only going back needs. */
function slim(draft: Draft, generation: Generation, now: Date): void {
  const record: Generation = {
    ...generation,
    changes: generation.changes.filter(isOfSystemFile),
    collected: { time: now.toISOString() },
  };
  draft.write(generationPath(generation.generation), bytes(`${toJsonText(record)}\n`), {
    bookkeeping: true,
  });
}

/** Whether a change is worth remembering: links are many, and are made anew from the packages. */
function isOfSystemFile({ bookkeeping, before, after, keptAs }: RecordedChange): boolean {
  if (bookkeeping === true) return false;
  return keptAs !== undefined || before.type === 'file' || after.type === 'file';
}

/** A file that goes. */
interface Gone {
  readonly path: Bytes;
  /** On disk. */
  readonly bytes: number;
}

/** Contents that no kept generation names. */
function unneeded(walker: Walker, kept: readonly Generation[]): Gone[] {
  const needed = new Set<string>();
  for (const { before, after } of kept.flatMap(({ changes }) => changes)) {
    if (before.type === 'file') needed.add(before.sha256);
    if (after.type === 'file') needed.add(after.sha256);
  }
  // what has another name is not ours
  return filesIn(walker, OBJECTS, (name) => /^[0-9a-f]{64}$/.test(name) && !needed.has(name));
}

/**
 * Transcripts of scripts that ran before the oldest kept generation; what the script of a package said
 * when it was run last stays.
 */
function oldTranscripts(walker: Walker, kept: readonly Generation[]): Gone[] {
  const [oldest] = kept;
  if (oldest === undefined) return [];
  const stamp = oldest.time.replaceAll(/[-:]/g, '');
  const named = new Set(
    kept.flatMap(({ scripts = [] }) => scripts.map(({ transcript }) => transcript)),
  );
  const newest = new Map<string, string>();
  const found = filesIn(walker, LOG, (name) => {
    const [, script, time] = TRANSCRIPT.exec(name) ?? [];
    if (script === undefined || time === undefined) return false;
    // they come in the order of their times
    newest.set(script, name);
    return time < stamp;
  });
  const last = new Set([...newest.values()].map((name) => `${LOG}/${name}`));
  return found.filter(({ path }) => !last.has(path) && !named.has(path));
}

const TRANSCRIPT = /^(.*\.(?:un)?install)\.(\d{8}T\d{6}\.\d{3}Z)(?:\.\d+)?$/s;
const LOG = b`/.software/local/.admin/log`;

function filesIn(walker: Walker, directory: Bytes, goes: (name: Bytes) => boolean): Gone[] {
  const place = walker.tryLocate(directory, { follow: true });
  if (place === undefined || statAt(place.dir, place.name) === undefined) return [];
  const dir = openDirAt(place.dir, place.name);
  try {
    return listDir(dir)
      .toSorted()
      .filter(goes)
      .flatMap((name) => {
        const found = statAt(dir, name);
        if (found?.type !== 'f') return [];
        return [{ path: b`${directory}/${name}`, bytes: found.blocks * BLOCK }];
      });
  } finally {
    closeDir(dir);
  }
}

/** Bytes, whatever the file system's own is: stat(2). */
const BLOCK = 512;

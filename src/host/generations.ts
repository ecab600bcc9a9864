/**
 * Generations: every commit that changed the host, numbered, with what was there before, so that
 * any of them can be shown and taken back.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { readAt, sha256 } from '../files/content.ts';
import { closeDir, listDir, openDirAt } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { XhError } from '../message/error.ts';
import { applyPlan, type ApplyOptions } from './apply.ts';
import { readRecord, toJsonText } from './json.ts';
import { userName } from './lock.ts';
import type { Before, Change, Plan, ScriptRun } from './plan.ts';
import { stateOf } from './state.ts';
import type { Host } from './transaction.ts';

/** One path that a generation changed. Contents are kept by hash. */
export interface RecordedChange {
  readonly op: Change['op'];
  readonly path: Bytes;
  readonly before: Before;
  readonly after: Before;
  /** Where a displaced original is kept, or comes from. */
  readonly keptAs?: Bytes;
  /** Our own records: not shown, but taken back too. */
  readonly bookkeeping?: boolean;
}

export interface Generation {
  readonly format: 1;
  readonly generation: number;
  /** ISO 8601. */
  readonly time: string;
  readonly user: string;
  /** The command line. */
  readonly command: string;
  readonly packages: readonly Bytes[];
  /** Why, when somebody said so. */
  readonly reason?: string;
  /** All of them; of a generation that was collected only those of system files. */
  readonly changes: readonly RecordedChange[];
  /** The packages' own scripts that were run before, and where what they said is. */
  readonly scripts?: readonly ScriptRun[];
  /** When what going back needs was collected. */
  readonly collected?: { readonly time: string };
}

const GENERATIONS = b`/.software/local/.admin/generations`;
/** Contents by their SHA-256. */
export const OBJECTS = b`/.software/local/.admin/objects`;

/** Where a generation's record stands. */
export function generationPath(number: number): Bytes {
  return b`${GENERATIONS}/${number}.json`;
}

export interface CommitOptions extends ApplyOptions {
  /** The command line for the record. */
  readonly commandLine: string;
  readonly reason?: string;
}

/**
 * Applies `plan` and records it as the next generation, in the same transaction. A plan that changes
 * nothing makes none.
 * @returns the generation's number, or undefined
 */
export function commitGeneration(
  host: Host,
  plan: Plan,
  options: CommitOptions,
): number | undefined {
  if (plan.conflicts.length > 0 || plan.changes.length === 0) {
    applyPlan(host.walker, plan, { progress: host.progress, ...options });
    return undefined;
  }
  const number = currentGeneration(host.walker) + 1;
  const record: Generation = {
    format: 1,
    generation: number,
    time: new Date().toISOString(),
    user: userName(),
    command: options.commandLine,
    packages: plan.packages,
    ...(options.reason !== undefined && { reason: options.reason }),
    // their mark is of no use any more
    ...(plan.transaction !== undefined && {
      scripts: plan.scripts.map(withoutMark),
    }),
    changes: plan.changes.map(recorded),
  };
  const changes: Change[] = [
    ...plan.changes,
    ...keptContents(host.walker, plan.changes),
    {
      op: 'write',
      path: generationPath(number),
      content: bytes(`${toJsonText(record)}\n`),
      before: ABSENT,
      bookkeeping: true,
    },
  ];
  applyPlan(host.walker, { ...plan, changes }, { progress: host.progress, ...options });
  return number;
}

function withoutMark({ package: directory, action, transcript }: ScriptRun): ScriptRun {
  return { package: directory, action, ...(transcript !== undefined && { transcript }) };
}

/** The number of the newest generation; 0 on a host that was never changed. */
export function currentGeneration(walker: Walker): number {
  return generationNumbers(walker).at(-1) ?? 0;
}

/** The numbers of all of which something is known, oldest first. */
export function generationNumbers(walker: Walker): number[] {
  const place = walker.tryLocate(GENERATIONS, { follow: true });
  if (place === undefined || statAt(place.dir, place.name) === undefined) return [];
  const dir = openDirAt(place.dir, place.name);
  try {
    return listDir(dir)
      .map((name) => /^([1-9]\d*)\.json$/.exec(name)?.[1])
      .filter((name) => name !== undefined)
      .map(Number)
      .toSorted((one, other) => one - other);
  } finally {
    closeDir(dir);
  }
}

/** One generation's record. @throws XhError E_NO_GENERATION */
export function readGeneration(walker: Walker, number: number): Generation {
  const place = walker.tryLocate(generationPath(number));
  if (place === undefined || statAt(place.dir, place.name) === undefined) {
    const kept = generationNumbers(walker);
    throw new XhError('E_NO_GENERATION', `there is no generation ${number}`, {
      remedy:
        kept.length === 0
          ? 'nothing has been installed here yet'
          : `generations ${kept[0]} to ${kept.at(-1)} are kept: see xh history`,
    });
  }
  return readRecord(place.path, readAt(place.dir, place.name)) as Generation;
}

/** The content that was kept under a hash, or undefined when it was collected. */
export function contentIfKept(walker: Walker, hash: string): Bytes | undefined {
  const place = walker.tryLocate(b`${OBJECTS}/${bytes(hash)}`);
  return place !== undefined && statAt(place.dir, place.name)?.type === 'f'
    ? readAt(place.dir, place.name)
    : undefined;
}

/** The content that was kept under a hash. @throws FileError when it is gone */
export function keptContent(walker: Walker, hash: string): Bytes {
  const place = walker.locate(b`${OBJECTS}/${bytes(hash)}`);
  return readAt(place.dir, place.name);
}

const ABSENT: Before = { type: 'absent' };

function recorded(change: Change): RecordedChange {
  const bookkeeping = 'bookkeeping' in change && change.bookkeeping;
  const base = { op: change.op, path: change.path, ...(bookkeeping && { bookkeeping }) };
  switch (change.op) {
    case 'mkdir':
      return {
        ...base,
        before: ABSENT,
        after: { type: 'directory', mode: change.mode, uid: -1, gid: -1 },
      };
    case 'rmdir':
    case 'remove':
      return { ...base, before: change.before, after: ABSENT };
    case 'write': {
      const old = change.before.type === 'file' ? change.before : undefined;
      const after: Before = {
        type: 'file',
        sha256: sha256(change.content),
        mode: change.mode ?? old?.mode ?? 0o644,
        uid: change.uid ?? old?.uid ?? -1,
        gid: change.gid ?? old?.gid ?? -1,
      };
      return { ...base, before: change.before, after };
    }
    case 'link':
      return { ...base, before: change.before, after: { type: 'link', target: change.target } };
    case 'displace':
      return {
        ...base,
        before: change.before,
        after: { type: 'link', target: change.target },
        keptAs: change.keptAs,
      };
    case 'restore':
      return { ...base, before: change.before, after: { type: 'special' }, keptAs: change.keptAs };
    case 'rename':
      return { ...base, before: change.before, after: ABSENT, keptAs: change.to };
    case 'place':
      return {
        ...base,
        before: change.before,
        after: { type: 'directory', mode: 0o755, uid: -1, gid: -1 },
      };
    case 'tree':
      return {
        ...base,
        before: change.before,
        after: { type: 'directory', mode: 0o755, uid: change.uid ?? -1, gid: change.gid ?? -1 },
      };
  }
}

/** What was there is nowhere else afterwards. */
const REPLACES: ReadonlySet<Change['op']> = new Set(['write', 'link', 'remove']);

/** Changes that keep, by hash, every content that is replaced, removed or written. */
function keptContents(walker: Walker, changes: readonly Change[]): Change[] {
  const kept = new Map<string, Bytes>();
  for (const change of changes) {
    if (change.op === 'write') kept.set(sha256(change.content), change.content);
    if (REPLACES.has(change.op) && 'before' in change && change.before.type === 'file') {
      const place = walker.locate(change.path, { follow: change.op === 'write' });
      kept.set(change.before.sha256, readAt(place.dir, place.name));
    }
  }
  return [...kept].flatMap(([hash, content]): Change[] => {
    const path = b`${OBJECTS}/${bytes(hash)}`;
    if (stateOf(walker, path).type !== 'absent') return [];
    return [{ op: 'write', path, content, mode: 0o600, before: ABSENT, bookkeeping: true }];
  });
}

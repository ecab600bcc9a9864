/**
 * Copies of which nothing is to be said but what, where to and with which metadata: native threads
 * make them, a directory at a time. Everything else, and what they hand back, is made here.
 */
import { openNativeCopier, type CopyJob, type NativeCopier } from '../../files/native-copy.ts';
import type { Identity, Place } from '../../files/tree.ts';
import { temporaryName } from '../names.ts';
import type { CopyChange, Directory, LfuChange } from '../plan/change.ts';
import type { ApplyContext } from './context.ts';
import type { Begun } from './telling.ts';

/** What has become of a copy that was handed over. */
export interface Copied {
  readonly begun: Begun<CopyChange>;
  /** Undefined when it has still to be made. */
  readonly identity: Identity | undefined;
}

export interface PlainCopies {
  /** Whether the threads can make `change`. */
  takes(change: LfuChange): change is CopyChange;
  /** Hands it over. True when the threads have enough to do: results should be collected. */
  add(begun: Begun<CopyChange>): boolean;
  /** Waits a little for room, or for all that has been handed over. */
  collect(until: 'room' | 'all'): readonly Copied[];
  /** How many bytes are copied of files that are not complete. */
  underWay(): number;
  /** Whether there is nothing to be collected. */
  readonly isIdle: boolean;
  /** Gives up what is not done, and returns what is. */
  stop(): readonly Copied[];
}

export function createPlainCopies(context: ApplyContext): PlainCopies {
  const { master, slave, touched, threads, privileged, fsync } = context;
  const begun = new Map<number, Begun<CopyChange>>();
  const returned: Copied[] = [];
  let group: Group | undefined;
  let copier: NativeCopier | false | undefined;
  let id = 0;

  /** Opened when there is something to do for it. */
  function open(): NativeCopier | undefined {
    copier ??= (threads > 0 && openNativeCopier({ threads, privileged, fsync })) || false;
    return copier === false ? undefined : copier;
  }

  function submit(): void {
    if (group === undefined) return;
    const { place, at, jobs } = group;
    group = undefined;
    if (isSubmitted(place, at, jobs)) return;
    for (const job of jobs) giveBack(job.id);
  }

  function isSubmitted(place: Place, at: Directory, jobs: readonly CopyJob[]): boolean {
    const { identity, ...to } = slave.wayTo(at);
    if (identity === undefined) return false;
    return open()?.submit(master.wayTo(place), { ...to, identity }, jobs) === true;
  }

  function giveBack(job: number, identity?: Identity): void {
    const copy = begun.get(job);
    if (copy === undefined) return;
    begun.delete(job);
    returned.push({ begun: copy, identity });
  }

  function collect(until: 'room' | 'all'): readonly Copied[] {
    if (until === 'all') submit();
    for (const { id: job, outcome, inode, device } of open()?.results(PATIENCE, until) ?? []) {
      giveBack(job, outcome === 'done' ? { inode, device } : undefined);
    }
    return returned.splice(0);
  }

  return {
    takes: (change): change is CopyChange => isPlain(change) && open() !== undefined,
    add(copy) {
      const { change } = copy;
      touched.add(change.at);
      if (group?.place !== change.from.place || group.at !== change.at) submit();
      group ??= { place: change.from.place, at: change.at, jobs: [] };
      id = (id + 1) >>> 0;
      begun.set(id, copy);
      group.jobs.push(jobOf(change, id));
      if (group.jobs.length === MOST_JOBS) submit();
      return returned.length > 0 || open()?.isFull === true;
    },
    collect,
    underWay: () => open()?.underWay() ?? 0,
    get isIdle() {
      return begun.size === 0 && returned.length === 0;
    },
    stop() {
      if (copier === undefined || copier === false) return [];
      const all: Copied[] = [];
      group = undefined;
      copier.stop();
      while (copier.waiting > 0) all.push(...collect('all'));
      copier.close();
      copier = false;
      return all;
    },
  };
}

/** Copies from one directory to another. */
interface Group {
  readonly place: Place;
  readonly at: Directory;
  readonly jobs: CopyJob[];
}

function isPlain(change: LfuChange): boolean {
  if (change.kind !== 'copy') return false;
  const { want, fill, keep, replaces, after } = change;
  return (
    want.mode !== undefined &&
    want.mtime !== undefined &&
    want.attributes.size === 0 &&
    !fill &&
    keep === undefined &&
    replaces !== 'd' &&
    (after === undefined || after.exec.length === 0)
  );
}

function jobOf({ name, from, want, replaces }: CopyChange, id: number): CopyJob {
  const { mode = 0, uid, gid, mtime = from.stat.mtime } = want;
  return {
    id,
    from: from.name,
    stat: from.stat,
    name,
    replaces,
    temporary: temporaryName(),
    mode,
    uid,
    gid,
    mtime,
  };
}

/** Milliseconds. */
const PATIENCE = 50;
const MOST_JOBS = 256;

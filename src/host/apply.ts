/**
 * Applying a plan: stage everything, commit, switch, clean. The same for every command; it knows
 * nothing of packages. Whole or undone: an error takes everything back, a kill at any instruction
 * leaves what {@link recover} finishes or takes back.
 */
import { bytes, type Bytes } from '../bytes/bytes.ts';
import { dirname, join } from '../bytes/path.ts';
import { FileError } from '../files/error.ts';
import type { Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { ShowProgress } from '../message/progress.ts';
import { withAccountLock } from './account-lock.ts';
import { ConflictError } from './conflict-error.ts';
import { hasManyFiles, syncCleaned, syncNames, syncStaged } from './durable.ts';
import {
  asideName,
  closeEntry,
  dropEntry,
  markClean,
  markCommitted,
  markUndo,
  openEntries,
  openEntry,
  type JournalEntry,
  type OpenEntry,
} from './journal.ts';
import { userName } from './lock.ts';
import type { Change, Plan, ScriptRun } from './plan.ts';
import { stage, type Contents } from './stage.ts';
import { clean, objection, switchOver, undo, type Step } from './step.ts';

export interface ApplyOptions {
  /** Contents of `tree` changes by their SHA-256. */
  readonly contents?: Contents;
  /** Told of what is made, as it is made. */
  readonly progress?: ShowProgress | undefined;
}

/**
 * Applies `plan` under a lock that the caller holds. A plan without changes touches nothing.
 * @throws XhError E_CONFLICT (exit 3) for a plan with conflicts; E_LOCKED (5) while somebody else
 *   changes the accounts that it changes; E_CHANGED when a place is not what
 *   the planner saw; FileError when the system refuses. In each case nothing is changed.
 */
export function applyPlan(walker: Walker, plan: Plan, options: ApplyOptions = {}): void {
  refuseConflicts(plan);
  if (plan.changes.length === 0) return;
  withAccountLock(walker, plan.changes, () => {
    applyChanges(walker, plan, options);
  });
}

function applyChanges(walker: Walker, plan: Plan, options: ApplyOptions): void {
  const entry = entryOf(plan, plan.transaction ?? transactionId());
  refuseChanged(walker, entry);
  const progress: Progress = { inodes: [], staged: false };
  try {
    openEntry(walker, entry);
    const contents = options.contents ?? noContents;
    const syncFiles = !hasManyFiles(entry);
    const made = countTo(plan, options.progress);
    for (const [i, change] of plan.changes.entries()) {
      const step = stepOf(walker, entry, change, i, progress);
      const inode = aboutPlace(step, () => stage(step, { contents, syncFiles, made }));
      made();
      progress.inodes.push(inode);
    }
    syncStaged(walker, entry);
    markCommitted(walker, entry.id);
    progress.staged = true;
    switchAll(walker, entry, progress);
  } catch (error) {
    takeBack(walker, entry, progress, { cause: error, keep: plan.transaction !== undefined });
    throw error;
  }
  try {
    tidy(walker, entry);
  } catch (error) {
    // all has taken effect; the entry stays open, and the next command sweeps what is left
    if (!(error instanceof XhError)) throw error;
  }
}

/** Called for each change, and for each object of a tree. */
function countTo(plan: Plan, progress: ShowProgress | undefined): () => void {
  if (progress === undefined) return () => undefined;
  const trees = plan.changes.filter((change) => change.op === 'tree');
  const total = trees.reduce((sum, { objects }) => sum + objects.length, plan.changes.length);
  let done = 0;
  return () => {
    progress({
      doing: 'writing',
      unit: trees.length > 0 ? 'objects' : 'changes',
      done: ++done,
      total,
    });
  };
}

/**
 * Writes down, durably, that the scripts of `plan` are being run, before its changes are known: with
 * `transaction` set in the plan that is applied then, they are taken back with it. Under the lock.
 * @returns the transaction
 */
export function beginScripts(walker: Walker, plan: Plan): Bytes {
  const id = plan.transaction ?? transactionId();
  try {
    openEntry(walker, { ...entryOf(plan, id), changes: [] });
  } catch (error) {
    // it may stand, and not be durable
    if (plan.transaction === undefined) dropEntry(walker, id);
    throw error;
  }
  return id;
}

/** The scripts of a transaction that was not applied, or was taken back, are settled too. */
export function endScripts(walker: Walker, transaction: Bytes): void {
  dropEntry(walker, transaction);
}

/** What {@link recover} did. */
export interface Recovery {
  readonly command: string;
  readonly user: string;
  readonly time: string;
  readonly outcome: 'finished' | 'taken back';
}

export interface RecoverOptions {
  /** Runs the opposite of the scripts of a transaction that is taken back. */
  readonly undoScripts?: (scripts: readonly ScriptRun[]) => void;
}

/**
 * Finishes or takes back what killed commands left. Under the lock.
 * @throws XhError E_JOURNAL for an entry that cannot be read; E_RECOVER, with the exit code of its
 *   cause, where one cannot be settled
 */
export function recover(walker: Walker, options: RecoverOptions = {}): Recovery[] {
  return openEntries(walker).map((open) => {
    try {
      return withAccountLock(walker, open.entry.changes, () =>
        recoverEntry(walker, open, options.undoScripts),
      );
    } catch (error) {
      throw error instanceof XhError ? unsettled(open.entry, error) : error;
    }
  });
}

function recoverEntry(
  walker: Walker,
  { entry, phase }: OpenEntry,
  undoScripts: RecoverOptions['undoScripts'],
): Recovery {
  const { command, user, time } = entry;
  if (phase === 'clean' || (phase === 'commit' && finished(walker, entry))) {
    tidy(walker, entry);
    return { command, user, time, outcome: 'finished' };
  }
  undoAll(walker, entry, { inodes: [], staged: phase !== 'staging' });
  if (entry.scripts !== undefined) undoScripts?.(entry.scripts);
  closeEntry(walker, entry.id);
  return { command, user, time, outcome: 'taken back' };
}

/** Goes forward. @returns whether all has taken effect; if not, it is to be taken back */
function finished(walker: Walker, entry: JournalEntry): boolean {
  try {
    switchAll(walker, entry, { inodes: [], staged: true });
    return true;
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    markUndo(walker, entry.id);
    return false;
  }
}

/** How far a transaction has come. */
interface Progress {
  /** What staging made, change by change; empty where another process did it. */
  readonly inodes: (string | undefined)[];
  /** Whether all is staged. */
  staged: boolean;
}

/** What goes wrong under our own name beside a place is told about the place. */
function aboutPlace<T>(step: Step, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const file = error instanceof FileError ? error.place?.file : undefined;
    if (!(error instanceof FileError) || !file?.includes(`/${step.aside}`)) throw error;
    const path = join(step.walker.root.path, step.change.path);
    throw new FileError(error.errno, error.call, path, error);
  }
}

/** Everything that is staged takes effect. */
function switchAll(walker: Walker, entry: JournalEntry, progress: Progress): void {
  for (const step of stepsOf(walker, entry, progress)) aboutPlace(step, () => switchOver(step));
  syncNames(walker, entry);
  markClean(walker, entry.id);
}

/**
 * What was replaced goes; there is no way back from here. As much of it as can be: what is left is
 * in nobody's way, and the entry stays open for the next command to try again.
 */
function tidy(walker: Walker, entry: JournalEntry): void {
  // directories may have been exchanged
  walker.forget();
  const failures: XhError[] = [];
  for (const step of stepsOf(walker, entry, { inodes: [], staged: true })) {
    try {
      clean(step);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      failures.push(error);
    }
  }
  walker.forget();
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  // else it might be there again after a loss of power, and nobody would know of it
  syncCleaned(walker, entry);
  closeEntry(walker, entry.id);
}

interface Failure {
  readonly cause: unknown;
  /** Whether the entry stays open, for whoever takes the scripts back. */
  readonly keep: boolean;
}

function takeBack(
  walker: Walker,
  entry: JournalEntry,
  progress: Progress,
  { cause, keep }: Failure,
): void {
  try {
    // the mark may have been set by a call that failed afterwards
    markUndo(walker, entry.id);
    undoAll(walker, entry, progress);
    if (!keep) closeEntry(walker, entry.id);
  } catch (error) {
    throw new XhError(
      'E_HALF_WAY',
      `${message(cause)}; taking the change back failed too: ${message(error)}`,
      { remedy: 'mend the cause, then run xh recover', cause },
    );
  }
}

function undoAll(walker: Walker, entry: JournalEntry, progress: Progress): void {
  walker.forget();
  for (const step of stepsOf(walker, entry, progress).toReversed()) undo(step);
  syncNames(walker, entry);
  walker.forget();
}

function unsettled({ command, user, time }: JournalEntry, cause: XhError): XhError {
  return new XhError(
    'E_RECOVER',
    `'xh ${command}' of ${user} at ${time} had been interrupted and cannot be settled: ${cause.message}`,
    {
      exit: cause.exit,
      ...(cause.place !== undefined && { place: cause.place }),
      remedy: `${cause.remedy ?? 'mend the cause'}; then xh recover settles it`,
      cause,
    },
  );
}

function refuseConflicts(plan: Plan): void {
  const [first] = plan.conflicts;
  if (first === undefined) return;
  throw new ConflictError(plan);
}

const NOT_BEGUN: Progress = { inodes: [], staged: false };

function refuseChanged(walker: Walker, entry: JournalEntry): void {
  const objections: string[] = [];
  const missing = new Set<Bytes>();
  for (const [i, change] of entry.changes.entries()) {
    if (change.op === 'mkdir' && walker.stat(change.path) === undefined) missing.add(change.path);
    // there is nothing in a directory that is yet to be made
    else if (missing.has(dirname(change.path)) && isNew(change)) continue;
    const found = objection(stepOf(walker, entry, change, i, NOT_BEGUN));
    if (found !== undefined) objections.push(found);
  }
  if (objections.length === 0) return;
  throw new XhError('E_CHANGED', objections.join('\n'), {
    exit: EXIT.refused,
    remedy: 'nothing has been changed; run the command again',
  });
}

function isNew(change: Change): boolean {
  return 'before' in change && change.before.type === 'absent';
}

function stepsOf(walker: Walker, entry: JournalEntry, progress: Progress): Step[] {
  return entry.changes.map((change, i) => stepOf(walker, entry, change, i, progress));
}

function stepOf(
  walker: Walker,
  { id }: JournalEntry,
  change: Change,
  index: number,
  { inodes, staged }: Progress,
): Step {
  const inode = inodes[index];
  return {
    walker,
    change,
    aside: asideName(id, index),
    staged,
    ...(inode !== undefined && { inode }),
  };
}

function entryOf(plan: Plan, id: Bytes): JournalEntry {
  return {
    format: 1,
    id,
    command: plan.command,
    user: userName(),
    time: new Date().toISOString(),
    changes: plan.changes,
    ...(plan.scripts.length > 0 && { scripts: plan.scripts }),
  };
}

let transactions = 0;

/** Unique on this host for as long as anything of it can be left: time, process, count. */
function transactionId(): Bytes {
  transactions += 1;
  const process36 = `${process.pid.toString(36)}-${transactions.toString(36)}`;
  return bytes(`${Date.now().toString(36)}-${process36}`);
}

function noContents(sha256: string): Uint8Array {
  throw new XhError('E_CONTENT', `no content ${sha256} was handed over with the plan`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

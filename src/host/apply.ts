/**
 * Applying a plan: stage everything, commit, switch, clean. The same for every command; it knows
 * nothing of packages. Whole or undone: an error takes everything back, a kill at any instruction
 * leaves what {@link recover} finishes or takes back.
 */
import { bytes, type Bytes } from '../bytes/bytes.ts';
import type { Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import {
  asideName,
  closeEntry,
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
import {
  clean,
  objection,
  stage,
  switchOver,
  touchedBy,
  undo,
  type Contents,
  type Step,
} from './step.ts';
import { calls } from '../files/kernel.ts';

export interface ApplyOptions {
  /** Contents of `tree` changes by their SHA-256. */
  readonly contents?: Contents;
}

/**
 * Applies `plan` under a lock that the caller holds. A plan without changes touches nothing.
 * @throws XhError E_CONFLICT (exit 3) for a plan with conflicts; E_CHANGED when a place is not what
 *   the planner saw; FileError when the system refuses. In each case nothing is changed.
 */
export function applyPlan(walker: Walker, plan: Plan, options: ApplyOptions = {}): void {
  refuseConflicts(plan);
  if (plan.changes.length === 0) return;
  const entry: JournalEntry = {
    format: 1,
    id: transactionId(),
    command: plan.command,
    user: userName(),
    time: new Date().toISOString(),
    changes: plan.changes,
    ...(plan.scripts.length > 0 && { scripts: plan.scripts }),
  };
  refuseChanged(walker, entry);
  openEntry(walker, entry);
  const inodes: (string | null)[] = [];
  let committed = false;
  try {
    const contents = options.contents ?? noContents;
    for (const [i, change] of plan.changes.entries()) {
      inodes.push(stage(stepOf(walker, entry, change, i), contents) ?? null);
    }
    sync(walker, entry, inodes);
    markCommitted(walker, entry.id, inodes);
    committed = true;
    switchAll(walker, entry, inodes);
  } catch (error) {
    takeBack(walker, entry, inodes, { committed, error });
    throw error;
  }
  try {
    tidy(walker, entry, inodes);
  } catch (error) {
    // all has taken effect; the entry stays open, and the next command sweeps what is left
    if (!(error instanceof XhError)) throw error;
  }
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

/** Finishes or takes back what killed commands left. Under the lock. @throws FileError */
export function recover(walker: Walker, options: RecoverOptions = {}): Recovery[] {
  return openEntries(walker).map((open) => recoverEntry(walker, open, options.undoScripts));
}

function recoverEntry(
  walker: Walker,
  { entry, phase, inodes }: OpenEntry,
  undoScripts: RecoverOptions['undoScripts'],
): Recovery {
  const { command, user, time } = entry;
  if (phase === 'clean' || (phase === 'commit' && switched(walker, entry, inodes))) {
    tidy(walker, entry, inodes);
    return { command, user, time, outcome: 'finished' };
  }
  if (phase !== 'commit') undoAll(walker, entry, inodes);
  if (entry.scripts !== undefined) undoScripts?.(entry.scripts);
  return { command, user, time, outcome: 'taken back' };
}

/** Goes forward; what cannot go forward is taken back. @returns whether all has taken effect */
function switched(
  walker: Walker,
  entry: JournalEntry,
  inodes: readonly (string | null)[],
): boolean {
  try {
    switchAll(walker, entry, inodes);
    return true;
  } catch (error) {
    takeBack(walker, entry, inodes, { committed: true, error });
    return false;
  }
}

/** Everything that is staged takes effect. */
function switchAll(walker: Walker, entry: JournalEntry, inodes: readonly (string | null)[]): void {
  for (const step of stepsOf(walker, entry, inodes)) switchOver(step);
  sync(walker, entry, inodes);
  markClean(walker, entry.id);
}

/** What was replaced goes; there is no way back from here. */
function tidy(walker: Walker, entry: JournalEntry, inodes: readonly (string | null)[]): void {
  // directories may have been exchanged
  walker.forget();
  for (const step of stepsOf(walker, entry, inodes)) clean(step);
  walker.forget();
  closeEntry(walker, entry.id);
}

interface Failure {
  readonly committed: boolean;
  readonly error: unknown;
}

function takeBack(
  walker: Walker,
  entry: JournalEntry,
  inodes: readonly (string | null)[],
  failure: Failure,
): void {
  try {
    if (failure.committed) markUndo(walker, entry.id);
    undoAll(walker, entry, failure.committed ? inodes : []);
  } catch (error) {
    throw new XhError(
      'E_HALF_WAY',
      `${message(failure.error)}; taking the change back failed too: ${message(error)}`,
      { remedy: 'mend the cause, then run xh recover', cause: failure.error },
    );
  }
}

function undoAll(walker: Walker, entry: JournalEntry, inodes: readonly (string | null)[]): void {
  walker.forget();
  for (const step of stepsOf(walker, entry, inodes).toReversed()) undo(step);
  sync(walker, entry, inodes);
  walker.forget();
  closeEntry(walker, entry.id);
}

/** Makes the names durable, and the contents of whole trees, which were not synced one by one. */
function sync(walker: Walker, entry: JournalEntry, inodes: readonly (string | null)[]): void {
  const directories = new Set<Bytes>();
  for (const step of stepsOf(walker, entry, inodes)) {
    const directory = touchedBy(step);
    if (directory !== undefined) directories.add(directory);
    if (step.change.op === 'tree') {
      const place = walker.tryLocate(step.change.path);
      if (place !== undefined) calls.syncfs(place.dir.fd);
    }
  }
  walker.sync(directories);
}

function refuseConflicts(plan: Plan): void {
  const [first] = plan.conflicts;
  if (first === undefined) return;
  throw new ConflictError(plan);
}

/** A plan that cannot be carried out: every conflict, each with what settles it. */
export class ConflictError extends XhError {
  override readonly name = 'ConflictError';
  readonly plan: Plan;
  constructor(plan: Plan) {
    const { length } = plan.conflicts;
    super(
      'E_CONFLICT',
      `refused: ${length} conflict${length === 1 ? '' : 's'}; nothing has been changed`,
      {
        exit: EXIT.refused,
      },
    );
    this.plan = plan;
  }
}

function refuseChanged(walker: Walker, entry: JournalEntry): void {
  const objections: string[] = [];
  for (const [i, change] of entry.changes.entries()) {
    const found = objection(stepOf(walker, entry, change, i));
    if (found !== undefined) objections.push(found);
  }
  if (objections.length === 0) return;
  throw new XhError('E_CHANGED', objections.join('\n'), {
    exit: EXIT.refused,
    remedy: 'nothing has been changed; run the command again',
  });
}

function stepsOf(walker: Walker, entry: JournalEntry, inodes: readonly (string | null)[]): Step[] {
  return entry.changes.map((change, i) => stepOf(walker, entry, change, i, inodes[i] ?? undefined));
}

function stepOf(
  walker: Walker,
  entry: JournalEntry,
  change: Change,
  index: number,
  inode?: string,
): Step {
  return {
    walker,
    change,
    aside: asideName(entry.id, index),
    ...(inode !== undefined && { inode }),
  };
}

/** Unique on this host for as long as anything of it can be left: time and process. */
function transactionId(): Bytes {
  return bytes(`${Date.now().toString(36)}-${process.pid.toString(36)}`);
}

function noContents(sha256: string): Uint8Array {
  throw new XhError('E_CONTENT', `no content ${sha256} was handed over with the plan`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Carries a plan out, change by change: what fails is told and the rest is done. It knows nothing of
 * rules, and of the master only the files that are to be copied.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { syncDir } from '../../files/dir.ts';
import { XhError } from '../../message/error.ts';
import { Interrupted } from '../pace.ts';
import type { CopyChange, Directory, LfuChange, LfuProblem } from '../plan/change.ts';
import { deepestFirst, pathOf } from '../plan/order.ts';
import type { Plan } from '../plan/plan.ts';
import { problemOf } from '../plan/problem.ts';
import type { ApplyContext } from './context.ts';
import { runScript } from './exec.ts';
import { applyRoot, applySet, finishDirectory, makeWritable } from './metadata.ts';
import { createPlainCopies, type Copied, type PlainCopies } from './plain-copies.ts';
import { put } from './put.ts';
import { remove, removeAside } from './remove.ts';
import { createTelling, type Begun, type Outcome, type Telling } from './telling.ts';

export interface ApplyHooks {
  /** A change was made. */
  readonly changed: (change: LfuChange) => void;
  readonly problem: (problem: LfuProblem) => void;
  /** Commands for what has been updated that are to be run still, the one at hand among them. */
  readonly due?: (scripts: readonly Bytes[]) => void;
  /** Whether the first failure is the end. */
  readonly failFast: boolean;
}

/**
 * Makes the changes of a plan. When it is interrupted, or over at the first failure, what
 * was updated by then still gets its commands, since the next run has no reason to run them, what it
 * has replaced is removed, and directories get their times and modes.
 * @throws Interrupted
 */
export async function applyPlan(
  { changes, phases }: Pick<Plan, 'changes' | 'phases'>,
  context: ApplyContext,
  hooks: ApplyHooks,
): Promise<void> {
  const work = new Work(context, hooks);
  for (const change of changes) {
    if (change.kind === 'join' && change.to.made) context.made.set(change.to.made, undefined);
  }
  let interrupted: Interrupted | undefined;
  try {
    try {
      for (const phase of phases) {
        await makePhase(phase, work, context);
        if (work.isOver) break;
      }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      interrupted = error;
    }
    work.stop();
    await work.endUpdates();
    // cut short: what something else stands in the place of is to be seen by nobody, so it goes now
    for (const change of changes.slice(work.begun)) {
      if (change.kind === 'delete' && change.within !== undefined) await work.make(change);
    }
  } finally {
    work.finish();
  }
  if (interrupted !== undefined) throw interrupted;
}

async function makePhase(
  phase: readonly LfuChange[],
  work: Work,
  { pace }: ApplyContext,
): Promise<void> {
  for (const change of phase) {
    const breath = pace.breathe();
    if (breath !== undefined) await breath;
    await work.make(change);
    if (work.isOver) return;
  }
  await work.settle();
}

/** The state of one application: what comes once, later, or not at all after a failure. */
class Work {
  readonly #context: ApplyContext;
  readonly #hooks: ApplyHooks;
  /** Directories that could not be made, with all below them. */
  readonly #missing = new Set<Directory>();
  /** Commands for the whole run, with the change that first asked for each. */
  readonly #once = new Map<Bytes, LfuChange>();
  /** Times of directories come last, but are changes like others. */
  readonly #times = new Map<Directory, LfuChange>();
  readonly #telling: Telling;
  readonly #copies: PlainCopies;
  /** How many changes, from the first, have been begun. */
  begun = 0;
  isOver = false;
  #underWay = 0;

  constructor(context: ApplyContext, hooks: ApplyHooks) {
    this.#context = context;
    this.#hooks = hooks;
    this.#telling = createTelling((change, outcome) => {
      this.#tell(change, outcome);
    });
    this.#copies = createPlainCopies(context);
  }

  /** Makes `change`, or has it made while others are. */
  async make(change: LfuChange): Promise<void> {
    this.begun++;
    if (this.#isBelowMissing(change.at)) return;
    // a command may look at, or touch, whatever comes before
    if (change.after !== undefined && change.after.exec.length > 0) await this.settle();
    if (this.#copies.takes(change)) {
      if (this.#hand(this.#telling.begin(change))) await this.#collect('room');
    } else await this.#makeHere(this.#telling.begin(change));
  }

  /** Waits for all that has been begun. */
  async settle(): Promise<void> {
    while (!this.#copies.isIdle && !this.isOver) {
      await this.#collect('all');
      const pause = this.#context.pace.spend(this.#progress());
      if (pause !== undefined) await pause;
    }
  }

  /** Bytes of files that take long, since it was asked last, or something was told. */
  #progress(): number {
    const now = this.#copies.underWay();
    const more = Math.max(0, now - this.#underWay);
    this.#underWay = now;
    return more;
  }

  /** Gives up what has been begun and is not done. */
  stop(): void {
    this.#end(this.#copies.stop());
    this.#telling.close();
  }

  /** Commands for the whole run, before anything is removed. */
  async endUpdates(): Promise<void> {
    for (const [script, change] of this.#once) {
      this.#once.delete(script);
      await this.#run([script], change);
    }
  }

  /** What stood where something else stands now, and the times of directories. */
  finish(): void {
    this.stop();
    const { aside, touched, opened, slave, fsync } = this.#context;
    for (const old of [...aside.keys()].toReversed()) {
      this.#try(old, () => {
        removeAside(old, this.#context);
      });
    }
    const directories = [...this.#times.keys()];
    for (const directory of new Set([...touched, ...opened.keys()])) {
      if (!this.#times.has(directory)) directories.push(directory);
    }
    for (const directory of deepestFirst(directories, itself)) {
      // the slave's own: gone, or as it was
      if (directory.want === undefined && !this.#isThere(directory)) continue;
      this.#try(directory, () => {
        finishDirectory(directory, this.#context);
        const change = this.#times.get(directory);
        if (change !== undefined) this.#hooks.changed(change);
        if (fsync) syncDir(slave.open(directory));
      });
    }
  }

  /** @returns whether results should be collected */
  #hand(begun: Begun<CopyChange>): boolean {
    try {
      makeWritable(begun.change.at, this.#context);
    } catch (error) {
      this.#telling.end(begun, { kind: 'failed', error });
      return false;
    }
    return this.#copies.add(begun);
  }

  async #collect(until: 'room' | 'all'): Promise<void> {
    const copied = this.#copies.collect(until);
    this.#end(copied);
    for (const { begun, identity } of copied) {
      if (this.isOver) return;
      if (identity === undefined) await this.#makeHere(begun);
    }
  }

  /** What is done is told, whatever becomes of the rest. */
  #end(copied: readonly Copied[]): void {
    const { made } = this.#context;
    for (const { begun, identity } of copied) {
      if (identity === undefined) continue;
      if (made.has(begun.change)) made.set(begun.change, identity);
      this.#telling.end(begun, MADE);
    }
  }

  async #makeHere(begun: Begun): Promise<void> {
    const { change } = begun;
    let outcome: Outcome;
    try {
      if (change.name !== '') makeWritable(change.at, this.#context);
      outcome = (await this.#carryOut(change)) ? MADE : NOTHING;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      if (change.kind === 'make' && change.directory) this.#missing.add(change.directory);
      outcome = { kind: 'failed', error };
    }
    this.#telling.end(begun, outcome);
    if (outcome === MADE) await this.#run(change.after?.exec ?? [], change);
  }

  #tell(change: LfuChange, outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#fail(change, outcome.error);
    if (outcome.kind !== 'made') return;
    this.#underWay = 0;
    this.#hooks.changed(change);
    for (const script of change.after?.once ?? []) {
      if (this.#once.has(script)) continue;
      this.#once.set(script, change);
      this.#hooks.due?.([...this.#once.keys()]);
    }
  }

  /** @returns whether the change was made now */
  async #carryOut(change: LfuChange): Promise<boolean> {
    const { made } = this.#context;
    switch (change.kind) {
      case 'copy':
      case 'make':
      case 'link':
      case 'join': {
        if (change.kind === 'make' && change.name === '') {
          applyRoot(change, this.#context);
          return true;
        }
        const identity = await put(change, this.#context);
        if (made.has(change)) made.set(change, identity);
        return true;
      }
      case 'set':
        if (change.directory && change.why.length === 1 && change.why[0] === 'mtime') {
          this.#times.set(change.directory, change);
          return false;
        }
        applySet(change, this.#context);
        return true;
      case 'delete':
      case 'keep':
        await this.endUpdates();
        return remove(change, this.#context);
    }
  }

  async #run(scripts: readonly Bytes[], change: LfuChange): Promise<void> {
    for (const [index, script] of scripts.entries()) {
      this.#hooks.due?.([...scripts.slice(index), ...this.#once.keys()]);
      try {
        await runScript(script);
      } catch (error) {
        this.#fail(change, error);
      }
    }
    if (scripts.length > 0) this.#hooks.due?.([...this.#once.keys()]);
  }

  #try(directory: Directory, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      this.#hooks.problem(problemOf(directory.path, error));
    }
  }

  #fail(change: LfuChange, error: unknown): void {
    if (!(error instanceof XhError)) throw error;
    this.#hooks.problem(problemOf(pathOf(change), error));
    if (this.#hooks.failFast) this.isOver = true;
  }

  #isThere(directory: Directory): boolean {
    try {
      this.#context.slave.open(directory);
      return true;
    } catch (error) {
      if (error instanceof XhError) return false;
      throw error;
    }
  }

  #isBelowMissing(at: Directory): boolean {
    if (this.#missing.size === 0) return false;
    for (let above: Directory | undefined = at; above !== undefined; above = above.parent) {
      if (this.#missing.has(above)) return true;
    }
    return false;
  }
}

function itself(directory: Directory): Directory {
  return directory;
}

const MADE: Outcome = { kind: 'made' };
const NOTHING: Outcome = { kind: 'nothing' };

/**
 * Carries a plan out, change by change: what fails is told and the rest is done. It knows nothing of
 * rules, and of the master only the files that are to be copied.
 */
import { syncDir } from '../../files/dir.ts';
import { XhError } from '../../message/error.ts';
import { Interrupted } from '../pace.ts';
import type { Directory, LfuChange, LfuProblem } from '../plan/change.ts';
import { deepestFirst, pathOf } from '../plan/order.ts';
import { problemOf } from '../plan/problem.ts';
import type { ApplyContext } from './context.ts';
import { runScript } from './exec.ts';
import { applyRoot, applySet, finishDirectory, makeWritable } from './metadata.ts';
import { put } from './put.ts';
import { remove, removeAside } from './remove.ts';

export interface ApplyHooks {
  /** A change was made. */
  readonly changed: (change: LfuChange) => void;
  readonly problem: (problem: LfuProblem) => void;
  /** Whether the first failure is the end. */
  readonly failFast: boolean;
}

/**
 * Makes `changes`, which are in order. When it is interrupted, the directories that were touched
 * still get their times and modes.
 * @throws Interrupted
 */
export async function applyPlan(
  changes: readonly LfuChange[],
  context: ApplyContext,
  hooks: ApplyHooks,
): Promise<void> {
  const work = new Work(context, hooks);
  for (const change of changes) {
    if (change.kind === 'join' && change.to.made) context.made.set(change.to.made, undefined);
  }
  try {
    for (const change of changes) {
      const breath = context.pace.breathe();
      if (breath !== undefined) await breath;
      await work.make(change);
      if (work.isOver) break;
    }
    work.endUpdates();
  } finally {
    work.finish();
  }
}

/** The state of one application: what comes once, later, or not at all after a failure. */
class Work {
  readonly #context: ApplyContext;
  readonly #hooks: ApplyHooks;
  /** Directories that could not be made, with all below them. */
  readonly #missing = new Set<Directory>();
  /** Commands for the whole run, with the change that first asked for each. */
  readonly #once = new Map<string, LfuChange>();
  /** Times of directories come last, but are changes like others. */
  readonly #times = new Map<Directory, LfuChange>();
  isOver = false;

  constructor(context: ApplyContext, hooks: ApplyHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  async make(change: LfuChange): Promise<void> {
    if (this.#isBelowMissing(change.at)) return;
    try {
      if (change.name !== '') makeWritable(change.at, this.#context);
      if (!(await this.#carryOut(change))) return;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      if (change.kind === 'make' && change.directory) this.#missing.add(change.directory);
      this.#fail(change, error);
      return;
    }
    this.#hooks.changed(change);
    for (const script of change.after?.once ?? []) {
      if (!this.#once.has(script)) this.#once.set(script, change);
    }
    for (const script of change.after?.exec ?? []) this.#run(script, change);
  }

  /** Commands for the whole run, before anything is removed. */
  endUpdates(): void {
    for (const [script, change] of this.#once) this.#run(script as typeof change.name, change);
    this.#once.clear();
  }

  /** What stood where something else stands now, and the times of directories. */
  finish(): void {
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
        this.endUpdates();
        return remove(change, this.#context);
    }
  }

  #run(script: LfuChange['name'], change: LfuChange): void {
    try {
      runScript(script);
    } catch (error) {
      this.#fail(change, error);
    }
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

/** What a run comes to: changes by kind, bytes, problems, what is left; and how far it has come. */
import { EXIT } from '../message/error.ts';
import type { ChangeCounts, LfuReport, LfuResult } from './options.ts';
import { STOPPED, type Interrupted } from './pace.ts';
import type { LfuChange, LfuProblem } from './plan/change.ts';
import type { Plan } from './plan/plan.ts';

/** Counts what is reported, and hands it on. */
export interface Tally {
  planned(plan: Plan, isDry: boolean): void;
  changed(change: LfuChange): void;
  /** So many bytes of the file at hand. */
  copied(bytes: number): void;
  problem(problem: LfuProblem): void;
  readonly problems: () => number;
  result(interrupted: Interrupted | undefined): LfuResult;
}

export function createTally(report: LfuReport | undefined): Tally {
  const start = performance.now();
  const kinds = noChanges();
  const left = noChanges();
  let objects = { master: 0, slave: 0 };
  let changes = 0;
  let removals = 0;
  let bytes = 0;
  let problems = 0;
  /** Of the contents that there are to copy: of complete files, and of the one at hand. */
  let copiedBytes = 0;
  let underWay = 0;
  let total = 0;
  let totalBytes = 0;
  let isPretended = false;

  function tellProgress(): void {
    if (isPretended) return;
    const most = Math.min(copiedBytes + underWay, totalBytes);
    report?.progress?.({ phase: 'apply', done: changes, total, bytes: most, totalBytes });
  }

  return {
    planned(plan, isDry) {
      ({ objects } = plan);
      isPretended = isDry;
      total = plan.changes.length;
      for (const change of plan.changes) {
        totalBytes += contentsOf(change);
        if (!isDry) left[change.kind]++;
      }
    },
    changed(change) {
      changes++;
      kinds[change.kind]++;
      if (left[change.kind] > 0) left[change.kind]--;
      if (change.kind === 'copy') bytes += change.from.stat.size;
      copiedBytes += contentsOf(change);
      underWay = 0;
      if (change.kind === 'delete' || change.kind === 'keep') removals++;
      report?.changed?.(change);
      tellProgress();
    },
    copied(some) {
      underWay += some;
      tellProgress();
    },
    problem(problem) {
      problems++;
      underWay = 0;
      report?.problem?.(problem);
    },
    problems: () => problems,
    result: (interrupted) => ({
      exit: exitOf(interrupted, problems),
      changes,
      kinds,
      left,
      removals,
      bytes,
      problems,
      objects,
      seconds: (performance.now() - start) / 1000,
    }),
  };
}

function exitOf(interrupted: Interrupted | undefined, problems: number): LfuResult['exit'] {
  if (interrupted !== undefined) return STOPPED[interrupted.signal];
  return problems > 0 ? EXIT.failed : EXIT.done;
}

/** Bytes that have to be copied: holes take no time. */
function contentsOf(change: LfuChange): number {
  if (change.kind !== 'copy') return 0;
  const { size, blocks } = change.from.stat;
  return change.fill ? size : Math.min(size, blocks * BLOCK);
}

const BLOCK = 512;

function noChanges(): { -readonly [kind in keyof ChangeCounts]: number } {
  return { copy: 0, make: 0, link: 0, join: 0, set: 0, keep: 0, delete: 0 };
}

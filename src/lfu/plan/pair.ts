/** One pair of directories: listed, prepared, planned, and what goes from the slave's judged. */
import type { Bytes } from '../../bytes/bytes.ts';
import { EMPTY_LISTING, type Listing } from '../../files/listing.ts';
import { runningFiles } from '../../files/running.ts';
import { pathBelow, type Place } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory } from './change.ts';
import { confirm } from './confirm.ts';
import { decideAll } from './decide.ts';
import { planDirectory } from './directory.ts';
import { lookingAt, type Pending, type Run } from './input.ts';
import type { Below, Removed, Replaced } from './object.ts';
import {
  LEAVE,
  compareFiles,
  followLinks,
  type Ancestors,
  type Looking,
  type Prepared,
} from './prepare.ts';
import { problemOf } from './problem.ts';
import {
  MOUNT,
  isUnmounted,
  refusal,
  refuseDismounted,
  refuseEmpty,
  refuseNested,
} from './refusals.ts';
import { planEmptying, planRemoval, type RemovalContext } from './removal.ts';

/** One pair. @returns the directories to go into */
export async function planPair(run: Run, pending: Pending): Promise<readonly Pending[]> {
  const { slave } = run.input;
  const looking = lookingAt(run, pending);
  const found = listMaster(run, looking);
  if (found === undefined) return [];
  const slaveListing = pending.exists
    ? listOrTell(slave.scanner, looking.at, looking)
    : EMPTY_LISTING;
  if (slaveListing === undefined) return [];
  run.master += found.names.length;
  run.slave += slaveListing.names.length;
  return planListed(run, pending, found, slaveListing);
}

/**
 * A pair whose listings are there; `known` is what the rules say of the master's objects, if they
 * have been asked. @returns the directories to go into
 */
export async function planListed(
  run: Run,
  pending: Pending,
  found: Listing,
  slaveListing: Listing,
  known?: Decision[],
): Promise<readonly Pending[]> {
  const { input } = run;
  const { master, slave, facts, decide, hooks } = input;
  const { directory: at, from, ancestors } = pending;
  refuseNested(run, pending);
  const looking = lookingAt(run, pending);
  if (isUnmounted(run, from)) {
    const message = 'nothing is mounted there on the master: left as it is';
    looking.problem({ path: at.path, code: 'E_LFU_UNMOUNTED', message, remedy: MOUNT });
    return [];
  }
  const decided = known ?? (decide === undefined ? undefined : decideAll(decide, at, found));
  for (const [index, decision] of (decided ?? []).entries()) {
    if (decision.logall) hooks.examined(pathBelow(at, found.names[index] ?? ('' as Bytes)));
  }
  const prepared = followLinks(found, decided, looking, {
    ...master,
    privileged: input.privileged,
  });
  const yielded = yieldToOthers(run, at, prepared, slaveListing);
  const { shared } = yielded;
  let { decisions } = yielded;
  let compared: ReadonlyMap<number, boolean> = NOT_COMPARED;
  if (input.checksum) {
    decisions ??= found.names.map(() => DEFAULT);
    const scanners = { master: master.scanner, slave: slave.scanner };
    const comparison = compareFiles(prepared, slaveListing, decisions, looking, scanners);
    compared = await drain(comparison, run);
  }
  const { followed } = prepared;
  const listings = { master: prepared.master, slave: slaveListing };
  const pair = { at, from, ...listings, decisions, followed, compared, shared };
  const planned = planDirectory(pair, facts);
  const plan = master.isIndexed === true ? confirm(planned, pair, confirmation(run)) : planned;
  for (const problem of plan.problems) hooks.problem(problem);
  const first = run.steps.length;
  for (const step of plan.steps) run.steps.push(step);
  for (const replaced of plan.replaced) await planReplaced(run, first, replaced);
  for (const removed of plan.removals) await planRemoved(run, at, slaveListing, removed);
  return plan.below.flatMap((below) => enter(run, below, ancestors));
}

function confirmation(run: Run): Parameters<typeof confirm>[2] {
  const { master, decide, privileged, hooks } = run.input;
  return {
    tree: master.tree,
    decide,
    privileged,
    problem: hooks.problem,
    doubted(count) {
      run.doubted += count;
    },
  };
}

/** What another master has the right to is left alone, and told. */
function yieldToOthers(
  { input }: Run,
  at: Directory,
  { master, decisions }: Prepared,
  slave: Listing,
): { decisions: Decision[] | undefined; readonly shared: ReadonlySet<number> | undefined } {
  const meeting = input.claims?.meet({ at, master, slave, decisions });
  if (meeting === undefined) return { decisions, shared: undefined };
  const { lost, shared } = meeting;
  if (lost.size === 0) return { decisions, shared };
  const settled = decisions ?? master.names.map(() => DEFAULT);
  for (const [index, problem] of lost) {
    settled[index] = LEAVE;
    if (problem !== undefined) input.hooks.problem(problem);
  }
  return { decisions: settled, shared };
}

function listMaster(run: Run, looking: Looking): Listing | undefined {
  const { scanner, path } = run.input.master;
  const isRoot = looking.from.parent === undefined;
  let listing: Listing;
  try {
    refuseDismounted(run, looking.from, looking.ancestors);
    listing = scanner.list(looking.from);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    const problem = problemOf(looking.at.path, error);
    if (isRoot) throw refusal('E_LFU_UNREADABLE', path, `cannot be read: ${problem.message}`);
    looking.problem(problem);
    return undefined;
  }
  if (isRoot && run.input.partly !== true) refuseEmpty(listing, path);
  tellFailed(listing, looking);
  return listing;
}

function listOrTell(scanner: Scanner, place: Place, looking: Looking): Listing | undefined {
  try {
    const listing = scanner.list(place);
    tellFailed(listing, looking);
    return listing;
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    looking.problem(problemOf(looking.at.path, error));
    return undefined;
  }
}

/** Reports what could not be looked at. */
export function tellFailed(listing: Listing, looking: Looking): void {
  for (const [name, error] of listing.failed) {
    looking.problem(problemOf(pathBelow(looking.at, name), error));
  }
}

/** What is in a directory that something else is to replace; when some of it stays, so does all. */
async function planReplaced(run: Run, first: number, { step, old }: Replaced): Promise<void> {
  const context = removalContext(run);
  const emptying = await drain(planEmptying(old, context), run);
  const change = run.steps[first + step]?.change;
  if (emptying.stays) {
    run.steps[first + step] = { change: undefined };
    context.problem({
      path: old.path,
      code: 'E_LFU_BLOCKED',
      message: 'a directory with something in it that is to stay, so nothing can take its place',
      remedy: 'move away what is to stay, or change the rule that keeps it',
    });
    return;
  }
  const isKept = change !== undefined && 'keep' in change && change.keep !== undefined;
  if (!isKept) for (const emptied of emptying.steps) run.steps.push(emptied);
}

async function planRemoved(
  run: Run,
  at: Directory,
  listing: Listing,
  { index, why, decision }: Removed,
): Promise<void> {
  const condemned = { at, listing, index, why, ...(decision && { decision }) };
  const removal = await drain(planRemoval(condemned, removalContext(run)), run);
  for (const step of removal.steps) run.steps.push(step);
}

function removalContext(run: Run): RemovalContext {
  const { slave, master, facts, decide, claims, hooks } = run.input;
  return {
    slave: slave.scanner,
    decide,
    claims,
    facts,
    slavePath: slave.path,
    masterRoot: master.root.stat,
    running: () => (run.running ??= runningFiles()),
    problem: hooks.problem,
    examined: (count) => {
      run.slave += count;
    },
  };
}

function enter(run: Run, below: Below, ancestors: Ancestors): readonly Pending[] {
  const { master, oneFileSystem } = run.input;
  const { directory, from, exists, identity } = below;
  if (oneFileSystem && identity.device !== master.root.stat.device) return [];
  return [{ directory, from, exists, ancestors: { identity, above: ancestors } }];
}

/** Runs `work` to its end, with a breath between its steps. */
async function drain<T>(work: Generator<unknown, T>, run: Run): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    const breath = run.input.hooks.breathe(run.master + run.slave);
    if (breath !== undefined) await breath;
  }
}

const NOT_COMPARED: ReadonlyMap<number, boolean> = new Map();

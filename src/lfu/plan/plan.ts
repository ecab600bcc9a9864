/**
 * The whole plan: both trees walked side by side, a directory at a time, nothing touched. What is in
 * memory is the way down to the current directory and the changes found, never the trees.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';
import type { Dir } from '../../files/dir.ts';
import { EMPTY_LISTING, type Listing } from '../../files/listing.ts';
import {
  completeListing,
  statOfRow,
  type PairScan,
  type ScannedPair,
} from '../../files/pair-scan.ts';
import { runningFiles, type RunningFiles } from '../../files/running.ts';
import type { ObjectStat } from '../../files/stat.ts';
import {
  ROOT_PLACE,
  pathBelow,
  placeBelow,
  type Identity,
  type Place,
  type Tree,
} from '../../files/tree.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { isTemporary } from '../names.ts';
import { DEFAULT } from '../rules/decision.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory, LfuChange, LfuProblem } from './change.ts';
import { decideAll, type Decide } from './decide.ts';
import { planDirectory } from './directory.ts';
import type { RunFacts } from './facts.ts';
import { resolveHardLinks, type Step } from './hard-links.ts';
import type { Below, Removed, Replaced } from './object.ts';
import { inOrder, inTreeOrder } from './order.ts';
import { compareFiles, followLinks, type Ancestors, type Looking } from './prepare.ts';
import { problemOf } from './problem.ts';
import { planEmptying, planRemoval, type RemovalContext } from './removal.ts';
import { differences, wantedOf } from './wanted.ts';

export interface Side {
  readonly scanner: Scanner;
  /** Real path of the root. */
  readonly path: Bytes;
}

export interface RootObject {
  readonly stat: ObjectStat;
  readonly attributes: Attributes;
}

export interface PlanInput {
  readonly master: Side & { readonly tree: Tree; readonly root: RootObject };
  /** `root` is undefined when there is no slave yet. */
  readonly slave: Side & {
    readonly root: RootObject | undefined;
    readonly open: (place: Place) => Dir;
  };
  readonly facts: RunFacts;
  /** Undefined without rules. */
  readonly decide: Decide | undefined;
  readonly checksum: boolean;
  readonly oneFileSystem: boolean;
  readonly privileged: boolean;
  /** Looks at both trees ahead, where that can be done: without rules, and without reading contents. */
  readonly pairs?: () => PairScan | undefined;
  readonly hooks: PlanHooks;
}

export interface PlanHooks {
  readonly problem: (problem: LfuProblem) => void;
  /** An object that is to be logged whenever it is looked at. */
  readonly examined: (path: Bytes) => void;
  /** Called between directories, with how many objects have been looked at; awaited if it asks for it. */
  readonly breathe: (objects: number) => Promise<void> | undefined;
}

export interface Plan {
  /** In the order in which they are to be made. */
  readonly changes: readonly LfuChange[];
  /** How many objects go from the slave, those that are kept under another name among them. */
  readonly removals: number;
  /** How many objects were looked at. */
  readonly objects: { readonly master: number; readonly slave: number };
}

/**
 * Plans a run.
 * @throws XhError with exit 3 when the master is empty or unreadable, or one tree is in the other
 */
export async function planRun(input: PlanInput): Promise<Plan> {
  const run: Run = { input, steps: [], master: 0, slave: 0, running: undefined };
  const root = planRoot(run);
  const scan = input.pairs?.();
  const pending = scan === undefined ? [root] : await planPairs(run, scan, root);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const below = await planPair(run, next);
    for (const child of below.toReversed()) pending.push(child);
    const breath = input.hooks.breathe(run.master + run.slave);
    if (breath !== undefined) await breath;
  }
  const changes = resolveHardLinks(inTreeOrder(run.steps)).filter((change) => change !== undefined);
  return {
    changes: inOrder(changes),
    removals: changes.filter(isRemoval).length,
    objects: { master: run.master, slave: run.slave },
  };
}

interface Run {
  readonly input: PlanInput;
  readonly steps: Step[];
  master: number;
  slave: number;
  /** Looked up when first needed. */
  running: RunningFiles | undefined;
}

/** A pair of directories that is still to be looked at. */
interface Pending {
  readonly directory: Directory;
  readonly from: Place;
  readonly exists: boolean;
  readonly ancestors: Ancestors;
}

/** The roots themselves: no rule applies to them. */
function planRoot({ input, steps }: Run): Pending {
  const { master, slave, facts } = input;
  const { stat, attributes } = master.root;
  const want = wantedOf(stat, attributes, DEFAULT, facts.ownership);
  const found = slave.root;
  const directory: Directory = { ...ROOT_PLACE, parent: undefined, identity: found?.stat, want };
  const base = { at: directory, name: '' as Bytes, type: 'd', want, directory } as const;
  if (found === undefined) {
    steps.push({ change: { ...base, kind: 'make', why: ['new'], major: 0, minor: 0 } });
  } else {
    const why = differences(want, found.stat, found.attributes);
    if (why.length > 0) steps.push({ change: { ...base, kind: 'set', why, object: found.stat } });
  }
  return {
    directory,
    from: ROOT_PLACE,
    exists: found !== undefined,
    ancestors: { identity: stat, above: undefined },
  };
}

/** One pair. @returns the directories to go into */
async function planPair(run: Run, pending: Pending): Promise<readonly Pending[]> {
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

function lookingAt({ input }: Run, { directory, from, ancestors }: Pending): Looking {
  return { at: directory, from, ancestors, problem: input.hooks.problem };
}

/**
 * The pairs that a scan of both trees tells of. What it looked at and does not tell of needs nothing.
 * @returns what it leaves to be looked at
 */
async function planPairs(run: Run, scan: PairScan, root: Pending): Promise<Pending[]> {
  const { master, slave, privileged, hooks } = run.input;
  const known = new Map<number, Known>();
  const left: Pending[] = [];
  try {
    for (let found = scan.next(WAIT); found !== undefined; found = scan.next(WAIT)) {
      for (const pair of found) {
        const pending = pendingOf(run, pair, known.get(pair.parent)) ?? root;
        const below = new Map<Bytes, Pending>();
        known.set(pair.id, { pending, below });
        if (pair.kind === 'handed back') left.push(pending);
        if (pair.master === undefined || pair.slave === undefined) continue;
        const { directory, from } = pending;
        const listings = [
          completeListing(pair.master, () => master.tree.open(from), { privileged }),
          completeListing(pair.slave, () => slave.open(directory), { privileged }),
        ] as const;
        const looking = lookingAt(run, pending);
        for (const listing of listings) tellFailed(listing, looking);
        if (pending === root) refuseEmpty(listings[0], master.path);
        for (const child of await planListed(run, pending, ...listings)) {
          if (child.exists) below.set(child.directory.name, child);
          else left.push(child);
        }
      }
      const { master: ours, slave: theirs } = scan.counts();
      const breath = hooks.breathe(ours + theirs);
      if (breath !== undefined) await breath;
    }
    const counts = scan.counts();
    run.master += counts.master;
    run.slave += counts.slave;
  } finally {
    scan.close();
  }
  return left.toReversed();
}

/** A directory that the scan told of. */
interface Known {
  readonly pending: Pending;
  /** The directories in it, as far as they were planned. */
  readonly below: ReadonlyMap<Bytes, Pending>;
}

/** Milliseconds to wait for the scan between two breaths. */
const WAIT = 50;

/** As planning its parent would have it; undefined for the roots. */
function pendingOf(
  { input }: Run,
  pair: ScannedPair,
  parent: Known | undefined,
): Pending | undefined {
  if (parent === undefined) return undefined;
  const planned = parent.below.get(pair.name);
  if (planned !== undefined) return planned;
  const { directory: above, from, ancestors } = parent.pending;
  const stat = statOfRow(pair.masterRow);
  // nothing differs in it itself, so it has no attributes
  const want = wantedOf(stat, undefined, DEFAULT, input.facts.ownership);
  const place = placeBelow(above, pair.name, statOfRow(pair.slaveRow));
  return {
    directory: { ...place, parent: above, want },
    from: placeBelow(from, pair.name),
    exists: true,
    ancestors: { identity: stat, above: ancestors },
  };
}

/** A pair whose listings are there. @returns the directories to go into */
async function planListed(
  run: Run,
  pending: Pending,
  found: Listing,
  slaveListing: Listing,
): Promise<readonly Pending[]> {
  const { input } = run;
  const { master, slave, facts, decide, hooks } = input;
  const { directory: at, from, ancestors } = pending;
  const looking = lookingAt(run, pending);
  const decided = decide === undefined ? undefined : decideAll(decide, at, found);
  for (const [index, decision] of (decided ?? []).entries()) {
    if (decision.logall) hooks.examined(pathBelow(at, found.names[index] ?? ('' as Bytes)));
  }
  const prepared = followLinks(found, decided, looking, {
    ...master,
    privileged: input.privileged,
  });
  let { decisions } = prepared;
  let compared: ReadonlyMap<number, boolean> = NOT_COMPARED;
  if (input.checksum) {
    decisions ??= found.names.map(() => DEFAULT);
    const scanners = { master: master.scanner, slave: slave.scanner };
    const comparison = compareFiles(prepared, slaveListing, decisions, looking, scanners);
    compared = await drain(comparison, run);
  }
  const { followed } = prepared;
  const plan = planDirectory(
    { at, from, master: prepared.master, slave: slaveListing, decisions, followed, compared },
    facts,
  );
  for (const problem of plan.problems) hooks.problem(problem);
  const first = run.steps.length;
  for (const step of plan.steps) run.steps.push(step);
  for (const replaced of plan.replaced) await planReplaced(run, first, replaced);
  for (const removed of plan.removals) await planRemoved(run, at, slaveListing, removed);
  return plan.below.flatMap((below) => enter(run, below, ancestors));
}

function listMaster(run: Run, looking: Looking): Listing | undefined {
  const { scanner, path } = run.input.master;
  const isRoot = looking.from.parent === undefined;
  let listing: Listing;
  try {
    listing = scanner.list(looking.from);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    if (isRoot) {
      throw new XhError('E_LFU_UNREADABLE', `the master cannot be read: ${error.message}`, {
        exit: EXIT.refused,
        place: { file: path },
        remedy: 'nothing was touched; mount or repair the master and run the command again',
        cause: error,
      });
    }
    looking.problem(problemOf(looking.at.path, error));
    return undefined;
  }
  if (isRoot) refuseEmpty(listing, path);
  tellFailed(listing, looking);
  return listing;
}

function refuseEmpty(listing: Listing, path: Bytes): void {
  if (listing.failed.size > 0 || !listing.names.every((name) => isTemporary(name))) return;
  throw new XhError('E_LFU_EMPTY', `the master ${printable(path)} is empty`, {
    exit: EXIT.refused,
    place: { file: path },
    remedy: 'nothing was touched; is it mounted?',
  });
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

function tellFailed(listing: Listing, looking: Looking): void {
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
  const { slave, master, facts, decide, hooks } = run.input;
  return {
    slave: slave.scanner,
    decide,
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
  const { master, slave, oneFileSystem } = run.input;
  const { directory, from, exists, identity } = below;
  if (isSame(identity, slave.root?.stat) || isSame(master.root.stat, directory.identity)) {
    throw insideError(master.path, slave.path);
  }
  if (oneFileSystem && identity.device !== master.root.stat.device) return [];
  return [{ directory, from, exists, ancestors: { identity, above: ancestors } }];
}

/** The refusal to copy a tree into itself. */
export function insideError(master: Bytes, slave: Bytes): XhError {
  const message = `the master ${printable(master)} and the slave ${printable(slave)} are one, or one is in the other`;
  return new XhError('E_LFU_INSIDE', message, {
    exit: EXIT.refused,
    place: { file: slave },
    remedy: 'nothing was touched; name two trees that stand side by side',
  });
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

function isRemoval(change: LfuChange): boolean {
  return change.kind === 'keep' || (change.kind === 'delete' && !change.why.includes('stale'));
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.inode === other.inode &&
    one.device === other.device
  );
}

const NOT_COMPARED: ReadonlyMap<number, boolean> = new Map();

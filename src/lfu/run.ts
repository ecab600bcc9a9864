/** A run of lfu: look at both trees, plan, ask the guards, and only then touch the slave. */
import { availableParallelism, hostname } from 'node:os';
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { createCopier } from '../files/copy.ts';
import { closeDir, type Dir } from '../files/dir.ts';
import { holdAt } from '../files/held.ts';
import { AT_FDCWD } from '../files/kernel.ts';
import { openPairScan, type PairScan } from '../files/pair-scan.ts';
import { openTree } from '../files/tree.ts';
import { EXIT, XhError } from '../message/error.ts';
import { applyPlan } from './apply/apply.ts';
import { refuseForeignIndex } from './index/identity.ts';
import { openIndex, type Index } from './index/read.ts';
import { indexScanner } from './index/scanner.ts';
import { openRunLedger, type RunLedger } from './ledger/run-ledger.ts';
import { isPrivileged, openRunMaster, type RunMaster } from './run-master.ts';
import type { LfuOptions, LfuResult } from './options.ts';
import { Interrupted, createPace, type Pace } from './pace.ts';
import type { Decide } from './plan/decide.ts';
import type { RunFacts } from './plan/facts.ts';
import { planRun, type Plan } from './plan/plan.ts';
import { problemOf } from './plan/problem.ts';
import {
  lockSlave,
  makeSlave,
  openSlave,
  refuseNested,
  rootObject,
  type SlaveRoot,
} from './roots.ts';
import { commandLine } from './rules/variables.ts';
import { narrowTo } from './scan/narrow.ts';
import { NOTHING_THERE, directoryScanner } from './scan/scanner.ts';
import { dropStaging, stageFiles, type Staging } from './store/staging.ts';
import { createTally, type Tally } from './tally.ts';

/**
 * Makes the slave what the master and the rules want. Problems with single objects are reported and
 * counted, and everything else is done.
 * @throws XhError exit 2 for roots that are none, exit 3 when a guard refuses; nothing is touched then
 */
export async function runLfu(options: LfuOptions): Promise<LfuResult> {
  const tally = createTally(options.report);
  const pace = createPace({ ...options, copied: tally.copied });
  const hasLeft = options.hasLeft === true;
  const handles: Dir[] = [];
  const ends: (() => void)[] = [];
  let ledger: RunLedger | undefined;
  try {
    const master = await openRunMaster(options, { handles, ends });
    const slave = openSlave(options.slave);
    handles.push(slave.parent);
    if (slave.dir !== undefined) handles.push(slave.dir);
    if (!hasLeft && master.stands !== undefined) refuseNested(master.stands, slave);
    if (slave.dir !== undefined && options.dryRun !== true) lockSlave(slave.dir, slave.name);
    if (options.ledger !== undefined) {
      const roots = { slave: slave.path, master: master.path, dryRun: options.dryRun === true };
      ledger = openRunLedger(options.ledger, roots);
    }
    try {
      await run({ options, tally, pace, master, slave, ledger });
    } finally {
      master.tree.closeBelow();
    }
    return tally.result(undefined);
  } catch (error) {
    if (error instanceof Interrupted) return tally.result(error);
    throw error;
  } finally {
    ledger?.close();
    for (const end of ends) end();
    for (const dir of handles) closeDir(dir);
  }
}

interface Stage {
  readonly options: LfuOptions;
  readonly tally: Tally;
  readonly pace: Pace;
  readonly master: RunMaster;
  readonly slave: SlaveRoot;
  readonly ledger: RunLedger | undefined;
}

async function run(stage: Stage): Promise<void> {
  const { options, tally, ledger } = stage;
  const index = openIndexOf(stage);
  const plan = await makePlan(stage, index);
  if (index !== undefined) options.report?.index?.({ ...index, doubted: plan.doubted });
  tally.planned(plan, options.dryRun === true);
  refuseDeletions(plan, options);
  if (options.dryRun === true) {
    for (const change of ledger?.pretend(plan.changes) ?? plan.changes) tally.changed(change);
    return;
  }
  const staging = await stagingFor(stage, plan);
  try {
    ledger?.begin(plan.changes);
    if (plan.changes.length > 0) await applyTo(stage, plan, staging);
    staging?.remove();
  } finally {
    staging?.close();
  }
  // what is left undone is told by what the ledger said before
  if (options.failFast !== true || tally.problems() === 0) finish(stage);
}

/** Of a store: all that is to be copied, fetched before the slave is touched. */
async function stagingFor(
  { options, master, slave }: Stage,
  { changes }: Plan,
): Promise<Staging | undefined> {
  if (master.stored === undefined) return undefined;
  if (!changes.some(({ kind }) => kind === 'copy')) {
    dropStaging(slave);
    return undefined;
  }
  const pace = createPace(options);
  return stageFiles(master.stored, slave, changes, { pace, jobs: options.jobs });
}

async function applyTo(stage: Stage, plan: Plan, staging: Staging | undefined): Promise<void> {
  const { slave } = stage;
  if (slave.dir !== undefined) {
    await apply(stage, plan, { slave: slave.dir, staging });
    return;
  }
  const made = makeSlave(slave);
  try {
    lockSlave(made, slave.name);
    await apply(stage, plan, { slave: made, staging });
  } finally {
    closeDir(made);
  }
}

/** All changes are made by now: a ledger that cannot tell of them is behind, and harmless. */
function finish({ options, tally, ledger }: Stage): void {
  const isTold = ledger?.claims.complete === true && options.checksum !== true;
  try {
    ledger?.finish(decideOf(options) !== undefined ? 'by rules' : isTold ? 'differing' : 'all');
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    tally.problem(problemOf('' as Bytes, error));
  }
}

/** What the master is to be taken for, when it is not to be looked at. */
function openIndexOf({ options, master }: Stage): Index | undefined {
  if (options.index === undefined || master.root === undefined || options.hasLeft === true) {
    return undefined;
  }
  const index = openIndex(options.index);
  refuseForeignIndex(index, master.root, isPrivileged());
  return index;
}

async function makePlan(stage: Stage, index: Index | undefined): Promise<Plan> {
  const { options, tally, pace, master, slave, ledger } = stage;
  const privileged = isPrivileged();
  const hasLeft = options.hasLeft === true;
  // where we are may be a directory that we may not read
  const workingDirectory = holdAt({ fd: AT_FDCWD, path: b`.` }, b`.`);
  const slaveTree = slave.dir === undefined ? undefined : openTree(slave.dir, { quiet: true });
  try {
    const scan = { workingDirectory, privileged };
    const root = master.stored?.root ?? rootObject(master.tree.root, privileged);
    const now = master.stored?.scanner ?? directoryScanner(master.tree, scan);
    const { device } = root.stat;
    const masterScanner =
      index === undefined ? now : indexScanner(index, { ...now, device, privileged });
    const whole = {
      master: hasLeft ? NOTHING_THERE : masterScanner,
      slave: slaveTree === undefined ? NOTHING_THERE : directoryScanner(slaveTree, scan),
    };
    const scanners = options.only === undefined ? whole : narrowTo(options.only, whole);
    return await planRun({
      master: {
        scanner: scanners.master,
        path: master.path,
        tree: master.tree,
        ...(master.stored && { lookup: master.stored.lookup }),
        root,
        isIndexed: index !== undefined,
      },
      slave: {
        scanner: scanners.slave,
        path: slave.path,
        root: slave.dir === undefined ? undefined : rootObject(slave.dir, privileged),
        open: (place) => {
          if (slaveTree === undefined) throw new Error('there is no slave yet');
          return slaveTree.open(place);
        },
      },
      pairs: () => pairsOf(stage, privileged, index),
      claims: ledger?.claims,
      partly: hasLeft || options.only !== undefined,
      facts: factsOf(stage),
      decide: decideOf(options),
      checksum: options.checksum === true,
      oneFileSystem: options.oneFileSystem === true,
      privileged,
      hooks: {
        problem: (problem) => {
          ledger?.problem(problem);
          tally.problem(problem);
        },
        examined: (path) => options.report?.examined?.(path),
        breathe(objects) {
          const breath = pace.breathe();
          if (breath !== undefined) options.report?.progress?.({ phase: 'scan', objects });
          return breath;
        },
      },
    });
  } finally {
    slaveTree?.closeBelow();
    closeDir(workingDirectory);
  }
}

/** Threads that look ahead, where there is a master to be looked at. */
function pairsOf(
  { options, master, slave, ledger }: Stage,
  privileged: boolean,
  index: Index | undefined,
): PairScan | undefined {
  if (options.hasLeft === true || options.only !== undefined) return undefined;
  if (master.root === undefined) return undefined;
  const filter = decideOf(options) === undefined ? 'differing' : options.rules?.filters();
  // contents have to be compared everywhere, and a ledger to be told of every name once
  const isKnown = ledger === undefined || (ledger.claims.complete && filter === 'differing');
  const tell = options.checksum === true || !isKnown ? 'all' : (filter ?? 'all');
  return openPairScan(master.root.dir, slave.dir, {
    threads: threadsOf(options),
    tell,
    owners: options.noOwner !== true,
    privileged,
    oneFileSystem: options.oneFileSystem === true,
    index,
  });
}

function threadsOf({ jobs }: LfuOptions): number {
  return jobs ?? Math.min(availableParallelism(), MOST_THREADS);
}

/** Whether one object has to be done with before the next is begun. */
function isInStep({ bandwidth, failFast }: LfuOptions): boolean {
  return bandwidth !== undefined || failFast === true;
}

/** More of them only get in each other's way on one file system. */
const MOST_THREADS = 4;

async function apply(
  stage: Stage,
  plan: Plan,
  { slave, staging }: { readonly slave: Dir; readonly staging: Staging | undefined },
): Promise<void> {
  const { options, tally, master, ledger } = stage;
  // what has been fetched has kept to the limit
  const pace =
    staging === undefined
      ? stage.pace
      : createPace({ stopped: options.stopped, copied: tally.copied });
  const slaveTree = openTree(slave);
  try {
    await applyPlan(
      plan,
      {
        master: master.tree,
        openSource: staging?.open,
        slave: slaveTree,
        copier: createCopier(),
        pace,
        threads: staging !== undefined || isInStep(options) ? 0 : threadsOf(options),
        privileged: isPrivileged(),
        fsync: options.fsync === true,
        aside: new Map(),
        touched: new Set(),
        opened: new Map(),
        made: new Map(),
      },
      {
        changed: (change) => {
          ledger?.changed(change);
          tally.changed(change);
        },
        problem: (problem) => {
          ledger?.problem(problem);
          tally.problem(problem);
        },
        due: (scripts) => options.report?.due?.(scripts.map(commandLine)),
        failFast: options.failFast === true,
      },
    );
  } finally {
    slaveTree.closeBelow();
  }
}

function refuseDeletions(plan: Plan, { maxDelete }: LfuOptions): void {
  if (maxDelete === undefined) return;
  const { value, unit } = maxDelete;
  const most = unit === 'objects' ? value : (plan.objects.slave * value) / 100;
  if (plan.removals <= most) return;
  const limit = unit === 'objects' ? String(value) : `${value}% of ${plan.objects.slave}`;
  throw new XhError(
    'E_LFU_MAX_DELETE',
    `${plan.removals} ${plan.removals === 1 ? 'object' : 'objects'} would be deleted, more than --max-delete ${limit}`,
    {
      exit: EXIT.refused,
      remedy: 'nothing was touched; see what goes with -n and without --max-delete',
    },
  );
}

function factsOf({ options, master, slave }: Stage): RunFacts {
  const { rules } = options;
  return {
    ownership: {
      copied: options.noOwner !== true,
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
    },
    master: master.name,
    isLinkable: master.stored === undefined,
    slave: slave.name,
    host: rules?.sources.host ?? bytes(hostname()),
    arch: rules?.sources.arch ?? b``,
  };
}

/** Without rules nobody is asked: a million times the same answer takes its time. */
function decideOf({ rules }: LfuOptions): Decide | undefined {
  if (rules === undefined || rules.chains.length === 0) return undefined;
  return (object) => rules.decide(object);
}

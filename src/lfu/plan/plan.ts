/**
 * The whole plan: both trees walked side by side, a directory at a time, nothing touched. What is in
 * memory is the way down to the current directory and the changes found, never the trees.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { listDir } from '../../files/dir.ts';
import { EMPTY_LISTING } from '../../files/listing.ts';
import { unmountedPoints } from '../../files/mounts.ts';
import { ROOT_PLACE } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { DEFAULT } from '../rules/decision.ts';
import type { Directory, LfuChange } from './change.ts';
import { resolveHardLinks } from './hard-links.ts';
import type { Pending, PlanInput, Run } from './input.ts';
import { inPhases, inTreeOrder } from './order.ts';
import { planPair } from './pair.ts';
import { planPairs } from './pairs.ts';
import { refusal, refuseEmpty } from './refusals.ts';
import { differences, wantedAsItIs, wantedOf } from './wanted.ts';

export interface Plan {
  /** In the order in which they are to be made. */
  readonly changes: readonly LfuChange[];
  /** The same: each phase has to be over before the next begins. */
  readonly phases: readonly (readonly LfuChange[])[];
  /** How many objects go from the slave, those that are kept under another name among them. */
  readonly removals: number;
  /** How many objects were looked at. */
  readonly objects: { readonly master: number; readonly slave: number };
  /** Objects of which an index was found to be out of date: they are left as they are. */
  readonly doubted: number;
}

/**
 * Plans a run.
 * @throws XhError with exit 3 when the master is empty or unreadable, or one tree is in the other
 */
export async function planRun(input: PlanInput): Promise<Plan> {
  const unmounted = unmountedPoints();
  const run: Run = {
    input,
    steps: [],
    master: 0,
    slave: 0,
    doubted: 0,
    running: undefined,
    unmounted,
  };
  const { path } = input.master;
  if (unmounted.has(path)) throw refusal('E_LFU_UNMOUNTED', path, 'is not mounted');
  if (input.master.isIndexed === true) refuseEmptyNow(input.master);
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
  const phases = inPhases(changes);
  return {
    changes: phases.flat(),
    phases,
    removals: changes.filter(isRemoval).length,
    objects: { master: run.master, slave: run.slave },
    doubted: run.doubted,
  };
}

/** A master of which there is an index, but which is not there any more. */
function refuseEmptyNow({ tree, path }: PlanInput['master']): void {
  let names: readonly Bytes[];
  try {
    names = listDir(tree.root);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw refusal('E_LFU_UNREADABLE', path, `cannot be read: ${error.message}`);
  }
  refuseEmpty({ ...EMPTY_LISTING, names }, path);
}

/** The roots themselves: no rule applies to them. */
function planRoot({ input, steps }: Run): Pending {
  const { master, slave, facts, claims } = input;
  const { stat, attributes } = master.root;
  const found = slave.root;
  const want =
    found !== undefined && claims?.root === false
      ? wantedAsItIs(found.stat, found.attributes)
      : wantedOf(stat, attributes, DEFAULT, facts.ownership);
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

function isRemoval(change: LfuChange): boolean {
  return change.kind === 'keep' || (change.kind === 'delete' && !change.why.includes('stale'));
}

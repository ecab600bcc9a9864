/**
 * A plan that was made from an index, held against the master as it is now. What has become another
 * object since, or is gone, is left to a run that knows of it; what has come since is not deleted.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { attributesAt, isCarried, type Attributes } from '../../files/attributes.ts';
import { errnoOf } from '../../files/error.ts';
import { EMPTY_LISTING, STRIDE, setRow, statIn, type Listing } from '../../files/listing.ts';
import { statAt, type ObjectStat } from '../../files/stat.ts';
import { pathBelow, type Place, type Tree } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import type { LfuChange, LfuProblem } from './change.ts';
import { decideOne, type Decide } from './decide.ts';
import type { DirectoryInput, DirectoryPlan } from './directory.ts';
import type { Removed } from './object.ts';
import { problemOf } from './problem.ts';

export interface Confirmation {
  /** The master, as it is. */
  readonly tree: Tree;
  readonly decide: Decide | undefined;
  readonly privileged: boolean;
  readonly problem: (problem: LfuProblem) => void;
  /** Of so many objects the index is out of date. */
  readonly doubted: (count: number) => void;
}

/** What is to be done of `plan`, which is for `input`. */
export function confirm(
  plan: DirectoryPlan,
  input: DirectoryInput,
  context: Confirmation,
): DirectoryPlan {
  const look = looker(input.from, context.tree);
  const doubted = new Set<number>();
  const names = new Set<Bytes>();
  const indexes = plan.steps.some(({ change }) => change !== undefined)
    ? new Map(input.master.names.map((name, index) => [name, index]))
    : new Map<Bytes, number>();
  const isDoubtful = (path: Bytes, isSo: () => boolean): boolean => {
    try {
      if (isSo()) return false;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      context.problem(problemOf(path, error));
    }
    return true;
  };
  for (const [step, { change, links }] of plan.steps.entries()) {
    if (change === undefined) continue;
    const index = indexes.get(change.name) ?? -1;
    // where a link leads has just been looked at
    if (index < 0 || input.followed.has(index)) continue;
    const path = pathBelow(input.at, change.name);
    const doubtful = isDoubtful(path, () => {
      const is = look(change.name);
      const was = statIn(input.master, index);
      // of several names nobody knows by now whether they are still of one object
      if (links?.kind === 'copied' && links.group !== undefined && is?.inode !== was.inode) {
        return false;
      }
      return holds(change, { was, is }, input, index, context);
    });
    if (!doubtful) continue;
    doubted.add(step);
    names.add(change.name);
  }
  const removals = plan.removals.filter((removed) => {
    const name = input.slave.names[removed.index] ?? ('' as Bytes);
    return !isDoubtful(pathBelow(input.at, name), () =>
      isToGo(removed, name, look(name), input, context),
    );
  });
  const count = doubted.size + plan.removals.length - removals.length;
  if (count === 0) return plan;
  context.doubted(count);
  return {
    ...plan,
    removals,
    steps: plan.steps.map((step, at) => (doubted.has(at) ? { change: undefined } : step)),
    replaced: plan.replaced.filter(({ step }) => !doubted.has(step)),
    below: plan.below.filter(({ exists, directory }) => exists || !names.has(directory.name)),
  };
}

/** What is under a name now, or undefined. */
type Look = (name: Bytes) => ObjectStat | undefined;

function looker(from: Place, tree: Tree): Look {
  return (name) => {
    try {
      return statAt(tree.open(from), name);
    } catch (error) {
      // the directory itself is gone, or is none any more
      if (ABSENT.has(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  };
}

/** Whether the master's object is still the one that `change` is made after. */
function holds(
  change: LfuChange,
  { was, is }: { readonly was: ObjectStat; readonly is: ObjectStat | undefined },
  { from, master }: DirectoryInput,
  index: number,
  context: Confirmation,
): boolean {
  if (is?.type !== was.type || is.mode !== was.mode || is.uid !== was.uid || is.gid !== was.gid) {
    return false;
  }
  // a copy is made of what the file is by then
  if (change.kind === 'copy' || change.kind === 'join') return true;
  const known = master.attributes.get(index);
  if (known === undefined && !change.why.some((why) => why === 'acl' || why === 'xattr')) {
    return true;
  }
  const found = attributesAt(context.tree.open(from), change.name);
  return sameAttributes(known ?? new Map<Bytes, Bytes>(), found, context.privileged);
}

function sameAttributes(known: Attributes, found: Attributes, privileged: boolean): boolean {
  const carried = [...found].filter(([name]) => isCarried(name, privileged));
  return (
    carried.length === known.size && carried.every(([name, value]) => known.get(name) === value)
  );
}

/** Whether an object of the slave has to go, when `is` is what the master has under its name. */
function isToGo(
  { why }: Removed,
  name: Bytes,
  is: ObjectStat | undefined,
  { at }: DirectoryInput,
  { decide }: Confirmation,
): boolean {
  if (is === undefined) return true;
  if (why === 'absent' || decide === undefined) return false;
  const rows = new Int32Array(STRIDE);
  setRow(rows, 0, is);
  const listing: Listing = { ...EMPTY_LISTING, names: [name], rows };
  return decideOne(decide, at, listing, 0).disposition === 'delete';
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * What goes from the slave: an object with all below it, each judged by the rules, nothing removed
 * that was not seen, no directory removed in which something has to stay.
 */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { isMountIn, statIn, type Listing } from '../../files/listing.ts';
import type { RunningFiles } from '../../files/running.ts';
import type { ObjectStat } from '../../files/stat.ts';
import { pathBelow, placeBelow, type Identity } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { isKept, isTemporary, keptName, orderedByName } from '../names.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory, LfuProblem, Why } from './change.ts';
import type { Claims, Doomed, Fate } from './claims.ts';
import { decideOne, type Decide } from './decide.ts';
import { afterChange, type RunFacts } from './facts.ts';
import type { Step } from './hard-links.ts';
import { ruleError } from './object.ts';
import { problemOf } from './problem.ts';

export interface RemovalContext {
  readonly slave: Scanner;
  /** Undefined without rules. */
  readonly decide: Decide | undefined;
  readonly claims: Claims | undefined;
  readonly facts: RunFacts;
  /** Real path of the slave. */
  readonly slavePath: Bytes;
  /** The master's root, which must never be met on the way. */
  readonly masterRoot: Identity;
  /** Looked up when first needed. */
  readonly running: () => RunningFiles;
  readonly problem: (problem: LfuProblem) => void;
  /** So many more objects were looked at. */
  readonly examined: (count: number) => void;
}

export interface Removal {
  readonly steps: readonly Step[];
  /** Whether something is left, so that what it stands in cannot go. */
  readonly stays: boolean;
}

/** An object of the slave that is to go. */
export interface Condemned {
  readonly at: Directory;
  readonly listing: Listing;
  readonly index: number;
  readonly why: 'absent' | 'rule';
  /** With `rule`. */
  readonly decision?: Decision;
}

/** Plans the removal of `object`; yields between directories. */
export function* planRemoval(object: Condemned, context: RemovalContext): Generator<void, Removal> {
  const top: Frame = {
    directory: object.at,
    listing: object.listing,
    indexes: [object.index],
    why: object.why,
    ...(object.decision && { decision: object.decision }),
    isKept: false,
    stays: false,
    finish: undefined,
  };
  return yield* run(top, context);
}

/**
 * Plans the removal of all that is in `old`, in whose place something else comes. When anything has
 * to stay in it, so does `old`.
 */
export function* planEmptying(old: Directory, context: RemovalContext): Generator<void, Removal> {
  const top = enter(old, 'replaced', false, context);
  if (top === undefined) return { steps: [], stays: true };
  return yield* run({ ...top, within: old }, context);
}

/** A directory whose objects are being judged. */
interface Frame {
  readonly directory: Directory;
  readonly listing: Listing;
  readonly indexes: number[];
  /** Why its objects go, unless their own rules say otherwise. */
  readonly why: 'absent' | 'rule' | 'replaced' | 'stale';
  readonly decision?: Decision;
  /** Within something that an earlier run has kept. */
  readonly isKept: boolean;
  readonly within?: Directory;
  stays: boolean;
  /** What becomes of the directory itself once nothing is left in it. */
  readonly finish: (() => void) | undefined;
}

function* run(top: Frame, context: RemovalContext): Generator<void, Removal> {
  const frames: Frame[] = [top];
  const steps: Step[] = [];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const index = frame.indexes.pop();
    if (index !== undefined) {
      const inner = judge(frame, index, steps, context);
      if (inner !== undefined) {
        frames.push(inner);
        yield;
      }
      continue;
    }
    frames.pop();
    const parent = frames.at(-1);
    if (parent === undefined) break;
    if (frame.stays) parent.stays = true;
    else frame.finish?.();
  }
  return { steps, stays: top.stays };
}

/** Decides on one object. @returns the frame of a directory that has to be emptied first */
function judge(
  frame: Frame,
  index: number,
  steps: Step[],
  context: RemovalContext,
): Frame | undefined {
  const { directory: at, listing } = frame;
  const name = listing.names[index] ?? ('' as Bytes);
  const path = pathBelow(at, name);
  const stat = statIn(listing, index);
  const remove = (why: Why): void => {
    const isShared = stat.type !== 'd' && stat.links > 1;
    steps.push({
      change: { kind: 'delete', at, name, type: stat.type, why: [why], ...goingWith(frame, stat) },
      ...(isShared && {
        links: { kind: 'removed', slave: { identity: stat, links: stat.links } } as const,
      }),
    });
  };
  const decision = decisionOn(frame, index, context);
  if (!isSettled(frame, index)) {
    const { disposition } = decision;
    if (disposition === 'ignore' || disposition === 'preserve') {
      frame.stays = true;
      return undefined;
    }
    if (disposition === 'error') {
      context.problem(ruleError(path, decision, context.facts));
      frame.stays = true;
      return undefined;
    }
  }
  const wasKept = frame.isKept || isKept(name);
  if (
    wasKept &&
    stat.type !== 'd' &&
    context.running().has(stat, b`${context.slavePath}/${path}`)
  ) {
    frame.stays = true;
    return undefined;
  }
  const why = isTemporary(name) ? 'stale' : decision.disposition === 'delete' ? 'rule' : frame.why;
  const fate = fateOf({ path, isDirectory: stat.type === 'd', why, isKept: frame.isKept }, context);
  if (fate !== 'goes') frame.stays = true;
  if (fate === 'stays') return undefined;
  const keep = decision.keep && !wasKept;
  const settle = (): void => {
    if (!keep) {
      remove(why);
      return;
    }
    const after = afterChange(context.facts, path, decision);
    frame.stays = true;
    steps.push({
      change: {
        kind: 'keep',
        at,
        name,
        type: stat.type,
        why: [why],
        ...(after && { after: { ...after, exec: [], once: [] } }),
        keep: keptName(name, (kept) => listing.names.includes(kept)),
        ...goingWith(frame, stat),
      },
    });
  };
  if (stat.type !== 'd') {
    settle();
    return undefined;
  }
  if (isForeign(frame, index, stat, path, context)) {
    frame.stays = true;
    return undefined;
  }
  const directory: Directory = { ...placeBelow(at, name, stat), parent: at, want: undefined };
  const inner = enter(directory, why, wasKept, context);
  if (inner === undefined) {
    frame.stays = true;
    return undefined;
  }
  const within = frame.within && { within: frame.within };
  if (fate === 'partly') return { ...inner, ...within };
  const before = steps.length;
  return {
    ...inner,
    ...within,
    finish: () => {
      // what is kept is kept whole
      if (keep) steps.length = before;
      settle();
    },
  };
}

/** What other masters leave of it; what a killed run has left is nobody's. */
function fateOf(
  object: Omit<Doomed, 'byRule'> & { readonly why: Frame['why'] },
  { claims }: RemovalContext,
): Fate {
  if (claims === undefined || object.why === 'stale') return 'goes';
  return claims.fate({ ...object, byRule: object.why === 'rule' });
}

/** Whether no rule is asked any more. */
function isSettled(frame: Frame, index: number): boolean {
  const { why, listing } = frame;
  return why === 'rule' || why === 'stale' || isTemporary(listing.names[index] ?? ('' as Bytes));
}

function decisionOn(frame: Frame, index: number, context: RemovalContext): Decision {
  if (isSettled(frame, index)) return frame.decision ?? DEFAULT;
  return context.decide === undefined
    ? DEFAULT
    : decideOne(context.decide, frame.directory, frame.listing, index);
}

function goingWith(frame: Frame, stat: ObjectStat) {
  return {
    identity: { inode: stat.inode, device: stat.device },
    ...(frame.within && { within: frame.within }),
  };
}

/** Whether something is mounted there: what is in it is not the slave's, and no guard is too many. */
function isForeign(
  frame: Frame,
  index: number,
  stat: ObjectStat,
  path: Bytes,
  context: RemovalContext,
): boolean {
  const { masterRoot, problem } = context;
  if (stat.inode === masterRoot.inode && stat.device === masterRoot.device) {
    problem({ path, code: 'E_LFU_INSIDE', message: 'this is the master: not deleted' });
    return true;
  }
  const device = frame.directory.identity?.device;
  if (!isMountIn(frame.listing, index) && (device === undefined || device === stat.device)) {
    return false;
  }
  problem({
    path,
    code: 'E_LFU_MOUNT',
    message: 'the master lacks it, and something is mounted on it: not deleted',
    remedy: `unmount it, or write a rule: path=${printable(path)} { ignore; }`,
  });
  return true;
}

function enter(
  directory: Directory,
  why: Frame['why'],
  wasKept: boolean,
  context: RemovalContext,
): Frame | undefined {
  let listing: Listing;
  try {
    listing = context.slave.list(directory);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    context.problem(problemOf(directory.path, error));
    return undefined;
  }
  context.examined(listing.names.length);
  for (const [name, error] of listing.failed) {
    context.problem(problemOf(pathBelow(directory, name), error));
  }
  return {
    directory,
    listing,
    indexes: orderedByName([...listing.names.keys()], listing.names).toReversed(),
    why,
    isKept: wasKept,
    stays: listing.failed.size > 0,
    finish: undefined,
  };
}

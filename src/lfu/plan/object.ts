/**
 * One object of the master beside what the slave has under its name: what the decision means for it.
 * One function for each way of standing on the slave: as itself, as a directory, as a link.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';
import type { Identity, Place } from '../../files/tree.ts';
import { placeBelow } from '../../files/tree.ts';
import type { ObjectStat } from '../../files/stat.ts';
import type { Decision } from '../rules/decision.ts';
import { expand } from '../rules/variables.ts';
import type { Directory, LfuProblem, PlacedChange, Wanted, Why } from './change.ts';
import { afterChange, linkTarget, variablesFor, type RunFacts } from './facts.ts';
import type { LinkFacts, Step } from './hard-links.ts';
import { compareTimes, differences, wantedAsItIs, wantedOf, wantedOfLink } from './wanted.ts';

/** An object of the master and what stands under its name on the slave. */
export interface Pair {
  readonly at: Directory;
  readonly name: Bytes;
  readonly path: Bytes;
  readonly decision: Decision;
  readonly from: { readonly place: Place; readonly name: Bytes };
  readonly master: ObjectStat;
  readonly masterAttributes: Attributes | undefined;
  readonly target: Bytes | undefined;
  readonly isFollowed: boolean;
  readonly slave: ObjectStat | undefined;
  readonly slaveIndex: number;
  readonly slaveAttributes: Attributes | undefined;
  readonly slaveTarget: Bytes | undefined;
  /** The slave's object, when it is a directory. */
  readonly old: Directory | undefined;
  /** A directory whose owner, mode and times are another master's affair. */
  readonly isShared: boolean;
  /** Undefined when they were not compared. */
  readonly sameContents: boolean | undefined;
  /** The name that what stands there gets when it is to be kept; the same at every call. */
  readonly keptName: () => Bytes;
}

/** What planning has come to so far. */
export interface Draft {
  readonly steps: Step[];
  readonly below: Below[];
  readonly removals: Removed[];
  readonly replaced: Replaced[];
  readonly problems: LfuProblem[];
}

/** A directory that both are to have. */
export interface Below {
  readonly directory: Directory;
  readonly from: Place;
  /** The master's. */
  readonly identity: Identity;
  /** Whether the slave has it already. */
  readonly exists: boolean;
}

/** An object of the slave, by index, that is not to stay, unless a rule says so. */
export interface Removed {
  readonly index: number;
  /** `rule`: the master has it, and the rules say `delete`. */
  readonly why: 'absent' | 'rule';
  /** With `rule`. */
  readonly decision?: Decision;
}

/** A directory of the slave, by index, in whose place something else comes by that step. */
export interface Replaced {
  readonly index: number;
  readonly step: number;
  readonly old: Directory;
}

/** Adds to `plan` what is to be done about `pair`. */
export function planObject(pair: Pair, plan: Draft, facts: RunFacts): void {
  const { decision, master, path } = pair;
  switch (decision.disposition) {
    case 'ignore':
      return;
    case 'delete':
      if (pair.slave !== undefined) {
        plan.removals.push({ index: pair.slaveIndex, why: 'rule', decision });
      }
      return;
    case 'error':
      plan.problems.push(ruleError(path, decision, facts));
      return;
    case 'link':
    case 'shadow':
      if (decision.disposition === 'link' || master.type !== 'd') {
        planStandIn(pair, plan, facts);
        return;
      }
      break;
    case 'update':
    case 'preserve':
      break;
  }
  if (master.type === 'd') planSubdirectory(pair, plan, facts);
  else planCopy(pair, plan, facts);
}

/** The message of a rule's `error`. */
export function ruleError(path: Bytes, decision: Decision, facts: RunFacts): LfuProblem {
  const { message } = decision;
  const text = message === undefined ? '' : printable(expand(message, variablesFor(facts, path)));
  return { path, code: 'E_LFU_RULE', message: text === '' ? 'an error by the rules' : text };
}

/** A link in the place of an object. */
function planStandIn(pair: Pair, plan: Draft, facts: RunFacts): void {
  const { slave, decision, path } = pair;
  if (decision.source === undefined && facts.isLinkable === false) {
    plan.problems.push({
      path,
      code: 'E_LFU_STORE_LINK',
      message: 'a rule wants a link into the master, which is a store: left as it is',
      remedy: 'say where the link is to lead: link; source /usr/remote/…',
    });
    return;
  }
  const want = wantedOfLink(pair.master, decision, facts.ownership);
  const target = linkTarget(facts, path, decision);
  const place = (why: readonly Why[]): PlacedChange => ({
    kind: 'link',
    type: 'l',
    ...placed(pair, why, facts),
    target,
    want,
  });
  if (slave?.type !== 'l') add(plan, pair, place([slave === undefined ? 'new' : 'type']));
  else if (pair.slaveTarget !== target) add(plan, pair, place(['target']));
  else planDifferences(pair, plan, want, facts);
}

function planSubdirectory(pair: Pair, plan: Draft, facts: RunFacts): void {
  const { at, name, slave, master } = pair;
  const exists = slave?.type === 'd';
  const want =
    exists && pair.isShared
      ? wantedAsItIs(slave, pair.slaveAttributes)
      : wantedOf(master, pair.masterAttributes, pair.decision, facts.ownership);
  const directory: Directory = {
    ...placeBelow(at, name, exists ? slave : undefined),
    parent: at,
    want,
  };
  if (exists) planDifferences(pair, plan, want, facts, directory);
  else {
    add(plan, pair, {
      kind: 'make',
      type: 'd',
      ...placed(pair, [slave === undefined ? 'new' : 'type'], facts),
      want,
      major: 0,
      minor: 0,
      directory,
    });
  }
  plan.below.push({
    directory,
    from: placeBelow(pair.from.place, pair.from.name),
    identity: master,
    exists,
  });
}

function planCopy(pair: Pair, plan: Draft, facts: RunFacts): void {
  const { master, slave, decision } = pair;
  const want = wantedOf(master, pair.masterAttributes, decision, facts.ownership);
  const make = (why: readonly Why[]): PlacedChange => {
    const base = placed(pair, why, facts);
    if (master.type === 'f') {
      const from = { ...pair.from, stat: master };
      return { kind: 'copy', type: 'f', ...base, from, want, fill: decision.fill };
    }
    if (master.type === 'l') {
      return { kind: 'link', type: 'l', ...base, target: pair.target ?? ('' as Bytes), want };
    }
    const type = master.type === 'd' ? 'p' : master.type;
    return { kind: 'make', type, ...base, want, major: master.major, minor: master.minor };
  };
  if (slave === undefined) {
    add(plan, pair, make(['new']), linkFacts(pair, want, make));
    return;
  }
  const age = compareTimes(master.mtime, slave.mtime);
  if (decision.newer && (age < 0 || (age === 0 && slave.type !== master.type))) return;
  const why = reasonsToReplace(pair, slave);
  if (why.length > 0) add(plan, pair, make(why), linkFacts(pair, want, make));
  else planDifferences(pair, plan, want, facts, undefined, linkFacts(pair, want, make));
}

/** Why an object has to be made anew; nothing when it is right but for its metadata. */
function reasonsToReplace(pair: Pair, slave: ObjectStat): readonly Why[] {
  const { master, decision } = pair;
  const age = compareTimes(master.mtime, slave.mtime);
  if (decision.newer && age <= 0) return [];
  if (slave.type !== master.type) return ['type'];
  switch (master.type) {
    case 'l':
      return pair.target === pair.slaveTarget ? [] : ['target'];
    case 'b':
    case 'c':
      return master.major === slave.major && master.minor === slave.minor ? [] : ['device'];
    case 'f': {
      if (decision.force) return ['forced'];
      const times: readonly Why[] = (decision.newtime ? age > 0 : age !== 0) ? ['mtime'] : [];
      if (master.size !== slave.size) return ['size', ...times];
      if (pair.sameContents !== undefined) return pair.sameContents ? [] : ['content'];
      return times;
    }
    case 'p':
    case 's':
    case 'd':
      return [];
  }
}

/** What is to be set on an object that stays. */
function planDifferences(
  pair: Pair,
  plan: Draft,
  want: Wanted,
  facts: RunFacts,
  directory?: Directory,
  links?: LinkFacts,
): void {
  const { at, name, path, slave, decision } = pair;
  if (slave === undefined) return;
  const why = differences(want, slave, pair.slaveAttributes);
  if (why.length === 0) {
    if (links !== undefined) plan.steps.push({ change: undefined, links });
    return;
  }
  const after = afterChange(facts, path, decision);
  plan.steps.push({
    change: {
      kind: 'set',
      at,
      name,
      type: slave.type,
      why,
      ...(after && { after }),
      want,
      object: { inode: slave.inode, device: slave.device, links: slave.links },
      ...(directory && { directory }),
    },
    ...(links && { links }),
  });
}

function add(plan: Draft, pair: Pair, change: PlacedChange, links?: LinkFacts): void {
  if (change.old !== undefined) {
    plan.replaced.push({ index: pair.slaveIndex, step: plan.steps.length, old: change.old });
  }
  plan.steps.push({ change, ...(links && { links }) });
}

/** What all changes have that put something under a name. */
function placed(pair: Pair, why: readonly Why[], facts: RunFacts) {
  const { at, name, path, slave, decision, old } = pair;
  const after = afterChange(facts, path, decision);
  return {
    at,
    name,
    why,
    ...(after && { after }),
    ...(slave && { replaces: slave.type }),
    ...(slave && decision.keep && { keep: pair.keptName() }),
    ...(old && { old }),
  };
}

/** What hard links need to know; undefined for an object that has one name here and there. */
function linkFacts(
  pair: Pair,
  want: Wanted,
  make: (why: readonly Why[]) => PlacedChange,
): LinkFacts | undefined {
  const { master, slave, isFollowed } = pair;
  const hasGroup = master.links > 1 && !isFollowed;
  if (!hasGroup && (slave === undefined || slave.type === 'd' || slave.links === 1)) {
    return undefined;
  }
  const { mode, uid, gid, mtime } = want;
  const time = mtime === undefined ? '' : `${mtime.seconds}.${mtime.nanoseconds}`;
  return {
    kind: 'copied',
    group: hasGroup ? `${master.device}:${master.inode} ${mode} ${uid} ${gid} ${time}` : undefined,
    slave:
      slave === undefined || slave.type !== master.type
        ? undefined
        : { identity: slave, links: slave.links },
    fresh: make(slave === undefined ? ['new'] : ['links']),
  };
}

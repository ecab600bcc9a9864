/**
 * One directory of the master beside the slave's: what is to change, which directories to go into,
 * what the slave has too much. Pure: two listings and the decisions in, data out.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { Listing } from '../../files/listing.ts';
import { ROW, STRIDE, statIn, typeIn } from '../../files/listing.ts';
import type { ObjectStat } from '../../files/stat.ts';
import { pathBelow, placeBelow, type Place } from '../../files/tree.ts';
import { isTemporary, keptName } from '../names.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import { expand } from '../rules/variables.ts';
import type { Attributes } from '../../files/attributes.ts';
import type { Directory, LfuProblem, PlacedChange, Wanted, Why } from './change.ts';
import { afterChange, linkTarget, variablesFor, type RunFacts } from './facts.ts';
import type { LinkFacts, Step } from './hard-links.ts';
import { compareTimes, differences, wantedOf, wantedOfLink } from './wanted.ts';

export interface DirectoryInput {
  readonly at: Directory;
  /** The master's. */
  readonly from: Place;
  readonly master: Listing;
  readonly slave: Listing;
  /** For each object of the master's listing; undefined when none of them is subject to a rule. */
  readonly decisions: readonly Decision[] | undefined;
  /** Where links that are followed lead to; their rows tell of that object. */
  readonly followed: ReadonlyMap<number, { readonly place: Place; readonly name: Bytes }>;
  /** Of files that were compared: whether the contents are the same. */
  readonly compared: ReadonlyMap<number, boolean>;
}

export interface DirectoryPlan {
  readonly steps: readonly Step[];
  /** Directories that both are to have. */
  readonly below: readonly Below[];
  /** Objects of the slave, by index, that are not to stay, unless a rule says so. */
  readonly removals: readonly Removed[];
  /** Directories of the slave, by index, in whose place something else comes by that step. */
  readonly replaced: readonly { readonly index: number; readonly step: number }[];
  readonly problems: readonly LfuProblem[];
}

export interface Below {
  readonly directory: Directory;
  readonly from: Place;
  /** Whether the slave has it already. */
  readonly exists: boolean;
  readonly device: bigint;
}

export interface Removed {
  readonly index: number;
  /** `rule`: the master has it, and the rules say `delete`. */
  readonly why: 'absent' | 'rule';
}

/** What is to be done in one directory. */
export function planDirectory(input: DirectoryInput, facts: RunFacts): DirectoryPlan {
  const { master, slave, decisions } = input;
  const plan: Draft = { steps: [], below: [], removals: [], replaced: [], problems: [] };
  const indexOf = new Map<Bytes, number>();
  for (const [index, name] of slave.names.entries()) indexOf.set(name, index);
  const seen = new Uint8Array(slave.names.length);
  const taken = new Set<Bytes>();
  for (const [index, name] of master.names.entries()) {
    if (isTemporary(name)) continue;
    const slaveIndex = indexOf.get(name) ?? -1;
    if (slaveIndex >= 0) seen[slaveIndex] = 1;
    const decision = decisions?.[index] ?? DEFAULT;
    if (decision === DEFAULT && slaveIndex >= 0 && isUnchanged(input, index, slaveIndex, facts)) {
      continue;
    }
    if (slave.failed.has(name)) continue;
    const pair = pairOf(input, index, slaveIndex, decision);
    planObject(pair, plan, facts, (kept) => {
      if (taken.has(kept) || indexOf.has(kept) || master.names.includes(kept)) return true;
      taken.add(kept);
      return false;
    });
  }
  for (const [index, name] of slave.names.entries()) {
    // what is on the master and could not be looked at is not known to be absent
    if (seen[index] === 0 && !master.failed.has(name)) plan.removals.push({ index, why: 'absent' });
  }
  return plan;
}

interface Draft extends DirectoryPlan {
  readonly steps: Step[];
  readonly below: Below[];
  readonly removals: Removed[];
  readonly replaced: { readonly index: number; readonly step: number }[];
  readonly problems: LfuProblem[];
}

/** An object of the master and what stands under its name on the slave. */
interface Pair {
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
  readonly sameContents: boolean | undefined;
}

function planObject(
  pair: Pair,
  plan: Draft,
  facts: RunFacts,
  isTaken: (name: Bytes) => boolean,
): void {
  const { decision, master, path } = pair;
  switch (decision.disposition) {
    case 'ignore':
      return;
    case 'delete':
      if (pair.slave !== undefined) plan.removals.push({ index: pair.slaveIndex, why: 'rule' });
      return;
    case 'error':
      plan.problems.push(ruleError(path, decision, facts));
      return;
    case 'link':
    case 'shadow':
      if (decision.disposition === 'link' || master.type !== 'd') {
        planStandIn(pair, plan, facts, isTaken);
        return;
      }
      break;
    case 'update':
    case 'preserve':
      break;
  }
  if (master.type === 'd') planSubdirectory(pair, plan, facts, isTaken);
  else planCopy(pair, plan, facts, isTaken);
}

/** The message of a rule's `error`. */
export function ruleError(path: Bytes, decision: Decision, facts: RunFacts): LfuProblem {
  const { message } = decision;
  const text = message === undefined ? '' : printable(expand(message, variablesFor(facts, path)));
  return { path, code: 'E_LFU_RULE', message: text === '' ? 'an error by the rules' : text };
}

/** A link in the place of an object. */
function planStandIn(
  pair: Pair,
  plan: Draft,
  facts: RunFacts,
  isTaken: (name: Bytes) => boolean,
): void {
  const { slave, decision, path } = pair;
  const want = wantedOfLink(pair.master, decision, facts.ownership);
  const target = linkTarget(facts, path, decision);
  const place = (why: readonly Why[]): PlacedChange => ({
    kind: 'link',
    type: 'l',
    ...placed(pair, why, facts, isTaken),
    target,
    want,
  });
  if (slave?.type !== 'l') add(plan, pair, place([slave === undefined ? 'new' : 'type']));
  else if (pair.slaveTarget !== target) add(plan, pair, place(['target']));
  else planDifferences(pair, plan, want, facts);
}

function planSubdirectory(
  pair: Pair,
  plan: Draft,
  facts: RunFacts,
  isTaken: (name: Bytes) => boolean,
): void {
  const { at, name, slave, master } = pair;
  const want = wantedOf(master, pair.masterAttributes, pair.decision, facts.ownership);
  const exists = slave?.type === 'd';
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
      ...placed(pair, [slave === undefined ? 'new' : 'type'], facts, isTaken),
      want,
      major: 0,
      minor: 0,
      directory,
    });
  }
  plan.below.push({
    directory,
    from: placeBelow(pair.from.place, pair.from.name),
    exists,
    device: master.device,
  });
}

function planCopy(
  pair: Pair,
  plan: Draft,
  facts: RunFacts,
  isTaken: (name: Bytes) => boolean,
): void {
  const { master, slave, decision } = pair;
  const want = wantedOf(master, pair.masterAttributes, decision, facts.ownership);
  const make = (why: readonly Why[]): PlacedChange => {
    const base = placed(pair, why, facts, isTaken);
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
  if (decision.newer && compareTimes(slave.mtime, master.mtime) > 0) return;
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
  if (pair.slave?.type === 'd') {
    plan.replaced.push({ index: pair.slaveIndex, step: plan.steps.length });
  }
  plan.steps.push({ change, ...(links && { links }) });
}

/** What all changes have that put something under a name. */
function placed(
  pair: Pair,
  why: readonly Why[],
  facts: RunFacts,
  isTaken: (name: Bytes) => boolean,
) {
  const { at, name, path, slave, decision } = pair;
  const after = afterChange(facts, path, decision);
  const old: Directory | undefined =
    slave?.type === 'd'
      ? { ...placeBelow(at, name, slave), parent: at, want: undefined }
      : undefined;
  return {
    at,
    name,
    why,
    ...(after && { after }),
    ...(slave && { replaces: slave.type }),
    ...(slave && decision.keep && { keep: keptName(name, isTaken) }),
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

function pairOf(
  input: DirectoryInput,
  index: number,
  slaveIndex: number,
  decision: Decision,
): Pair {
  const { at, from, master, slave, followed, compared } = input;
  const name = master.names[index] ?? ('' as Bytes);
  const leadsTo = followed.get(index);
  return {
    at,
    name,
    path: pathBelow(at, name),
    decision,
    from: leadsTo ?? { place: from, name },
    master: statIn(master, index),
    masterAttributes: master.attributes.get(index),
    target: master.targets.get(index),
    isFollowed: leadsTo !== undefined,
    slave: slaveIndex < 0 ? undefined : statIn(slave, slaveIndex),
    slaveIndex,
    slaveAttributes: slave.attributes.get(slaveIndex),
    slaveTarget: slave.targets.get(slaveIndex),
    sameContents: compared.get(index),
  };
}

/**
 * Whether nothing at all is to be done about an object to which no rule applies: the answer for
 * nearly all objects of nearly all runs, found without making anything.
 */
function isUnchanged(
  { master, slave, compared }: DirectoryInput,
  index: number,
  slaveIndex: number,
  facts: RunFacts,
): boolean {
  const a = master.rows;
  const c = slave.rows;
  const i = index * STRIDE;
  const j = slaveIndex * STRIDE;
  if (
    a[i] !== c[j] ||
    a[i + ROW.links] !== 1 ||
    c[j + ROW.links] !== 1 ||
    a[i + ROW.size] !== c[j + ROW.size] ||
    a[i + ROW.size + 1] !== c[j + ROW.size + 1] ||
    a[i + ROW.mtime] !== c[j + ROW.mtime] ||
    a[i + ROW.mtime + 1] !== c[j + ROW.mtime + 1] ||
    a[i + ROW.mtimeNanoseconds] !== c[j + ROW.mtimeNanoseconds] ||
    a[i + ROW.major] !== c[j + ROW.major] ||
    a[i + ROW.minor] !== c[j + ROW.minor]
  ) {
    return false;
  }
  if (
    facts.ownership.copied &&
    (a[i + ROW.uid] !== c[j + ROW.uid] || a[i + ROW.gid] !== c[j + ROW.gid])
  ) {
    return false;
  }
  // a set-id bit depends on the owner; attributes and contents are compared with care
  if (!facts.ownership.copied && ((a[i] ?? 0) & 0o6000) !== 0) return false;
  if (master.attributes.size > 0 && master.attributes.has(index)) return false;
  if (slave.attributes.size > 0 && slave.attributes.has(slaveIndex)) return false;
  if (compared.size > 0 && compared.has(index)) return false;
  const type = typeIn(master, index);
  if (type === 'd') return false;
  return type !== 'l' || master.targets.get(index) === slave.targets.get(slaveIndex);
}

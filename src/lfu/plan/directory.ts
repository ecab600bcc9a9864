/**
 * One directory of the master beside the slave's: what is to change, which directories to go into,
 * what the slave has too much. Pure: two listings and the decisions in, data out.
 */
import { compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { ROW, STRIDE, statIn, typeIn, type Listing } from '../../files/listing.ts';
import { pathBelow, placeBelow, type Place } from '../../files/tree.ts';
import { isMarker, isTemporary, keptName, orderedByName } from '../names.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import type { Directory } from './change.ts';
import type { RunFacts } from './facts.ts';
import { planObject, type Draft, type Pair } from './object.ts';

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
  /** Directories of the master that have their metadata from another one. */
  readonly shared?: ReadonlySet<number> | undefined;
}

export type DirectoryPlan = Readonly<{ [key in keyof Draft]: Readonly<Draft[key]> }>;

/** What is to be done in one directory. */
export function planDirectory(input: DirectoryInput, facts: RunFacts): DirectoryPlan {
  const { at, master, slave, decisions } = input;
  const plan: Draft = { steps: [], below: [], removals: [], replaced: [], problems: [] };
  const indexOf = new Map<Bytes, number>();
  for (const [index, name] of slave.names.entries()) indexOf.set(name, index);
  const seen = new Uint8Array(slave.names.length);
  let taken: Set<Bytes> | undefined;
  const isTaken = (name: Bytes): boolean => {
    taken ??= new Set([...master.names, ...slave.names]);
    if (taken.has(name)) return true;
    taken.add(name);
    return false;
  };
  const open: number[] = [];
  for (const [index, name] of master.names.entries()) {
    if (isTemporary(name) || isMarker(at, name)) continue;
    const slaveIndex = indexOf.get(name) ?? -1;
    if (slaveIndex >= 0) seen[slaveIndex] = 1;
    const isPlain = decisions === undefined || decisions[index] === DEFAULT;
    if (isPlain && slaveIndex >= 0 && isUnchanged(input, index, slaveIndex, facts)) continue;
    if (!slave.failed.has(name) && !master.failed.has(name)) open.push(index);
  }
  for (const index of orderedByName(open, master.names)) {
    const slaveIndex = indexOf.get(nameOf(master, index)) ?? -1;
    planObject(pairOf(input, index, slaveIndex, isTaken), plan, facts);
  }
  for (const [index, name] of slave.names.entries()) {
    // what is on the master and could not be looked at is not known to be absent
    if (seen[index] === 1 || master.failed.has(name) || isMarker(at, name)) continue;
    plan.removals.push({ index, why: 'absent' });
  }
  plan.removals.sort((a, c) => compareBytes(nameOf(slave, a.index), nameOf(slave, c.index)));
  return plan;
}

function nameOf(listing: Listing, index: number): Bytes {
  return listing.names[index] ?? ('' as Bytes);
}

function pairOf(
  input: DirectoryInput,
  index: number,
  slaveIndex: number,
  isTaken: (name: Bytes) => boolean,
): Pair {
  const { at, from, master, slave, decisions, followed, compared } = input;
  const name = nameOf(master, index);
  const leadsTo = followed.get(index);
  const found = slaveIndex < 0 ? undefined : statIn(slave, slaveIndex);
  let kept: Bytes | undefined;
  return {
    at,
    name,
    path: pathBelow(at, name),
    decision: decisions?.[index] ?? DEFAULT,
    from: leadsTo ?? { place: from, name },
    master: statIn(master, index),
    masterAttributes: master.attributes.get(index),
    target: master.targets.get(index),
    isFollowed: leadsTo !== undefined,
    slave: found,
    slaveIndex,
    slaveAttributes: slave.attributes.get(slaveIndex),
    slaveTarget: slave.targets.get(slaveIndex),
    old:
      found?.type === 'd'
        ? { ...placeBelow(at, name, found), parent: at, want: undefined }
        : undefined,
    isShared: input.shared?.has(index) === true,
    sameContents: compared.get(index),
    keptName: () => (kept ??= keptName(name, isTaken)),
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

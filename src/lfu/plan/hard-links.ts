/**
 * Hard links: which names are to be one object. Decided when all directories have been compared,
 * since the names of an object stand anywhere; pure.
 */
import type { Identity } from '../../files/tree.ts';
import type { JoinChange, LfuChange, PlacedChange, Why } from './change.ts';

/** One object of the plan: its change, if it has one, and what is known of its other names. */
export interface Step {
  readonly change: LfuChange | undefined;
  readonly links?: LinkFacts;
}

export type LinkFacts =
  | {
      readonly kind: 'copied';
      /** The same for all names that are to be one object; undefined when it has one name only. */
      readonly group: string | undefined;
      /** What stands under the name on the slave. */
      readonly slave: SlaveObject | undefined;
      /** How to make it anew. */
      readonly fresh: PlacedChange;
    }
  /** On the slave only, and to be removed. */
  | { readonly kind: 'removed'; readonly slave: SlaveObject };

export interface SlaveObject {
  readonly identity: Identity;
  readonly links: number;
}

/** The changes of `steps`, one for each or none, with the names joined and parted as on the master. */
export function resolveHardLinks(steps: readonly Step[]): (LfuChange | undefined)[] {
  const result = steps.map((step) => step.change);
  const names = countNames(steps);
  const taken = new Set<string>();
  for (const members of groups(steps)) resolveGroup(members, { names, taken, result });
  return result;
}

/** A name of a group, by its index among the steps. */
interface Member {
  readonly index: number;
  readonly fresh: PlacedChange;
  readonly slave: SlaveObject | undefined;
  /** The object under it is right but for its metadata. */
  readonly isRight: boolean;
}

interface State {
  /** How many names of each object of the slave are ours to change. */
  readonly names: ReadonlyMap<string, number>;
  /** Objects of the slave that a group has got. */
  readonly taken: Set<string>;
  readonly result: (LfuChange | undefined)[];
}

function resolveGroup(members: readonly Member[], state: State): void {
  const { result, taken } = state;
  const leader = chooseLeader(members, taken);
  if (leader === undefined) {
    const [first, ...others] = members;
    if (first === undefined) return;
    const own = result[first.index];
    const made = own === undefined || !isPlaced(own) ? first.fresh : own;
    result[first.index] = made;
    for (const member of others) result[member.index] = joinTo(member, first, made, undefined);
    return;
  }
  const key = keyOf(leader.slave);
  if (key !== undefined) taken.add(key);
  const set = result[leader.index];
  if (set !== undefined && hasForeignNames(leader, state)) {
    // what is set on it would be set on a name that is not ours, too
    result[leader.index] = leader.fresh;
    for (const member of members) {
      if (member !== leader) {
        result[member.index] = joinTo(member, leader, leader.fresh, undefined);
      }
    }
    return;
  }
  for (const member of members) {
    if (member === leader) continue;
    // another name of the same object: what is to be set is set once
    const isJoined = member.isRight && keyOf(member.slave) === key;
    result[member.index] = isJoined
      ? undefined
      : joinTo(member, leader, undefined, leader.slave?.identity);
  }
}

/** The name whose object the others shall join: the one that most of them share already. */
function chooseLeader(members: readonly Member[], taken: ReadonlySet<string>): Member | undefined {
  const counts = new Map<string, number>();
  for (const { isRight, slave } of members) {
    const key = keyOf(slave);
    if (isRight && key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  let best: Member | undefined;
  let most = 0;
  for (const member of members) {
    const key = keyOf(member.slave);
    if (!member.isRight || key === undefined || taken.has(key)) continue;
    const count = counts.get(key) ?? 0;
    if (count > most) {
      best = member;
      most = count;
    }
  }
  return best;
}

function hasForeignNames(leader: Member, { names }: State): boolean {
  const { slave } = leader;
  return slave !== undefined && (names.get(keyOf(slave) ?? '') ?? 0) < slave.links;
}

function joinTo(
  member: Member,
  leader: Member,
  made: LfuChange | undefined,
  identity: Identity | undefined,
): JoinChange {
  const { at, name, type, why, after, replaces, keep, old } = member.fresh;
  const reasons: readonly Why[] = member.isRight ? ['links'] : why;
  return {
    kind: 'join',
    at,
    name,
    type,
    why: reasons,
    ...(after && { after }),
    ...(replaces && { replaces }),
    ...(keep !== undefined && { keep }),
    ...(old && { old }),
    to: { at: leader.fresh.at, name: leader.fresh.name, made, identity },
  };
}

/** The names that belong together, each alone that belongs to none; in the order of the first. */
function groups(steps: readonly Step[]): Iterable<readonly Member[]> {
  const found = new Map<string, Member[]>();
  for (const [index, { change, links }] of steps.entries()) {
    if (links?.kind !== 'copied') continue;
    const { fresh, slave } = links;
    const isRight = slave !== undefined && (change === undefined || change.kind === 'set');
    const member: Member = { index, fresh, slave, isRight };
    const group = links.group ?? `alone ${index}`;
    const members = found.get(group);
    if (members === undefined) found.set(group, [member]);
    else members.push(member);
  }
  return found.values();
}

function countNames(steps: readonly Step[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const { links } of steps) {
    const key = keyOf(links?.slave);
    if (key !== undefined) names.set(key, (names.get(key) ?? 0) + 1);
  }
  return names;
}

function keyOf(slave: SlaveObject | undefined): string | undefined {
  return slave === undefined ? undefined : `${slave.identity.device}:${slave.identity.inode}`;
}

function isPlaced(change: LfuChange): change is PlacedChange {
  return change.kind !== 'set' && change.kind !== 'keep' && change.kind !== 'delete';
}

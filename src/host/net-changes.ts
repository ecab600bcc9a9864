/**
 * What several generations did to each name together. An original that was displaced is a name of its
 * own meanwhile, so a path and the name that its original is kept under go in pairs.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { Generation, RecordedChange } from './generations.ts';
import type { Before } from './plan.ts';
import { sameState } from './state.ts';

export interface NetChange {
  readonly path: Bytes;
  /** Before the first of the generations; `special` where no record knows it. */
  readonly before: Before;
  /** After the last. */
  readonly after: Before;
  /** Oldest first; more than one where somebody has changed it between two generations. */
  readonly steps: readonly NetStep[];
  readonly bookkeeping: boolean;
}

/** What generations in a row did to a name that nobody else changed meanwhile. */
export interface NetStep {
  readonly before: Before;
  readonly after: Before;
  /** The first of them. */
  readonly generation: number;
}

/** A path whose original was displaced or has come back. */
export interface NetPair {
  readonly link: NetChange;
  readonly kept: NetChange;
  /** The generation that displaced it, or brought it back, last. */
  readonly generation: number;
}

export interface NetChanges {
  /** Newest first. */
  readonly single: readonly NetChange[];
  readonly pairs: readonly NetPair[];
}

/** The changes of `generations`, which are in the order in which they were made, taken together. */
export function netChanges(generations: readonly Generation[]): NetChanges {
  const net = new Map<Bytes, NetChange>();
  const pairs = new Map<Bytes, { readonly keptAs: Bytes; readonly generation: number }>();
  for (const { change, generation } of inOrder(generations)) {
    const { path, keptAs, op } = change;
    const add = (at: Bytes, before: Before, after: Before, bookkeeping = false): void => {
      const so = net.get(at);
      // the newest last
      net.delete(at);
      const steps = withStep(so?.steps ?? [], { before, after, generation });
      net.set(at, { path: at, before: so?.before ?? before, after, steps, bookkeeping });
    };
    // what came back is known when something is then done to it
    const back = pairs.get(path);
    if (back !== undefined) learn(net, path, back.keptAs, change.before);
    if (keptAs !== undefined && op === 'displace') {
      add(keptAs, ABSENT, change.before);
      add(path, change.before, change.after);
      pairs.set(path, { keptAs, generation });
    } else if (keptAs !== undefined && op === 'restore') {
      const original = net.get(keptAs)?.after ?? UNKNOWN;
      add(keptAs, original, ABSENT);
      add(path, change.before, original);
      pairs.set(path, { keptAs, generation });
    } else add(path, change.before, change.after, isBookkeeping(change));
  }
  const found = [...pairs].flatMap(([path, { keptAs, generation }]): NetPair[] => {
    const [link, kept] = [net.get(path), net.get(keptAs)];
    return link === undefined || kept === undefined ? [] : [{ link, kept, generation }];
  });
  for (const { link, kept } of found) {
    net.delete(link.path);
    net.delete(kept.path);
  }
  return { single: [...net.values()].toReversed(), pairs: found.toReversed() };
}

function withStep(steps: readonly NetStep[], next: NetStep): readonly NetStep[] {
  const last = steps.at(-1);
  if (last === undefined || !sameObject(last.after, next.before)) return [...steps, next];
  const both = { ...last, after: next.after };
  // what has been taken back is as if it had never been
  const nothing = !isUnknown(both.before) && sameObject(both.before, both.after);
  return nothing ? steps.slice(0, -1) : [...steps.slice(0, -1), both];
}

/** The same state, in mode and owner too, as far as they are known. */
function sameObject(one: Before, other: Before): boolean {
  if (!sameState(one, other)) return isUnknown(one);
  if (one.type !== 'file' || other.type !== 'file') return true;
  // -1: whoever wrote it
  const same = (id: number, otherId: number): boolean => id === otherId || id < 0 || otherId < 0;
  return one.mode === other.mode && same(one.uid, other.uid) && same(one.gid, other.gid);
}

function* inOrder(
  generations: readonly Generation[],
): Generator<{ readonly change: RecordedChange; readonly generation: number }> {
  for (const { changes, generation } of generations) {
    for (const change of changes) yield { change, generation };
  }
}

/** The state of an original that no record had known when it came back. */
function learn(net: Map<Bytes, NetChange>, path: Bytes, keptAs: Bytes, state: Before): void {
  const [link, kept] = [net.get(path), net.get(keptAs)];
  if (link === undefined || kept === undefined || !isUnknown(link.after)) return;
  net.set(path, known(link, state));
  if (isUnknown(kept.before)) net.set(keptAs, known(kept, state));
}

/** With what had not been known. */
function known(change: NetChange, state: Before): NetChange {
  const of = (other: Before): Before => (isUnknown(other) ? state : other);
  const { before, after, steps } = change;
  return {
    ...change,
    before: of(before),
    after: of(after),
    steps: steps.map((step) => ({ ...step, before: of(step.before), after: of(step.after) })),
  };
}

/** Whether no record knows the state. */
export function isUnknown(state: Before): boolean {
  return sameState(state, UNKNOWN);
}

function isBookkeeping(change: RecordedChange): boolean {
  return change.bookkeeping === true;
}

const ABSENT: Before = { type: 'absent' };
const UNKNOWN: Before = { type: 'special' };

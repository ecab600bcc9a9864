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
  readonly bookkeeping: boolean;
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
  const add = (path: Bytes, before: Before, after: Before, bookkeeping = false): void => {
    const known = net.get(path);
    // the newest last
    net.delete(path);
    net.set(path, { path, before: known?.before ?? before, after, bookkeeping });
  };
  for (const { change, generation } of inOrder(generations)) {
    const { path, keptAs, op } = change;
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
  net.set(path, { ...link, after: state });
  if (isUnknown(kept.before)) net.set(keptAs, { ...kept, before: state });
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

/**
 * The states that a disk may be in after a loss of power: what was synced is there, and of the rest
 * anything may be and may not be.
 *
 * - An operation on names (a rename, an exchange, a link made or removed) has reached the disk as a
 *   whole or not at all, in any order, but for one that needs another: names that it gives or takes were
 *   given or taken before. File systems with a journal promise more; none of those in use less.
 * - The content of a file that was not synced may be what it was, a part of what was written, zeros,
 *   or nothing; its name may be there long before. Modes, owners and times go their own way.
 * - A sync of a file makes its content and attributes durable, not its name; a sync of a directory the
 *   names in it, not its own.
 */
import { createHash } from 'node:crypto';
import { perform, type Disk, type Operation } from './disk.ts';

/** One state, and how it came about. */
export interface Loss {
  /** How many operations had been asked for. */
  readonly at: number;
  readonly disk: () => Disk;
  /** Those that were not synced, with what became of them. */
  readonly told: () => string;
}

export interface LossOptions {
  /** From 0 to 1, the next one at each call. */
  readonly random: () => number;
  /** How many of any kind at each operation, beside those that are tried in any case. */
  readonly more: number;
  /** Nothing is tried but that all is lost that was not synced. */
  readonly worst?: boolean;
}

/** All that is tried: for each moment nothing, all, all but one, only one, and some of any kind. */
export function* losses(
  start: Disk,
  operations: readonly Operation[],
  options: LossOptions,
): Generator<Loss> {
  let durable = start;
  let pending: readonly Operation[] = [];
  for (let at = 0; at <= operations.length; at++) {
    const [lasting, waiting] = [durable, pending];
    for (const choice of choices(waiting, options)) {
      yield {
        at,
        disk: () => performed(lasting, choice.reached),
        told: () => toldOf(waiting, choice, operations[at]),
      };
    }
    const next = operations[at];
    if (next === undefined) return;
    if (next.op === 'sync') {
      const synced = syncedBy(pending, next.object);
      durable = performed(
        durable,
        pending.filter((each) => synced.has(each)),
      );
      pending = pending.filter((each) => !synced.has(each));
      continue;
    }
    pending = [...pending, next];
    // nothing leads to it yet
    if (next.op === 'names' && next.makes !== undefined) durable = withMade(durable, next);
  }
}

function performed(disk: Disk, operations: readonly Operation[]): Disk {
  const copy = new Map(disk);
  for (const each of operations) perform(copy, each);
  return copy;
}

function withMade(disk: Disk, { names, makes }: Extract<Operation, { op: 'names' }>): Disk {
  const copy = new Map(disk);
  for (const { object } of names) {
    if (object !== undefined && makes !== undefined) copy.set(object, makes);
  }
  return copy;
}

/** What had been asked for when the power went, as it reached the disk. */
interface Choice {
  readonly reached: readonly Operation[];
}

/** Pending operations that a sync makes durable. */
function syncedBy(pending: readonly Operation[], object: number | undefined): Set<Operation> {
  if (object === undefined) return new Set(pending);
  const touched = pending.filter((each) =>
    each.op === 'names'
      ? each.names.some(({ directory }) => directory === object)
      : 'object' in each && each.object === object,
  );
  return withNeeded(pending, new Set(touched));
}

/** With all that these operations need: what was done before to the same names. */
function withNeeded(pending: readonly Operation[], chosen: ReadonlySet<Operation>): Set<Operation> {
  const all = new Set(chosen);
  const keys = new Set<string>();
  for (const each of pending.toReversed()) {
    if (each.op !== 'names') continue;
    const own = each.names.map(({ directory, name }) => `${directory} ${name}`);
    if (own.some((key) => keys.has(key))) all.add(each);
    if (all.has(each)) for (const key of own) keys.add(key);
  }
  return all;
}

function* choices(pending: readonly Operation[], options: LossOptions): Generator<Choice> {
  const { random, more, worst } = options;
  const names = pending.filter(({ op }) => op === 'names');
  const contents = [...new Set(pending.flatMap((each) => (isContent(each) ? [each.object] : [])))];
  const all = new Set(names);
  yield choiceOf(pending, new Set(), () => 'nothing');
  if (pending.length === 0 || worst === true) return;
  yield { reached: pending };
  for (const object of contents) {
    for (const how of HOW)
      yield choiceOf(pending, all, (other) => (other === object ? how : 'all'));
  }
  for (const one of names) {
    const without = new Set(names.filter((each) => !needs(pending, each, one)));
    yield choiceOf(pending, without, () => 'all');
    yield choiceOf(pending, withNeeded(pending, new Set([one])), () => 'all');
    if (contents.length > 0) {
      yield choiceOf(pending, withNeeded(pending, new Set([one])), () => 'nothing');
    }
  }
  for (let i = 0; i < more; i++) {
    const share = random();
    const some = new Set(names.filter(() => random() < share));
    const fates = new Map(contents.map((object) => [object, pick(HOW, random)]));
    const attributes = random() < 0.5;
    yield choiceOf(
      pending,
      withNeeded(pending, some),
      (object) => fates.get(object) ?? 'all',
      attributes,
    );
  }
}

function needs(pending: readonly Operation[], each: Operation, other: Operation): boolean {
  return withNeeded(pending, new Set([each])).has(other);
}

/** What may have become of a content. */
const HOW = ['all', 'nothing', 'half', 'zeros', 'half zeros'] as const;
type How = (typeof HOW)[number];

/** Names as chosen, in an order in which they can be given, with contents as they may be. */
function choiceOf(
  pending: readonly Operation[],
  names: ReadonlySet<Operation>,
  fate: (object: number) => How,
  attributes = true,
): Choice {
  const reached = pending.flatMap((each): Operation[] => {
    switch (each.op) {
      case 'names':
        return names.has(each) ? [each] : [];
      case 'attributes':
        return attributes && fate(each.object) !== 'nothing' ? [each] : [];
      case 'write':
      case 'truncate':
        return damaged(each, fate(each.object));
      case 'sync':
        return [];
    }
  });
  return { reached };
}

function damaged(
  operation: Extract<Operation, { op: 'write' | 'truncate' }>,
  how: How,
): Operation[] {
  if (how === 'all') return [operation];
  if (how === 'nothing') return [];
  if (operation.op === 'truncate') return [operation];
  const { text } = operation;
  const half = text.slice(0, text.length >> 1);
  if (how === 'half') return [{ ...operation, text: half }];
  const kept = how === 'zeros' ? '' : half;
  return [{ ...operation, text: kept.padEnd(text.length, '\0') }];
}

function isContent(
  operation: Operation,
): operation is Extract<Operation, { op: 'write' | 'truncate' }> {
  return operation.op === 'write' || operation.op === 'truncate';
}

function pick<T>(from: readonly T[], random: () => number): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

function toldOf(
  pending: readonly Operation[],
  { reached }: Choice,
  next: Operation | undefined,
): string {
  const fates = pending.map((each) => {
    const same = reached.includes(each);
    const partly = reached.some((other) => other.shown === each.shown);
    return `  ${same ? 'done  ' : partly ? 'partly' : 'lost  '} ${each.shown}`;
  });
  return [`the power goes before ${next?.shown ?? 'anything else'}`, ...fates].join('\n');
}

/** Numbers from 0 to 1 that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let count = 0;
  return () => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32LE() / 2 ** 32;
}

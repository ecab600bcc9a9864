/**
 * Judging what a loss of power leaves: each state is put on a real file system, and what the next
 * command does first is done there. Before that nobody finds half of anything; afterwards the host is
 * what it was before a command or what it was to be after it, and nothing else is left.
 */
import { createHash } from 'node:crypto';
import { bytes } from '../../../src/bytes/bytes.ts';
import { withHost } from '../../../src/host/transaction.ts';
import { objectText, perform, reachable, type DiskObject } from './disk.ts';
import { losses, type Loss, type LossOptions } from './losses.ts';
import { placeAt } from './place.ts';
import type { Recording } from './record.ts';
import { differencesOf, standingOn, torn, type Standing } from './standing.ts';

export interface Judged {
  /** How many states, no two the same. */
  readonly states: number;
  /** How many of them became what was before a command, and how many what is after it. */
  readonly before: number;
  readonly after: number;
  /** What was wrong, each with what had been lost. */
  readonly problems: readonly string[];
}

export interface JudgeOptions extends LossOptions {
  /** States at most; of more so many are picked. */
  readonly most: number;
  /** The first moment that is looked at, as a number of operations. */
  readonly from?: number;
  /** How many problems are enough; all are told unless given. */
  readonly enough?: number;
  /** Settles a state otherwise than in this process; undefined: as the others. @returns what was wrong */
  readonly settle?: (index: number) => Promise<readonly string[]> | undefined;
  /** Goes on from a settled state; undefined: leaves it. @returns what was wrong */
  readonly goOn?: (index: number) => Promise<readonly string[]> | undefined;
}

/** Puts the states that a loss of power may leave of a recording at `root`, and settles each. */
export async function judge(
  root: string,
  recording: Recording,
  options: JudgeOptions,
): Promise<Judged> {
  const ends = recording.settled ?? endsOf(recording);
  const place = placeAt(root);
  const problems: string[] = [];
  const counts = { states: 0, before: 0, after: 0 };
  for (const loss of picked(recording, options)) {
    const [from, to] = between(recording, loss.at);
    const disk = loss.disk();
    const found: string[] = torn(ends.slice(from, to + 1), standingOn(disk));
    place.put(reachable(disk));
    const elsewhere = options.settle?.(counts.states);
    found.push(...(await (elsewhere ?? settleHere(root))));
    if (elsewhere !== undefined) place.forget();
    const now = place.look();
    const differences = ends.slice(from, to + 1).map((end) => differencesOf(end, now));
    const reached = differences.findIndex(({ length }) => length === 0);
    if (reached < 0) found.push(neither(differences));
    else if (from + reached < to) counts.before += 1;
    else counts.after += 1;
    const next = options.goOn?.(counts.states);
    found.push(...((await next) ?? []));
    if (next !== undefined) place.forget();
    counts.states += 1;
    problems.push(...found.map((each) => `${each}\n${loss.told()}`));
    if (problems.length >= (options.enough ?? Infinity)) break;
  }
  return { ...counts, problems };
}

/** What the next command does before anything else. */
async function settleHere(root: string): Promise<readonly string[]> {
  try {
    await withHost({ root: bytes(root) }, { command: 'test', lockTimeout: 5 }, () => undefined);
    return [];
  } catch (error) {
    return [`it cannot be settled: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** What stands before the first command and after each. */
export function endsOf({ start, operations, ends }: Recording): Standing[] {
  const disk = new Map(start);
  const found = [standingOn(disk)];
  for (const [i, operation] of operations.entries()) {
    perform(disk, operation);
    if (ends.includes(i + 1)) found.push(standingOn(disk));
  }
  return found;
}

/** The ends that the site may come to when the power goes before operation `at`; what has ended, stays. */
function between({ ends }: Recording, at: number): readonly [from: number, to: number] {
  const from = ends.filter((end) => end <= at).length;
  return [from, Math.min(from + 1, ends.length)];
}

/** All states that differ, or some of them. */
function picked(recording: Recording, options: JudgeOptions): Iterable<Loss> {
  if (options.most === Infinity) return different(recording, options);
  const all = [...different(recording, options)];
  if (all.length <= options.most) return all;
  return all
    .map((loss) => ({ loss, order: options.random() }))
    .toSorted((one, other) => one.order - other.order)
    .slice(0, options.most)
    .map(({ loss }) => loss);
}

function* different(recording: Recording, options: JudgeOptions): Generator<Loss> {
  const seen = new Set<string>();
  for (const loss of losses(recording.start, recording.operations, options)) {
    if (loss.at < (options.from ?? 0)) continue;
    // the same state is judged otherwise once a command has ended
    const hash = createHash('sha256').update(between(recording, loss.at).join());
    const disk = loss.disk();
    for (const [path, { number }] of reachable(disk)) {
      hash.update(`\n${path} ${number} ${identity(disk.get(number))}`);
    }
    const key = hash.digest('base64');
    if (seen.has(key)) continue;
    seen.add(key);
    yield loss;
  }
}

/** A number for an object as it is, which no other has. */
function identity(object: DiskObject | undefined): number {
  if (object === undefined) return -1;
  const known = identities.get(object);
  if (known !== undefined) return known;
  const text = `${objectText(object)} ${String(object.mtime)}`;
  const number = numbers.get(text) ?? numbers.size;
  numbers.set(text, number);
  identities.set(object, number);
  return number;
}

const identities = new WeakMap<DiskObject, number>();
const numbers = new Map<string, number>();

function neither(differences: readonly (readonly string[])[]): string {
  return [
    'it is neither as before nor as after:',
    ...differences.flatMap((lines, i) => [i === 0 ? 'before' : 'after', ...lines.slice(0, 20)]),
  ].join('\n');
}

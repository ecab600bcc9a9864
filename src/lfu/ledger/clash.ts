/** One name of two masters: what becomes of the object of the one that comes later, and what is said of it. */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { ROW, STRIDE, typeIn, type Listing } from '../../files/listing.ts';
import { pathBelow } from '../../files/tree.ts';
import type { LfuProblem } from '../plan/change.ts';
import type { Met } from '../plan/claims.ts';
import { DEFAULT } from '../rules/decision.ts';
import type { Ledger } from './ledger.ts';

/** What it means that another master comes first. */
export function loses(
  { at, master, slave, decisions }: Met,
  index: number,
  slaveIndex: number,
  ledger: Ledger,
): 'shared' | 'same' | 'clash' {
  const { disposition } = decisions?.[index] ?? DEFAULT;
  if (typeIn(master, index) === 'd' && disposition !== 'link') {
    const path = pathBelow(at, master.names[index] ?? ('' as Bytes));
    const isShared = slaveIndex < 0 ? ledger.has(path) : typeIn(slave, slaveIndex) === 'd';
    return isShared ? 'shared' : 'clash';
  }
  const isPlain = (decisions?.[index] ?? DEFAULT) === DEFAULT;
  return isPlain && slaveIndex >= 0 && isSame(master, index, slave, slaveIndex) ? 'same' : 'clash';
}

/** Whether two objects, no directories, are one as far as a copy is concerned. */
function isSame(one: Listing, index: number, other: Listing, otherIndex: number): boolean {
  const [start, otherStart] = [index * STRIDE, otherIndex * STRIDE];
  const isEqual = COMPARED.every(
    (offset) => one.rows[start + offset] === other.rows[otherStart + offset],
  );
  if (!isEqual || one.attributes.has(index) || other.attributes.has(otherIndex)) return false;
  return one.targets.get(index) === other.targets.get(otherIndex);
}

/** What is said of the object at `name`, both masters and their objects named. */
export function clash({ at }: Met, name: Bytes, { masters }: Ledger, who: Contest): LfuProblem {
  const path = pathBelow(at, name);
  const shown = (number: number): readonly [string, string] => {
    const { name: master, path: root } = masters[number] ?? { name: b`?`, path: b`` };
    return [printable(master), printable(join(root, path))];
  };
  const [[winner, winning], [loser, losing]] = [shown(who.winner), shown(who.loser)];
  return {
    path,
    code: 'E_LFU_CLASH',
    message: `'${winner}' (${winning}) and '${loser}' (${losing}) both supply this name: '${winner}' comes first, so it stays as '${winner}' has it`,
    remedy: 'let the rules of one of the two ignore it, or give it another name on one master',
  };
}

/** Two masters by their numbers. */
export interface Contest {
  readonly winner: number;
  readonly loser: number;
}

const COMPARED = [
  ROW.mode,
  ROW.uid,
  ROW.gid,
  ROW.size,
  ROW.size + 1,
  ROW.mtime,
  ROW.mtime + 1,
  ROW.mtimeNanoseconds,
  ROW.major,
  ROW.minor,
] as const;

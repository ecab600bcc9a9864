/**
 * One master's turn on a slave: while a run is planned, what the master offers is compared with what
 * the ledger knows, and nothing that another one supplied is given up.
 *
 * - A name that several masters offer goes to the first of them in the configuration; the others
 *   leave it alone and say so, unless their object is just the one that stands there.
 * - A directory that several offer is shared: its owner, mode and times are those of the first.
 * - An object goes when its own supplier lacks it and nobody else offers it. What no master has
 *   supplied stays, as soon as there is more than one.
 * - What a rule ignores is not offered. It stays, and another master may take it over.
 *
 * Two states come of it: `before` holds while the slave is being changed (whatever this master is
 * about to put there is his, and nothing has ceased to be anybody's), `after` when all is done.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { typeIn } from '../../files/listing.ts';
import { pathBelow } from '../../files/tree.ts';
import { isMarker, isTemporary } from '../names.ts';
import type { LfuProblem } from '../plan/change.ts';
import type { Claims, Doomed, Fate, Meeting, Met } from '../plan/claims.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import { clash, loses } from './clash.ts';
import type { State } from './format.ts';
import {
  isInvolved,
  isNothing,
  isSameState,
  parentOf,
  withOffer,
  withoutOffer,
  type Ledger,
} from './ledger.ts';

/** What a run makes of a directory of the ledger, as the ledger writes it. */
export interface Edit {
  /** While the slave is being changed. */
  readonly before: Bytes;
  readonly after: Bytes;
}

export interface Turn {
  readonly claims: Claims;
  /** Directories of which something else is known now. */
  readonly edits: ReadonlyMap<Bytes, Edit>;
}

export interface TurnOptions {
  readonly ledger: Ledger;
  /** The master whose turn it is. */
  readonly master: number;
  /** Directories below the slave that are slaves themselves, of others: not to be entered. */
  readonly reserved: readonly Bytes[];
}

export function takeTurn(options: TurnOptions): Turn {
  const { ledger, master, reserved } = options;
  const edits = new Map<Bytes, Edit>();
  const own: State = { supplier: master, offers: [master] };
  const rank = rankOf(ledger);
  // who is in no configuration any more is not asked what it has either
  const isConfigured = (number: number): boolean => ledger.masters[number]?.order !== undefined;
  /** Whoever comes first of all that offer an object, when it is not this master. */
  const winnerOf = (state: State | undefined): number | undefined => {
    let best = master;
    for (const each of state?.offers ?? []) if (rank(each) < rank(best)) best = each;
    return best === master ? undefined : best;
  };

  const seen = new Set<Bytes>();

  function meet(met: Met): Meeting | undefined {
    seen.add(met.at.path);
    const offered = offeredNames(met);
    const lostToTree = reservedIn(met, reserved);
    if (lostToTree.size === 0 && isKnown(met.at.path, offered.names, ledger, own, master)) {
      return undefined;
    }
    if (lostToTree.size === 0 && !ledger.has(met.at.path)) {
      const text = ledger.writeAlike(offered.names, own);
      edits.set(met.at.path, { before: text, after: text });
      return undefined;
    }
    return compare(met, offered, lostToTree);
  }

  function compare(met: Met, offered: Offered, lost: Map<number, LfuProblem | undefined>): Meeting {
    const { path } = met.at;
    const old = ledger.entries(path);
    const before = new Map<Bytes, State>(old);
    const after = new Map<Bytes, State>(old);
    const shared = new Set<number>();
    const slaveIndex = new Map(met.slave.names.map((name, index) => [name, index]));
    let isChanged = false;
    for (const [position, name] of offered.names.entries()) {
      const index = offered.indexes?.[position] ?? position;
      if (lost.has(index)) continue;
      const known = old.get(name);
      const winner = winnerOf(known);
      const claimed = known === undefined ? own : withOffer(known, master);
      if (winner === undefined) {
        const offers = claimed.offers.filter((each) => each === master || isConfigured(each));
        after.set(name, { supplier: master, offers });
      } else {
        after.set(name, claimed);
        const verdict = loses(met, index, slaveIndex.get(name) ?? -1, ledger);
        if (verdict === 'shared') shared.add(index);
        else
          lost.set(
            index,
            verdict === 'same' ? undefined : clash(met, name, ledger, { winner, loser: master }),
          );
      }
      before.set(name, claimed);
      if (!isSameState(known, after.get(name))) isChanged = true;
    }
    const isOffered = new Set(offered.names);
    for (const [name, known] of old) {
      if (isOffered.has(name) || offered.unsure.has(name) || !isInvolved(known, master)) continue;
      const isThere = slaveIndex.has(name) || met.slave.failed.has(name);
      const left = withoutOffer(known, master);
      const rest = isThere || left.supplier !== master ? left : { ...left, supplier: -1 };
      after.set(name, rest);
      if (!isSameState(known, rest)) isChanged = true;
      giveUpBelow(pathBelow(met.at, name), isThere);
    }
    if (isChanged) edits.set(path, { before: ledger.write(before), after: ledger.write(after) });
    return { lost, shared };
  }

  /** The master has nothing any more in `directory`, which may be none, and below it. */
  function giveUpBelow(directory: Bytes, isThere: boolean): void {
    for (const path of ledger.below(directory)) {
      const groups = [...ledger.groups(path)];
      const isOurs = ({ supplier, offers }: State): boolean =>
        offers.includes(master) || (!isThere && supplier === master);
      if (!groups.some(({ state }) => isOurs(state))) continue;
      const old = ledger.entries(path);
      const after = new Map<Bytes, State>();
      for (const [name, known] of old) {
        const left = withoutOffer(known, master);
        after.set(name, isThere || left.supplier !== master ? left : { ...left, supplier: -1 });
      }
      edits.set(path, { before: ledger.write(old), after: ledger.write(after) });
    }
  }

  function* unmet(): Generator<Bytes> {
    for (const path of ledger.directories()) {
      if (seen.has(path)) continue;
      for (const { state } of ledger.groups(path)) {
        if (state.offers.includes(master)) continue;
        yield path;
        break;
      }
    }
  }

  function fate({ path, isDirectory, byRule, isKept }: Doomed): Fate {
    if (reserved.includes(path)) return 'stays';
    const known = ledger.entry(path);
    if (known === undefined || isNothing(known)) {
      if (!ledger.shared || byRule || isKept) return 'goes';
      return isDirectory && ledger.involves(path, master) ? 'partly' : 'stays';
    }
    const isForOthers = known.offers.some((each) => each !== master);
    const isOurs = known.supplier === master || known.supplier < 0;
    if (isOurs && !isForOthers) return 'goes';
    return isDirectory && ledger.involves(path, master) ? 'partly' : 'stays';
  }

  const { order } = ledger.masters[master] ?? {};
  const isFirst = ledger.masters.every(
    (other, number) => other === undefined || number === master || rank(master) < rank(number),
  );
  return {
    claims: {
      complete: ledger.masters[master]?.complete === true && reserved.length === 0,
      root: order !== undefined || !ledger.shared ? isFirst : false,
      meet,
      unmet,
      fate,
    },
    edits,
  };
}

/** Those of the configuration in its order, then the others. */
function rankOf({ masters }: Ledger): (number: number) => number {
  const ranks = masters.map((master, number) => master?.order ?? masters.length + number);
  return (number) => ranks[number] ?? Infinity;
}

interface Offered {
  readonly names: readonly Bytes[];
  /** Where they stand in the listing; undefined when all of them are offered. */
  readonly indexes: readonly number[] | undefined;
  /** Names of which it is not known what the master has. */
  readonly unsure: ReadonlySet<Bytes>;
}

/** The names of the master that the slave is to have, by whatever disposition. */
function offeredNames({ at, master, decisions }: Met): Offered {
  const isOut = (name: Bytes): boolean => isTemporary(name) || isMarker(at, name);
  if (decisions === undefined && master.failed.size === 0 && !master.names.some(isOut)) {
    return { names: master.names, indexes: undefined, unsure: NOBODY };
  }
  const names: Bytes[] = [];
  const indexes: number[] = [];
  const unsure = new Set<Bytes>(master.failed.keys());
  for (const [index, name] of master.names.entries()) {
    const decision = decisions?.[index] ?? DEFAULT;
    if (isOut(name) || unsure.has(name)) continue;
    if (isUnsure(decision)) unsure.add(name);
    else if (OFFERED.has(decision.disposition)) {
      names.push(name);
      indexes.push(index);
    }
  }
  return { names, indexes, unsure };
}

/** Something has gone wrong with it, or is wrong by the rules: tomorrow it may be offered again. */
function isUnsure({ disposition, matched }: Decision): boolean {
  return disposition === 'error' || (disposition === 'ignore' && matched.length === 0);
}

/** Nearly all directories of nearly all runs: each name is this master's, and has been. */
function isKnown(
  path: Bytes,
  names: readonly Bytes[],
  ledger: Ledger,
  own: State,
  master: number,
): boolean {
  let count = 0;
  for (const { state, names: known } of ledger.groups(path)) {
    if (!isInvolved(state, master)) continue;
    if (++count > 1 || !isSameState(state, own) || known !== names.join('/')) return false;
  }
  return count > 0 || names.length === 0;
}

/** What the master has where the slave of another pair of trees stands. */
function reservedIn(
  { at, master }: Met,
  reserved: readonly Bytes[],
): Map<number, LfuProblem | undefined> {
  const lost = new Map<number, LfuProblem | undefined>();
  for (const path of reserved) {
    if (parentOf(path) !== at.path) continue;
    const name = basename(path);
    const index = master.names.indexOf(name);
    if (index < 0) continue;
    const problem = {
      path,
      code: 'E_LFU_NESTED',
      message: 'this is a slave of its own: left as it is',
      remedy: 'let a rule ignore it, or move one of the two slaves',
    };
    // a directory is where it stands, or is mounted
    lost.set(index, typeIn(master, index) === 'd' ? undefined : problem);
  }
  return lost;
}

const NOBODY: ReadonlySet<Bytes> = new Set();
const OFFERED: ReadonlySet<string> = new Set(['update', 'preserve', 'link', 'shadow']);

/**
 * The ledger in a run. Written before the slave is touched, with all that the master is about to put
 * there as his, and again when everything is done: killed in between, the ledger still names whoever
 * has a right to an object, and at worst somebody who has it no more.
 */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { isWithin } from '../../bytes/path.ts';
import { openDir, syncAll, withDir } from '../../files/dir.ts';
import { errnoOf } from '../../files/error.ts';
import { pathBelow } from '../../files/tree.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { LfuChange, LfuProblem } from '../plan/change.ts';
import type { Claims } from '../plan/claims.ts';
import { pathOf } from '../plan/order.ts';
import { takeTurn, type Turn } from './claims.ts';
import type { State } from './format.ts';
import { emptyLedger, parentOf, type Ledger } from './ledger.ts';
import { refusePart, takePart } from './masters.ts';
import {
  holdLedger,
  ledgerPath,
  ownDirectories,
  readLedger,
  slavesWithLedger,
  type HeldLedger,
} from './store.ts';
import type { LedgerRoots, LedgerUse } from './use.ts';

export interface RunLedger {
  readonly claims: Claims;
  /** Before anything is touched. @throws XhError E_LFU_LEDGER (exit 3) */
  begin(changes: readonly LfuChange[]): void;
  changed(change: LfuChange): void;
  problem(problem: LfuProblem): void;
  /** When all is done. */
  finish(looked: Looked): void;
  /**
   * Instead of beginning: the dry runs after this one shall see what it would leave.
   * @returns those of `changes` that no dry run before it would have made
   */
  pretend(changes: readonly LfuChange[]): readonly LfuChange[];
  close(): void;
}

/**
 * What the master was asked for: all that it has, only what differs from the slave, or what rules
 * leave of it.
 */
export type Looked = 'all' | 'differing' | 'by rules';

/**
 * The ledger for a run; undefined when the slave has none and needs none.
 * @throws XhError exit 3 when it cannot be used, or the master has no place in it
 */
export function openRunLedger(use: LedgerUse, roots: LedgerRoots): RunLedger | undefined {
  const { site, master, pretended } = use;
  if (master === undefined && !hasLedger(roots.slave, use)) {
    refusePart(use, roots);
    const reserved = reservedBelow(roots.slave, use);
    return reserved.length === 0 ? undefined : withoutLedger(roots, reserved);
  }
  const parts = (found: HeldLedger['found']): Parts => ({
    use,
    roots,
    ledger: pretended?.get(roots.slave)?.ledger ?? ledgerOf(found, use, roots),
    reserved: reservedBelow(roots.slave, use),
  });
  if (roots.dryRun) return runWith(parts(readLedger(site, roots.slave)), undefined);
  const held = holdLedger(site, roots.slave, use.isHeld);
  try {
    return runWith(parts(held.found), held);
  } catch (error) {
    held.close();
    throw error;
  }
}

/** Who may not read the site's ledgers copies what is his own. */
function hasLedger(slave: Bytes, { site, warn }: LedgerUse): boolean {
  try {
    return readLedger(site, slave).kind !== 'absent';
  } catch (error) {
    const isClosed = error instanceof XhError && errnoOf(error.cause) === 'EACCES';
    if (!isClosed) throw error;
    warn?.(`${error.message}; this run goes by its master alone`);
    return false;
  }
}

function ledgerOf(
  found: HeldLedger['found'],
  { site, master, warn }: LedgerUse,
  { slave }: LedgerRoots,
): Ledger {
  if (found.kind === 'ledger') return found.ledger;
  if (found.kind === 'damaged') {
    const path = ledgerPath(site, slave);
    if (master === undefined) {
      throw new XhError('E_LFU_LEDGER', `the ledger ${printable(path)} is damaged`, {
        exit: EXIT.refused,
        place: { file: path },
        remedy: "nothing was touched; 'lfu update' knows the masters, and makes it anew",
      });
    }
    warn?.(
      `the ledger ${printable(path)} is damaged and is made anew: nothing is deleted of which ` +
        'it is not known again who supplied it',
    );
  }
  return emptyLedger(slave, { shared: found.kind === 'damaged' });
}

interface Parts {
  readonly use: LedgerUse;
  readonly roots: LedgerRoots;
  readonly ledger: Ledger;
  readonly reserved: readonly Bytes[];
}

/** @param held undefined in dry runs */
function runWith({ use, roots, ledger, reserved }: Parts, held: HeldLedger | undefined): RunLedger {
  const headBefore = headOf(ledger);
  const number = takePart(ledger, use, roots);
  const turn = takeTurn({ ledger, master: number, reserved });
  const gone = new Map<Bytes, Set<Bytes>>();
  const goneDirectories = new Set<Bytes>();
  const failed = new Set<Bytes>();
  const kept: Bytes[] = [];
  let isTroubled = false;
  let isBegun = false;

  function setComplete(complete: boolean): void {
    const master = ledger.masters[number];
    if (master !== undefined) ledger.masters[number] = { ...master, complete };
  }

  function changed(change: LfuChange): void {
    const path = pathOf(change);
    if (change.kind === 'delete' || change.kind === 'keep') {
      const names = gone.get(change.at.path);
      if (names === undefined) gone.set(change.at.path, new Set([change.name]));
      else names.add(change.name);
      if (change.type === 'd') goneDirectories.add(path);
    }
    const keptAs = keptBy(change);
    if (keptAs !== undefined) kept.push(keptAs);
  }

  function settle(): void {
    for (const path of goneDirectories) ledger.remove(path);
    const isGone = (directory: Bytes): boolean => {
      for (let at = directory; at !== ''; at = parentOf(at))
        if (goneDirectories.has(at)) return true;
      return false;
    };
    for (const [path, { after }] of turn.edits) if (!isGone(path)) ledger.set(path, after);
    for (const [path, names] of gone) {
      if (isGone(path)) continue;
      alter(ledger, path, (entries) => {
        for (const name of names) entries.delete(name);
      });
    }
    giveBack(failed, turn, ledger);
    addKept(kept, number, ledger);
  }

  return {
    claims: turn.claims,
    begin(changes) {
      const keeping = changes.flatMap((change) => keptBy(change) ?? []);
      const isGiving = changes.some(({ kind }) => kind === 'delete' || kind === 'keep');
      if (turn.edits.size === 0 && keeping.length === 0 && !isGiving) return;
      for (const [path, { before }] of turn.edits) ledger.set(path, before);
      addKept(keeping, number, ledger);
      // if it comes to no end, the next run has to look at everything again
      const { complete } = turn.claims;
      setComplete(false);
      held?.write(ledger);
      isBegun = true;
      setComplete(complete);
    },
    changed,
    problem({ path, code }) {
      failed.add(path);
      if (code !== 'E_LFU_CLASH') isTroubled = true;
    },
    finish(looked) {
      if (looked !== 'differing') setComplete(looked === 'all' && !isTroubled);
      const isThere = held?.found.kind === 'ledger' && use.leaves !== true;
      if (!isBegun && isThere && headOf(ledger) === headBefore) return;
      settle();
      // what is there again after a loss of power must not be nobody's
      if (gone.size > 0 && held !== undefined) withDir(openDir(roots.slave), syncAll);
      if (use.leaves === true && !ledger.needs(number)) ledger.forget(number);
      if (ledger.masters.some((each) => each !== undefined)) held?.write(ledger);
      else held?.remove();
    },
    pretend(changes) {
      for (const change of changes) changed(change);
      settle();
      const directories = use.pretended?.get(ledger.slave)?.directories ?? new Set();
      use.pretended?.set(ledger.slave, { ledger, directories });
      return changes.filter((change) => {
        if (change.kind !== 'make' || change.type !== 'd') return true;
        const isNew = !directories.has(pathOf(change));
        directories.add(pathOf(change));
        return isNew;
      });
    },
    close() {
      held?.close();
    },
  };
}

/** What stands in this slave and is not its masters' to change, by its path below it. */
function reservedBelow(slave: Bytes, { site, otherSlaves }: LedgerUse): readonly Bytes[] {
  const prefix = slave === '/' ? 1 : slave.length + 1;
  return [...new Set([...(otherSlaves ?? []), ...slavesWithLedger(site), ...ownDirectories(site)])]
    .filter((other) => other !== slave && isWithin(slave, other))
    .map((other) => slice(other, prefix));
}

/** A slave of one master, in which others stand. */
function withoutLedger(roots: LedgerRoots, reserved: readonly Bytes[]): RunLedger {
  const ledger = emptyLedger(roots.slave);
  ledger.masters.push({ name: roots.master, path: roots.master, order: 0, complete: false });
  const { claims } = takeTurn({ ledger, master: 0, reserved });
  const nothing = (): void => undefined;
  return {
    claims,
    begin: nothing,
    changed: nothing,
    problem: nothing,
    finish: nothing,
    pretend: (changes) => changes,
    close: nothing,
  };
}

/** What could not be done has left the object of whoever supplied it before. */
function giveBack(failed: ReadonlySet<Bytes>, turn: Turn, ledger: Ledger): void {
  for (const path of failed) {
    const edit = turn.edits.get(parentOf(path));
    if (edit === undefined) continue;
    const name = slice(path, parentOf(path) === '' ? 0 : parentOf(path).length + 1);
    const before = ledger.read(edit.before).get(name);
    if (before === undefined) continue;
    alter(ledger, parentOf(path), (entries) => {
      const after = entries.get(name);
      if (after !== undefined) entries.set(name, { ...after, supplier: before.supplier });
    });
  }
}

/** What is kept is its master's, and goes in a later run. */
function addKept(paths: readonly Bytes[], master: number, ledger: Ledger): void {
  for (const path of paths) {
    alter(ledger, parentOf(path), (entries) => {
      const name = slice(path, parentOf(path) === '' ? 0 : parentOf(path).length + 1);
      entries.set(name, { supplier: master, offers: [] });
    });
  }
}

function alter(ledger: Ledger, directory: Bytes, work: (entries: Map<Bytes, State>) => void): void {
  const entries = new Map(ledger.entries(directory));
  work(entries);
  ledger.set(directory, ledger.write(entries));
}

/** The path that `change` gives to what stood there. */
function keptBy(change: LfuChange): Bytes | undefined {
  return 'keep' in change && change.keep !== undefined
    ? pathBelow(change.at, change.keep)
    : undefined;
}

function headOf({ shared, masters }: Ledger): string {
  return JSON.stringify([shared, masters]);
}

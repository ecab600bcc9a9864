/**
 * The ledger in a run. Written before the slave is touched, with all that the master is about to put
 * there as his, and again when everything is done: killed in between, the ledger still names whoever
 * has a right to an object, and at worst somebody who has it no more.
 */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { isWithin } from '../../bytes/path.ts';
import { pathBelow } from '../../files/tree.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Site } from '../../site/site.ts';
import type { LfuChange, LfuProblem } from '../plan/change.ts';
import type { Claims } from '../plan/claims.ts';
import { pathOf } from '../plan/order.ts';
import { takeTurn, type Turn } from './claims.ts';
import type { LedgerMaster, State } from './format.ts';
import { emptyLedger, parentOf, type Ledger } from './ledger.ts';
import { holdLedger, ledgerPath, readLedger, slavesWithLedger, type HeldLedger } from './store.ts';

/** Which ledger a run keeps, and as whom. */
export interface LedgerUse {
  readonly site: Site;
  /** The master's name; when undefined the one that has its path, and no ledger is begun. */
  readonly master?: Bytes | undefined;
  /** The masters that the configuration has for this slave, in its order; as before when undefined. */
  readonly configured?: readonly ConfiguredMaster[];
  /** The master leaves: when nothing is left of what it supplied, it is forgotten. */
  readonly leaves?: boolean;
  /** Other slaves of the configuration, by real path. */
  readonly otherSlaves?: readonly Bytes[];
  /** What dry runs before this one would have left, by slave. */
  readonly pretended?: Map<Bytes, Pretended>;
  /** Told what is odd about the ledger. */
  readonly warn?: (message: string) => void;
}

/** What dry runs would have made of a slave. */
export interface Pretended {
  readonly ledger: Ledger;
  /** Directories that they would have made. */
  readonly directories: Set<Bytes>;
}

export interface ConfiguredMaster {
  readonly name: Bytes;
  readonly path: Bytes;
}

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

export interface LedgerRoots {
  /** Real paths. */
  readonly slave: Bytes;
  readonly master: Bytes;
  readonly dryRun: boolean;
}

/**
 * The ledger for a run; undefined when the slave has none and needs none.
 * @throws XhError exit 3 when it cannot be used, or the master has no place in it
 */
export function openRunLedger(use: LedgerUse, roots: LedgerRoots): RunLedger | undefined {
  const { site, master, pretended } = use;
  const reserved = reservedBelow(roots.slave, use);
  if (master === undefined && readLedger(site, roots.slave).kind === 'absent') {
    return reserved.length === 0 ? undefined : withoutLedger(roots, reserved);
  }
  if (roots.dryRun) {
    const ledger =
      pretended?.get(roots.slave)?.ledger ?? ledgerOf(readLedger(site, roots.slave), use, roots);
    return runWith({ use, roots, ledger, reserved, held: undefined });
  }
  const held = holdLedger(site, roots.slave);
  try {
    return runWith({ use, roots, ledger: ledgerOf(held.found, use, roots), reserved, held });
  } catch (error) {
    held.close();
    throw error;
  }
}

function ledgerOf(found: HeldLedger['found'], { site, warn }: LedgerUse, { slave }: LedgerRoots) {
  if (found.kind === 'ledger') return found.ledger;
  if (found.kind === 'damaged') {
    const path = printable(ledgerPath(site, slave));
    warn?.(
      `the ledger ${path} is damaged and is made anew: nothing is deleted of which ` +
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
  /** Undefined in dry runs. */
  readonly held: HeldLedger | undefined;
}

function runWith({ use, roots, ledger, reserved, held }: Parts): RunLedger {
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

/** Enters the masters of the configuration. @returns the number of the one whose turn it is */
function takePart(ledger: Ledger, use: LedgerUse, roots: LedgerRoots): number {
  const { masters } = ledger;
  if (use.configured !== undefined) {
    for (const [number, master] of masters.entries()) {
      if (master !== undefined) masters[number] = { ...master, order: undefined };
    }
    for (const [order, { name, path }] of use.configured.entries()) {
      const number = ledger.find(name) ?? freeNumber(masters);
      const complete = masters[number]?.complete === true;
      masters[number] = { name, path, order, complete };
    }
  }
  // what nobody supplied stays, even when one master is left
  const isShared = masters.filter((master) => master !== undefined).length > 1;
  if (isShared || use.leaves === true) ledger.shared = true;
  tellForsaken(ledger, use);
  const { master } = use;
  const number =
    master === undefined
      ? masters.findIndex((each) => each?.path === roots.master)
      : (ledger.find(master) ?? -1);
  if (number < 0) throw strangerError(ledger, roots);
  return number;
}

/** Whoever has been taken out of the configuration, and has left something. */
function tellForsaken(ledger: Ledger, { configured, warn }: LedgerUse): void {
  if (configured === undefined) return;
  for (const [number, master] of ledger.masters.entries()) {
    if (master === undefined || master.order !== undefined) continue;
    if (!ledger.needs(number)) {
      ledger.forget(number);
      continue;
    }
    const name = printable(master.name);
    warn?.(
      `${printable(ledger.slave)} still has what '${name}' supplied, which the configuration ` +
        `does not name: 'lfu update --forget ${name}' removes it`,
    );
  }
}

function freeNumber(masters: readonly (LedgerMaster | undefined)[]): number {
  const free = masters.indexOf(undefined);
  return free < 0 ? masters.length : free;
}

function strangerError({ masters }: Ledger, { slave, master }: LedgerRoots): XhError {
  const names = masters.flatMap((each) => (each === undefined ? [] : [printable(each.name)]));
  return new XhError(
    'E_LFU_STRANGER',
    `the slave ${printable(slave)} has what ${names.join(', ')} supplied, and ${printable(master)} is none of them`,
    {
      exit: EXIT.refused,
      place: { file: slave },
      remedy: "nothing was touched; add the master to /etc/lfu.toml and run 'lfu update NAME'",
    },
  );
}

/** Slaves of other pairs of trees that stand in this one, by their paths below it. */
function reservedBelow(slave: Bytes, { site, otherSlaves }: LedgerUse): readonly Bytes[] {
  const others = new Set([...(otherSlaves ?? []), ...slavesWithLedger(site)]);
  const prefix = slave === '/' ? 1 : slave.length + 1;
  return [...others]
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

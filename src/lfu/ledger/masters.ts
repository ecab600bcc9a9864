/** Who takes part on a slave: the masters of the configuration, those that left it, and strangers. */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { basename, isWithin, join } from '../../bytes/path.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { LedgerMaster } from './format.ts';
import { isInvolved, parentOf, type Ledger } from './ledger.ts';
import { readLedger, slavesWithLedger } from './store.ts';
import type { LedgerRoots, LedgerUse } from './use.ts';

/** Enters the masters of the configuration. @returns the number of the one whose turn it is */
export function takePart(ledger: Ledger, use: LedgerUse, roots: LedgerRoots): number {
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

/**
 * A slave that stands in another one, and is none of the configuration: what it would lose may be
 * what the other's masters have supplied. It may be brought up to date by the same part of the only
 * one of them that has something there.
 * @throws XhError E_LFU_PART (exit 3)
 */
export function refusePart({ site }: LedgerUse, { slave, master }: LedgerRoots): void {
  for (const whole of slavesWithLedger(site)) {
    if (whole === slave || !isWithin(whole, slave)) continue;
    const found = readLedger(site, whole);
    if (found.kind !== 'ledger') continue;
    const { ledger } = found;
    const below = slice(slave, whole === '/' ? 1 : whole.length + 1);
    const suppliers = ledger.masters.filter(
      (each, number) => each !== undefined && hasPart(ledger, below, number),
    );
    const [only, ...others] = suppliers.map((each) => each && join(each.path, below));
    if (only === undefined || (others.length === 0 && only === master)) continue;
    const names = suppliers.flatMap((each) => (each === undefined ? [] : [printable(each.name)]));
    throw new XhError(
      'E_LFU_PART',
      `${printable(slave)} is part of the slave ${printable(whole)}, and has what ${names.join(', ')} supplied`,
      {
        exit: EXIT.refused,
        place: { file: slave },
        remedy: `nothing was touched; update the whole: lfu update ${names.join(' ')}`,
      },
    );
  }
}

function hasPart(ledger: Ledger, path: Bytes, number: number): boolean {
  const state = ledger.entries(parentOf(path)).get(basename(path));
  return (state !== undefined && isInvolved(state, number)) || ledger.involves(path, number);
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

/**
 * A master that is gone for good. What it alone supplied goes from its slaves; what others offer, too,
 * is theirs from now on; or all of it stays, and is nobody's.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import type { Site } from '../../site/site.ts';
import { holdLedger, readLedger, slavesWithLedger } from '../ledger/store.ts';

/** The slaves on which a master has left something, by the ledgers. */
export function slavesOf(site: Site, master: Bytes): readonly Bytes[] {
  return slavesWithLedger(site).filter((slave) => {
    const found = readLedger(site, slave);
    if (found.kind !== 'ledger') return false;
    const number = found.ledger.find(master);
    return number !== undefined;
  });
}

/** All masters that ledgers know. */
export function knownMasters(site: Site): readonly Bytes[] {
  const names = slavesWithLedger(site).flatMap((slave) => {
    const found = readLedger(site, slave);
    if (found.kind !== 'ledger') return [];
    return found.ledger.masters.flatMap((master) => (master === undefined ? [] : [master.name]));
  });
  return [...new Set(names)].toSorted();
}

/**
 * The slaves that a master is to be forgotten on.
 * @throws XhError exit 2 when no ledger knows it, or the configuration names it
 */
export function demandForgettable(
  site: Site,
  master: Bytes,
  configured: readonly Bytes[],
): readonly Bytes[] {
  const shown = printable(master);
  if (configured.includes(master)) {
    throw new XhError('E_LFU_FORGET', `master '${shown}' is in the configuration`, {
      exit: EXIT.usage,
      remedy: 'take it out first, or the next run brings everything back',
    });
  }
  const slaves = slavesOf(site, master);
  if (slaves.length > 0) return slaves;
  const known = knownMasters(site).filter((name) => !configured.includes(name));
  throw new XhError('E_NO_MASTER', `nothing is known of a master '${shown}'`, {
    exit: EXIT.usage,
    remedy:
      didYouMean(master, known) ??
      (known.length === 0
        ? 'all masters that ledgers know are in the configuration'
        : `known, and not in the configuration: ${known.join(', ')}`),
  });
}

/** Forgets `master` on `slave`, a real path, and touches nothing there. @throws XhError exit 3 */
export function releaseFiles(site: Site, master: Bytes, slave: Bytes): void {
  const held = holdLedger(site, slave);
  try {
    if (held.found.kind !== 'ledger') return;
    const { ledger } = held.found;
    const number = ledger.find(master);
    if (number === undefined) return;
    ledger.forget(number);
    ledger.shared = true;
    if (ledger.masters.some((each) => each !== undefined)) held.write(ledger);
    else held.remove();
  } finally {
    held.close();
  }
}

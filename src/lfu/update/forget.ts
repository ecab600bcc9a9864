/**
 * A master that is gone for good. What it alone supplied goes from its slaves; what others offer, too,
 * is theirs from now on; or all of it stays, and is nobody's.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import type { Site } from '../../site/site.ts';
import { holdLedger, ledgerHeads } from '../ledger/store.ts';

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
  const heads = ledgerHeads(site);
  const slaves = heads.filter(({ masters }) => masters.includes(master)).map(({ slave }) => slave);
  if (slaves.length > 0) return slaves;
  const all = new Set(heads.flatMap(({ masters }) => masters));
  const known = [...all].filter((name) => !configured.includes(name)).toSorted();
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

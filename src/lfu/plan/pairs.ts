/**
 * The fast way through two trees: native threads look at both, and only the directories in which
 * there may be something to do are planned here.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import {
  completeListing,
  statOfRow,
  type PairScan,
  type ScannedPair,
} from '../../files/pair-scan.ts';
import { placeBelow } from '../../files/tree.ts';
import { DEFAULT } from '../rules/decision.ts';
import { lookingAt, type Pending, type Run } from './input.ts';
import { planListed, tellFailed } from './pair.ts';
import { refuseEmpty } from './refusals.ts';
import { wantedOf } from './wanted.ts';

/**
 * The pairs that a scan of both trees tells of. What it looked at and does not tell of needs nothing.
 * @returns what it leaves to be looked at
 */
export async function planPairs(run: Run, scan: PairScan, root: Pending): Promise<Pending[]> {
  const { master, slave, privileged, hooks } = run.input;
  const known = new Map<number, Known>();
  const left: Pending[] = [];
  try {
    for (let found = scan.next(WAIT); found !== undefined; found = scan.next(WAIT)) {
      for (const pair of found) {
        const pending = pendingOf(run, pair, known.get(pair.parent)) ?? root;
        const below = new Map<Bytes, Pending>();
        known.set(pair.id, { pending, below });
        if (pair.kind === 'handed back') left.push(pending);
        if (pair.master === undefined || pair.slave === undefined) continue;
        const { directory, from } = pending;
        const listings = [
          completeListing(pair.master, () => master.tree.open(from), { privileged }),
          completeListing(pair.slave, () => slave.open(directory), { privileged }),
        ] as const;
        const looking = lookingAt(run, pending);
        for (const listing of listings) tellFailed(listing, looking);
        if (pending === root) refuseEmpty(listings[0], master.path);
        for (const child of await planListed(run, pending, ...listings)) {
          if (child.exists) below.set(child.directory.name, child);
          else left.push(child);
        }
      }
      const { master: ours, slave: theirs } = scan.counts();
      const breath = hooks.breathe(ours + theirs);
      if (breath !== undefined) await breath;
    }
    const counts = scan.counts();
    run.master += counts.master;
    run.slave += counts.slave;
  } finally {
    scan.close();
  }
  return left.toReversed();
}

/** A directory that the scan told of. */
interface Known {
  readonly pending: Pending;
  /** The directories in it, as far as they were planned. */
  readonly below: ReadonlyMap<Bytes, Pending>;
}

/** Milliseconds to wait for the scan between two breaths. */
const WAIT = 50;

/** As planning its parent would have it; undefined for the roots. */
function pendingOf(
  { input }: Run,
  pair: ScannedPair,
  parent: Known | undefined,
): Pending | undefined {
  if (parent === undefined) return undefined;
  const planned = parent.below.get(pair.name);
  if (planned !== undefined) return planned;
  const { directory: above, from, ancestors } = parent.pending;
  const stat = statOfRow(pair.masterRow);
  // nothing differs in it itself, so it has no attributes
  const want = wantedOf(stat, undefined, DEFAULT, input.facts.ownership);
  const place = placeBelow(above, pair.name, statOfRow(pair.slaveRow));
  return {
    directory: { ...place, parent: above, want },
    from: placeBelow(from, pair.name),
    exists: true,
    ancestors: { identity: stat, above: ancestors },
  };
}

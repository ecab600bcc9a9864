/**
 * The fast way through two trees: native threads look at both ahead, and only the directories in
 * which there may be something to do, or on which rules may have something to say, are planned here.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { components } from '../../bytes/path.ts';
import type { PairScan } from '../../files/pair-scan.ts';
import { completeListing, statOfRow, type ScannedPair } from '../../files/scan-result.ts';
import { ROOT_PLACE, placeBelow, type Place } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { DEFAULT, isIdle, type Decision } from '../rules/decision.ts';
import { decideAll } from './decide.ts';
import { lookingAt, type Pending, type Run } from './input.ts';
import { planListed, tellFailed } from './pair.ts';
import { refuseEmpty, refuseNested } from './refusals.ts';
import { wantedOf } from './wanted.ts';

/**
 * The pairs that a scan of both trees tells of. What it looked at and does not tell of needs nothing.
 * @returns what it leaves to be looked at
 */
export async function planPairs(run: Run, scan: PairScan, root: Pending): Promise<Pending[]> {
  const { hooks } = run.input;
  const known = new Map<number, Known>();
  const left: Pending[] = [];
  try {
    for (let found = scan.next(WAIT); found !== undefined; found = scan.next(WAIT)) {
      for (const pair of found) {
        if (pair.kind === 'done') {
          known.delete(pair.id);
          continue;
        }
        const pending = pair.parent === 0 ? root : pendingOf(run, pair, known);
        if (pending === undefined) continue;
        if (pair.kind === 'handed back') left.push(pending);
        else if (pair.kind === 'ancestor') known.set(pair.id, { pending, below: undefined });
        else await planTold({ run, scan, known, left }, pair, pending);
      }
      const { master: ours, slave: theirs } = scan.counts();
      const breath = hooks.breathe(ours + theirs);
      if (breath !== undefined) await breath;
    }
    const counts = scan.counts();
    run.master += counts.master;
    run.slave += counts.slave;
    meetUntold(run);
  } finally {
    scan.close();
  }
  return left.toReversed();
}

/** What the scan does not tell of is alike on both sides, which may be news to whoever keeps claims. */
function meetUntold({ input }: Run): void {
  const { claims, master, slave } = input;
  let missing: Bytes | undefined;
  for (const path of claims?.unmet() ?? []) {
    if (missing !== undefined && path.startsWith(`${missing}/`)) continue;
    const at = placeAt(path);
    try {
      const listings = { master: master.scanner.list(at), slave: slave.scanner.list(at) };
      claims?.meet({ at, ...listings, decisions: undefined });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      missing = path;
    }
  }
}

function placeAt(path: Bytes): Place {
  let place = ROOT_PLACE;
  for (const name of components(path)) place = placeBelow(place, name);
  return place;
}

/** A directory that the scan told of. */
interface Known {
  readonly pending: Pending;
  /** The directories in it that are to be gone into; undefined when it was not planned: all are. */
  readonly below: ReadonlyMap<Bytes, Pending> | undefined;
}

interface Walk {
  readonly run: Run;
  readonly scan: PairScan;
  readonly known: Map<number, Known>;
  /** What the scan does not go into, or not well enough. */
  readonly left: Pending[];
}

async function planTold(walk: Walk, pair: ScannedPair, pending: Pending): Promise<void> {
  const { run } = walk;
  const { master, slave, privileged, decide } = run.input;
  const { directory, from } = pending;
  const decided = decide === undefined ? undefined : decideAll(decide, directory, pair.master);
  if (pair.parent !== 0 && isAlike(run, pair, decided)) {
    const ids = pair.offers
      .filter(({ index }) => decided?.[index]?.disposition !== 'ignore')
      .map(({ id }) => id);
    enter(walk, pair, { pending, below: undefined }, ids);
    return;
  }
  const listings = [
    // an index has attributes too; a native scan only says which objects have some
    master.isIndexed === true && pair.master.withAttributes.length > 0
      ? master.scanner.list(from)
      : completeListing(pair.master, () => master.tree.open(from), { privileged }),
    completeListing(pair.slave, () => slave.open(directory), { privileged }),
  ] as const;
  const looking = lookingAt(run, pending);
  for (const listing of listings) tellFailed(listing, looking);
  if (pair.parent === 0 && run.input.partly !== true) refuseEmpty(listings[0], master.path);
  const below = await planListed(run, pending, ...listings, decided);
  enterBelow(walk, pair, pending, below);
}

/** Whether nothing is to be done in a directory, so that the scan only has to go on. */
function isAlike(
  { input }: Run,
  pair: ScannedPair,
  decided: readonly Decision[] | undefined,
): boolean {
  // whoever keeps a ledger is told of everything
  if (pair.differs || input.claims !== undefined || input.checksum) return false;
  return decided === undefined || decided.every((decision) => isIdle(decision));
}

/** Into the directories that planning has found: the scan where it can, somebody else where not. */
function enterBelow(
  walk: Walk,
  pair: ScannedPair,
  pending: Pending,
  children: readonly Pending[],
): void {
  const { run, scan, left } = walk;
  const { names } = pair.master;
  const offered = new Map(pair.offers.map((offer) => [names[offer.index], offer]));
  const below = new Map<Bytes, Pending>();
  const ids: number[] = [];
  for (const child of children) {
    refuseNested(run, child);
    const { from } = child;
    const offer = offered.get(from.name);
    const isHere = from.parent === pending.from && child.directory.name === from.name;
    if (scan.asks && (offer === undefined || !isHere)) {
      left.push(child);
      continue;
    }
    below.set(from.name, child);
    if (offer !== undefined) ids.push(offer.id);
  }
  enter(walk, pair, { pending, below }, ids);
}

/** Has the scan go on below `pair`, and remembers what its children need to know. */
function enter(
  { scan, known }: Walk,
  pair: ScannedPair,
  found: Known,
  ids: readonly number[],
): void {
  known.set(pair.id, found);
  if (pair.offers.length > 0) scan.enter(pair, ids);
}

/** Milliseconds to wait for the scan between two breaths. */
const WAIT = 50;

/** As planning its parent would have it; undefined for what is to be left alone, and for the root. */
function pendingOf(
  { input }: Run,
  pair: ScannedPair,
  known: ReadonlyMap<number, Known>,
): Pending | undefined {
  const parent = known.get(pair.parent);
  if (parent === undefined) return undefined;
  if (parent.below !== undefined) return parent.below.get(pair.name);
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

/** Who supplied an object of a slave, and who else offers it: by the ledgers, else by the configuration. */
import { lstatSync } from 'node:fs';
import { slice, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { listDir, openDir, withDir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Site } from '../site/site.ts';
import type { LedgerMaster } from './ledger/format.ts';
import type { Ledger } from './ledger/ledger.ts';
import { readLedger, slavesWithLedger } from './ledger/store.ts';
import { isMarker, isTemporary } from './names.ts';

export interface Ownership {
  /** Real path of the slave. */
  readonly slave: Bytes;
  /** Path below it; empty for its root. */
  readonly path: Bytes;
  readonly supplier: NamedMaster | undefined;
  /** All that offer it, the supplier among them, in their order. */
  readonly offers: readonly NamedMaster[];
  /** Whether something is there now. */
  readonly isThere: boolean;
}

export interface NamedMaster {
  readonly name: Bytes;
  readonly path: Bytes;
  /** Whether the configuration names it, as far as the last run knew. */
  readonly isConfigured: boolean;
}

/** A master of the configuration and its slave, by real paths. */
export interface ConfiguredPair {
  readonly name: Bytes;
  readonly path: Bytes;
  readonly slave: Bytes;
}

/**
 * Whose the object at `path` (absolute, its directory real) is; undefined when it stands in no slave.
 * @throws XhError exit 3 when a ledger cannot be read
 */
export function ownerOf(
  site: Site,
  path: Bytes,
  configured: readonly ConfiguredPair[],
): Ownership | undefined {
  const slave = innermost(path, [
    ...slavesWithLedger(site),
    ...configured.map((each) => each.slave),
  ]);
  if (slave === undefined) return undefined;
  const below = belowSlave(slave, path);
  const found = readLedger(site, slave);
  const base = { slave, path: below, isThere: exists(path) };
  const offers =
    found.kind === 'ledger'
      ? known(found.ledger, below)
      : guessed(
          configured.filter((each) => each.slave === slave),
          below,
        );
  return { ...base, ...offers };
}

/** What stands in `slave`, a real path, and no master has supplied: the outermost of it. */
export function strays(site: Site, slave: Bytes): readonly Bytes[] {
  const found = readLedger(site, slave);
  const ledger = found.kind === 'ledger' ? found.ledger : undefined;
  const others = new Set(slavesWithLedger(site));
  const result: Bytes[] = [];
  const pending: Bytes[] = ['' as Bytes];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const directory = at;
    const entries = ledger?.entries(directory);
    withDir(openDir(join(slave, directory)), (dir) => {
      for (const name of listDir(dir).toSorted()) {
        const path = (directory === '' ? name : `${directory}/${name}`) as Bytes;
        const isOut = isTemporary(name) || isMarker({ parent: directory || undefined }, name);
        if (isOut || others.has(join(slave, path))) continue;
        if (entries?.has(name) !== true) result.push(path);
        else if (statAt(dir, name)?.type === 'd') pending.push(path);
      }
    });
  }
  return result.toSorted();
}

/** The innermost of `slaves` that `path` stands in. */
export function innermost(path: Bytes, slaves: readonly Bytes[]): Bytes | undefined {
  return slaves
    .filter((slave) => isWithin(slave, path))
    .toSorted((one, other) => other.length - one.length)[0];
}

/** `path` below `slave`, which it stands in. */
export function belowSlave(slave: Bytes, path: Bytes): Bytes {
  return slice(path, slave === '/' ? 1 : slave.length + 1);
}

type Offers = Pick<Ownership, 'supplier' | 'offers'>;

function known(ledger: Ledger, path: Bytes): Offers {
  const order = (number: number): number => ledger.masters[number]?.order ?? Infinity;
  const named = (number: number): readonly NamedMaster[] => {
    const master = ledger.masters[number];
    return master === undefined ? [] : [namedMaster(master)];
  };
  if (path === '') {
    const all = [...ledger.masters.keys()].toSorted((one, other) => order(one) - order(other));
    const offers = all.flatMap(named);
    return { supplier: offers[0], offers };
  }
  const entry = ledger.entry(path);
  if (entry === undefined) return { supplier: undefined, offers: [] };
  const offers = entry.offers.toSorted((one, other) => order(one) - order(other)).flatMap(named);
  return { supplier: named(entry.supplier)[0] ?? offers[0], offers };
}

/** Without a ledger: whoever has it, the first of the configuration first. */
function guessed(configured: readonly ConfiguredPair[], path: Bytes): Offers {
  const offers = configured
    .filter((master) => path === '' || exists(join(master.path, path)))
    .map(({ name, path: root }) => ({ name, path: root, isConfigured: true }));
  return { supplier: offers[0], offers };
}

function namedMaster({ name, path, order }: LedgerMaster): NamedMaster {
  return { name, path, isConfigured: order !== undefined };
}

function exists(path: Bytes): boolean {
  try {
    lstatSync(toBuffer(path));
    return true;
  } catch {
    return false;
  }
}

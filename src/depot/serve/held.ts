/**
 * What this host has pulled, to be served to others: heads as they were signed, the last record of trust
 * that was believed, and the trees as they stand. Packages are looked at one by one after the start, and
 * again when a pull has brought them anew.
 */
import { setImmediate } from 'node:timers/promises';
import { printable, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { heldStore } from '../../distribute/held-store.ts';
import { heldTrees, ownTrees } from '../../distribute/held-trees.ts';
import { openKnownFiles } from '../../distribute/known-files.ts';
import { servedDepot } from '../../distribute/serve/depot.ts';
import type { Served } from '../../distribute/serve/content.ts';
import { hashOf, isHash, type Hash } from '../../distribute/store/hash.ts';
import { parseHead } from '../../distribute/store/head.ts';
import { parsePackIndex } from '../../distribute/store/pack.ts';
import { CATALOGUE_PATH, TRUST_PATH } from '../../distribute/store/paths.ts';
import { createWalker } from '../../files/walk.ts';
import { unlessRefused, XhError } from '../../message/error.ts';
import { readAccounts } from '../../site/accounts.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { attachedPackages } from '../attach/record.ts';
import { keptListings } from '../pull/listings.ts';
import {
  knownFilesPath,
  pulledPackage,
  pulledPackages,
  pulledPath,
  trustSeen,
  type Pulled,
} from '../pulled.ts';

export interface HeldServing {
  /** Told of what is going on. */
  readonly tell: (line: string) => void;
}

interface Known {
  /** By which a new record shows. */
  readonly stamp: string;
  readonly pulled: Pulled;
  readonly packs: ReadonlyMap<Hash, HeldPack>;
  /** Of trees that are something else here. */
  readonly listings: ReadonlyMap<Hash, Bytes>;
}

/** @throws XhError E_SERVE_NOTHING when nothing has been pulled */
export function servedHolding(site: Site, config: Config, { tell }: HeldServing): Served {
  const walker = createWalker(site.root);
  const trust = trustSeen(walker);
  if (trust === undefined) {
    walker.close();
    throw new XhError('E_SERVE_NOTHING', 'nothing has been pulled here that could be served', {
      remedy: 'xh pull brings packages; a store in a directory is served by its name',
    });
  }
  const known = new Map<Bytes, Known>();
  const looked = new Set<Bytes>();
  let looking: Promise<void> | undefined;
  let refreshed = 0;
  let isClosed = false;

  const store = heldStore(toText(site.root), {
    walker,
    accounts: readAccounts(),
    packages: () => [...looked],
    trees: (directory) => [
      ...heldTrees(walker, config, directory),
      ...ownTrees(walker, config, directory),
    ],
    head({ directory }) {
      const found = known.get(directory);
      if (found === undefined) throw new Error(`${directory} is not known`);
      const { head } = parseHead(found.pulled.head);
      return { head, text: found.pulled.head, packs: found.pulled.packs as readonly Bytes[] };
    },
    files: (directory) => openKnownFiles(walker, knownFilesPath(directory)),
  });

  /** What the records say now; packages that are new, or others than they were, are looked at soon. */
  function refresh(): void {
    if (Date.now() - refreshed < FRESH) return;
    // a pull puts other directories into the places of those that are held open
    walker.forget();
    const attached = unlessRefused(() => attachedPackages(walker));
    const names = new Set(pulledPackages(walker).filter((name) => attached?.has(name) !== true));
    for (const name of known.keys()) {
      if (!names.has(name)) forget(name);
    }
    for (const name of names) {
      const stat = walker.stat(pulledPath(name));
      if (stat === undefined) continue;
      const stamp = `${stat.inode} ${stat.ctime.seconds}.${stat.ctime.nanoseconds}`;
      if (known.get(name)?.stamp === stamp) continue;
      forget(name);
      const pulled = unlessRefused(() => pulledPackage(walker, name));
      if (pulled !== undefined) {
        const listings = unlessRefused(() => keptListings(walker, name)) ?? new Map<Hash, Bytes>();
        known.set(name, { stamp, pulled, packs: packsOf(pulled), listings });
      }
    }
    refreshed = Date.now();
    if (known.size > looked.size) looking ??= lookAtAll();
  }

  function forget(name: Bytes): void {
    known.delete(name);
    looked.delete(name);
    store.forget(name);
  }

  /** Has the packages looked at again that have it: who asks once more is told that it is not there. */
  function lookAgain(object: Hash): void {
    walker.forget();
    for (const [name, entry] of known) {
      const has = [...(store.held(name)?.trees.values() ?? [])].some((tree) =>
        tree.files.has(object),
      );
      if (!has && !entry.packs.has(object)) continue;
      looked.delete(name);
      store.forget(name);
      known.set(name, { ...entry, packs: packsOf(entry.pulled) });
    }
    looking ??= lookAtAll();
  }

  async function lookAtAll(): Promise<void> {
    for (const name of known.keys()) {
      // requests come first
      await setImmediate();
      if (isClosed) return;
      const entry = known.get(name);
      if (looked.has(name) || entry === undefined) continue;
      looked.add(name);
      try {
        store.head(name);
        // one that has files of other hosts, or of before, cannot be made of what is here
        const { packs, ...rest } = entry;
        const whole = [...packs].filter(([, { objects }]) =>
          objects.every((object) => store.source(object) !== undefined),
        );
        known.set(name, { ...rest, packs: new Map(whole) });
        tell(`${printable(name)} is served`);
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        tell(`${printable(name)} cannot be served: ${error.message}`);
      }
    }
    looking = undefined;
  }

  function record(path: Bytes): Buffer | undefined {
    refresh();
    if (path === TRUST_PATH) {
      const text = trustSeen(walker);
      return text === undefined ? undefined : Buffer.from(text);
    }
    if (path === CATALOGUE_PATH) {
      const packages = [...known.keys()].toSorted().map(toText);
      return Buffer.from(`${JSON.stringify({ format: 1, packages }, null, 1)}\n`);
    }
    const head = known.get(slice(path, 'heads/'.length, -'.json'.length))?.pulled.head;
    return head === undefined ? undefined : Buffer.from(head);
  }

  refresh();
  const served = servedDepot(`what has been pulled to ${printable(site.root)}`, {
    walker,
    store,
    record,
    packSize(pack) {
      refresh();
      for (const name of looked) {
        const size = known.get(name)?.packs.get(pack)?.size;
        if (size !== undefined) return size;
      }
      return undefined;
    },
    listing(tree) {
      refresh();
      for (const { listings } of known.values()) {
        const text = listings.get(tree);
        if (text !== undefined) return text;
      }
      return undefined;
    },
    broken: lookAgain,
    looking: () => looking,
  });
  return {
    ...served,
    close() {
      isClosed = true;
      served.close();
    },
  };
}

interface HeldPack {
  readonly size: number;
  readonly objects: readonly Hash[];
}

/** The packs whose indexes are known. */
function packsOf({ head, packs }: Pulled): ReadonlyMap<Hash, HeldPack> {
  const references = unlessRefused(() => parseHead(head).head.packs) ?? [];
  const sizes = new Map<Hash, HeldPack>();
  for (const text of packs) {
    const hash = hashOf(text as Bytes);
    const files = unlessRefused(() => parsePackIndex(text as Bytes));
    const reference = references.find(({ index }) => index === hash);
    if (files === undefined || reference === undefined || !isHash(reference.pack)) continue;
    const last = files.at(-1);
    sizes.set(reference.pack, {
      size: last === undefined ? 0 : last.offset + last.length,
      objects: files.map(({ object }) => object),
    });
  }
  return sizes;
}

/** Milliseconds for which what the records say is good. */
const FRESH = 1000;

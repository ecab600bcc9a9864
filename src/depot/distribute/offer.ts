/** What this host has to give to others: its packages as a store, each with a head that says for whom it is. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import {
  heldStore,
  type HeldHead,
  type HeldPackage,
  type HeldStore,
} from '../../distribute/held-store.ts';
import { heldTrees, ownTrees } from '../../distribute/held-trees.ts';
import { openKnownFiles, type KnownFiles } from '../../distribute/known-files.ts';
import { ownName } from '../../distribute/status/record.ts';
import { parseHead, type Head } from '../../distribute/store/head.ts';
import type { Walker } from '../../files/walk.ts';
import { unlessRefused, XhError } from '../../message/error.ts';
import { meantFor, type MeantFor } from '../../package/distribution.ts';
import { listPackages } from '../../package/entries.ts';
import { readPackage } from '../../package/read.ts';
import { readAccounts } from '../../site/accounts.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { pulledPackage } from '../pulled.ts';
import { distributedPackage, knownFilesPath, type Distributed } from './record.ts';

export interface OfferedPackage {
  readonly directory: Bytes;
  readonly head: Head;
  readonly meant: MeantFor;
  readonly held: HeldPackage;
}

export interface Offer {
  readonly store: HeldStore;
  /** In the order of their directories. */
  readonly packages: readonly OfferedPackage[];
  /** Those that were asked for and cannot be given, and why. */
  readonly refused: readonly { readonly directory: Bytes; readonly error: XhError }[];
  /** Writes down what was learnt of files, so that nobody reads them again. */
  save(): void;
}

export interface OfferOptions {
  readonly walker: Walker;
  /** Directories, or all of the depot. */
  readonly packages: readonly Bytes[] | 'all';
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Looks at the packages; what cannot be read of one keeps no other from being given. */
export function openOffer(site: Site, config: Config, options: OfferOptions): Offer {
  const { walker, now } = options;
  const files: KnownFiles[] = [];
  const directories =
    options.packages === 'all'
      ? listPackages(site).map(({ directory }) => directory)
      : options.packages;
  const meant = new Map<Bytes, MeantFor>();
  const versions = new Map<Bytes, Bytes | undefined>();
  const given: Bytes[] = [];
  const refused: { directory: Bytes; error: XhError }[] = [];
  const store = heldStore(ownName(site, config), {
    walker,
    accounts: readAccounts(),
    packages: () => given,
    trees: (directory) => [
      ...heldTrees(walker, config, directory),
      ...ownTrees(walker, config, directory),
    ],
    head: (held) => headOf(held, { walker, now, meant, versions }),
    files(directory) {
      const known = openKnownFiles(walker, knownFilesPath(directory));
      files.push(known);
      return known;
    },
  });
  const packages: OfferedPackage[] = [];
  for (const directory of directories) {
    try {
      const metadata = readPackage(site, directory);
      const who = meantFor(metadata);
      if (who.to === 'none') {
        if (options.packages !== 'all') refused.push({ directory, error: keptHere(directory) });
        continue;
      }
      meant.set(directory, who);
      versions.set(directory, metadata.version);
      given.push(directory);
      const [found, held] = [store.head(directory), store.held(directory)];
      if (found === undefined || held === undefined) throw noTrees(directory);
      packages.push({ directory, head: found.head, meant: who, held });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      if (given.at(-1) === directory) given.pop();
      refused.push({ directory, error });
    }
  }
  return {
    store,
    packages,
    refused,
    save() {
      for (const known of files) known.save();
    },
  };
}

interface Saying {
  readonly walker: Walker;
  readonly now: number;
  readonly meant: ReadonlyMap<Bytes, MeantFor>;
  readonly versions: ReadonlyMap<Bytes, Bytes | undefined>;
}

/** As it was signed, where the package is still what was pulled; else one of ours. */
function headOf(held: HeldPackage, { walker, now, meant, versions }: Saying): HeldHead {
  const { directory, trees } = held;
  const signed = signedHead(held, walker);
  if (signed !== undefined) return signed;
  const { revision, time } = revisionOf(held, walker, now);
  const version = versions.get(directory);
  const who = meant.get(directory);
  let [objects, bytes] = [0, 0];
  for (const tree of trees.values()) {
    objects += tree.objects;
    bytes += tree.bytes;
  }
  return {
    head: {
      package: directory,
      ...(version !== undefined && { version }),
      ...(who?.to === 'targets' && { targets: who.targets }),
      revision,
      published: time,
      expires: new Date(now + LIFETIME).toISOString(),
      trees: new Map([...trees].map(([name, { root }]) => [name, root])),
      packs: [],
      objects,
      bytes,
    },
  };
}

/** The head that came with the package, when all its trees here are those of that head. */
function signedHead({ directory, trees }: HeldPackage, walker: Walker): HeldHead | undefined {
  const pulled = unlessRefused(() => pulledPackage(walker, directory));
  if (pulled === undefined) return undefined;
  const parsed = unlessRefused(() => parseHead(pulled.head));
  if (parsed === undefined || parsed.signed.signatures.length === 0) return undefined;
  const { head } = parsed;
  const all = [...trees].every(([name, { root }]) => head.trees.get(name) === root);
  if (!all || trees.size === 0) return undefined;
  // packs are made of files that are not all here where trees of other architectures are not
  if (head.trees.size !== trees.size) return undefined;
  return { head, text: pulled.head, packs: pulled.packs.map((text) => text as Bytes) };
}

/** The number of what a package is now: that of its last record while its trees are the same. */
export function revisionOf(
  { directory, trees }: HeldPackage,
  walker: Walker,
  now: number,
): Pick<Distributed, 'revision' | 'time'> {
  const last = unlessRefused(() => distributedPackage(walker, directory));
  const pulled = unlessRefused(() => pulledPackage(walker, directory));
  const isSame = (known: readonly (readonly [Bytes, string])[]): boolean => {
    const names = new Set(known.map(([name]) => name));
    // of what is a host's own there are only directories, which no record of a pull tells of
    const rest = [...trees].filter(([name]) => !names.has(name));
    return (
      known.every(([name, root]) => trees.get(name)?.root === root) &&
      rest.every(([, { files }]) => files.size === 0)
    );
  };
  if (last !== undefined && isSame(last.trees.map(({ name, root }) => [name, root]))) return last;
  if (pulled !== undefined && isSame(pulled.trees.map(({ name, here }) => [name, here]))) {
    return { revision: Math.max(pulled.revision, last?.revision ?? 0), time: pulled.time };
  }
  const revision = Math.max(last?.revision ?? 0, pulled?.revision ?? 0) + 1;
  return { revision, time: new Date(now).toISOString() };
}

function keptHere(directory: Bytes): XhError {
  return new XhError('E_NOT_DISTRIBUTED', `${printable(directory)} is not to be distributed`, {
    remedy: "its .admin/Options say 'distribute = none', or 'targets' without .admin/Targets",
  });
}

function noTrees(directory: Bytes): XhError {
  return new XhError(
    'E_NO_TREES',
    `${printable(directory)} has no files here that others could have`,
    {
      remedy: 'is its tree mounted? xh info shows what the package is',
    },
  );
}

/** Milliseconds: a head that goes over a channel is believed there and then. */
const LIFETIME = 30 * 86_400_000;

/** Packages that are offered against those that stand here: what is to be done, and the trees for it, ready to be switched. */
import { b, type Bytes } from '../../bytes/bytes.ts';
import type { KnownFiles } from '../../distribute/known-files.ts';
import { listingsOf } from '../../distribute/pull/trees.ts';
import type { TreeEntry } from '../../distribute/store/tree.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import { XhError } from '../../message/error.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { typeRoot } from './local.ts';
import { aboutOf, attached, isNewHere, look, revisionOf, type Seen } from './look.ts';
import type { Offer } from './offers.ts';
import { outcomeOf, type PullOutcome } from './outcome.ts';
import { dropBeside, prepareTree, type Prepared } from './prepare.ts';
import { makeRoots } from './roots.ts';
import type { WantedTree } from './select.ts';
import { isUnreachable } from './source.ts';
import type { Changing, Looked } from './pulling.ts';

type Staging = Looked & Changing;

/** A tree that is the host's own: only what is missing is added. */
export interface OwnTree {
  readonly wanted: WantedTree;
  readonly path: Bytes;
  readonly listings: ReadonlyMap<Hash, readonly TreeEntry[]>;
}

/** A package of which something is to be switched. */
export interface Staged {
  readonly offer: Offer;
  readonly isNew: boolean;
  readonly trees: readonly Prepared[];
  readonly own: readonly OwnTree[];
  /** Trees that stay as they are, with what they are here. */
  readonly kept: readonly { readonly wanted: WantedTree; readonly here: Hash }[];
  readonly knownFiles: KnownFiles;
}

export interface StagedPackages {
  readonly packages: readonly Staged[];
  readonly outcomes: readonly PullOutcome[];
  /** Those that have not been looked at yet: enough is ready for one transaction. */
  readonly rest: readonly Offer[];
}

/** Makes beside its place what is not as it should be. What cannot be had keeps no other from coming. */
export async function preparePackages(
  offers: readonly Offer[],
  staging: Staging,
): Promise<StagedPackages> {
  const packages: Staged[] = [];
  const outcomes: PullOutcome[] = [];
  let silent = 0;
  let objects = 0;
  for (const [index, offer] of offers.entries()) {
    if (objects > ENOUGH) return { packages, outcomes, rest: offers.slice(index) };
    const about = aboutOf(offer);
    if (silent >= PATIENCE) {
      const message = `${staging.source.name} could not be reached for others`;
      outcomes.push({ ...about, result: 'unreachable', message });
      continue;
    }
    try {
      const seen = look(offer, staging);
      if (seen === 'attached') outcomes.push(attached(about));
      else if (seen.stale.length === 0 && seen.offer.pulled?.revision === revisionOf(offer)) {
        settle(seen, staging);
        outcomes.push({ ...about, revision: revisionOf(offer), result: 'current' });
      } else {
        const staged = await prepare(seen, staging);
        packages.push(staged);
        objects += staged.trees.reduce((sum, { shape }) => sum + shape.objects, 0);
      }
      silent = 0;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      if (isUnreachable(error)) silent++;
      outcomes.push(outcomeOf(error, about));
    }
  }
  return { packages, outcomes, rest: [] };
}

async function prepare(seen: Seen, staging: Staging): Promise<Staged> {
  const { offer, looking, current, stale, knownFiles } = seen;
  const { store } = staging.source;
  await makeRoots(
    stale.map(({ wanted }) => wanted.type),
    staging,
  );
  const trees: Prepared[] = [];
  const own: OwnTree[] = [];
  for (const { wanted, root, standing } of stale) {
    if (isHostsOwn(wanted.type)) {
      const listings = await listingsOf(store, wanted.root, new Map());
      own.push({ wanted, path: b`${root}/${offer.directory}`, listings });
      continue;
    }
    trees.push(
      await prepareTree({
        directory: offer.directory,
        head: offer.believed.head,
        wanted,
        standing,
        root,
        store,
        looking,
        privileged: process.geteuid?.() === 0,
        rules: staging.rules,
        progress: staging.progress,
      }),
    );
  }
  const kept = current.map(({ wanted, standing, here }) => ({
    wanted,
    here: here ?? (standing.is === 'tree' ? standing.tree.root : wanted.root),
  }));
  return { offer, isNew: isNewHere(seen), trees, own, kept, knownFiles };
}

/** Nothing is to be done: what an earlier pull has left goes, and what has been learnt is kept. */
function settle(
  { offer, looking, current, knownFiles, knownTrees }: Seen,
  { config }: Looked,
): void {
  for (const { wanted } of current) dropBeside(looking, typeRoot(config, wanted), offer.directory);
  knownFiles.save();
  knownTrees.save();
}

/** Objects of trees that wait to be switched; what is known of them is in memory until then. */
const ENOUGH = 20_000;

/** Packages one after the other that no store answers for, before the others are not asked for. */
const PATIENCE = 2;

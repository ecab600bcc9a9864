/** Packages that are offered against those that stand here: what is to be done, and the trees for it, ready to be switched. */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { openKnownFiles, type KnownFiles } from '../../distribute/known-files.ts';
import { listingsOf } from '../../distribute/pull/trees.ts';
import type { TreeEntry } from '../../distribute/store/tree.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readAccounts } from '../../site/accounts.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { inSite } from '../../site/site.ts';
import { isCurrent, standingAt, typeRoot, type Looking, type Standing } from './local.ts';
import type { Offer } from './offers.ts';
import { outcomeOf, type PullOutcome } from './outcome.ts';
import { dropBeside, missingFor, prepareTree, type Fetched, type Prepared } from './prepare.ts';
import { knownFilesPath } from '../pulled.ts';
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
}

/** Makes beside its place what is not as it should be. What cannot be had keeps no other from coming. */
export async function preparePackages(
  offers: readonly Offer[],
  staging: Staging,
): Promise<StagedPackages> {
  const packages: Staged[] = [];
  const outcomes: PullOutcome[] = [];
  let silent = 0;
  for (const offer of offers) {
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
      } else packages.push(await prepare(seen, staging));
      silent = 0;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      if (isUnreachable(error)) silent++;
      outcomes.push(outcomeOf(error, about));
    }
  }
  return { packages, outcomes };
}

/** What {@link preparePackages} would come to. */
export async function preview(
  offers: readonly Offer[],
  looked: Looked,
): Promise<readonly PullOutcome[]> {
  const outcomes: PullOutcome[] = [];
  for (const offer of offers) {
    const about = aboutOf(offer);
    try {
      const seen = look(offer, looked);
      if (seen === 'attached') {
        outcomes.push(attached(about));
        continue;
      }
      let objects = 0;
      let bytes = 0;
      for (const { wanted, standing } of seen.stale) {
        if (isHostsOwn(wanted.type)) continue;
        const here = standing.is === 'tree' ? standing.tree : undefined;
        const missing = await missingFor(wanted, here, looked.source.store);
        objects += missing.objects;
        bytes += missing.bytes;
      }
      const isNew = isNewHere(seen);
      const result = seen.stale.length === 0 ? 'current' : isNew ? 'new' : 'updated';
      const revision = revisionOf(offer);
      const fetched: Fetched = { objects, bytes };
      outcomes.push({ ...about, revision, result, ...(result !== 'current' && { fetched }) });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      outcomes.push(outcomeOf(error, about));
    }
  }
  return outcomes;
}

interface SeenTree {
  readonly wanted: WantedTree;
  readonly root: Bytes;
  readonly standing: Standing;
}

interface Seen {
  readonly offer: Offer;
  readonly looking: Looking;
  readonly knownFiles: KnownFiles;
  readonly current: readonly SeenTree[];
  readonly stale: readonly SeenTree[];
}

/** @throws XhError E_PULL_PLACE when something else stands there; FileError */
function look(offer: Offer, { site, config, walker, rules, toCopy }: Looked): Seen | 'attached' {
  const accounts = readAccounts({ etc: inSite(site, b`/etc`) });
  const knownFiles = openKnownFiles(walker, knownFilesPath(offer.directory));
  const looking: Looking = { walker, accounts, ...knownFiles };
  const current: SeenTree[] = [];
  const stale: SeenTree[] = [];
  for (const wanted of offer.trees) {
    const root = typeRoot(config, wanted);
    const path = b`${root}/${offer.directory}`;
    if (isHostsOwn(wanted.type)) {
      // it is looked at by whoever adds to it, and only when the publisher has changed it
      const known = offer.pulled?.trees.some(
        ({ name, tree }) => name === wanted.name && tree === wanted.root,
      );
      (known === true ? current : stale).push({ wanted, root, standing: { is: 'absent' } });
      continue;
    }
    let standing = standingAt(path, looking);
    if (standing.is === 'link') {
      if (!toCopy.has(offer.directory)) return 'attached';
      standing = { is: 'absent' };
    }
    if (standing.is === 'other') throw inTheWay(path);
    const isRight = isCurrent(wanted, standing, offer.pulled, rules?.digest);
    (isRight ? current : stale).push({ wanted, root, standing });
  }
  return { offer, looking, knownFiles, current, stale };
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
  const kept = current.map(({ wanted, standing }) => ({
    wanted,
    here: standing.is === 'tree' ? standing.tree.root : wanted.root,
  }));
  return { offer, isNew: isNewHere(seen), trees, own, kept, knownFiles };
}

/** Nothing is to be done: what an earlier pull has left goes, and what has been learnt is kept. */
function settle({ offer, looking, current, knownFiles }: Seen, { config }: Looked): void {
  for (const { wanted } of current) dropBeside(looking, typeRoot(config, wanted), offer.directory);
  knownFiles.save();
}

function isNewHere({ current, stale }: Seen): boolean {
  return [...current, ...stale]
    .filter(({ wanted }) => !isHostsOwn(wanted.type))
    .every(({ standing }) => standing.is === 'absent');
}

function aboutOf({ directory, believed, pulled }: Offer) {
  const { version } = believed.head;
  return {
    package: directory,
    ...(version !== undefined && { version }),
    ...(pulled !== undefined && { before: pulled.revision, revision: pulled.revision }),
  };
}

function revisionOf({ believed }: Offer): number {
  return believed.head.revision;
}

function attached(about: ReturnType<typeof aboutOf>): PullOutcome {
  return { ...about, result: 'attached', message: 'it is another tree by a link' };
}

function inTheWay(path: Bytes): XhError {
  return new XhError(
    'E_PULL_PLACE',
    `${printable(path)} is no directory: no tree can stand there`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy: 'move it away, and pull again',
    },
  );
}

/** Packages one after the other that no store answers for, before the others are not asked for. */
const PATIENCE = 2;

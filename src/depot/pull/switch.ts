/** Trees that have been made beside their places take them: all packages in one transaction, or, where that is refused, each in its own. */
import { setTimeout } from 'node:timers/promises';
import { b, type Bytes } from '../../bytes/bytes.ts';
import { GRAIN } from '../../distribute/known-files.ts';
import { readObject } from '../../distribute/store/reach.ts';
import { applyPlan } from '../../host/apply.ts';
import { receiptPath } from '../../host/receipt.ts';
import { XhError } from '../../message/error.ts';
import { readAccounts } from '../../site/accounts.ts';
import { siteFileTypes } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { finishPlanning, startPlanning, type Planning } from '../context.ts';
import { attachedIn } from '../attach/record.ts';
import { standingAt } from './local.ts';
import { outcomeOf, type PullOutcome } from './outcome.ts';
import { planOwnTree } from './own-tree.ts';
import { keepListings } from './listings.ts';
import type { Fetched } from './prepare.ts';
import { pulledPath, pulledText, type Pulled, type PulledTree } from '../pulled.ts';
import type { Changing, Looked } from './pulling.ts';
import type { Staged } from './stage.ts';

type Switching = Looked & Changing & { readonly install: boolean };

/** @throws XhError E_LOCKED */
export async function switchPackages(
  packages: readonly Staged[],
  switching: Switching,
): Promise<readonly PullOutcome[]> {
  if (packages.length === 0) return [];
  const entries: Entered[] = [];
  for (const staged of packages) {
    keepPublished(staged, switching);
    entries.push({ staged, packs: await packsOf(staged, switching) });
  }
  const outcomes = await switchAll(entries, switching);
  // the names that unchanged files have had beside their places have gone: their times are the last ones
  await setTimeout(2 * GRAIN);
  switching.walker.forget();
  for (const { staged } of entries) learn(staged, switching);
  return outcomes;
}

interface Entered {
  readonly staged: Staged;
  readonly packs: readonly string[];
}

async function switchAll(
  entries: readonly Entered[],
  switching: Switching,
): Promise<readonly PullOutcome[]> {
  try {
    await switchTogether(entries, switching);
    return entries.map(({ staged }) => done(staged));
  } catch (error) {
    if (!(error instanceof XhError) || error.code === 'E_LOCKED') throw error;
    const [only, ...others] = entries;
    if (only !== undefined && others.length === 0) {
      return [outcomeOf(error, aboutOf(only.staged))];
    }
    const outcomes: PullOutcome[] = [];
    for (const entry of entries) outcomes.push(...(await switchAll([entry], switching)));
    return outcomes;
  }
}

function switchTogether(entries: readonly Entered[], switching: Switching): Promise<void> {
  return switching.change((host) => {
    const planning = startPlanning(host, switching.config);
    for (const entry of entries) planSwitch(planning, entry, switching);
    const names = entries.map(({ staged }) => staged.offer.directory);
    applyPlan(host.walker, finishPlanning(planning, 'pull', names));
  });
}

function planSwitch(planning: Planning, { staged, packs }: Entered, switching: Switching): void {
  const { draft, config } = planning;
  const { offer, trees, own } = staged;
  for (const { path, from, shape } of trees) draft.place({ path, from, shape });
  for (const { path, wanted, listings } of own) planOwnTree(draft, path, wanted.root, listings);
  // a type that the package has no more
  for (const { name } of offer.pulled?.trees ?? []) {
    if (offer.believed.head.trees.has(name)) continue;
    const type = siteFileTypes(config).find((each) => each.name === name);
    const path = b`/.software/${name}/${offer.directory}`;
    if (type === undefined || isHostsOwn(type) || draft.look(path).type !== 'directory') continue;
    draft.remove(path);
  }
  attachedIn(draft).delete(offer.directory);
  const text = pulledText(recordOf(staged, packs, switching));
  draft.makeDir(b`/.software/local/.admin/pulled`);
  draft.write(pulledPath(offer.directory), text, { mode: 0o644, bookkeeping: true });
}

/** What is written down of the package. */
function recordOf(
  { offer, isNew, trees, own, kept }: Staged,
  packs: readonly string[],
  { rules, install, walker }: Switching,
): Pulled {
  const { head, text, store } = offer.believed;
  const entry = (name: Bytes, tree: PulledTree['tree'], here: PulledTree['here']): PulledTree => ({
    name,
    tree,
    here,
    ...(rules !== undefined && { rules: rules.digest }),
  });
  const changes = trees.length > 0 || own.length > 0;
  // written down with the switch: whoever is killed in between has it done by the next pull
  const waits =
    offer.pulled?.waits === true || (install && changes && (isNew || isInstalled(walker, offer)));
  return {
    package: offer.directory,
    ...(head.version !== undefined && { version: head.version }),
    revision: head.revision,
    time: new Date().toISOString(),
    store,
    trees: [
      ...trees.map(({ wanted, here }) => entry(wanted.name, wanted.root, here)),
      ...own.map(({ wanted }) => entry(wanted.name, wanted.root, wanted.root)),
      ...kept.map(({ wanted, here }) => entry(wanted.name, wanted.root, here)),
    ],
    head: text,
    packs,
    ...(waits && { waits }),
  };
}

/** What whoever is fed from here cannot be given otherwise. */
function keepPublished({ offer, trees, own, kept }: Staged, { walker }: Looked): void {
  keepListings(walker, offer.directory, [
    ...trees.map(({ wanted, here, listings }) => ({ root: wanted.root, here, listings })),
    ...own.map(({ wanted, listings }) => ({ root: wanted.root, here: undefined, listings })),
    ...kept.map(({ wanted, here }) => ({
      root: wanted.root,
      here: isHostsOwn(wanted.type) ? undefined : here,
    })),
  ]);
}

function isInstalled(walker: Looked['walker'], { directory }: Staged['offer']): boolean {
  return walker.stat(receiptPath(directory)) !== undefined;
}

/** The texts of the indexes of its packs, for whoever is fed from here. */
async function packsOf({ offer }: Staged, { source }: Looked): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const { index } of offer.believed.head.packs) {
    try {
      texts.push((await readObject(source.store, index)).toString('latin1'));
    } catch (error) {
      // whoever is fed from here gets its files one by one
      if (!(error instanceof XhError)) throw error;
    }
  }
  return texts;
}

/** Remembers what the files are, so that the next pull has to read none of them. */
function learn(staged: Staged, { walker }: Switching): void {
  const { trees, knownFiles } = staged;
  const accounts = readAccounts();
  for (const { path, files } of trees) {
    standingAt(path, {
      walker,
      accounts,
      learn: knownFiles.learn,
      known(at, stat) {
        const made = files.get(at.slice(path.length + 1) as Bytes);
        const { size, mtime } = made?.stat ?? {};
        const same =
          size === stat.size &&
          mtime?.seconds === stat.mtime.seconds &&
          mtime.nanoseconds === stat.mtime.nanoseconds;
        if (made === undefined || !same) return undefined;
        knownFiles.learn(at, stat, made.file);
        return made.file;
      },
    });
  }
  knownFiles.save();
}

function done(staged: Staged): PullOutcome {
  const { offer, isNew, trees, own } = staged;
  const fetched = trees.reduce<Fetched>(
    (sum, { fetched: each }) => ({
      objects: sum.objects + each.objects,
      bytes: sum.bytes + each.bytes,
    }),
    { objects: 0, bytes: 0 },
  );
  return {
    ...aboutOf(staged),
    revision: offer.believed.head.revision,
    result: trees.length + own.length === 0 ? 'current' : isNew ? 'new' : 'updated',
    fetched,
  };
}

function aboutOf({ offer }: Staged) {
  const { version } = offer.believed.head;
  const { directory, pulled } = offer;
  return {
    package: directory,
    ...(version !== undefined && { version }),
    ...(pulled !== undefined && { before: pulled.revision, revision: pulled.revision }),
  };
}

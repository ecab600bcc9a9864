/**
 * `xh publish`: packages of this host's depot into a store. What has not changed since it was published
 * costs a look at each file's state, and no reading; one package that cannot be published does not keep
 * the others from it.
 */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { openKnownFiles } from '../../distribute/known-files.ts';
import { heldTrees } from '../../distribute/held-trees.ts';
import { fingerprintOf } from '../../distribute/publish/fingerprint.ts';
import {
  isCurrent,
  publish,
  standingHead,
  type Intention,
  type PublishOptions,
} from '../../distribute/publish/publish.ts';
import type { Added } from '../../distribute/publish/writing.ts';
import { scanTree, sourceReader, type ScannedTree } from '../../distribute/publish/scan.ts';
import { refreshHead } from '../../distribute/publish/refresh.ts';
import { packagesOf } from '../../distribute/store/catalogue.ts';
import { siteLinks } from '../../distribute/site-links.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import type { SigningKey } from '../../distribute/store/signed.ts';
import type { Store } from '../../distribute/store/store.ts';
import type { Located } from '../../files/walk.ts';
import type { Host } from '../../host/transaction.ts';
import { DiagnosticError } from '../../message/diagnostic.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { meantFor } from '../../package/distribution.ts';
import type { PackageEntry } from '../../package/entries.ts';
import { readPackage } from '../../package/read.ts';
import { readAccounts, type Accounts } from '../../site/accounts.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { demandSound } from './soundness.ts';
import { filesRecordPath, openPublishRecord, type PublishRecord } from './publish-record.ts';
import { publisherTrust, type PublisherTrust, type SoonOver } from './publisher-trust.ts';
import { unwritten } from './unwritten.ts';

export interface PublishPackagesOptions {
  readonly key: SigningKey;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Days that a head is good for. */
  readonly days: number;
  /** Of these file types alone. */
  readonly types?: ReadonlySet<Bytes>;
  /** Names of trees, `arch/linux-i686`, that nobody publishes any more. */
  readonly drop?: ReadonlySet<Bytes>;
  readonly anew?: boolean;
  /** The least number of a new revision. */
  readonly revision?: number;
  /** All of the depot is meant, as far as the key may sign for it: what it may not is no mistake. */
  readonly whatMay?: boolean;
  readonly dryRun?: boolean;
  /** Told of each package when it is done. */
  readonly done: (outcome: PublishOutcome) => void;
  /** Told of what will not be believed for long any more. */
  readonly soonOver: (what: SoonOver) => void;
}

export interface PublishOutcome {
  readonly package: Bytes;
  readonly result: 'published' | 'refreshed' | 'unchanged' | 'skipped' | 'refused' | 'failed';
  readonly revision?: number;
  readonly version?: Bytes;
  /** Written to the store. */
  readonly added?: Added;
  /** What the package is as a whole: objects, and bytes of data. */
  readonly objects?: number;
  readonly bytes?: number;
  /** Trees of other hosts that were left out, since the store has not all of them any more. */
  readonly lost?: readonly Bytes[];
  /** Of one that was skipped: it says 'distribute = none', or another key signs for it. */
  readonly why?: 'distribute' | 'key';
  /** Why it was refused, or failed. */
  readonly error?: XhError;
}

/**
 * Publishes packages, one after the other.
 * @throws XhError E_TRUST_* E_NO_SITE_KEY, E_STORE_* when it cannot be known whom to believe; what
 *   concerns one package is in its outcome
 */
export async function publishPackages(
  host: Host,
  config: Config,
  store: Store,
  packages: readonly PackageEntry[],
  options: PublishPackagesOptions,
): Promise<readonly PublishOutcome[]> {
  const { now, dryRun = false } = options;
  const trust = await publisherTrust(store, { site: host.site, walker: host.walker, config, now });
  const to = dryRun ? unwritten(store) : store;
  const { key } = options;
  trust.soonOver(key.public).forEach(options.soonOver);
  // a key that may sign for nothing here is a mistake
  const may = packages.some(({ directory }) => trust.hasRight(directory, key.public));
  const session = {
    host,
    config,
    store: to,
    trust,
    options: { ...options, whatMay: may && options.whatMay === true },
    accounts: readAccounts(),
  };
  const outcomes: PublishOutcome[] = [];
  for (const [index, entry] of packages.entries()) {
    host.progress?.({
      doing: printable(entry.directory),
      unit: 'packages',
      done: index,
      total: packages.length,
    });
    const outcome = await settled(entry.directory, () => publishOne(session, entry));
    outcomes.push(outcome);
    options.done(outcome);
  }
  return outcomes;
}

/**
 * Signs heads of a store again that would expire, nothing on this host being looked at: those of the
 * packages that are named, or all that the key may sign for.
 * @throws XhError as {@link publishPackages}
 */
export async function refreshPackages(
  host: Host,
  config: Config,
  store: Store,
  packages: readonly Bytes[],
  options: Pick<PublishPackagesOptions, 'key' | 'now' | 'days' | 'dryRun' | 'done' | 'soonOver'>,
): Promise<readonly PublishOutcome[]> {
  const { key, now, days, dryRun = false } = options;
  const trust = await publisherTrust(store, { site: host.site, walker: host.walker, config, now });
  const to = dryRun ? unwritten(store) : store;
  trust.soonOver(key.public).forEach(options.soonOver);
  const all = await packagesOf(store);
  const ours = all.filter((name) => trust.hasRight(name, key.public));
  const names = packages.length > 0 ? packages : ours;
  const outcomes: PublishOutcome[] = [];
  for (const directory of names) {
    const outcome = await settled(directory, async () => {
      trust.demandRight(directory, key.public);
      const believe = (text: string): void => {
        trust.believe(directory, text);
      };
      const done = await refreshHead(to, directory, { key, now, lifetime: days * DAY, believe });
      if (done !== undefined) {
        const { revision, version, objects, bytes } = done.head;
        const said = { revision, ...(version !== undefined && { version }), objects, bytes };
        return { package: directory, result: done.outcome, ...said };
      }
      throw new XhError('E_NO_PACKAGE', `${store.name} has no package ${printable(directory)}`, {
        remedy: didYouMean(printable(directory), all.map(printable)) ?? 'xh publish publishes it',
      });
    });
    outcomes.push(outcome);
    options.done(outcome);
  }
  return outcomes;
}

interface Session {
  readonly host: Host;
  readonly config: Config;
  readonly store: Store;
  readonly trust: PublisherTrust;
  readonly options: PublishPackagesOptions;
  readonly accounts: Accounts;
}

/** What concerns one package alone is its outcome. */
async function settled(
  directory: Bytes,
  work: () => Promise<PublishOutcome>,
): Promise<PublishOutcome> {
  try {
    return await work();
  } catch (error) {
    // a store that cannot be reached, or a disk that is full, is everybody's
    if (!(error instanceof XhError) || FOR_ALL.has(error.code)) throw error;
    const refused = error.exit === EXIT.refused || error instanceof DiagnosticError;
    return { package: directory, result: refused ? 'refused' : 'failed', error };
  }
}

const FOR_ALL: ReadonlySet<string> = new Set([
  'E_STORE_READ',
  'E_STORE_WRITE',
  'E_NO_SPACE',
  'E_READ_ONLY',
]);

async function publishOne(session: Session, entry: PackageEntry): Promise<PublishOutcome> {
  const { store, trust, options, config, host } = session;
  const { directory } = entry;
  const { key, now, days, dryRun = false } = options;
  const metadata = readPackage(host.site, entry, { fileTypes: siteFileTypes(config) });
  const meant = meantFor(metadata);
  if (meant.to === 'none') {
    return { package: directory, result: 'skipped', why: 'distribute' };
  }
  if (options.whatMay === true && !trust.hasRight(directory, key.public)) {
    return { package: directory, result: 'skipped', why: 'key' };
  }
  trust.demandRight(directory, key.public);
  const common = {
    key,
    now,
    lifetime: days * DAY,
    believe: (text: string) => {
      trust.believe(directory, text);
    },
  };
  const said = {
    ...(metadata.version !== undefined && { version: metadata.version }),
    ...(meant.to === 'targets' && { targets: meant.targets }),
    ...(options.drop !== undefined && { dropped: options.drop }),
  };
  const record = openPublishRecord(host.walker, directory);
  const trees = treesOf(session, directory, record);
  const known = await unchanged(session, directory, { trees, said, common });
  if (known !== undefined) return known;
  demandSound(host, config, entry);
  const files = openKnownFiles(host.walker, filesRecordPath(directory));
  const looked = Date.now();
  const scanned = new Map(trees.map((tree) => [tree.name, tree.scan(files)]));
  const read = sourceReader(host.walker);
  const { head, outcome, added, lost } = await publish(
    store,
    { directory, ...said, trees: scanned },
    {
      ...common,
      read,
      ...(options.anew === true && { anew: true }),
      ...(options.revision !== undefined && { revision: options.revision }),
    },
  );
  if (!dryRun) {
    for (const tree of trees) tree.learn(scanned.get(tree.name)?.root, looked);
    files.save();
    record.save();
  }
  return {
    package: directory,
    result: outcome,
    revision: head.revision,
    ...(head.version !== undefined && { version: head.version }),
    added,
    objects: head.objects,
    bytes: head.bytes,
    ...(lost.length > 0 && { lost }),
  };
}

/** What is published of a package: where it stands, and what is known of it. */
interface TreeToPublish {
  readonly name: Bytes;
  /** Its root as it was when it was published from here last, if nothing has changed since. */
  readonly root: () => Hash | undefined;
  readonly scan: (known: Pick<ReturnType<typeof openKnownFiles>, 'known' | 'learn'>) => ScannedTree;
  readonly learn: (root: Hash | undefined, looked: number) => void;
}

function treesOf(
  session: Session,
  directory: Bytes,
  record: PublishRecord,
): readonly TreeToPublish[] {
  const { host, config, accounts, options } = session;
  const { walker } = host;
  const links = siteLinks(walker.root.path);
  const isWanted = (name: Bytes): boolean =>
    options.types === undefined || options.types.has(name.split('/')[0] as Bytes);
  const held = heldTrees(walker, config, directory).filter(({ name }) => isWanted(name));
  const own = siteFileTypes(config)
    .filter((type) => isHostsOwn(type) && isWanted(type.name))
    .map(({ name }) => ({ name, path: b`/.software/${name}/${directory}` }))
    .filter(({ path }) => walker.stat(path, { follow: true })?.type === 'd');
  return [
    ...held.map((tree): TreeToPublish => {
      const place = (): Located => walker.locate(tree.path, { follow: true });
      const print = (): ReturnType<typeof fingerprintOf> => {
        const { dir, name } = place();
        return fingerprintOf(dir, name, accounts);
      };
      let before: ReturnType<typeof fingerprintOf>;
      return {
        name: tree.name,
        root: () => {
          before = print();
          return before === undefined ? undefined : record.root(tree.name, before);
        },
        scan: (known) => {
          const { dir, name, path } = place();
          return scanTree(dir, name, path, { accounts, links, ...known });
        },
        learn: (root, looked) => {
          // what has changed while it was scanned is not what the listing says
          if (root !== undefined && before !== undefined && print()?.text === before.text) {
            record.learn(tree.name, before, root, looked);
          }
        },
      };
    }),
    ...own.map((tree): TreeToPublish => {
      const scan = (): ScannedTree => {
        const { dir, name, path } = walker.locate(tree.path, { follow: true });
        return scanTree(dir, name, path, {
          accounts,
          links,
          directoriesOnly: true,
          ...NOTHING_KNOWN,
        });
      };
      return { name: tree.name, root: () => scan().root, scan, learn: () => undefined };
    }),
  ];
}

const NOTHING_KNOWN = { known: () => undefined, learn: () => undefined };

interface Intended {
  readonly trees: readonly TreeToPublish[];
  readonly said: Pick<Intention, 'version' | 'targets' | 'dropped'>;
  readonly common: Omit<PublishOptions, 'read'>;
}

/** The outcome for a package that stands in the store as it is here; undefined when it may not. */
async function unchanged(
  { store, options }: Session,
  directory: Bytes,
  { trees, said, common }: Intended,
): Promise<PublishOutcome | undefined> {
  const roots = new Map<Bytes, Hash>();
  for (const tree of trees) {
    const root = tree.root();
    if (root !== undefined) roots.set(tree.name, root);
  }
  if (options.anew === true || roots.size < trees.length) return undefined;
  const standing = await standingHead(store, directory, common.believe);
  if (standing === undefined || !isCurrent(standing.head, { ...said, roots }, common))
    return undefined;
  const { revision, version, objects, bytes } = standing.head;
  return {
    package: directory,
    result: 'unchanged',
    revision,
    ...(version !== undefined && { version }),
    objects,
    bytes,
  };
}

const DAY = 86_400_000;

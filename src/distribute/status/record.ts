/**
 * A host's record of itself on its own disk: `.admin/status.json`. Every pull and every install says here
 * what became of each package; who gathers the records reads nothing else of a host.
 */
import { b, compareBytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { beginningOf } from '../../files/forgiving.ts';
import { writeFileDurably } from '../../files/content.ts';
import { createWalker, makeDirs } from '../../files/walk.ts';
import { version } from '../../message/version.ts';
import { architecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import { factsOf, factText } from '../../site/facts.ts';
import { isHostName } from '../../site/host-name.ts';
import { adminPath, type Site } from '../../site/site.ts';
import {
  isInOrder,
  LARGEST_RECORD,
  LONGEST_MESSAGE,
  parseHostRecord,
  recordText,
  type HostRecord,
  type PackageOutcome,
  type PackageStatus,
  type ReadRecord,
} from './host-record.ts';

export type { HostRecord, PackageOutcome, PackageStatus } from './host-record.ts';

export interface RecordOptions {
  readonly config: Config;
  /** Whether a store answered; absent when none was asked. */
  readonly reached?: boolean;
  /** Why none did. */
  readonly message?: string;
  /** Whether `outcomes` are of all packages that are for this host: others that never came are forgotten. */
  readonly all?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

/**
 * Enters what became of packages in this host's record, in one step and durably; packages that are not
 * among `outcomes` stay as they are. `since` stays where nothing has changed. A record that is damaged is
 * begun anew. Whoever calls it has the site's lock.
 *
 * @returns the record that is there now
 * @throws FileError when it cannot be written
 */
export function recordOutcomes(
  site: Site,
  outcomes: readonly PackageOutcome[],
  options: RecordOptions,
): HostRecord {
  const read = ownRecord(site);
  const before = read !== undefined && 'record' in read ? read.record : undefined;
  const record = nextRecord(before, outcomes, {
    ...options,
    host: ownName(site, options.config),
    now: options.now ?? Date.now(),
  });
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, ADMIN);
    const { dir, name } = walker.locate(b`${ADMIN}/${FILE}`, { follow: true });
    writeFileDurably(dir, name, Buffer.from(recordText(record)), 0o644);
  } finally {
    walker.close();
  }
  return record;
}

/** A package as it was installed, without any store. */
export interface InstalledPackage {
  readonly package: Bytes;
  readonly version?: Bytes;
}

/**
 * Enters what was installed or taken out by hand. What is known of a package that is pulled stays: that
 * it is frozen, say, or that it was refused; of one that is not pulled, this is all that there is to say.
 * @throws FileError when it cannot be written
 */
export function recordInstalled(
  site: Site,
  {
    installed = [],
    removed = [],
  }: {
    readonly installed?: readonly InstalledPackage[];
    readonly removed?: readonly Bytes[];
  },
  options: Pick<RecordOptions, 'config' | 'now'>,
): void {
  const read = ownRecord(site);
  const known = read !== undefined && 'record' in read ? read.record.packages : [];
  const pulled = new Set(
    known.filter(({ revision }) => revision !== undefined).map((each) => each.package),
  );
  const outcomes = [
    ...installed.map((each) => ({ ...each, result: 'installed' })),
    ...removed.map((name) => ({ package: name, result: 'removed' })),
  ].filter((each) => !pulled.has(each.package));
  if (outcomes.length > 0) recordOutcomes(site, outcomes, options);
}

/** This host's record; undefined when nothing was ever pulled or installed. Never throws. */
export function ownRecord(site: Site): ReadRecord | undefined {
  const read = beginningOf(adminPath(site, FILE), LARGEST_RECORD + 1);
  return read === undefined ? undefined : parseHostRecord(read.content.toString());
}

/** The record to show to who asks: as it was written, or one that says that there is none yet. */
export function shownRecord(site: Site, config: Config): HostRecord {
  const read = ownRecord(site);
  if (read !== undefined && 'record' in read) return read.record;
  return { ...emptyRecord(ownName(site, config), Date.now()), serial: 0 };
}

/** The name under which this host is known: `status-name`, else its host name. */
export function ownName(site: Site, config: Config): string {
  const given = config.values['status-name'];
  if (given !== undefined) return toText(given);
  const name = factText(factsOf(site, config).get('hostname') ?? '');
  return isHostName(name) ? name : 'localhost';
}

/** What the record becomes. Pure. */
export function nextRecord(
  before: HostRecord | undefined,
  outcomes: readonly PackageOutcome[],
  options: Omit<RecordOptions, 'config'> & { readonly host: string; readonly now: number },
): HostRecord {
  const { host, now, message } = options;
  const isCutOff = outcomes.length > 0 && outcomes.every(({ result }) => result === 'unreachable');
  const reached = options.reached === true && isCutOff ? false : options.reached;
  const why = message ?? (isCutOff ? outcomes[0]?.message : undefined);
  const empty = emptyRecord(host, now);
  const packages = new Map(before?.packages.map((each) => [each.package, each]));
  if (options.all === true && reached !== false) {
    const told = new Set(outcomes.map((each) => each.package));
    for (const { package: name, revision, result } of packages.values()) {
      if (revision === undefined && NOT_HERE.has(result) && !told.has(name)) packages.delete(name);
    }
  }
  for (const outcome of outcomes) {
    if (outcome.result === 'removed') packages.delete(outcome.package);
    else
      packages.set(outcome.package, nextStatus(packages.get(outcome.package), outcome, empty.time));
  }
  const lastReached = reached === true ? empty.time : before?.reached;
  return {
    ...empty,
    // of a record that is lost, the next one is still the greater
    serial: Math.max((before?.serial ?? 0) + 1, empty.serial),
    ...(lastReached !== undefined && { reached: lastReached }),
    ...(reached === false
      ? { alone: { since: before?.alone?.since ?? empty.time, ...shortened(why) } }
      : reached === undefined && before?.alone !== undefined && { alone: before.alone }),
    packages: [...packages.values()].toSorted((one, other) =>
      compareBytes(one.package, other.package),
    ),
  };
}

function nextStatus(
  before: PackageStatus | undefined,
  outcome: PackageOutcome,
  now: string,
): PackageStatus {
  const revision = outcome.revision ?? before?.revision;
  const versionNow = outcome.version ?? before?.version;
  const { result, wanted, frozenUntil, message } = outcome;
  return {
    package: outcome.package,
    ...(versionNow !== undefined && { version: versionNow }),
    ...(revision !== undefined && { revision }),
    result,
    since: before !== undefined && isSame(before, result, revision) ? before.since : now,
    time: now,
    ...(wanted !== undefined && { wanted }),
    ...(frozenUntil !== undefined && { frozenUntil }),
    ...shortened(message),
  };
}

/** A package that is up to date is so since it came, whatever each pull calls it. */
function isSame(before: PackageStatus, result: string, revision: number | undefined): boolean {
  if (before.result === result) return !isInOrder(result) || before.revision === revision;
  return isInOrder(before.result) && isInOrder(result) && before.revision === revision;
}

function shortened(message: string | undefined): { readonly message?: string } {
  return message === undefined ? {} : { message: message.slice(0, LONGEST_MESSAGE) };
}

function emptyRecord(host: string, now: number): HostRecord {
  return {
    format: 1,
    host,
    architecture: architecture(),
    xhier: version,
    time: new Date(now).toISOString(),
    serial: Math.floor(now / 1000),
    packages: [],
  };
}

const ADMIN = b`/.software/local/.admin`;
const FILE: Bytes = b`status.json`;
/** What is said of packages that are not here, and may not be for this host at all. */
const NOT_HERE: ReadonlySet<string> = new Set(['unreachable', 'failed', 'refused']);

/**
 * Who still lacks what: records of hosts against what is published. Pure; every word that is not in the
 * records says where it comes from, and what nobody knows is said to be unknown.
 */
import { bytes, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import type { HeardHost, Refusal } from '../../distribute/status/gather.ts';
import {
  isInOrder,
  type HostRecord,
  type PackageStatus,
} from '../../distribute/status/host-record.ts';
import { isTarget, type Target } from '../../package/targets.ts';

/** A package as it should be everywhere where it is meant to be. */
export interface Published {
  readonly package: Bytes;
  readonly version?: Bytes;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly published?: number;
  /** Which hosts are meant; all when absent. */
  readonly targets?: readonly Target[];
}

/** A host that there ought to be. */
export interface KnownHost {
  readonly host: string;
  readonly architecture?: Bytes;
  /** The administrative domains that it is in. */
  readonly domains?: readonly Bytes[];
}

/**
 * How it stands with a package on a host: `has` it; is `frozen`; `refused` it; `failed`; its stores are
 * `unreachable`; it has not pulled since (`behind`); it is `silent`; nothing was ever heard of it (`unknown`).
 */
export type State =
  'has' | 'frozen' | 'refused' | 'failed' | 'unreachable' | 'behind' | 'silent' | 'unknown';

export interface Standing {
  readonly host: string;
  readonly package: Bytes;
  readonly state: State;
  /** What it has. */
  readonly revision?: number;
  readonly version?: Bytes;
  /** Since when it stands so: milliseconds since the epoch. */
  readonly since?: number;
  /** Why it lacks it, or how it has it: the host's own words, or ours. */
  readonly message?: string;
  readonly frozenUntil?: number;
}

export interface PackageAnswer extends Published {
  /** Those that lack it, or all that are meant, in the order of their names. */
  readonly hosts: readonly Standing[];
  /** How many hosts are meant. */
  readonly meant: number;
  readonly lacking: number;
}

export interface HostAnswer {
  readonly host: string;
  readonly architecture?: Bytes;
  readonly xhier?: string;
  /** When it was heard of last: milliseconds since the epoch. */
  readonly heard?: number;
  readonly via?: string;
  /** Whether that is too long ago, or never. */
  readonly silent: boolean;
  /** When none of its stores answers: since when, and why. */
  readonly alone?: HostRecord['alone'];
  readonly refusals: readonly Refusal[];
  /** How many packages it lacks. */
  readonly lacking: number;
}

export interface Answer {
  readonly packages: readonly PackageAnswer[];
  readonly hosts: readonly HostAnswer[];
}

export interface Question {
  readonly published: readonly Published[];
  readonly heard: readonly HeardHost[];
  /** Those of the inventory. */
  readonly known: readonly KnownHost[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds after which a host is silent. */
  readonly patience: number;
  /** One package, one host; all when absent. */
  readonly package?: Bytes;
  readonly host?: string;
  /** Whether those are wanted, too, that have what they should. */
  readonly every?: boolean;
}

/** Answers for all packages that are published, or that hosts say they have. */
export function answerFor(question: Question): Answer {
  const { host: onlyHost, package: onlyPackage, every = false } = question;
  const hosts = allHosts(question).filter(
    ({ host }) => onlyHost === undefined || host === onlyHost,
  );
  const packages = allPackages(question)
    .filter((each) => onlyPackage === undefined || each.package === onlyPackage)
    .map((each) => ({ ...each, hosts: [] as Standing[], meant: 0, lacking: 0 }));
  const answers = hosts.map((host): HostAnswer => {
    let lacking = 0;
    for (const each of packages) {
      const standing = standingOf(host, each, question);
      if (standing === undefined) continue;
      const isLacking = standing.state !== 'has';
      each.meant++;
      if (isLacking) {
        each.lacking++;
        lacking++;
      }
      if (isLacking || every) each.hosts.push(standing);
    }
    return hostAnswer(host, lacking, question);
  });
  return { packages, hosts: answers };
}

function hostAnswer(asked: AskedHost, lacking: number, question: Question): HostAnswer {
  const { host, architecture, heard } = asked;
  const { record, via, refusals = [] } = heard ?? {};
  const arch = record?.architecture ?? architecture;
  return {
    host,
    ...(arch !== undefined && { architecture: arch }),
    ...(record !== undefined && { xhier: record.xhier }),
    ...(heard?.heard !== undefined && { heard: heard.heard }),
    ...(via !== undefined && { via }),
    silent: isSilent(heard, question),
    ...(record?.alone !== undefined && { alone: record.alone }),
    refusals,
    lacking,
  };
}

interface AskedHost extends KnownHost {
  readonly heard?: HeardHost;
  readonly statuses: ReadonlyMap<Bytes, PackageStatus>;
}

const NONE: ReadonlyMap<Bytes, PackageStatus> = new Map();

function allHosts({ heard, known }: Question): readonly AskedHost[] {
  const hosts = new Map<string, AskedHost>(
    known.map((each) => [each.host, { ...each, statuses: NONE }]),
  );
  for (const each of heard) {
    const { host, record } = each;
    const statuses = new Map(record?.packages.map((status) => [status.package, status]));
    hosts.set(host, { ...hosts.get(host), host, heard: each, statuses });
  }
  return [...hosts.values()].toSorted((one, other) => (one.host < other.host ? -1 : 1));
}

/** Those that are published, and those of which only hosts tell: the newest that any has is what all should have. */
function allPackages({ published, heard }: Question): readonly Published[] {
  const packages = new Map(published.map((each) => [each.package, each]));
  const told = new Map<Bytes, Published>();
  for (const status of heard.flatMap(({ record }) => record?.packages ?? [])) {
    const { package: name, version } = status;
    const revision = Math.max(status.revision ?? 0, status.wanted ?? 0);
    if (packages.has(name) || revision <= (told.get(name)?.revision ?? 0)) continue;
    told.set(name, { package: name, revision, ...(version !== undefined && { version }) });
  }
  return [...packages.values(), ...told.values()].toSorted((one, other) =>
    compareBytes(one.package, other.package),
  );
}

/** Undefined when the package is not meant for the host. */
function standingOf(
  asked: AskedHost,
  published: Published,
  question: Question,
): Standing | undefined {
  const { host, heard, statuses } = asked;
  const record = heard?.record;
  const status = statuses.get(published.package);
  const standing = { host, package: published.package };
  if (status !== undefined) return { ...standing, ...ofStatus(status, published, heard, question) };
  // of what only hosts tell, nobody knows for whom it is meant
  if (published.published === undefined) return undefined;
  // who pulls, and does not name it, does not want it: unless it came later
  const pulled = record?.reached === undefined ? undefined : timeOf(record.reached);
  if (pulled !== undefined && pulled >= published.published) return undefined;
  if (!isMeant(asked, published)) return undefined;
  if (record === undefined) {
    const [refusal] = heard?.refusals ?? [];
    return {
      ...standing,
      state: 'unknown',
      ...(refusal !== undefined && { message: refusal.message }),
    };
  }
  if (isSilent(heard, question)) return { ...standing, ...silence(heard) };
  return { ...standing, state: 'behind', ...sinceOf(published.published) };
}

/** Where it is not known who is meant, a host without a record is: it is better to be asked about one too many. */
function isMeant(
  { host, architecture, domains, heard }: AskedHost,
  { targets }: Published,
): boolean {
  if (targets === undefined || targets.length === 0) return true;
  const arch = heard?.record?.architecture ?? architecture ?? ('' as Bytes);
  return isTarget(targets, { name: bytes(host), arch, ...(domains && { domains }) });
}

function ofStatus(
  status: PackageStatus,
  { revision: wanted, published }: Published,
  heard: HeardHost | undefined,
  question: Question,
): Omit<Standing, 'host' | 'package'> {
  const { revision, version, result, message, frozenUntil } = status;
  const has = {
    ...(revision !== undefined && { revision }),
    ...(version !== undefined && { version }),
  };
  const said = { ...has, ...(message !== undefined && { message }) };
  if (revision !== undefined && revision >= wanted) {
    return { ...said, state: 'has', since: timeOf(status.since) };
  }
  if (isSilent(heard, question)) return { ...has, ...silence(heard) };
  const since = sinceOf(timeOf(status.since));
  switch (result) {
    case 'frozen': {
      const until = frozenUntil === undefined ? {} : { frozenUntil: Date.parse(frozenUntil) };
      return { ...said, state: 'frozen', ...since, ...until };
    }
    case 'refused':
    case 'failed':
    case 'unreachable':
      return { ...said, state: result, ...since };
    default: {
      const alone = heard?.record?.alone;
      if (alone !== undefined) {
        const why = alone.message === undefined ? {} : { message: alone.message };
        return { ...has, state: 'unreachable', ...sinceOf(Date.parse(alone.since)), ...why };
      }
      const seen = Date.parse(status.time);
      const late = published !== undefined && seen > published && isInOrder(result);
      return {
        ...has,
        state: 'behind',
        ...sinceOf(published),
        ...(late && { message: `its store still has revision ${revision ?? 'none'}` }),
      };
    }
  }
}

function silence(heard: HeardHost | undefined): Pick<Standing, 'state' | 'since' | 'message'> {
  const [refusal] = heard?.refusals ?? [];
  return {
    state: 'silent',
    ...sinceOf(heard?.heard),
    ...(refusal !== undefined && { message: refusal.message }),
  };
}

/** Many packages have come at the same time. */
function timeOf(text: string): number {
  if (lastTime.text !== text) lastTime = { text, time: Date.parse(text) };
  return lastTime.time;
}

let lastTime = { text: '', time: Number.NaN };

function sinceOf(time: number | undefined): { readonly since?: number } {
  return time === undefined ? {} : { since: time };
}

function isSilent(heard: HeardHost | undefined, { now, patience }: Question): boolean {
  return heard?.heard === undefined || now - heard.heard > patience;
}

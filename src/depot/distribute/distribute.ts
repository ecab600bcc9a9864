/**
 * `xh distribute`: the packages of this host to others over ssh, some hosts at a time, each with a time
 * limit of its own. What goes wrong with one host keeps no other from being served, and is written down.
 */
import { b, bytes, toText, type Bytes } from '../../bytes/bytes.ts';
import {
  belowHost,
  childrenOf,
  sameName,
  type Inventory,
  type KnownHost,
} from '../../distribute/hosts/inventory.ts';
import { connect } from '../../distribute/ssh/connection.ts';
import { deliver, type Delivered } from '../../distribute/ssh/deliver.ts';
import type { BelowHost, FarHost, Reason, ReceiverHello } from '../../distribute/ssh/protocol.ts';
import { ownName } from '../../distribute/status/record.ts';
import { createWalker, makeDirs, type Walker } from '../../files/walk.ts';
import { takeLock, type LockHolder } from '../../host/lock.ts';
import { version as xhier } from '../../message/version.ts';
import { XhError } from '../../message/error.ts';
import { isTarget, type TargetHost } from '../../package/targets.ts';
import { architecture, baseArchitecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { lagsOf, type Lag } from './lagging.ts';
import { openOffer, type Offer, type OfferedPackage } from './offer.ts';
import { enterResults } from './outstanding.ts';
import { DISTRIBUTED } from './record.ts';
import type { HostResult } from './result.ts';

export interface DistributeOptions {
  /** All that the site knows, for those further down. */
  readonly inventory: Inventory;
  readonly hosts: readonly KnownHost[];
  /** Directories, or all of the depot. */
  readonly packages: readonly Bytes[] | 'all';
  /** For hosts that are to get some of them only. */
  readonly only?: ReadonlyMap<Bytes, ReadonlySet<Bytes>>;
  /** Hosts at the same time. */
  readonly jobs: number;
  /** Seconds that a host may take that has no time of its own. */
  readonly timeout: number;
  readonly dryRun: boolean;
  /** Whether hosts go on to those below them. */
  readonly recurse: boolean;
  /** The hosts that it has come by, but for this one. */
  readonly way?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The command line, for those who wait. */
  readonly command: string;
  /** Seconds to wait for another distribution. */
  readonly lockTimeout: number;
  readonly onWait?: (holder: LockHolder | undefined) => void;
  /** Told of each host when it is done, those further down too. */
  readonly onHost?: (result: HostResult) => void;
}

export interface Distribution {
  readonly packages: readonly OfferedPackage[];
  readonly refused: readonly { readonly directory: Bytes; readonly error: XhError }[];
  /** In the order of the hosts that were given, each with those below it after it. */
  readonly results: readonly HostResult[];
  readonly lags: readonly Lag[];
  /** Why it could not be written down who has what. */
  readonly unwritten?: XhError;
  /** Milliseconds. */
  readonly took: number;
}

/** @throws XhError E_LOCKED (5) while another distribution runs; FileError */
export async function distribute(
  site: Site,
  config: Config,
  options: DistributeOptions,
): Promise<Distribution> {
  const walker = createWalker(site.root);
  try {
    if (options.dryRun) return await distributeAll(site, config, { ...options, walker });
    makeDirs(walker, DISTRIBUTED);
    const lock = takeLock(walker, {
      timeout: options.lockTimeout,
      command: options.command,
      of: { file: b`${DISTRIBUTED}/.lock`, what: 'distributing' },
      ...(options.onWait !== undefined && { onWait: options.onWait }),
    });
    try {
      return await distributeAll(site, config, { ...options, walker });
    } finally {
      lock.release();
    }
  } finally {
    walker.close();
  }
}

interface Distributing extends DistributeOptions {
  readonly walker: Walker;
}

async function distributeAll(
  site: Site,
  config: Config,
  options: Distributing,
): Promise<Distribution> {
  const { walker, packages, now, hosts, jobs, dryRun, onHost } = options;
  const begun = Date.now();
  const offer = openOffer(site, config, { walker, packages, now });
  const self = ownName(site, config);
  if (!dryRun) offer.save();
  const architectures = new Map<Bytes, Set<Bytes>>();
  const results = await inParallel(hosts, jobs, async (host) => {
    const found = await distributeTo(host, { config, offer, self, options, architectures });
    for (const result of found) onHost?.(result);
    return found;
  });
  const all = results.flat();
  const entered = { results: all, inventory: options.inventory, now };
  const unwritten = dryRun
    ? undefined
    : failureOf(() => enterResults(walker, offer.packages, entered));
  return {
    ...(unwritten !== undefined && { unwritten }),
    packages: offer.packages,
    refused: offer.refused,
    results: all,
    lags: offer.packages.flatMap((each) => lagsOf(each, architectures.get(each.directory) ?? [])),
    took: Date.now() - begun,
  };
}

/** What the user is to be told of, when it fails; the hosts are served all the same. */
function failureOf(work: () => void): XhError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
}

interface About {
  readonly config: Config;
  readonly offer: Offer;
  readonly self: string;
  readonly options: Distributing;
  /** Told of the architectures that are to get a package. */
  readonly architectures: Map<Bytes, Set<Bytes>>;
}

/** @returns what became of the host, and of those below it */
async function distributeTo(host: KnownHost, about: About): Promise<HostResult[]> {
  const { config, offer, self, options, architectures } = about;
  const begun = Date.now();
  const { values } = config;
  const below = options.recurse ? belowHost(options.inventory, host.name) : [];
  const levels = below.length === 0 ? 1 : 1 + depthOf(below, host.name);
  const timeLimit = (host.timeout ?? options.timeout) * 1000 * levels;
  let offered = offeredTo(host, undefined, about);
  const connection = connect(sshHost(host, config), {
    program: toText(values['ssh.program']).split(' ').filter(Boolean),
    connectTimeout: values['distribute.connect-timeout'],
  });
  const delivered = await deliver(connection, {
    store: offer.store,
    timeLimit,
    offer(hello) {
      offered = offeredTo(host, hello, about);
      return {
        xhier,
        host: self,
        you: toText(host.name),
        packages: offered,
        dryRun: options.dryRun,
        ...(options.recurse && { below: below.map(toldOf) }),
        way: [...(options.way ?? []), self],
      };
    },
  });
  const said = delivered.hello?.architectures.at(-1);
  const arch = said === undefined ? host.arch : bytes(said);
  for (const directory of arch === undefined ? [] : offered) {
    const known = architectures.get(directory) ?? new Set();
    if (arch !== undefined) architectures.set(directory, known.add(baseArchitecture(arch)));
  }
  const own: HostResult = {
    host: host.name,
    way: [],
    offered,
    outcomes: delivered.outcomes,
    ...(delivered.reason !== undefined && { reason: delivered.reason }),
    notes: notesOn(host, delivered),
    took: Date.now() - begun,
  };
  return [own, ...resultsBelow(host, below, delivered, about)];
}

/** What hosts further down have said, or that nothing was heard of them. */
function resultsBelow(
  host: KnownHost,
  below: Inventory,
  { below: heard, reason }: Delivered,
  about: About,
): HostResult[] {
  const way = [toText(host.name)];
  const told = heard.map((each) => resultOf(each, way, about));
  const silent = below.filter(({ name }) => !told.some((each) => sameName(each.host, name)));
  return [
    ...told,
    ...silent.map((each): HostResult => ({
      host: each.name,
      way,
      offered: offeredTo(each, undefined, about),
      outcomes: [],
      reason: reason === undefined ? notRelayed(host) : notReached(host),
      notes: [],
      took: 0,
    })),
  ];
}

function resultOf(far: FarHost, way: readonly string[], about: About): HostResult {
  const host = about.options.inventory.find(({ name }) => toText(name) === far.host);
  const names = far.outcomes.map((outcome) => outcome.package);
  return {
    host: bytes(far.host),
    way: [...way, ...far.way],
    // one that does not say what it was offered is of another's inventory
    offered: host === undefined || names.length > 0 ? names : offeredTo(host, undefined, about),
    outcomes: far.outcomes,
    ...(far.reason !== undefined && { reason: far.reason }),
    notes: [],
    took: 0,
  };
}

/** The packages that are meant for a host, by what is known of it and what it says itself. */
function offeredTo(
  host: KnownHost,
  hello: ReceiverHello | undefined,
  { offer, options }: About,
): readonly Bytes[] {
  const said = hello?.architectures.at(-1);
  const arch = said === undefined ? (host.arch ?? architecture()) : bytes(said);
  const domains = [...host.domains, ...(hello?.domains ?? []).map(bytes)];
  const names = [host.name, ...(hello === undefined ? [] : [bytes(hello.host)])];
  const faces = names.map((name): TargetHost => ({ name, arch, domains }));
  const only = options.only?.get(host.name);
  return offer.packages
    .filter(({ directory }) => only === undefined || only.has(directory))
    .filter(
      ({ meant }) => meant.to !== 'targets' || faces.some((each) => isTarget(meant.targets, each)),
    )
    .map(({ directory }) => directory);
}

function sshHost(host: KnownHost, { values }: Config): Parameters<typeof connect>[0] {
  const { name, address, user, port, options, receive } = host;
  return {
    address: toText(address ?? name),
    ...(user !== undefined && { user: toText(user) }),
    ...(port !== undefined && { port }),
    options: [...(options ?? []), ...values['ssh.options']].map(toText),
    command: toText(receive ?? b`xh receive`),
  };
}

/** What hosts further up may be told of one; its ssh options are for this host alone. */
function toldOf({ name, via, address, user, port, domains }: KnownHost): BelowHost {
  return {
    host: toText(name),
    via: toText(via ?? b``),
    ...(address !== undefined && { address: toText(address) }),
    ...(user !== undefined && { user: toText(user) }),
    ...(port !== undefined && { port }),
    ...(domains.length > 0 && { domains: domains.map(toText) }),
  };
}

/** Where what the host says of itself is not what the inventory says. */
function notesOn(host: KnownHost, { hello, preface }: Delivered): string[] {
  const notes: string[] = [];
  if (hello === undefined) return notes;
  const { arch } = host;
  if (arch !== undefined && !hello.architectures.some((each) => each === toText(arch))) {
    notes.push(
      `it is ${hello.architectures.at(-1) ?? 'of no architecture'}, and /etc/xhier.toml says ${toText(arch)}`,
    );
  }
  const own = new Set(hello.domains.map((each) => each.toLowerCase()));
  const strange = host.domains.filter((domain) => !own.has(toText(domain).toLowerCase()));
  if (strange.length > 0) {
    notes.push(
      "its own /etc/xhier.toml does not say all the domains that it is in here: there, too, 'domains' is to be written",
    );
  }
  if (preface !== '') {
    const [line = ''] = preface.split('\n');
    notes.push(`something prints on standard output at a login there: ${line.slice(0, 60)}`);
  }
  return notes;
}

function notRelayed(host: KnownHost): Reason {
  return {
    code: 'E_NOT_RELAYED',
    message: `${toText(host.name)} does not distribute to it`,
    remedy: 'let its command be xh receive --relay, or write the host into its own /etc/xhier.toml',
  };
}

function notReached(host: KnownHost): Reason {
  return {
    code: 'E_NOT_REACHED',
    message: `${toText(host.name)}, which distributes to it, could not do so`,
    remedy: 'mend that one first; then: xh dist-recurse --retry',
  };
}

function depthOf(below: Inventory, name: Bytes): number {
  const children = childrenOf(below, name);
  return children.length === 0
    ? 0
    : 1 + Math.max(...children.map((child) => depthOf(below, child.name)));
}

async function inParallel<T, R>(
  all: readonly T[],
  most: number,
  work: (each: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = all.entries();
  async function next(): Promise<void> {
    for (const [i, each] of queue) results[i] = await work(each);
  }
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, next));
  return results;
}

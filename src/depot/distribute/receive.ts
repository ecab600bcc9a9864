/**
 * `xh receive`: the end that gets. Another host offers packages; which of them come is decided here, by
 * what the key allows, by the subscription, by what is frozen, and by whom each package is meant for.
 * Then, when that is wanted, it goes on from here to the hosts below.
 */
import type { Readable, Writable } from 'node:stream';
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import {
  childrenOf,
  inventoryOf,
  sameName,
  topOf,
  type Inventory,
  type KnownHost,
} from '../../distribute/hosts/inventory.ts';
import { thisHost } from '../../distribute/hosts/this-host.ts';
import { openFrames } from '../../distribute/ssh/frames.ts';
import type { BelowHost, FarOutcome, SenderHello } from '../../distribute/ssh/protocol.ts';
import { takeDelivery, type Tell } from '../../distribute/ssh/take-delivery.ts';
import { ownName } from '../../distribute/status/record.ts';
import type { ShowProgress } from '../../message/progress.ts';
import { version as xhier } from '../../message/version.ts';
import { architecture, compatible, cpuFlags } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import { compileGlob } from '../../site/glob.ts';
import type { Site } from '../../site/site.ts';
import type { PullOutcome } from '../pull/outcome.ts';
import type { PullResult } from '../pull/pull.ts';
import { isSubscribed } from '../pull/select.ts';
import { channelSource, type PullSource } from '../pull/source.ts';
import { distribute } from './distribute.ts';
import { isDone, type HostResult } from './result.ts';

export interface ReceiveOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Globs over the packages that may come. */
  readonly allow: readonly Bytes[];
  /** Whether the other end may say which hosts it goes on to. */
  readonly relay: boolean;
  /** Makes the packages what the source has. */
  readonly pull: (
    packages: readonly Bytes[],
    source: PullSource,
    how: { readonly dryRun: boolean; readonly progress: ShowProgress },
  ) => Promise<PullResult>;
  /** The command line, for those who wait. */
  readonly command: string;
}

/**
 * One conversation, until its end.
 * @throws XhError E_CHANNEL_* when nobody who knows us is at the other end; whatever it could not do
 */
export function receive(site: Site, config: Config, options: ReceiveOptions): Promise<void> {
  const frames = openFrames(options.input, options.output, { strict: true });
  const hello = {
    xhier,
    host: toText(thisHost(site, config).name),
    architectures: compatible(architecture(), cpuFlags()).map(toText),
    domains: config.values.domains.map(toText),
  };
  return takeDelivery(frames, {
    hello,
    async work(offer, store, tell) {
      const { wanted, others } = sorted(offer.packages, config, options.allow);
      for (const outcome of others) tell({ say: 'outcome', ...outcome });
      const progress = seldom(tell);
      const source = channelSource(store);
      const { outcomes } =
        wanted.length === 0
          ? { outcomes: [] }
          : await options.pull(wanted, source, { dryRun: offer.dryRun, progress });
      const far = outcomes.map(toldOf);
      for (const outcome of far) tell({ say: 'outcome', ...outcome });
      const here = far.filter(isDone).map((each) => each.package);
      await goOn(site, config, { offer, packages: here, tell, options });
    },
  });
}

/** What may come, and what becomes of the rest. */
function sorted(
  packages: readonly Bytes[],
  { values }: Config,
  allow: readonly Bytes[],
): { readonly wanted: readonly Bytes[]; readonly others: readonly FarOutcome[] } {
  const globs = allow.map((glob) => compileGlob(glob));
  const subscription = {
    only: values['subscribe.only'],
    never: values['subscribe.never'],
    types: values['subscribe.types'],
  };
  const wanted: Bytes[] = [];
  const others: FarOutcome[] = [];
  for (const directory of packages) {
    if (!globs.some((glob) => glob.matches(directory))) {
      const message = `the key that brings it may not: xh receive --allow ${allow.map(printable).join(' ')}`;
      const remedy = 'more may come when authorized_keys there says so';
      others.push({ package: directory, result: 'refused', message, remedy });
    } else if (!isSubscribed(subscription, directory)) {
      others.push({ package: directory, result: 'unwanted' });
    } else wanted.push(directory);
  }
  return { wanted, others };
}

/** An outcome as the other end is told of it. */
function toldOf(outcome: PullOutcome): FarOutcome {
  const { package: directory, revision, result, remedy, installed } = outcome;
  const message = messageOf(outcome);
  return {
    package: directory,
    result: installed === false ? 'failed' : result,
    ...(revision !== undefined && { revision }),
    ...(message !== undefined && { message }),
    ...(remedy !== undefined && { remedy }),
  };
}

function messageOf({ result, message, frozenUntil }: PullOutcome): string | undefined {
  if (result !== 'frozen') return message;
  const until = frozenUntil === undefined ? '' : ` until ${frozenUntil.slice(0, 10)}`;
  return `frozen${until}${message === undefined ? '' : `: ${message}`}`;
}

interface GoingOn {
  readonly offer: SenderHello;
  readonly packages: readonly Bytes[];
  readonly tell: Tell;
  readonly options: ReceiveOptions;
}

/** To the hosts below: those of this host's own inventory, and, where that is allowed, those it is told. */
async function goOn(site: Site, config: Config, going: GoingOn): Promise<void> {
  const { offer, packages, tell, options } = going;
  if (offer.below === undefined) return;
  const self = ownName(site, config);
  const { inventory, children } = hostsBelow(site, config, { offer, self, relay: options.relay });
  const been = new Set([...offer.way, offer.you, self].map((name) => name.toLowerCase()));
  const hosts = children.filter(({ name }) => !been.has(toText(name).toLowerCase()));
  if (hosts.length === 0) return;
  const { values } = config;
  await distribute(site, config, {
    inventory,
    hosts,
    packages,
    jobs: values['distribute.jobs'],
    timeout: values['distribute.timeout'],
    dryRun: offer.dryRun,
    recurse: true,
    way: offer.way,
    now: Date.now(),
    command: options.command,
    lockTimeout: values['lock-timeout'],
    onHost: (result) => {
      tell({ say: 'host', ...farHostOf(result) });
    },
  });
}

function farHostOf({ host, way, outcomes, reason }: HostResult) {
  return { host: toText(host), way, outcomes, ...(reason !== undefined && { reason }) };
}

/** What this host says itself of a host counts more than what it is told. */
function hostsBelow(
  site: Site,
  config: Config,
  {
    offer,
    self,
    relay,
  }: { readonly offer: SenderHello; readonly self: string; readonly relay: boolean },
): { readonly inventory: Inventory; readonly children: Inventory } {
  const own = inventoryOf(site, config);
  const names = new Set(own.map(({ name }) => toText(name).toLowerCase()));
  const told = (relay ? (offer.below ?? []) : [])
    .filter(({ host }) => !names.has(host.toLowerCase()))
    .map(knownFrom);
  const inventory = [...own, ...told];
  const named = own.some(({ name }) => sameName(name, bytes(self)));
  const children = [
    // in an inventory that has the whole tree, those without 'via' are somebody else's
    ...(named ? [] : topOf(own, bytes(self))),
    ...childrenOf(inventory, bytes(self)),
    ...childrenOf(inventory, bytes(offer.you)),
  ];
  return { inventory, children: [...new Set(children)] };
}

function knownFrom({ host, via, address, user, port, domains }: BelowHost): KnownHost {
  return {
    name: bytes(host),
    via: bytes(via),
    domains: (domains ?? []).map(bytes),
    ...(address !== undefined && { address: bytes(address) }),
    ...(user !== undefined && { user: bytes(user) }),
    ...(port !== undefined && { port }),
  };
}

/** How it goes, now and then. */
function seldom(tell: Tell): ShowProgress {
  let last = 0;
  return ({ doing, unit, done, total }) => {
    const now = Date.now();
    if (now - last < PAUSE) return;
    last = now;
    tell({
      say: 'progress',
      doing: doing === '' ? unit : doing,
      done,
      ...(total !== undefined && { total }),
    });
  };
}

/** Milliseconds. */
const PAUSE = 500;

/** Everything that `xh status` and `xh report` go by: records from all sources, what is published, which hosts there are. */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { inventoryOf, type Inventory } from '../../distribute/hosts/inventory.ts';
import {
  gatherRecords,
  type FoundRecords,
  type StatusSource,
} from '../../distribute/status/gather.ts';
import { recordText } from '../../distribute/status/host-record.ts';
import { natsServers } from '../../distribute/status/nats.ts';
import { natsSource } from '../../distribute/status/nats-records.ts';
import { ownName, ownRecord } from '../../distribute/status/record.ts';
import { readSeen, writeSeen } from '../../distribute/status/seen.ts';
import { directorySource } from '../../distribute/status/shared-directory.ts';
import { knownHostKeys } from '../../distribute/status/signed-record.ts';
import type { Host } from '../../host/transaction.ts';
import { unlessRefused, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { storeSource } from '../pull/source.ts';
import type { Published, Question } from './answer.ts';
import { inventorySource } from './ask.ts';
import { heardBefore, keeping } from './heard.ts';

export interface CollectOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether hosts of the inventory are asked over ssh. */
  readonly ask?: boolean;
  /** Only this package's head is read. */
  readonly package?: Bytes;
}

export interface Collected {
  readonly question: Question;
  /** What is wrong with sources and stores, in sentences. */
  readonly problems: readonly string[];
  /** Where records came from, for people. */
  readonly sources: readonly string[];
  /** Whether what is published is known, and not only what hosts have. */
  readonly certain: boolean;
}

/** Gathers; what cannot be had is a problem that is told, and everything else is there all the same. */
export async function collect(
  host: Host,
  config: Config,
  options: CollectOptions,
): Promise<Collected> {
  const { site } = host;
  const inventory = inventoryOf(site, config);
  const asked = askedHosts(site, config, inventory, options);
  const sources = [...sourcesOf(site, config), ...(asked === undefined ? [] : [asked])];
  const [gathering, published] = await Promise.all([
    gatherRecords(sources, {
      now: options.now,
      seen: readSeen(site),
      keys: knownHostKeys(config),
    }),
    publishedNow(host, config, options),
  ]);
  unlessRefused(() => {
    // who may not write here gathers all the same: then nothing is remembered
    asked?.keep({ site, walker: host.walker, gathering });
    if (gathering.seen.size > 0) writeSeen(site, gathering.seen);
  });
  return {
    question: {
      published: published.packages,
      heard: gathering.hosts,
      known: inventory.map(({ name, arch, domains }) => ({
        host: toText(name),
        domains,
        ...(arch !== undefined && { architecture: arch }),
      })),
      now: options.now,
      patience: config.values['status-stale'] * 3_600_000,
    },
    problems: [...gathering.problems, ...published.problems],
    sources: sources.map(({ name }) => name),
    certain: published.certain,
  };
}

function sourcesOf(site: Site, config: Config): readonly StatusSource[] {
  const own = ownName(site, config);
  const directory = config.values['status-directory'];
  const nats = natsServers(config, own);
  return [
    { name: 'this host', read: () => Promise.resolve(ownSource(site, own)) },
    ...(directory === undefined ? [] : [directorySource(directory)]),
    ...(nats === undefined ? [] : [natsSource(nats)]),
    ...(config.values.hosts.size === 0 ? [] : [heardBefore(site)]),
  ];
}

function askedHosts(
  site: Site,
  config: Config,
  inventory: Inventory,
  { ask = false }: CollectOptions,
): ReturnType<typeof keeping> | undefined {
  const own = ownName(site, config);
  const others = inventory.filter(({ name }) => toText(name) !== own);
  return ask && others.length > 0 ? keeping(inventorySource(others, config)) : undefined;
}

/** This host's own record, if it has one: it need not go through any other place. */
function ownSource(site: Site, host: string): FoundRecords {
  const read = ownRecord(site);
  if (read === undefined) return { found: [], problems: [] };
  if ('problem' in read) {
    return {
      found: [],
      problems: [`the record of this host itself ${read.problem}: the next xh pull writes it anew`],
    };
  }
  return { found: [{ host, text: recordText({ ...read.record, host }), own: true }], problems: [] };
}

interface PublishedNow {
  readonly packages: readonly Published[];
  readonly problems: readonly string[];
  readonly certain: boolean;
}

/** The heads of the stores; where there are none, or none answers, hosts' own words have to do. */
async function publishedNow(
  { site, walker }: Host,
  config: Config,
  { now, package: only }: CollectOptions,
): Promise<PublishedNow> {
  if (config.values.stores.length === 0) return { packages: [], problems: [], certain: false };
  const problems = new Set<string>();
  const packages: Published[] = [];
  try {
    const warn = (message: string): void => void problems.add(message);
    const source = storeSource(site, config, { walker, now, remember: false, warn });
    try {
      const names = only === undefined ? await source.packages() : [only];
      for (let i = 0; i < names.length; i += AT_ONCE) {
        const some = names.slice(i, i + AT_ONCE).map((name) => headOf(source, name, problems));
        packages.push(...(await Promise.all(some)).flat());
      }
    } finally {
      source.close();
    }
    return { packages, problems: [...problems], certain: true };
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    problems.add(`what is published is not known: ${error.message}`);
    return { packages, problems: [...problems], certain: false };
  }
}

async function headOf(
  source: ReturnType<typeof storeSource>,
  name: Bytes,
  problems: Set<string>,
): Promise<readonly Published[]> {
  try {
    const believed = await source.head(name);
    if (believed === undefined) return [];
    const { version, revision, published, targets } = believed.head;
    return [
      {
        package: name,
        ...(version !== undefined && { version }),
        revision,
        published: Date.parse(published),
        ...(targets !== undefined && { targets }),
      },
    ];
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    problems.add(`${printable(name)}: ${error.message}`);
    return [];
  }
}

/** Heads that are asked for at the same time. */
const AT_ONCE = 16;

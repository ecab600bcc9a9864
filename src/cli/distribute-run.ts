/** What `xh distribute` and `xh dist-recurse` have in common: they differ in whether hosts go on. */
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { distribute, type Distribution } from '../depot/distribute/distribute.ts';
import { byHost, outstandingOf, type Lacking } from '../depot/distribute/outstanding.ts';
import { isServed } from '../depot/distribute/result.ts';
import { hostsMeant, meantBy, type Meant } from '../depot/distribute/words.ts';
import {
  belowHost,
  inventoryOf,
  sameName,
  topOf,
  type Inventory,
} from '../distribute/hosts/inventory.ts';
import { ownName } from '../distribute/status/record.ts';
import { createWalker } from '../files/walk.ts';
import { toJsonText } from '../host/json.ts';
import { holderText } from '../host/lock.ts';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import { configPath } from '../site/config.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call } from './command.ts';
import type { CommandOption } from './description.ts';
import { outstandingLines, tellDistribution } from './distribute-text.ts';
import { countText } from './figures.ts';
import { isWatched } from './progress.ts';

export const DISTRIBUTE_OPTIONS: readonly CommandOption[] = [
  { flags: '--to <domain>', summary: 'hosts of this domain, or this host', repeats: true },
  { flags: '--retry', summary: 'only what is outstanding, to those who lack it' },
  { flags: '--outstanding', summary: 'show who lacks what, and distribute nothing' },
  { flags: '-j, --jobs <count>', summary: "hosts at the same time (default: 'distribute.jobs')" },
  {
    flags: '--timeout <seconds>',
    summary: "what one host may take (default: 'distribute.timeout')",
  },
  DRY_RUN_OPTION,
  JSON_OPTION,
];

/** @param recurse whether hosts go on to those below them */
export async function runDistribute(call: Call, recurse: boolean): Promise<ExitCode> {
  const { site, options, terminal, args } = call;
  const config = call.config();
  const inventory = inventoryOf(site, config);
  const self = bytes(ownName(site, config));
  const meant = withDomains(call, meantBy(args, site, inventory), inventory);
  if (options['outstanding'] === true) return showOutstanding(call, meant);
  const lacking = options['retry'] === true ? outstanding(call, meant) : undefined;
  if (lacking?.length === 0) {
    terminal.tell('nothing is outstanding');
    return EXIT.done;
  }
  const tops = topOf(inventory, self);
  const only =
    lacking === undefined
      ? undefined
      : recurse
        ? byRelay(byHost(lacking), tops, inventory)
        : byHost(lacking);
  const all = meant.hosts ?? tops;
  // those below others are reached through them, but for whoever is named
  const reached = recurse || meant.hosts === undefined ? tops : inventory;
  const hosts =
    only === undefined
      ? all
      : reached.filter(({ name }) => only.has(name) && !sameName(name, self));
  if (hosts.length === 0) throw noHosts(call, inventory);
  const dryRun = options['dryRun'] === true;
  const showDone = doneTeller(call, hosts.length);
  const distribution = await distribute(site, config, {
    inventory,
    hosts,
    packages: lacking?.map((each) => each.package) ?? meant.packages ?? 'all',
    ...(only !== undefined && { only }),
    jobs: count(call, 'jobs', 1000) ?? config.values['distribute.jobs'],
    timeout: count(call, 'timeout', 604_800) ?? config.values['distribute.timeout'],
    dryRun,
    recurse,
    now: Date.now(),
    command: call.commandLine,
    lockTimeout: config.values['lock-timeout'],
    onWait: (holder) => {
      terminal.tell(`waiting for ${printable(bytes(holderText(holder)))} to finish`);
    },
    onHost: showDone,
  });
  terminal.clear();
  if (options['json'] === true) terminal.print(toJsonText(jsonOf(distribution), 2));
  tellDistribution(distribution, terminal, { dryRun });
  if (!recurse) tellOfOthers(call, inventory, distribution);
  return exitOf(distribution);
}

/** What is outstanding at the hosts that are reached from here, and at those below them. */
function byRelay(
  lacking: ReadonlyMap<Bytes, ReadonlySet<Bytes>>,
  tops: Inventory,
  inventory: Inventory,
): ReadonlyMap<Bytes, ReadonlySet<Bytes>> {
  const found = new Map<Bytes, ReadonlySet<Bytes>>();
  for (const top of tops) {
    const hosts = [top, ...belowHost(inventory, top.name)];
    const packages = new Set(hosts.flatMap(({ name }) => [...(lacking.get(name) ?? [])]));
    if (packages.size > 0) found.set(top.name, packages);
  }
  return found;
}

/** Hosts of `--to` beside those that are named. */
function withDomains({ options }: Call, meant: Meant, inventory: Inventory): Meant {
  const given = options['to'];
  const words = Array.isArray(given) ? given.map((word: string) => bytes(word)) : [];
  if (words.length === 0) return meant;
  const hosts = words.flatMap((word) => {
    // said to be one, so one level is enough
    const isPlain = !word.includes('.') && !inventory.some(({ name }) => sameName(name, word));
    return hostsMeant(isPlain ? bytes(`.${word}`) : word, inventory);
  });
  return { ...meant, hosts: [...new Set([...(meant.hosts ?? []), ...hosts])] };
}

function outstanding({ site }: Call, { packages, hosts }: Meant): Lacking[] {
  const walker = createWalker(site.root);
  try {
    return outstandingOf(walker, {
      ...(packages !== undefined && { packages }),
      ...(hosts !== undefined && { hosts: hosts.map(({ name }) => name) }),
    });
  } finally {
    walker.close();
  }
}

function showOutstanding(call: Call, meant: Meant): ExitCode {
  const { terminal, options } = call;
  const lacking = outstanding(call, meant);
  if (options['json'] === true) terminal.print(toJsonText(lacking, 2));
  else {
    for (const line of outstandingLines(lacking, terminal)) terminal.print(line);
    if (lacking.length === 0) terminal.tell('nothing is outstanding');
    else terminal.tell('xh distribute --retry, or xh dist-recurse --retry, tries just these again');
  }
  return lacking.length === 0 ? EXIT.done : EXIT.failed;
}

function count({ options }: Call, name: 'jobs' | 'timeout', most: number): number | undefined {
  const given = options[name];
  if (typeof given !== 'string') return undefined;
  const value = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value >= 1 && value <= most) return value;
  throw new XhError('E_USAGE', `--${name} '${printable(bytes(given))}': expected a number`, {
    exit: EXIT.usage,
    remedy: `give a whole number from 1 to ${most}`,
  });
}

/** How many hosts are done, for whoever waits at a terminal. */
function doneTeller({ terminal }: Call, total: number): () => void {
  let done = 0;
  if (terminal.quiet || !isWatched()) return () => undefined;
  return () => {
    done++;
    terminal.passing(`\r\u001b[K${done} of ${countText(total, 'host')} done`);
  };
}

function tellOfOthers({ terminal }: Call, inventory: Inventory, { results }: Distribution): void {
  const reached = new Set(results.map(({ host }) => host.toLowerCase()));
  const below = inventory.filter(
    ({ name, via }) =>
      via !== undefined && reached.has(via.toLowerCase()) && !reached.has(name.toLowerCase()),
  );
  if (below.length > 0) {
    terminal.tell(
      `note: ${countText(below.length, 'host')} below these ${below.length === 1 ? 'was' : 'were'} not served: xh dist-recurse goes on to them`,
    );
  }
}

function exitOf({ results, refused, unwritten }: Distribution): ExitCode {
  const isWell = refused.length === 0 && unwritten === undefined && results.every(isServed);
  return isWell ? EXIT.done : EXIT.failed;
}

function jsonOf({ packages, refused, results, lags, took }: Distribution) {
  return {
    packages: packages.map(({ directory, head }) => ({
      package: directory,
      ...(head.version !== undefined && { version: head.version }),
      revision: head.revision,
    })),
    refused: refused.map(({ directory, error }) => ({
      package: directory,
      code: error.code,
      message: error.message,
    })),
    hosts: results.map((result) => ({ ...result, served: isServed(result) })),
    lags,
    took,
  };
}

function noHosts({ site, options }: Call, inventory: Inventory): XhError {
  const retry = options['retry'] === true;
  return new XhError(
    'E_NO_HOSTS',
    inventory.length === 0
      ? 'no hosts are known to distribute to'
      : retry
        ? 'those who lack something are no hosts of this inventory, or below others'
        : 'all hosts of the inventory are below others',
    {
      exit: EXIT.usage,
      place: { file: configPath(site) },
      remedy:
        inventory.length === 0
          ? 'write [hosts."NAME"] into /etc/xhier.toml, one for each: xh help distribute has an example'
          : retry
            ? 'xh dist-recurse --retry reaches those that are below others'
            : 'name the hosts to reach; xh domain list shows them',
    },
  );
}

/**
 * The hosts that a site's configuration names: how each is reached, which domains it is in, and the
 * tree of who distributes to whom.
 */
import { bytes, compareBytes, printable, split, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { configPath, type Config } from '../../site/config.ts';
import { domainsAbove, isInDomain } from '../../site/domain.ts';
import type { InventoryHost } from '../../site/host-keys.ts';
import type { Site } from '../../site/site.ts';

export interface KnownHost extends InventoryHost {
  readonly name: Bytes;
  readonly domains: readonly Bytes[];
}

/** In the order of their names. */
export type Inventory = readonly KnownHost[];

/** @throws XhError E_HOSTS_TREE (2) when hosts distribute to each other in a circle */
export function inventoryOf(site: Site, config: Config): Inventory {
  const hosts = [...config.values.hosts]
    .map(([name, host]) => ({ ...host, name, domains: host.domains ?? [] }))
    .toSorted((one, other) => compareBytes(one.name, other.name));
  for (const host of hosts) demandNoCircle(site, hosts, host);
  return hosts;
}

/** The host that a word means: its name, or what its name begins with up to a dot where no other's does. */
export function hostNamed(inventory: Inventory, word: Bytes): KnownHost | undefined {
  const wanted = word.toLowerCase();
  const exact = inventory.find(({ name }) => name.toLowerCase() === wanted);
  if (exact !== undefined || wanted.includes('.')) return exact;
  const short = inventory.filter(({ name }) => split(name, '.')[0]?.toLowerCase() === wanted);
  return short.length === 1 ? short[0] : undefined;
}

/** The hosts in a domain, which may be written with `common`, globs, and a dot in front. */
export function hostsIn(inventory: Inventory, domain: Bytes): Inventory {
  const plain = domain.startsWith('.') ? (domain.slice(1) as Bytes) : domain;
  return inventory.filter(({ domains }) => domains.some((own) => isInDomain(own, plain)));
}

/** Every domain that a host is in, those above them too, with how many hosts each has; the general first. */
export function domainsOf(
  inventory: Inventory,
): readonly { readonly domain: Bytes; readonly hosts: Inventory }[] {
  const names = new Map<string, Bytes>();
  for (const { domains } of inventory) {
    for (const domain of domains.flatMap(domainsAbove)) {
      // names have no case
      if (!names.has(domain.toLowerCase())) names.set(domain.toLowerCase(), domain);
    }
  }
  return [...names.values()]
    .toSorted((one, other) => compareBytes(fromTheTop(one), fromTheTop(other)))
    .map((domain) => ({ domain, hosts: hostsIn(inventory, domain) }));
}

/** The hosts that `name` distributes to. */
export function childrenOf(inventory: Inventory, name: Bytes): Inventory {
  return inventory.filter(({ via }) => via !== undefined && sameName(via, name));
}

/** The hosts that no other host than `self`, which is none of them, distributes to. */
export function topOf(inventory: Inventory, self: Bytes): Inventory {
  return inventory.filter(
    ({ name, via }) => !sameName(name, self) && (via === undefined || sameName(via, self)),
  );
}

/** Names of hosts have no case (RFC 4343). */
export function sameName(one: Bytes, other: Bytes): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** All that are below a host in the tree, each after the one that distributes to it. */
export function belowHost(inventory: Inventory, name: Bytes): Inventory {
  return childrenOf(inventory, name).flatMap((child) => [
    child,
    ...belowHost(inventory, child.name),
  ]);
}

/** @throws XhError E_NO_HOST (2) */
export function refuseHost(inventory: Inventory, word: Bytes): never {
  const names = inventory.map(({ name }) => printable(name));
  throw new XhError('E_NO_HOST', `'${printable(word)}' is no host or domain of the inventory`, {
    exit: EXIT.usage,
    remedy:
      didYouMean(printable(word), [
        ...names,
        ...domainsOf(inventory).map(({ domain }) => domain),
      ]) ??
      (names.length === 0
        ? 'there are no hosts yet: write [hosts."NAME"] into /etc/xhier.toml'
        : 'xh domain list shows the domains; hosts stand in /etc/xhier.toml as [hosts."NAME"]'),
  });
}

function fromTheTop(domain: Bytes): Bytes {
  return bytes(
    split(domain.toLowerCase() as Bytes, '.')
      .toReversed()
      .join('\0'),
  );
}

function demandNoCircle(site: Site, hosts: Inventory, host: KnownHost): void {
  const way: Bytes[] = [host.name];
  for (let at = host.via; at !== undefined;) {
    const above = at;
    if (way.some((name) => sameName(name, above))) {
      throw new XhError(
        'E_HOSTS_TREE',
        `hosts distribute to each other in a circle: ${[...way, above].map(printable).join(' via ')}`,
        {
          exit: EXIT.usage,
          place: { file: configPath(site) },
          remedy: "take 'via' away from one of them",
        },
      );
    }
    way.push(above);
    at = hosts.find(({ name }) => sameName(name, above))?.via;
  }
}

/** Who lacks what: the hosts that were to get a revision and have not, kept until they have. */
import { compareBytes, toText, bytes, type Bytes } from '../../bytes/bytes.ts';
import { hostNamed, type Inventory } from '../../distribute/hosts/inventory.ts';
import type { Walker } from '../../files/walk.ts';
import { unlessRefused } from '../../message/error.ts';
import { revisionOf, type OfferedPackage } from './offer.ts';
import {
  distributedPackage,
  distributedPackages,
  writeDistributed,
  type Distributed,
  type Outstanding,
} from './record.ts';
import { whyNot, type HostResult } from './result.ts';

export interface Results {
  readonly results: readonly HostResult[];
  readonly inventory: Inventory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Writes down what became of the packages; hosts that the inventory has no more are forgotten. */
export function enterResults(
  walker: Walker,
  packages: readonly OfferedPackage[],
  { results, inventory, now }: Results,
): void {
  const time = new Date(now).toISOString();
  for (const { directory, held } of packages) {
    const before = unlessRefused(() => distributedPackage(walker, directory));
    const is = revisionOf(held, walker, now);
    const known = new Map(
      (before?.outstanding ?? [])
        .filter(({ host }) => hostNamed(inventory, bytes(host)) !== undefined)
        .map((each) => [each.host, each]),
    );
    for (const result of results) {
      if (!result.offered.includes(directory)) continue;
      const host = toText(result.host);
      const why = whyNot(result, directory);
      if (why === undefined) known.delete(host);
      else {
        // one that lacks an older revision lacks this one since then
        const since = known.get(host)?.since ?? time;
        known.set(host, { host, since, tried: time, ...why });
      }
    }
    const next: Distributed = {
      package: directory,
      revision: is.revision,
      time: is.time,
      trees: [...held.trees].map(([name, { root }]) => ({ name, root })),
      outstanding: [...known.values()].toSorted((one, other) =>
        compareBytes(bytes(one.host), bytes(other.host)),
      ),
    };
    if (before === undefined || JSON.stringify(before) !== JSON.stringify({ ...before, ...next })) {
      writeDistributed(walker, next);
    }
  }
}

/** A package and the hosts that lack it. */
export interface Lacking {
  readonly package: Bytes;
  readonly revision: number;
  readonly hosts: readonly Outstanding[];
}

/** All that is outstanding, of these packages and hosts when some are given. */
export function outstandingOf(
  walker: Walker,
  { packages, hosts }: { readonly packages?: readonly Bytes[]; readonly hosts?: readonly Bytes[] },
): Lacking[] {
  const names = hosts === undefined ? undefined : new Set(hosts.map(toText));
  return distributedPackages(walker)
    .filter((record) => packages === undefined || packages.includes(record.package))
    .map(({ package: directory, revision, outstanding }) => ({
      package: directory,
      revision,
      hosts: outstanding.filter(({ host }) => names === undefined || names.has(host)),
    }))
    .filter((lacking) => lacking.hosts.length > 0);
}

/** By host the packages that it lacks. */
export function byHost(lacking: readonly Lacking[]): Map<Bytes, Set<Bytes>> {
  const found = new Map<Bytes, Set<Bytes>>();
  for (const { package: directory, hosts } of lacking) {
    for (const { host } of hosts) {
      const name = bytes(host);
      found.set(name, (found.get(name) ?? new Set()).add(directory));
    }
  }
  return found;
}

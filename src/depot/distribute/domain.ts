/**
 * What domains of hosts get: the packages that are meant for their hosts, and wherein two of them
 * differ. It is told by what the packages say and what the inventory knows, without asking anybody.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { Inventory, KnownHost } from '../../distribute/hosts/inventory.ts';
import { heldTrees } from '../../distribute/held-trees.ts';
import type { Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import { meantFor, type MeantFor } from '../../package/distribution.ts';
import { listPackages } from '../../package/entries.ts';
import { readPackage } from '../../package/read.ts';
import { isTarget } from '../../package/targets.ts';
import { architecture, baseArchitecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import { ARCH } from '../../site/file-types.ts';
import type { Site } from '../../site/site.ts';

/** A package, and which of the hosts that are asked about get it. */
export interface Gets {
  readonly package: Bytes;
  readonly version?: Bytes;
  readonly hosts: readonly Bytes[];
  /** Those of them whose architecture it has no files for. */
  readonly without: readonly Bytes[];
}

export interface Domains {
  /** In the order of the packages. */
  readonly gets: readonly Gets[];
  /** Packages that cannot be read, and why. */
  readonly problems: readonly { readonly package: Bytes; readonly message: string }[];
}

/** Which packages of this host's depot these hosts get; one that none gets is left out. */
export function whatHostsGet(
  site: Site,
  config: Config,
  { walker, hosts }: { readonly walker: Walker; readonly hosts: Inventory },
): Domains {
  const gets: Gets[] = [];
  const problems: { package: Bytes; message: string }[] = [];
  for (const entry of listPackages(site)) {
    const { directory } = entry;
    try {
      const metadata = readPackage(site, entry);
      const meant = meantFor(metadata);
      const takers = hosts.filter((host) => isMeantFor(meant, host));
      if (takers.length === 0) continue;
      const { version } = metadata;
      gets.push({
        package: directory,
        ...(version !== undefined && { version }),
        hosts: takers.map(({ name }) => name),
        without: withoutFiles(walker, config, directory, takers),
      });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      problems.push({ package: directory, message: `${printable(directory)}: ${error.message}` });
    }
  }
  return { gets, problems };
}

function isMeantFor(meant: MeantFor, { name, arch, domains }: KnownHost): boolean {
  if (meant.to === 'none') return false;
  return (
    meant.to === 'all' || isTarget(meant.targets, { name, arch: arch ?? architecture(), domains })
  );
}

function withoutFiles(
  walker: Walker,
  config: Config,
  directory: Bytes,
  hosts: readonly KnownHost[],
): Bytes[] {
  const there = heldTrees(walker, config, directory)
    .filter(({ name }) => name.startsWith(`${ARCH}/`))
    .map(({ name }) => baseArchitecture(name.slice(ARCH.length + 1) as Bytes));
  if (there.length === 0) return [];
  return hosts
    .filter(({ arch }) => arch !== undefined && !there.includes(baseArchitecture(arch)))
    .map(({ name }) => name);
}

/** Wherein two sets of hosts differ. */
export interface Compared {
  readonly both: number;
  /** Packages that hosts of the first get, and none of the second. */
  readonly first: readonly Gets[];
  readonly second: readonly Gets[];
  /** Packages that all of one get, and only some of the other, or some of both. */
  readonly partly: readonly { readonly one: Gets; readonly other: Gets }[];
}

/** Pure. @param sizes how many hosts each has */
export function compareGets(
  one: readonly Gets[],
  other: readonly Gets[],
  sizes: readonly [one: number, other: number],
): Compared {
  const byName = new Map(other.map((each) => [each.package, each]));
  const ours = new Set(one.map((each) => each.package));
  const partly: { one: Gets; other: Gets }[] = [];
  let both = 0;
  for (const each of one) {
    const theirs = byName.get(each.package);
    if (theirs === undefined) continue;
    if (each.hosts.length === sizes[0] && theirs.hosts.length === sizes[1]) both++;
    else partly.push({ one: each, other: theirs });
  }
  return {
    both,
    first: one.filter((each) => !byName.has(each.package)),
    second: other.filter((each) => !ours.has(each.package)),
    partly,
  };
}

/** What is in the depot and what of it is on this host. */
import { compareBytes, printable, type Bytes } from '../bytes/bytes.ts';
import { installedIn } from '../host/installed.ts';
import { unlessRefused, XhError } from '../message/error.ts';
import { parsePackageDirectory } from '../package/name.ts';
import { readSummary, type Summary } from '../package/summary.ts';
import { listPackages } from '../package/entries.ts';
import { inSite, type Site } from '../site/site.ts';
import { answerOf } from '../files/answering.ts';
import { createWalker } from '../files/walk.ts';
import { attachedPackages, type AttachedPackage } from './attach/record.ts';

export interface ListedPackage {
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes;
  /** What the name means, where versions stand side by side. */
  readonly current: boolean;
  readonly installed: boolean;
  readonly summary?: Bytes;
  /** The mount that it is attached from. */
  readonly attached?: Bytes;
  /** Why nothing more is known of it. */
  readonly problem?: string;
}

/** All packages, in the order of their names. */
export function listDepot(site: Site): ListedPackage[] {
  const installed = installedIn(site);
  const attached = attachedOf(site);
  const listed = listPackages(site).map((entry): ListedPackage => {
    const from = attached.get(entry.directory)?.from;
    const { directory, name, current } = entry;
    const said = readLine(site, directory);
    // a directory without a version in its name has the one that its Options say
    const version = name === directory ? said.version : entry.version;
    return {
      directory,
      name,
      ...(version !== undefined && { version }),
      current,
      installed: installed.has(directory),
      ...(said.summary !== undefined && { summary: said.summary }),
      ...(from !== undefined && { attached: from }),
      ...(said.problem !== undefined && { problem: said.problem }),
    };
  });
  const there = new Set(listed.map(({ directory }) => directory));
  const gone = [...attached.values()].filter((each) => !there.has(each.package));
  if (gone.length === 0) return listed;
  return [...listed, ...gone.map((each) => outOfReach(site, each, installed))].toSorted(
    (one, other) => compareBytes(one.directory, other.directory),
  );
}

/** A package whose mount is not there for now. */
function outOfReach(
  site: Site,
  { package: directory, from }: AttachedPackage,
  installed: ReadonlySet<Bytes>,
): ListedPackage {
  const is = answerOf(inSite(site, from)) === 'silent' ? 'does not answer' : 'is not mounted';
  const { name, version } = parsePackageDirectory(directory);
  return {
    directory,
    name,
    ...(version !== undefined && { version }),
    current: true,
    installed: installed.has(directory),
    attached: from,
    problem: `${printable(from)} ${is}`,
  };
}

/** None where their record cannot be read: xh doctor tells of that. */
function attachedOf(site: Site): ReadonlyMap<Bytes, AttachedPackage> {
  const walker = createWalker(site.root);
  try {
    return unlessRefused(() => attachedPackages(walker)) ?? new Map<Bytes, AttachedPackage>();
  } finally {
    walker.close();
  }
}

/** A package that cannot be read does not hide the others. */
function readLine(site: Site, directory: Bytes): Partial<Summary> & { readonly problem?: string } {
  try {
    return readSummary(site, directory);
  } catch (error) {
    if (error instanceof XhError) return { problem: error.message };
    throw error;
  }
}

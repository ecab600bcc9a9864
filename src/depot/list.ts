/** What is in the depot and what of it is on this host. */
import type { Bytes } from '../bytes/bytes.ts';
import { installedIn } from '../host/installed.ts';
import { XhError } from '../message/error.ts';
import { readSummary, type Summary } from '../package/summary.ts';
import { listPackages } from '../package/entries.ts';
import type { Site } from '../site/site.ts';

export interface ListedPackage {
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes;
  /** What the name means, where versions stand side by side. */
  readonly current: boolean;
  readonly installed: boolean;
  readonly summary?: Bytes;
  /** Why nothing more is known of it. */
  readonly problem?: string;
}

/** All packages, in the order of their names. */
export function listDepot(site: Site): ListedPackage[] {
  const installed = installedIn(site);
  return listPackages(site).map((entry) => {
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
      ...(said.problem !== undefined && { problem: said.problem }),
    };
  });
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

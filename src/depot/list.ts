/** What is in the depot and what of it is on this host. */
import type { Bytes } from '../bytes/bytes.ts';
import { installedPackages } from '../host/receipt.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { readSummary } from '../package/summary.ts';
import { listPackages } from '../package/read.ts';

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
export function listDepot(host: Host): ListedPackage[] {
  const installed = new Set(installedPackages(host.walker));
  return listPackages(host.site).map(({ directory, name, version, current }) => {
    return {
      directory,
      name,
      ...(version !== undefined && { version }),
      current,
      installed: installed.has(directory),
      ...summaryOf(host, directory),
    };
  });
}

/** A package that cannot be read does not hide the others. */
function summaryOf(host: Host, directory: Bytes): Pick<ListedPackage, 'summary' | 'problem'> {
  try {
    const summary = readSummary(host.site, directory);
    return summary === undefined ? {} : { summary };
  } catch (error) {
    if (error instanceof XhError) return { problem: error.message };
    throw error;
  }
}

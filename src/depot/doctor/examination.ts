/**
 * The host as the checks of `xh doctor` see it. Whatever is broken is left out of what the others get
 * to see, and found by the check that it belongs to.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { readAt } from '../../files/content.ts';
import { listDir, openDirAt, withDir } from '../../files/dir.ts';
import { statAt } from '../../files/stat.ts';
import type { Host } from '../../host/transaction.ts';
import { XhError } from '../../message/error.ts';
import { entriesBelow, type PackageEntry } from '../../package/entries.ts';
import { parseConfig, type Config } from '../../site/config.ts';
import { inSite } from '../../site/site.ts';
import { startPlanning, type Planning } from '../context.ts';
import type { PackageReceipt } from '../receipt-set.ts';

export interface Examination {
  readonly host: Host;
  /** What is in force, or the defaults when that cannot be read. */
  readonly config: Config;
  /** Why it cannot be read. */
  readonly configProblem?: XhError;
  /** For planners that only look. */
  readonly planning: Planning;
  /** The receipts that can be read. */
  readonly receipts: readonly PackageReceipt[];
  readonly damaged: readonly { readonly directory: Bytes; readonly why: string }[];
  /** The packages of the depot. @throws XhError */
  readonly depot: () => ReadonlyMap<Bytes, PackageEntry>;
}

/** Reads what all checks need; nothing that is broken stops it. */
export function examine(host: Host, load: () => Config): Examination {
  const { config, problem } = configOf(load);
  const planning = startPlanning(host, config);
  const receipts: PackageReceipt[] = [];
  const damaged: { directory: Bytes; why: string }[] = [];
  for (const directory of directoriesOf(planning)) {
    const read = readable(planning, directory);
    if (typeof read === 'string') damaged.push({ directory, why: read });
    else if (read !== undefined) receipts.push(read);
  }
  let depot: ReadonlyMap<Bytes, PackageEntry> | undefined;
  return {
    host,
    config,
    ...(problem !== undefined && { configProblem: problem }),
    planning,
    receipts,
    damaged,
    depot: () =>
      (depot ??= new Map(
        entriesBelow(inSite(host.site, b`/.software/share`)).map((entry) => [
          entry.directory,
          entry,
        ]),
      )),
  };
}

function configOf(load: () => Config): { readonly config: Config; readonly problem?: XhError } {
  try {
    return { config: load() };
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    return { config: parseConfig('' as Bytes, '' as Bytes), problem: error };
  }
}

function directoriesOf({ receipts }: Planning): readonly Bytes[] {
  try {
    return receipts.directories();
  } catch (error) {
    if (error instanceof XhError) return [];
    throw error;
  }
}

/** The receipt, or why it is none. */
function readable({ receipts }: Planning, directory: Bytes): PackageReceipt | string | undefined {
  try {
    const receipt = receipts.get(directory);
    return receipt === undefined || receipt.package === directory
      ? receipt
      : 'it is the receipt of another package';
  } catch (error) {
    if (error instanceof XhError) return error.message;
    throw error;
  }
}

/** The content of a file, or undefined when there is none. @throws XhError */
export function contentOf({ walker }: Host, path: Bytes): Bytes | undefined {
  const place = walker.tryLocate(path, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return undefined;
  return readAt(place.dir, place.name);
}

/** The names in a directory; none where there is none, or where they are not for us to see. */
export function namesIn({ walker }: Host, path: Bytes): readonly Bytes[] {
  try {
    const place = walker.tryLocate(path, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
    return withDir(openDirAt(place.dir, place.name), listDir).toSorted();
  } catch (error) {
    if (error instanceof XhError) return [];
    throw error;
  }
}

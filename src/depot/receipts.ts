/** The receipts of this host as a plan in the making will leave them. */
import { concat, b, printable, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { bestCandidate, type Wanted } from '../package/candidate.ts';
import { parsePackageDirectory } from '../package/name.ts';
import type { Planning } from './context.ts';
import { versionsIn, type PackageReceipt } from './receipt-set.ts';

/** The receipt of a package directory, or undefined. @throws XhError E_RECORD, E_RECORD_FORMAT */
export function receiptOf({ receipts }: Planning, directory: Bytes): PackageReceipt | undefined {
  return receipts.get(directory);
}

export function writeReceipt({ receipts }: Planning, receipt: PackageReceipt): void {
  receipts.set(receipt);
}

export function dropReceipt({ receipts }: Planning, receipt: PackageReceipt): void {
  receipts.drop(receipt.package);
}

/** The receipts of every version of `name` that will be installed. */
export function receiptsOf({ receipts }: Planning, name: Bytes): PackageReceipt[] {
  return versionsIn(receipts.directories(), name)
    .map((directory) => receipts.get(directory))
    .filter((receipt) => receipt?.name === name)
    .filter((receipt) => receipt !== undefined);
}

/** Package directories that will be installed, sorted. */
export function installedDirectories({ receipts }: Planning): readonly Bytes[] {
  return receipts.directories();
}

/**
 * The installed directory that a request means: by its directory name, or of the versions of a name
 * the current one where it fits, else the newest.
 * @throws XhError E_NOT_INSTALLED naming the nearest one that is
 */
export function installedNamed(planning: Planning, wanted: Wanted): Bytes {
  const { name, range } = wanted;
  const candidates = [...receiptsOf(planning, name), receiptOf(planning, name)]
    .filter((receipt) => receipt !== undefined)
    .map((receipt) => ({ ...receipt, directory: receipt.package }));
  const found = bestCandidate(candidates, wanted);
  if (found !== undefined) return found.directory;
  const shown = printable(range === undefined ? name : concat(name, b`@`, range.text));
  throw new XhError('E_NOT_INSTALLED', `${shown} is not installed here`, {
    remedy:
      candidates.length > 0
        ? `installed is ${[...new Set(candidates.map((each) => printable(each.directory)))].join(', ')}`
        : (didYouMean(name, namesIn(installedDirectories(planning))) ??
          "'xh list --installed' shows what is"),
  });
}

/** Directories, and the names that are in them. */
function namesIn(directories: readonly Bytes[]): Bytes[] {
  return directories.flatMap((directory) => [parsePackageDirectory(directory).name, directory]);
}

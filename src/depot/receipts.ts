/** The receipts of this host as a plan in the making will leave them. */
import { b, bytes, concat, printable, slice, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import { toJsonText } from '../host/json.ts';
import { parseReceipt, receiptPath, RECEIPTS, type Receipt } from '../host/receipt.ts';
import { XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { bestCandidate, type Wanted } from '../package/candidate.ts';
import { parsePackageDirectory } from '../package/name.ts';
import type { Planning } from './context.ts';

/** A receipt with the fragments that this program merges. */
export type PackageReceipt = Receipt<MergedFragment>;

/** The receipt of a package directory, or undefined. @throws XhError E_RECORD, E_RECORD_FORMAT */
export function receiptOf({ draft }: Planning, directory: Bytes): PackageReceipt | undefined {
  const path = receiptPath(directory);
  const file = draft.read(path);
  return file === undefined ? undefined : parseReceipt<MergedFragment>(path, file.content);
}

export function writeReceipt({ draft, linkPaths }: Planning, receipt: PackageReceipt): void {
  linkPaths.delete(receipt.name);
  draft.write(receiptPath(receipt.package), bytes(`${toJsonText(receipt)}\n`), {
    bookkeeping: true,
  });
}

export function dropReceipt({ draft, linkPaths }: Planning, receipt: PackageReceipt): void {
  linkPaths.delete(receipt.name);
  draft.remove(receiptPath(receipt.package), { bookkeeping: true });
}

/** Whether the receipts say that the package called `name` has, or wants, a link at `path`. */
export function hasLinkAt(planning: Planning, name: Bytes, path: Bytes): boolean {
  const known = planning.linkPaths.get(name);
  if (known !== undefined) return known.has(path);
  const links = receiptsOf(planning, name).flatMap((receipt) => receipt.links);
  const paths = new Set(links.map((link) => link.path));
  planning.linkPaths.set(name, paths);
  return paths.has(path);
}

/** The receipts of all packages that will be installed, in the order of their directories. */
export function allReceipts(planning: Planning): PackageReceipt[] {
  return installedDirectories(planning)
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
}

/** The receipts of every version of `name` that will be installed. */
export function receiptsOf(planning: Planning, name: Bytes): PackageReceipt[] {
  return installedDirectories(planning)
    .filter((directory) => directory === name || directory.startsWith(`${name}-`))
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined)
    .filter((receipt) => receipt.name === name);
}

/** Package directories that will be installed, sorted. */
export function installedDirectories({ draft }: Planning): Bytes[] {
  return [...draft.list(RECEIPTS)]
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => slice(name, 0, -'.json'.length))
    .toSorted();
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

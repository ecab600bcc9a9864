/** The receipts of this host as a plan in the making will leave them. */
import { b, bytes, concat, printable, slice, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import type { Draft } from '../host/draft.ts';
import { toJsonText } from '../host/json.ts';
import { parseReceipt, receiptPath, RECEIPTS, type Receipt } from '../host/receipt.ts';
import { XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { bestCandidate, type Wanted } from '../package/candidate.ts';
import { parsePackageDirectory } from '../package/name.ts';
import type { Planning } from './context.ts';

/** A receipt with the fragments that this program merges. */
export type PackageReceipt = Receipt<MergedFragment>;

/** Those that will be there, each read once. */
export interface Receipts {
  /** @throws XhError E_RECORD, E_RECORD_FORMAT */
  get(directory: Bytes): PackageReceipt | undefined;
  set(receipt: PackageReceipt): void;
  drop(directory: Bytes): void;
  /** Sorted. */
  directories(): readonly Bytes[];
  /** The target of the link that the package called `name` has, or wants, at `path`. */
  linkTarget(name: Bytes, path: Bytes): Bytes | undefined;
}

/** The receipts as they are and as `draft` will have them. */
export function receiptsIn(draft: Draft): Receipts {
  const known = new Map<Bytes, PackageReceipt | undefined>();
  const targets = new Map<Bytes, ReadonlyMap<Bytes, Bytes>>();
  let sorted: Bytes[] | undefined;

  function directories(): Bytes[] {
    return (sorted ??= [...draft.list(RECEIPTS)]
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .map((name) => slice(name, 0, -'.json'.length))
      .toSorted());
  }

  function get(directory: Bytes): PackageReceipt | undefined {
    if (known.has(directory)) return known.get(directory);
    const path = receiptPath(directory);
    const file = draft.read(path);
    const receipt =
      file === undefined ? undefined : parseReceipt<MergedFragment>(path, file.content);
    known.set(directory, receipt);
    return receipt;
  }

  return {
    get,
    directories,
    set(receipt) {
      const all = directories();
      const at = firstFrom(all, receipt.package);
      if (all[at] !== receipt.package) all.splice(at, 0, receipt.package);
      known.set(receipt.package, receipt);
      targets.delete(receipt.name);
      draft.write(receiptPath(receipt.package), bytes(`${toJsonText(receipt)}\n`), {
        bookkeeping: true,
      });
    },
    drop(directory) {
      const all = directories();
      const at = firstFrom(all, directory);
      if (all[at] === directory) all.splice(at, 1);
      const name = get(directory)?.name;
      if (name !== undefined) targets.delete(name);
      known.set(directory, undefined);
      draft.remove(receiptPath(directory), { bookkeeping: true });
    },
    linkTarget(name, path) {
      let links = targets.get(name);
      if (links === undefined) {
        const all = versionsIn(directories(), name).flatMap((each) => {
          const receipt = get(each);
          return receipt?.name === name ? receipt.links : [];
        });
        links = new Map(all.map((link) => [link.path, link.target]));
        targets.set(name, links);
      }
      return links.get(path);
    },
  };
}

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

/** Of sorted directories those that may be of `name`: itself, and `NAME-…`. */
function versionsIn(sorted: readonly Bytes[], name: Bytes): Bytes[] {
  const found: Bytes[] = [];
  if (sorted[firstFrom(sorted, name)] === name) found.push(name);
  const start = b`${name}-`;
  for (let i = firstFrom(sorted, start); i < sorted.length; i++) {
    const directory = sorted[i];
    if (directory?.startsWith(start) !== true) break;
    found.push(directory);
  }
  return found;
}

/** The index of the first that is not before `wanted`. */
function firstFrom(sorted: readonly Bytes[], wanted: Bytes): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
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

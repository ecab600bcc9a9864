/** The receipts of this host, read once each, and found quickly among thousands. */
import { b, bytes, slice, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import type { Draft } from '../host/draft.ts';
import { toJsonText } from '../host/json.ts';
import { parseReceipt, receiptPath, RECEIPTS, type Receipt } from '../host/receipt.ts';

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

/** Of sorted directories those that may be of `name`: itself, and `NAME-…`. */
export function versionsIn(sorted: readonly Bytes[], name: Bytes): Bytes[] {
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

/** Receipts: what installing a package put on this host, so that uninstalling is the exact reverse. */
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { readAt } from '../files/content.ts';
import { closeDir, listDir, openDirAt } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { fromJsonText, toJsonText } from './json.ts';
import type { Change } from './plan.ts';
import { stateOf } from './state.ts';

/** One path of the package as it was at install. */
export interface ReceiptFile {
  /** Absolute as inside the site, e.g. `/.software/arch/foo/bin/foo`. */
  readonly path: Bytes;
  readonly type: 'file' | 'directory' | 'link' | 'special';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a file. */
  readonly sha256?: string;
  /** Of a link. */
  readonly target?: Bytes;
}

/** One link of the farms. */
export interface ReceiptLink {
  /** Class of the farm, e.g. `commands`. */
  readonly class: string;
  readonly path: Bytes;
  readonly target: Bytes;
}

/**
 * `Fragment` is what the fragment family keeps of what it merged; this layer stores it and does not
 * look inside.
 */
export interface Receipt<Fragment = unknown> {
  readonly format: 1;
  /** Package directory. */
  readonly package: Bytes;
  readonly version?: string;
  readonly architecture: string;
  /** ISO 8601. */
  readonly time: string;
  readonly user: string;
  readonly files: readonly ReceiptFile[];
  readonly fragments: readonly Fragment[];
  readonly links: readonly ReceiptLink[];
}

const RECEIPTS = b`/.software/local/.admin/receipts`;

/** Where the receipt of a package directory stands. */
export function receiptPath(directory: Bytes): Bytes {
  return b`${RECEIPTS}/${directory}.json`;
}

/** The receipt of an installed package, or undefined. */
export function readReceipt<Fragment = unknown>(
  walker: Walker,
  directory: Bytes,
): Receipt<Fragment> | undefined {
  const place = walker.tryLocate(receiptPath(directory));
  if (place === undefined || statAt(place.dir, place.name) === undefined) return undefined;
  return fromJsonText(toText(readAt(place.dir, place.name))) as Receipt<Fragment>;
}

/** Package directories that are installed here, sorted. */
export function installedPackages(walker: Walker): Bytes[] {
  const place = walker.tryLocate(RECEIPTS, { follow: true });
  if (place === undefined || statAt(place.dir, place.name) === undefined) return [];
  const dir = openDirAt(place.dir, place.name);
  try {
    return listDir(dir)
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .map((name) => name.slice(0, -'.json'.length) as Bytes)
      .toSorted();
  } finally {
    closeDir(dir);
  }
}

/** The change that writes a receipt, or none when it says nothing new (time and user apart). */
export function receiptChanges(walker: Walker, receipt: Receipt): Change[] {
  const path = receiptPath(receipt.package);
  const old = readReceipt(walker, receipt.package);
  if (old !== undefined && sameContent(old, receipt)) return [];
  const content = bytes(`${toJsonText(receipt)}\n`);
  return [{ op: 'write', path, content, before: stateOf(walker, path), bookkeeping: true }];
}

/** The change that removes a receipt. */
export function receiptRemoval(walker: Walker, directory: Bytes): Change[] {
  const path = receiptPath(directory);
  return [{ op: 'remove', path, before: stateOf(walker, path), bookkeeping: true }];
}

function sameContent(one: Receipt, other: Receipt): boolean {
  const content = (receipt: Receipt): string => toJsonText({ ...receipt, time: '', user: '' });
  return content(one) === content(other);
}

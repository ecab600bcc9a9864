/** Receipts: what installing a package put on this host, so that uninstalling is the exact reverse. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { readAt } from '../files/content.ts';
import { closeDir, listDir, openDirAt } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { damagedRecord, readRecord, toJsonText } from './json.ts';

/** One path of the package as it was at install. */
export interface ReceiptFile {
  /** Absolute as inside the site, e.g. `/.software/arch/foo/bin/foo`. */
  readonly path: Bytes;
  readonly type: 'file' | 'directory' | 'link' | 'special';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds and nanoseconds, of a file. */
  readonly mtime?: readonly [number, number];
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
  /** Name under which the outside reaches it, without a version. */
  readonly name: Bytes;
  readonly version?: Bytes;
  readonly architecture: Bytes;
  /** ISO 8601. */
  readonly time: string;
  readonly user: string;
  /** Whether its name meant this version here: then its fragments and links are on the host. */
  readonly current: boolean;
  readonly files: readonly ReceiptFile[];
  readonly fragments: readonly Fragment[];
  readonly links: readonly ReceiptLink[];
}

/** Where they stand. */
export const RECEIPTS = b`/.software/local/.admin/receipts`;

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
  return parseReceipt(place.path, readAt(place.dir, place.name));
}

/** A receipt from its file's content. @throws XhError E_RECORD, E_RECORD_FORMAT */
export function parseReceipt<Fragment = unknown>(file: Bytes, content: Bytes): Receipt<Fragment> {
  const record = readRecord(file, content) as Partial<Receipt<Fragment>>;
  if (isReceipt(record)) return record;
  throw damagedRecord(file);
}

/** Whether it has the form that everybody counts on. */
function isReceipt<Fragment>(record: Partial<Receipt<Fragment>>): record is Receipt<Fragment> {
  const { package: directory, name, current, files, fragments, links } = record;
  return (
    typeof directory === 'string' &&
    typeof name === 'string' &&
    typeof current === 'boolean' &&
    allHave(files, 'path', 'type') &&
    allHave(fragments, 'kind', 'name', 'path', 'sha256') &&
    allHave(links, 'class', 'path', 'target')
  );
}

/** Whether it is a list of objects that have these as texts. */
function allHave(list: unknown, ...keys: readonly string[]): boolean {
  return (
    Array.isArray(list) &&
    list.every(
      (each: unknown) =>
        typeof each === 'object' &&
        each !== null &&
        keys.every((key) => typeof (each as Readonly<Record<string, unknown>>)[key] === 'string'),
    )
  );
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

/** Whether two receipts say the same: who wrote them, when, and the times of files apart. */
export function sameReceipt(one: Receipt, other: Receipt): boolean {
  const content = (receipt: Receipt): string =>
    toJsonText({ ...receipt, time: '', user: '', files: receipt.files.map(withoutTime) });
  return content(one) === content(other);
}

/** A file of the same content has not changed. */
function withoutTime(file: ReceiptFile): unknown {
  return { ...file, mtime: undefined };
}

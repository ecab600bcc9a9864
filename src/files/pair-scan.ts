/**
 * Two trees looked at side by side by native threads (`native/pair-scan.c`): only directories in which
 * there may be something to do are told of. Where the library was not built, or does not load, there
 * is none of this, and the caller looks at every directory himself.
 */
import { existsSync } from 'node:fs';
import { toText, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import type { Dir } from './dir.ts';
import { loadLibrary, type LibraryFunction } from './kernel.ts';
import { attributesAt, isCarried, type Attributes } from './attributes.ts';
import { FileError } from './error.ts';
import { EMPTY_LISTING, STRIDE, statIn, type Listing } from './listing.ts';
import type { ObjectStat } from './stat.ts';
import { shippedPath } from './shipped.ts';

export interface PairScanOptions {
  readonly threads: number;
  /** Whether owner and group are compared. */
  readonly owners: boolean;
  /** Whether attributes that only root may set are of interest. */
  readonly privileged: boolean;
  readonly oneFileSystem: boolean;
}

/** A listing whose attributes are still to be read: `withAttributes` says of which objects. */
export interface BareListing extends Omit<Listing, 'attributes'> {
  readonly withAttributes: readonly number[];
}

/** A directory that both trees have; those above it were told of before. */
export interface ScannedPair {
  /** `listed`: both listings are here. `handed back`: look for yourself, at all below it too. */
  readonly kind: 'listed' | 'handed back' | 'ancestor';
  readonly id: number;
  /** Its parent's id; 0 for the root. */
  readonly parent: number;
  readonly name: Bytes;
  /** The directory itself, one row as in a listing. */
  readonly masterRow: Int32Array;
  readonly slaveRow: Int32Array;
  readonly master?: BareListing;
  readonly slave?: BareListing;
}

export interface PairScan {
  /** What has been found since the last call, perhaps nothing; undefined when all has been said. */
  next(milliseconds: number): readonly ScannedPair[] | undefined;
  /** Objects looked at so far. */
  counts(): { readonly master: number; readonly slave: number };
  close(): void;
}

/** Begins to look at two open directories; undefined where the native library is not there. */
export function openPairScan(
  master: Dir,
  slave: Dir,
  options: PairScanOptions,
): PairScan | undefined {
  const library = nativeLibrary();
  const scan = library?.open(
    master.fd,
    slave.fd,
    options.threads,
    DESCEND |
      (options.owners ? OWNERS : 0) |
      (options.privileged ? PRIVILEGED : 0) |
      (options.oneFileSystem ? ONE_FILE_SYSTEM : 0),
  );
  if (library === undefined || scan === undefined || scan === null) return undefined;
  let buffer = Buffer.from(new ArrayBuffer(1 << 20));
  return {
    next(milliseconds) {
      for (;;) {
        const length = Number(library.next(scan, buffer, buffer.length, milliseconds));
        if (length === FINISHED) return undefined;
        if (length < 0) {
          throw new XhError('E_PAIR_SCAN', 'the native scan failed for want of memory or threads', {
            remedy: 'set XHIER_NATIVE=no to do without it',
          });
        }
        if (length < TOO_SMALL) return decode(buffer, length);
        buffer = Buffer.from(new ArrayBuffer(length - TOO_SMALL));
      }
    },
    counts() {
      const counts = new BigUint64Array(2);
      library.counts(scan, Buffer.from(counts.buffer));
      return { master: Number(counts[0]), slave: Number(counts[1]) };
    },
    close() {
      library.close(scan);
    },
  };
}

/** The listing with the attributes of those objects that have some, read from `dir`. */
export function completeListing(
  bare: BareListing,
  dir: () => Dir,
  options: { readonly privileged: boolean },
): Listing {
  const attributes = new Map<number, Attributes>();
  const failed = new Map<Bytes, FileError>();
  for (const index of bare.withAttributes) {
    const name = bare.names[index] ?? ('' as Bytes);
    try {
      const found = attributesAt(dir(), name);
      const carried = [...found].filter(([key]) => isCarried(key, options.privileged));
      if (carried.length > 0) attributes.set(index, new Map(carried));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.errno !== 'ENOENT') failed.set(name, error);
    }
  }
  const { names, rows, targets } = bare;
  return { names, rows, targets, attributes, failed };
}

/** All that a row says. */
export function statOfRow(rows: Int32Array): ObjectStat {
  return statIn({ ...EMPTY_LISTING, rows }, 0);
}

/** As in native/pair-scan.c. */
const VERSION = 1;
const DESCEND = 1;
const OWNERS = 2;
const PRIVILEGED = 4;
const ONE_FILE_SYSTEM = 8;
const KINDS = [undefined, 'listed', 'handed back', 'ancestor'] as const;
const FINISHED = -1;
const TOO_SMALL = 2 ** 40;
const HEADER = 24 + 2 * STRIDE * 4;

interface Library {
  readonly open: LibraryFunction;
  readonly next: LibraryFunction;
  readonly counts: LibraryFunction;
  readonly close: LibraryFunction;
}

let loaded: Library | false | undefined;

function nativeLibrary(): Library | undefined {
  loaded ??= load() ?? false;
  return loaded === false ? undefined : loaded;
}

function load(): Library | undefined {
  if (process.env['XHIER_NATIVE'] === 'no') return undefined;
  const path = shippedPath('native/pair-scan.so');
  if (path === undefined || !existsSync(path)) return undefined;
  try {
    const functions = loadLibrary(toText(path as Bytes));
    if (functions('int xh_scan_version()')() !== VERSION) return undefined;
    return {
      open: functions(
        'void *xh_scan_open(int master, int slave, uint32_t threads, uint32_t options)',
      ),
      next: functions(
        'int64_t xh_scan_next(void *scan, void *buffer, size_t room, int milliseconds)',
      ),
      counts: functions('void xh_scan_counts(void *scan, void *counts)'),
      close: functions('void xh_scan_close(void *scan)'),
    };
  } catch {
    // built for another machine: it is an accelerator, nothing more
    return undefined;
  }
}

function decode(buffer: Buffer, length: number): ScannedPair[] {
  const found: ScannedPair[] = [];
  for (let at = 0; at < length;) {
    const size = Number(buffer.readBigUInt64LE(at));
    found.push(decodeResult(buffer, at + 8));
    at += 8 + size;
  }
  return found;
}

function decodeResult(buffer: Buffer, start: number): ScannedPair {
  const kind = KINDS[buffer.readUInt32LE(start)] ?? 'handed back';
  const nameLength = buffer.readUInt32LE(start + 4);
  const rows = start + 24;
  const base = {
    kind,
    parent: Number(buffer.readBigUInt64LE(start + 8)),
    id: Number(buffer.readBigUInt64LE(start + 16)),
    masterRow: integers(buffer, rows, STRIDE),
    slaveRow: integers(buffer, rows + STRIDE * 4, STRIDE),
    name: buffer.toString('latin1', start + HEADER, start + HEADER + nameLength) as Bytes,
  };
  if (kind !== 'listed') return base;
  const master = decodeListing(buffer, start + HEADER + padded(nameLength));
  const slave = decodeListing(buffer, master.end);
  return { ...base, master: master.listing, slave: slave.listing };
}

function decodeListing(
  buffer: Buffer,
  start: number,
): { readonly listing: BareListing; readonly end: number } {
  const [objects = 0, namesLength = 0, targetsLength = 0, links = 0, withAttributes = 0] = [
    0, 4, 8, 12, 16,
  ].map((offset) => buffer.readUInt32LE(start + offset));
  const rowsAt = start + 24;
  const namesAt = rowsAt + padded(objects * STRIDE * 4);
  const targetsAt = namesAt + padded(namesLength);
  const linksAt = targetsAt + padded(targetsLength);
  const attributedAt = linksAt + links * 8;
  const targets = new Map<number, Bytes>();
  const pairs = integers(buffer, linksAt, links * 2);
  for (let i = 0; i < pairs.length; i += 2) {
    const from = targetsAt + (pairs[i + 1] ?? 0);
    targets.set(pairs[i] ?? 0, buffer.toString('latin1', from, buffer.indexOf(0, from)) as Bytes);
  }
  return {
    listing: {
      names: namesIn(buffer, namesAt, namesLength),
      rows: integers(buffer, rowsAt, objects * STRIDE),
      targets,
      failed: new Map(),
      withAttributes: [...integers(buffer, attributedAt, withAttributes)],
    },
    end: attributedAt + padded(withAttributes * 4),
  };
}

function namesIn(buffer: Buffer, start: number, length: number): Bytes[] {
  if (length === 0) return [];
  return buffer.toString('latin1', start, start + length - 1).split('\0') as Bytes[];
}

/** A copy: the buffer is used again. */
function integers(buffer: Buffer, start: number, count: number): Int32Array {
  const from = buffer.byteOffset + start;
  return new Int32Array(buffer.buffer.slice(from, from + count * 4));
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

/**
 * Objects that a native scan is to tell of although they are the same on both sides, as
 * native/filter.c wants them described.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { modeBits, type ObjectType } from './stat.ts';

/** What is of interest among directories, and among all else. */
export interface ScanFilters {
  readonly directories: ScanFilter;
  readonly others: ScanFilter;
}

/** An object is of interest when any of this is true of it. */
export interface ScanFilter {
  /** Its name, or path below the tree, is one of these, or begins with, ends with or has it in it. */
  readonly texts: (key: TextKey) => readonly Bytes[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Type and permission bits. */
  readonly hasMode: (object: { readonly type: ObjectType; readonly mode: number }) => boolean;
  /** Bytes, names, seconds since the epoch; both ends are among them. */
  readonly ranges: (
    key: (typeof RANGES)[number],
  ) => readonly { readonly from: number; readonly to: number }[];
}

export type TextKey = (typeof TEXTS)[number];

/** `filter` for the native library. */
export function packFilter(filter: ScanFilter): Buffer {
  const parts: Buffer[] = [];
  const add = (part: Buffer): void => {
    parts.push(part, Buffer.alloc(-part.length & 7));
  };
  for (const key of TEXTS) {
    // no name has a NUL
    const texts = [...new Set(filter.texts(key))].filter((text) => !text.includes('\0'));
    const packed = Buffer.from(texts.map((text) => `${text}\0`).join(''), 'latin1');
    add(words([texts.length, packed.length]));
    add(packed);
  }
  for (const ids of [filter.uids, filter.gids]) {
    const sorted = [...new Set(ids)].toSorted((one, other) => one - other);
    add(words([sorted.length, 0, ...sorted]));
  }
  add(packModes(filter));
  for (const key of RANGES) {
    const ranges = joined(filter.ranges(key));
    add(words([ranges.length, 0]));
    const packed = new BigInt64Array(ranges.flatMap(({ from, to }) => [whole(from), whole(to)]));
    add(Buffer.from(packed.buffer));
  }
  return Buffer.concat(parts);
}

/** As in native/filter.c, in this order. */
const TEXTS = [
  'name',
  'namePrefix',
  'nameSuffix',
  'nameInfix',
  'path',
  'pathPrefix',
  'pathSuffix',
  'pathInfix',
] as const;
const RANGES = ['size', 'links', 'mtime', 'atime'] as const;

function words(numbers: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer);
}

/** A bit for each st_mode. */
function packModes({ hasMode }: ScanFilter): Buffer {
  const bits = Buffer.alloc(1 << 13);
  for (const type of TYPES) {
    for (let mode = 0; mode < 1 << 12; mode++) {
      if (!hasMode({ type, mode })) continue;
      const number = modeBits(type) | mode;
      bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
    }
  }
  return bits;
}

/** The fewest ranges that are the same. */
function joined(
  ranges: readonly { readonly from: number; readonly to: number }[],
): readonly { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of ranges.toSorted((one, other) => one.from - other.from)) {
    const last = found.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** Times are compared in whole seconds there: a little more is right, a little less is not. */
function whole(value: number): bigint {
  const most = 2 ** 62;
  return BigInt(Math.floor(Math.min(Math.max(value, -most), most)));
}

const TYPES: readonly ObjectType[] = ['f', 'd', 'l', 'p', 's', 'b', 'c'];

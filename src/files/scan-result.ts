/**
 * What a native scan has found, as it stands in the buffer that it was put into: of most directories
 * little is ever asked.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { attributesAt, isCarried, type Attributes } from './attributes.ts';
import type { Dir } from './dir.ts';
import { FileError } from './error.ts';
import { EMPTY_LISTING, STRIDE, statIn, type Listing } from './listing.ts';
import type { ObjectStat } from './stat.ts';

/** A listing whose attributes are still to be read: `withAttributes` says of which objects. */
export interface BareListing extends Omit<Listing, 'attributes'> {
  readonly withAttributes: readonly number[];
}

/**
 * A directory of the master, and the slave's where it has it; those above were told of before. What
 * is read from it is good until the scan is asked for more.
 */
export interface ScannedPair {
  /**
   * `listed`: both listings are here. `handed back`: look for yourself, at all below it too. `done`:
   * all in one that was told of has been told of.
   */
  readonly kind: 'listed' | 'handed back' | 'ancestor' | 'done';
  /** Until it is done. */
  readonly id: number;
  /** Its parent's id; 0 for the root. */
  readonly parent: number;
  readonly name: Bytes;
  /** The directory itself, one row as in a listing. */
  readonly masterRow: Int32Array;
  readonly slaveRow: Int32Array;
  /** Its number in the index. */
  readonly number: number;
  /** Whether the slave has it; else its listing is empty. */
  readonly hasSlave: boolean;
  /** Whether anything in it is not the same on both sides. */
  readonly differs: boolean;
  readonly master: BareListing;
  readonly slave: BareListing;
  /** Directories in it that can be gone into; none where the scan does so by itself. */
  readonly offers: readonly Offer[];
}

export interface Offer {
  /** Position in the master's listing. */
  readonly index: number;
  readonly hasSlave: boolean;
  readonly id: number;
}

/** The results in the first `length` bytes of `buffer`, each behind its length. */
export function decodeResults(buffer: Buffer, length: number): ScannedPair[] {
  const words = new Int32Array(buffer.buffer, buffer.byteOffset, length >> 2);
  const found: ScannedPair[] = [];
  for (let at = 0; at < words.length;) {
    found.push(new Result(buffer, words, at + 2));
    at += 2 + (wide(words, at) >> 2);
  }
  return found;
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
const KINDS = [undefined, 'listed', 'handed back', 'ancestor', 'done'] as const;
const DIFFERS = 1;
const HAS_SLAVE = 2;
/** Offsets in a result, in words of 32 bits. */
const AT = { kind: 0, nameLength: 1, parent: 2, id: 4, master: 6, slave: 6 + STRIDE } as const;
const SAID = AT.slave + STRIDE;
const HEADER = SAID + 2;
const OFFER = 4;

class Result implements ScannedPair {
  readonly #buffer: Buffer;
  readonly #words: Int32Array;
  readonly #at: number;
  #name: Bytes | undefined;
  #master: Packed | undefined;
  #slave: Packed | undefined;

  constructor(buffer: Buffer, words: Int32Array, at: number) {
    this.#buffer = buffer;
    this.#words = words;
    this.#at = at;
  }

  get kind(): ScannedPair['kind'] {
    return KINDS[this.#word(AT.kind)] ?? 'handed back';
  }

  get parent(): number {
    return wide(this.#words, this.#at + AT.parent);
  }

  get id(): number {
    return wide(this.#words, this.#at + AT.id);
  }

  get name(): Bytes {
    const from = (this.#at + HEADER) * 4;
    this.#name ??= text(this.#buffer, from, this.#word(AT.nameLength));
    return this.#name;
  }

  get masterRow(): Int32Array {
    const from = this.#at + AT.master;
    return this.#words.subarray(from, from + STRIDE);
  }

  get slaveRow(): Int32Array {
    const from = this.#at + AT.slave;
    return this.#words.subarray(from, from + STRIDE);
  }

  get differs(): boolean {
    return (this.#word(SAID) & DIFFERS) !== 0;
  }

  get hasSlave(): boolean {
    return (this.#word(SAID) & HAS_SLAVE) !== 0;
  }

  get number(): number {
    return this.#word(SAID + 1) >>> 0;
  }

  get master(): Packed {
    const start = this.#at + HEADER + padded(this.#word(AT.nameLength));
    return (this.#master ??= new Packed(this.#buffer, this.#words, start));
  }

  get slave(): Packed {
    return (this.#slave ??= new Packed(this.#buffer, this.#words, this.master.end));
  }

  get offers(): readonly Offer[] {
    const words = this.#words;
    const start = this.slave.end;
    return Array.from({ length: wide(words, start) }, (_, i) => {
      const at = start + 2 + i * OFFER;
      return {
        index: words[at] ?? 0,
        hasSlave: (words[at + 1] ?? -1) >= 0,
        id: wide(words, at + 2),
      };
    });
  }

  #word(offset: number): number {
    return this.#words[this.#at + offset] ?? 0;
  }
}

/** A listing as pack() of native/listing.c has written it. */
class Packed implements BareListing {
  readonly #buffer: Buffer;
  readonly #words: Int32Array;
  readonly #start: number;
  readonly #namesAt: number;
  readonly #targetsAt: number;
  readonly #linksAt: number;
  readonly #attributesAt: number;
  /** Where the next thing begins. */
  readonly end: number;
  readonly failed: Listing['failed'] = EMPTY_LISTING.failed;
  #names: Bytes[] | undefined;
  #targets: Map<number, Bytes> | undefined;

  constructor(buffer: Buffer, words: Int32Array, start: number) {
    const count = (offset: number): number => words[start + offset] ?? 0;
    this.#buffer = buffer;
    this.#words = words;
    this.#start = start;
    this.#namesAt = start + LISTING_HEADER + count(0) * STRIDE;
    this.#targetsAt = this.#namesAt + padded(count(1));
    this.#linksAt = this.#targetsAt + padded(count(2));
    this.#attributesAt = this.#linksAt + count(3) * 2;
    this.end = this.#attributesAt + padded(count(4) * 4);
  }

  get names(): Bytes[] {
    return (this.#names ??= this.#readNames());
  }

  get rows(): Int32Array {
    return this.#words.subarray(this.#start + LISTING_HEADER, this.#namesAt);
  }

  get targets(): Map<number, Bytes> {
    return (this.#targets ??= this.#readTargets());
  }

  get withAttributes(): number[] {
    const from = this.#attributesAt;
    return [...this.#words.subarray(from, from + (this.#words[this.#start + 4] ?? 0))];
  }

  #readNames(): Bytes[] {
    const length = this.#words[this.#start + 1] ?? 0;
    if (length === 0) return [];
    return text(this.#buffer, this.#namesAt * 4, length - 1).split('\0') as Bytes[];
  }

  #readTargets(): Map<number, Bytes> {
    const targets = new Map<number, Bytes>();
    const pairs = this.#words.subarray(this.#linksAt, this.#attributesAt);
    for (let i = 0; i < pairs.length; i += 2) {
      const from = this.#targetsAt * 4 + (pairs[i + 1] ?? 0);
      targets.set(pairs[i] ?? 0, text(this.#buffer, from, this.#buffer.indexOf(0, from) - from));
    }
    return targets;
  }
}

/** Words. */
const LISTING_HEADER = 6;

function text(buffer: Buffer, from: number, length: number): Bytes {
  return buffer.toString('latin1', from, from + length) as Bytes;
}

function wide(words: Int32Array, at: number): number {
  return ((words[at] ?? 0) >>> 0) + ((words[at + 1] ?? 0) >>> 0) * 2 ** 32;
}

/** In words, what takes whole pairs of them. */
function padded(bytes: number): number {
  return ((bytes + 7) >> 3) << 1;
}

/**
 * A store as publishers and hosts use it: paths with contents, wherever they are kept. What is named
 * by its hash never changes, so it is added and never replaced; only records (heads, trust) are.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';

/** Bytes of a content, the first and how many. */
export interface Range {
  readonly from: number;
  readonly length: number;
}

export interface Reading {
  readonly range?: Range;
  /** Whether a content is what is wanted: where it is not, another place is asked, if there is one. */
  readonly isRight?: (content: Buffer) => boolean;
}

/** A reading that broke off, with what had come of it until then. */
export class CutOffError extends XhError {
  readonly content: Buffer;

  constructor(error: XhError, content: Buffer) {
    super(error.code, error.message, {
      exit: error.exit,
      ...(error.remedy !== undefined && { remedy: error.remedy }),
      cause: error.cause,
    });
    this.content = content;
  }
}

export interface StoreReader {
  /** For messages: a directory, or an address. */
  readonly name: string;
  /** How many readings at the same time serve it best, where that is known. */
  readonly jobs?: number;
  /**
   * The content at `path`, or a range of it; undefined when the store says that it has none. It may be
   * something else than it should be: whoever reads it verifies it.
   * @throws XhError E_STORE_READ when it cannot be known
   */
  read(path: Bytes, reading?: Reading): Promise<Buffer | undefined>;
  close(): void;
}

/** A content, piece by piece, from its beginning each time that it is asked for. */
export type Pieces = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface StoredName {
  readonly path: Bytes;
  /** Bytes. */
  readonly size: number;
  /** When it was written: milliseconds since the epoch. */
  readonly written: number;
}

export interface Store extends StoreReader {
  has(path: Bytes): Promise<boolean>;
  /** When it was written: milliseconds since the epoch; undefined when it is not there. */
  written(path: Bytes): Promise<number | undefined>;
  /**
   * Adds what is named by its hash. When it is there already it only counts as written now, so that
   * nobody who sweeps what nobody needs takes it away before its head is there.
   * @param length of all pieces: bytes
   * @returns whether it is new
   */
  add(path: Bytes, pieces: Pieces, length: number): Promise<boolean>;
  /** Returns when all that was added is durable. */
  settle(): Promise<void>;
  /** Puts a record where `before` is (undefined: where none is). @returns false when it has changed meanwhile */
  replace(path: Bytes, content: Uint8Array, before: Uint8Array | undefined): Promise<boolean>;
  /** Everything below `objects`, `trees` or `heads`, also what a killed publisher has left half written. */
  list(top: 'objects' | 'trees' | 'heads'): AsyncIterable<StoredName>;
  remove(path: Bytes): Promise<void>;
}

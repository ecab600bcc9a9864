/** What a server has to give for a path of a store: something that is read piece by piece, or why not. */
import type { Bytes } from '../../bytes/bytes.ts';

/** An open content; whoever asked for it closes it. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** What names it: the same for as long as it is the same. */
  readonly tag: string;
  /**
   * `length` bytes from `from` on, in pieces that are the reader's own.
   * @throws XhError when it turns out to be something else than its name says; what came before that is
   * not to be taken for the whole
   */
  read(from: number, length: number): AsyncIterable<Buffer> | Iterable<Buffer>;
  close(): void;
}

/** What can be served. Nothing is ever written to it. */
export interface Served {
  /** For messages: a directory, or what else it is. */
  readonly name: string;
  /**
   * The content at a path of a store (`objects/…`, `heads/…`), `absent` when there is none, `later` when
   * it is not known yet.
   * @throws XhError when it is there and cannot be read
   */
  open(path: Bytes): Promise<Content | 'absent' | 'later'>;
  close(): void;
}

/** A content that is in memory. */
export function contentInMemory(content: Buffer, tag: string): Content {
  return {
    size: content.length,
    tag,
    read: (from, length) => [content.subarray(from, from + length)],
    close: () => undefined,
  };
}

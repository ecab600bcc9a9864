/** A stream of buffers read by counts: so many bytes, then so many more. */

export interface ByteStream {
  /** How many bytes have been taken or skipped. */
  readonly position: number;
  /** The next `count` bytes; fewer only at the end. */
  take(count: number): Promise<Buffer>;
  /** Passes over `count` bytes; how many there were. */
  skip(count: number): Promise<number>;
  /** The next `count` bytes piecewise; fewer only at the end. */
  pieces(count: number): AsyncGenerator<Buffer>;
  /** Stops the source. */
  close(): Promise<void>;
}

export function createByteStream(source: AsyncIterable<Buffer>): ByteStream {
  const iterator = source[Symbol.asyncIterator]();
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);

  /** At most `count` bytes, none at the end. */
  async function next(count: number): Promise<Buffer> {
    while (rest.length === 0) {
      const result = await iterator.next();
      if (result.done === true) return rest;
      rest = result.value;
    }
    const piece = rest.subarray(0, count);
    rest = rest.subarray(piece.length);
    position += piece.length;
    return piece;
  }

  async function* pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      const piece = await next(left);
      if (piece.length === 0) return;
      left -= piece.length;
      yield piece;
    }
  }

  return {
    get position() {
      return position;
    },
    async take(count) {
      const first = await next(count);
      if (first.length === count) return first;
      const parts = [first];
      if (first.length > 0) {
        for await (const piece of pieces(count - first.length)) parts.push(piece);
      }
      return Buffer.concat(parts);
    },
    async skip(count) {
      const start = position;
      while (position - start < count) {
        if ((await next(count - (position - start))).length === 0) break;
      }
      return position - start;
    },
    pieces,
    async close() {
      await iterator.return?.();
    },
  };
}

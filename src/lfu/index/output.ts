/** Bytes and numbers on their way into an index, gathered into pieces that are worth a write. */
import type { Bytes } from '../../bytes/bytes.ts';

export interface Output {
  byte(value: number): void;
  /** A NUMBER that is none of the great ones: less than 2^53. */
  number(value: number): void;
  /** A NUMBER of 64 bits, given as its lower and upper half. */
  wide(low: number, high: number): void;
  bytes(value: Uint8Array): void;
  latin1(value: Bytes): void;
  /** With its NUL. */
  text(value: Bytes): void;
  /** An entry of the table. */
  entry(offset: number, first: number): void;
  /** How much was put out so far. */
  length(): number;
  flush(): void;
}

/** Gives what it is given to `write` in pieces of some size. */
export function createOutput(write: (piece: Uint8Array) => void): Output {
  let buffer = Buffer.allocUnsafe(PIECE);
  let at = 0;
  let written = 0;

  function flush(): void {
    if (at === 0) return;
    write(buffer.subarray(0, at));
    written += at;
    at = 0;
  }

  function reserve(length: number): void {
    if (at + length <= buffer.length) return;
    flush();
    if (length > buffer.length) buffer = Buffer.allocUnsafe(length);
  }

  function wide(lower: number, upper: number): void {
    reserve(10);
    let low = lower;
    let high = upper;
    while (high !== 0 || low >>> 0 > 0x7f) {
      buffer[at++] = (low & 0x7f) | 0x80;
      low = (low >>> 7) | (high << 25);
      high >>>= 7;
    }
    buffer[at++] = low;
  }

  function latin1(value: Bytes): void {
    reserve(value.length);
    at += buffer.write(value, at, 'latin1');
  }

  function byte(value: number): void {
    reserve(1);
    buffer[at++] = value;
  }

  return {
    byte,
    wide,
    latin1,
    flush,
    number(value) {
      wide(value | 0, Math.floor(value / 2 ** 32));
    },
    bytes(value) {
      reserve(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    text(value) {
      latin1(value);
      byte(0);
    },
    entry(offset, first) {
      reserve(8);
      at = buffer.writeUInt32LE(offset, at);
      at = buffer.writeUInt32LE(first, at);
    },
    length: () => written + at,
  };
}

const PIECE = 1 << 18;

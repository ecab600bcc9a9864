/** Bytes and numbers out of an index: never beyond an end, whatever the bytes are. */
import type { Bytes } from '../../bytes/bytes.ts';

export interface Input {
  byte(): number;
  /** A NUMBER; what goes beyond 2^53 is not exact. */
  number(): number;
  /** A NUMBER of 64 bits as two words at `at`. */
  wide(words: Int32Array, at: number): void;
  /** A DIFFERENCE, added to the first two of `words`. */
  addDifference(words: Int32Array): void;
  latin1(length: number): Bytes;
  /** Up to a NUL. */
  text(): Bytes;
}

/** What is thrown when there is less than there ought to be. */
export const DAMAGED = new Error('the index is damaged');

/** Reads `bytes` from `start` to `end`. */
export function createInput(bytes: Buffer, start: number, end: number): Input {
  let at = start;
  let low = 0;
  let high = 0;

  function byte(): number {
    if (at >= end) throw DAMAGED;
    return bytes[at++] ?? 0;
  }

  /** Into `low` and `high`. */
  function next(): void {
    low = 0;
    high = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const value = byte();
      const bits = value & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift >= 32) high |= bits << (shift - 32);
      else if (shift > 25) high |= bits >>> (32 - shift);
      if (value < 0x80) return;
    }
    throw DAMAGED;
  }

  function latin1(length: number): Bytes {
    if (length > end - at) throw DAMAGED;
    at += length;
    return bytes.toString('latin1', at - length, at) as Bytes;
  }

  return {
    byte,
    latin1,
    number() {
      next();
      return (low >>> 0) + (high >>> 0) * 2 ** 32;
    },
    wide(words, to) {
      next();
      words[to] = low;
      words[to + 1] = high;
    },
    addDifference(words) {
      next();
      const sign = -(low & 1);
      const lower = ((low >>> 1) | (high << 31)) ^ sign;
      const upper = (high >>> 1) ^ sign;
      const sum = ((words[0] ?? 0) >>> 0) + (lower >>> 0);
      words[1] = (words[1] ?? 0) + upper + (sum >= 2 ** 32 ? 1 : 0);
      words[0] = sum;
    },
    text() {
      const length = bytes.indexOf(0, at) - at;
      if (length < 0) throw DAMAGED;
      const found = latin1(length);
      at++;
      if (at > end) throw DAMAGED;
      return found;
    },
  };
}

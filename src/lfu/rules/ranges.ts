/** Which chains want a number that lies within certain bounds: size, links, times. */

export interface Ranges {
  readonly size: number;
  /** `chain` wants a number from `from` to `to`, both among them. */
  enter(from: number, to: number, chain: number): void;
  /** The chains that want `value`, in no particular order; good until the next call. */
  at(value: number): readonly number[];
}

export function createRanges(): Ranges {
  /** Without a lower bound, the highest upper one first; all others, the lowest lower one first. */
  const open: Range[] = [];
  const bounded: Range[] = [];
  const found: number[] = [];
  let isSorted = true;

  function sort(): void {
    open.sort((one, other) => other.to - one.to);
    bounded.sort((one, other) => one.from - other.from);
    isSorted = true;
  }

  return {
    get size() {
      return open.length + bounded.length;
    },
    enter(from, to, chain) {
      (from === -Infinity ? open : bounded).push({ from, to, chain });
      isSorted = false;
    },
    at(value) {
      if (!isSorted) sort();
      found.length = 0;
      for (const { to, chain } of open) {
        if (to < value) break;
        found.push(chain);
      }
      for (const { from, to, chain } of bounded) {
        if (from > value) break;
        if (to >= value) found.push(chain);
      }
      return found;
    },
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly chain: number;
}

/**
 * How fast a run goes, and whether it is to stop: the work is done without waiting, so now and then
 * it has to let signals in, and a limit on the bytes per second be kept.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';

export interface Pace {
  /** Between two objects; awaited if it asks for it. @throws Interrupted */
  breathe(): Promise<void> | undefined;
  /** So many bytes have been copied. @throws Interrupted */
  spend(bytes: number): Promise<void> | undefined;
  /** The most bytes to copy at a time. */
  readonly step: number;
}

/** Exit codes of runs that a signal has ended in order: 128 and its number. */
export const STOPPED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopSignal = keyof typeof STOPPED;

/** The run was asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: StopSignal;
  constructor(signal: StopSignal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

export interface PaceOptions {
  /** Bytes a second; no limit when undefined. */
  readonly bandwidth?: number | undefined;
  /** Asked whenever signals have been let in. */
  readonly stopped?: (() => StopSignal | undefined) | undefined;
  /** Told of bytes that have been copied. */
  readonly copied?: ((bytes: number) => void) | undefined;
}

export function createPace({ bandwidth, stopped, copied }: PaceOptions): Pace {
  const start = performance.now();
  let spent = 0;
  let last = start;

  async function pause(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= SLICE) {
      await setTimeout(Math.min(left, SLICE));
      check();
    }
    if (milliseconds <= 0) await setImmediate();
    check();
    last = performance.now();
  }

  function check(): void {
    const signal = stopped?.();
    if (signal !== undefined) throw new Interrupted(signal);
  }

  function breathe(): Promise<void> | undefined {
    return performance.now() - last < SLICE ? undefined : pause(0);
  }

  return {
    breathe,
    spend(bytes) {
      spent += bytes;
      copied?.(bytes);
      if (bandwidth === undefined) return breathe();
      const early = (spent / bandwidth) * 1000 - (performance.now() - start);
      return early > 0 ? pause(early) : breathe();
    },
    step:
      bandwidth === undefined ? STEP : Math.max(4096, Math.min(STEP, Math.floor(bandwidth / 5))),
  };
}

/** Milliseconds. */
const SLICE = 50;
/** Bytes: what even a slow disk copies in less than a second. */
const STEP = 16 << 20;

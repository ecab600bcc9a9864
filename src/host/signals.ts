/**
 * Signals that ask us to end (Ctrl-C, a shutdown, a lost terminal) while a host is being changed.
 * Applying a plan does not give way to them, so what has been begun is whole; then we end by the
 * signal, as whoever sent it expects.
 */
import { setImmediate } from 'node:timers/promises';

export interface HeldSignals {
  /** Ends the process if one has come meanwhile, and holds no more from then on. */
  letGo(): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Holds signals off while nothing else is waited for; where somebody else listens, he decides. */
export function holdSignals(): HeldSignals {
  const end = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    stop();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return {
    async letGo() {
      // one that has come is told to us only when we wait: between these two, if not before
      await setImmediate();
      await setImmediate();
      stop();
    },
  };
}

/**
 * Signals: the first asks the run to end in order, the second ends it where it is. Commands that
 * updated objects still wait for are told then, since no later run has a reason to run them.
 */
import { STOPPED, type StopSignal } from '../lfu/pace.ts';
import type { Lines } from './lines.ts';

export interface Stop {
  /** The signal that has been caught. */
  readonly signal: () => StopSignal | undefined;
  /** The commands that wait to be run, whenever they change. */
  readonly due: (commands: readonly string[]) => void;
  /** Signals are nobody's again. */
  forget(): void;
}

/** Listens from now on to Ctrl-C, to a shutdown, and to a terminal that is lost. */
export function listenForSignals(err: Lines): Stop {
  let caught: StopSignal | undefined;
  let waiting: readonly string[] = [];

  function tellWaiting(heading: string): void {
    if (waiting.length === 0) return;
    err.write(`lfu: ${heading}`);
    for (const command of waiting) err.write(`     ${command}`);
  }

  function catchSignal(signal: StopSignal): void {
    if (caught !== undefined) {
      err.write('lfu: ended at once: what was at hand is undone or done by the next run');
      tellWaiting('commands that had not been run to their end, and that no later run will run:');
      err.flush();
      process.exit(STOPPED[caught]);
    }
    caught = signal;
    if (process.stderr.isTTY) err.write('lfu: interrupted, ending in order; once more: at once');
    tellWaiting('first, the commands for what has been updated:');
  }

  const signals = Object.keys(STOPPED) as StopSignal[];
  for (const signal of signals) process.on(signal, catchSignal);
  return {
    signal: () => caught,
    due(commands) {
      waiting = commands;
    },
    forget() {
      for (const signal of signals) process.off(signal, catchSignal);
    },
  };
}

/** The line that says how far a command of `xh` has come. */
import type { ShowProgress } from '../message/progress.ts';
import type { Call } from './command.ts';
import { createProgress, isWatched } from './progress.ts';

/** What draws it; undefined where nobody looks, or wants to. */
export function progressOf({ terminal }: Pick<Call, 'terminal'>): ShowProgress | undefined {
  if (terminal.quiet || !isWatched()) return undefined;
  return createProgress(terminal.err, (line) => {
    terminal.passing(line);
  });
}

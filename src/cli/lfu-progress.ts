/** How far a run of lfu has come, for people at a terminal. */
import type { Progress as LfuProgress } from '../lfu/options.ts';
import type { Progress } from '../message/progress.ts';
import type { Lines } from './lines.ts';
import { createProgress as createLine, isWatched } from './progress.ts';
import { errorStyles, type ColorWhen } from './terminal.ts';

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly color?: ColorWhen;
}

/** What draws the line; undefined where nobody looks. */
export function createProgress(
  line: ProgressOptions,
  streams: { readonly out: Lines; readonly err: Lines },
): ((progress: LfuProgress) => void) | undefined {
  if (line.quiet || line.json || !isWatched()) return undefined;
  const show = createLine(errorStyles(line.color ?? 'auto'), (text) => {
    // lines of changes are seen as they come, above this one
    if (process.stdout.isTTY) streams.out.flush();
    streams.err.passing(text);
  });
  return (progress) => {
    show(asProgress(progress));
  };
}

/** Comparing nobody knows how many objects there are; making changes everything is known. */
export function asProgress(progress: LfuProgress): Progress {
  if (progress.phase === 'scan') {
    return { doing: 'comparing', unit: 'objects', done: progress.objects };
  }
  const { done, total, bytes, totalBytes } = progress;
  return { doing: '', unit: 'changes', done, total, bytes, totalBytes };
}

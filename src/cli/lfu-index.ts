/** What people are told of an index that stood for a master in a run. */
import { printable } from '../bytes/bytes.ts';
import type { IndexUse } from '../lfu/options.ts';
import { countText, durationText, numberText } from './figures.ts';

/** Lines for standard error: its age when asked for, and what it was wrong about. */
export function indexLines(
  { file, made, unread, doubted }: IndexUse,
  options: { readonly verbose: boolean; readonly quiet: boolean },
): readonly string[] {
  const lines: string[] = [];
  const age = durationText(Math.max(0, Date.now() / 1000 - made));
  if (options.verbose) {
    const then = new Date(made * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    const missing =
      unread === 0 ? '' : `, without ${numberText(unread)} that could not be looked at`;
    lines.push(`the index ${printable(file)} is of ${then}, ${age} ago${missing}`);
  }
  if (doubted > 0 && !options.quiet) {
    lines.push(
      `${countText(doubted, 'object')} of the master ${doubted === 1 ? 'is' : 'are'} not what the ` +
        `index of ${age} ago says: left for a run with a newer one`,
    );
  }
  return lines;
}

/** The difference of two contents for people: unified, with nothing in it that would drive a terminal. */
import { createTwoFilesPatch } from 'diff';
import { printable, toText, type Bytes } from '../bytes/bytes.ts';
import type { Styles } from './terminal.ts';

/** Bytes beyond which nobody reads a difference. */
const MOST = 1 << 18;

export interface Difference {
  readonly from: Bytes;
  readonly to: Bytes;
  /** How many lines are shown around each change; 1 unless given. */
  readonly context?: number;
}

/** The lines of the difference, indented; of what is no text, or very much of it, one that says so. */
export function differenceLines({ from, to, context = 1 }: Difference, styles: Styles): string[] {
  if (from.length + to.length > MOST || from.includes('\0') || to.includes('\0')) {
    return from === to ? [] : [`     (they differ: ${from.length} bytes, and ${to.length} bytes)`];
  }
  return unifiedDifference({ from: toText(from), to: toText(to), context })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const shown = `     ${line
        .split('\t')
        .map((part) => printable(part as Bytes))
        .join('\t')}`;
      if (line.startsWith('+')) return styles.green(shown);
      return line.startsWith('-') ? styles.red(shown) : shown;
    });
}

/** The difference of two texts in unified form, without the names of files. */
export function unifiedDifference({
  from,
  to,
  context,
}: {
  readonly from: string;
  readonly to: string;
  readonly context: number;
}): string {
  const patch = createTwoFilesPatch('', '', from, to, '', '', { context });
  return patch.split('\n').slice(4).join('\n');
}

/** The difference of two contents for people: unified, with nothing in it that would drive a terminal. */
import { createTwoFilesPatch } from 'diff';
import { printable, toText, type Bytes } from '../bytes/bytes.ts';
import type { Styles } from './terminal.ts';

/** Bytes beyond which nobody reads a difference. */
const MOST = 1 << 18;

/** The lines of the difference, indented; of what is no text, or very much of it, one that says so. */
export function differenceLines(
  { from, to }: { readonly from: Bytes; readonly to: Bytes },
  styles: Styles,
): string[] {
  if (from.length + to.length > MOST || from.includes('\0') || to.includes('\0')) {
    return from === to ? [] : [`     (they differ: ${from.length} bytes, and ${to.length} bytes)`];
  }
  const patch = createTwoFilesPatch('', '', toText(from), toText(to), '', '', { context: 1 });
  return patch
    .split('\n')
    .slice(4)
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

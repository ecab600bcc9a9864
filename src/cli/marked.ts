/** Words marked where they stand in a text for a terminal. */
import type { Style } from './terminal.ts';

/** `text` with every occurrence of one of `words`, whatever its case, in `style`. */
export function marked(text: string, words: readonly string[], style: Style): string {
  const wanted = words.filter((word) => word !== '').toSorted((a, c) => c.length - a.length);
  if (wanted.length === 0) return text;
  const any = wanted
    .map((word) => word.replace(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`))
    .join('|');
  return text.replace(new RegExp(any, 'giu'), (found) => style(found));
}

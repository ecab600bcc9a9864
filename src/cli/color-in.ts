/** What a command line says of colours before its words are read, for help and for errors among them. */
import type { ColorWhen } from './terminal.ts';

export function colorIn(words: readonly string[]): ColorWhen {
  const at = words.findIndex((word) => word === '--color' || word.startsWith('--color='));
  if (at < 0) return 'auto';
  const word = words[at] === '--color' ? words[at + 1] : words[at]?.slice('--color='.length);
  return word === 'always' || word === 'never' ? word : 'auto';
}

/** What the exit codes mean: for `xh help exit-codes`, and for every manual page. */
import type { Description, ExitMeaning } from './description.ts';

/** Of every program; `EXIT` has them by their names. */
export const EXIT_CODES: readonly ExitMeaning[] = [
  { code: 0, means: 'done' },
  { code: 1, means: 'failed: what failed is named; the rest is done, or nothing is' },
  { code: 2, means: 'usage, or an input that cannot be read (file:line:column is named)' },
  { code: 3, means: 'refused because of a conflict or a guard; nothing has been changed' },
  { code: 4, means: 'not permitted' },
  { code: 5, means: 'locked by another command' },
  { code: 130, means: 'interrupted; the next command settles what is left' },
];

/** The codes of a command of `xh`: what it says of its own, and of the others what holds everywhere. */
export function exitsOf({ exits = [] }: Pick<Description, 'exits'>): readonly ExitMeaning[] {
  return EXIT_CODES.map((each) => exits.find(({ code }) => code === each.code) ?? each);
}

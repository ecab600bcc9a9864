/** A generation's number as an argument. */
import { bytes, printable } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';

/** @throws XhError E_USAGE when it is no whole number */
export function generationArgument(word: string): number {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw new XhError(
    'E_USAGE',
    `'${printable(bytes(word))}' is no generation: expected a whole number`,
    {
      exit: EXIT.usage,
      remedy: 'xh history lists the generations',
    },
  );
}

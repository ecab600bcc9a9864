/** The bytes of a word of the command line, which Node has decoded as UTF-8 whatever it was. */
import { readFileSync } from 'node:fs';
import { bytes, fromBuffer, slice, split, toText, type Bytes } from '../bytes/bytes.ts';

/**
 * The bytes of `word`, an argument or an option's value. What was not UTF-8 is found again in what
 * the kernel keeps of the command line.
 */
export function rawArgument(word: string): Bytes {
  if (!word.includes('\ufffd')) return bytes(word);
  const raw = split(fromBuffer(readFileSync('/proc/self/cmdline')), '\0');
  const whole = raw.find((argument) => toText(argument) === word);
  if (whole !== undefined) return whole;
  // --option=value and -ovalue: what stands before the value is ASCII
  const joined = raw.find(
    (argument) => argument.startsWith('-') && toText(argument).endsWith(word),
  );
  if (joined === undefined) return bytes(word);
  return slice(joined, toText(joined).length - word.length);
}

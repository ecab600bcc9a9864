/** A path as one word of a shell command, in commands that people are told to run. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { singleQuoted } from '../message/shell.ts';

/** As it is where that is safe, else in quotes; bytes that no terminal shows as `$'…'` has them. */
export function shellWord(path: Bytes): string {
  if (/^[\w/.,:=@%+-]+$/.test(path)) return path;
  const shown = printable(path);
  if (/^[\x20-\x7e]+$/.test(path)) return singleQuoted(path);
  if (!/[\0-\x1f\x7f]/.test(path) && !shown.includes('\\')) {
    return singleQuoted(shown);
  }
  const escaped = path.replace(
    /[^\w/.,:=@%+-]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `$'${escaped}'`;
}

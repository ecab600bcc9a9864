/** Which bytes may go on with the name of a file where it stands in a text or a program. */

const NEVER = ' \t\n\r\0"\'`:;<>()[]{}|&*?$=\\#!%^';

/** A test for bytes of names, in a place where those of `without` end one, too; nothing ends one as well. */
export function pathBytes(without: string): (byte: number | undefined) => boolean {
  const ends: ReadonlySet<number> = new Set(Buffer.from(`${NEVER}${without}`));
  return (byte) => byte !== undefined && byte > 0x20 && byte !== 0x7f && !ends.has(byte);
}

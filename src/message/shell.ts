/** Text for a shell. */

/** `text` between single quotes, as every shell of the sh family reads it. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

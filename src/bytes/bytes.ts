/**
 * Byte strings: names and file contents as the system has them.
 *
 * A `Bytes` is an ordinary string in which every UTF-16 unit is one byte (0–255, latin1). It can be
 * compared, sliced, matched and used as a Map key like any string, and no byte is ever lost; text
 * for people is made from it only at the edge, by {@link printable} or {@link toText}.
 */
declare const brand: unique symbol;
export type Bytes = string & { readonly [brand]: 'bytes' };

/** The bytes of `text` in UTF-8. */
export function bytes(text: string): Bytes {
  return (isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')) as Bytes;
}

/** Template tag: literal parts as UTF-8, substituted parts are already bytes. */
export function b(literal: TemplateStringsArray, ...parts: readonly (Bytes | number)[]): Bytes {
  let result: string = bytes(literal[0] ?? '');
  for (const [i, part] of parts.entries()) result += String(part) + bytes(literal[i + 1] ?? '');
  return result as Bytes;
}

export function fromBuffer(buffer: Uint8Array): Bytes {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString(
    'latin1',
  ) as Bytes;
}

export function toBuffer(value: Bytes): Buffer {
  return Buffer.from(value, 'latin1');
}

/** Concatenation that keeps the type. */
export function concat(...parts: readonly Bytes[]): Bytes {
  return parts.join('') as Bytes;
}

export function slice(value: Bytes, start: number, end?: number): Bytes {
  return value.slice(start, end) as Bytes;
}

/** `value` cut at every `separator`, as `String.split`. */
export function split(value: Bytes, separator: string): Bytes[] {
  return value.split(separator) as Bytes[];
}

/**
 * `value` without blanks, tabs and line ends around it. `String.trim` is not for bytes: it takes
 * 0xA0, which is half of many a UTF-8 letter, for white space; so does `\s` in a pattern.
 */
export function trim(value: Bytes): Bytes {
  let start = 0;
  let end = value.length;
  while (start < end && isWhite(value.charCodeAt(start))) start++;
  while (end > start && isWhite(value.charCodeAt(end - 1))) end--;
  return slice(value, start, end);
}

function isWhite(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

/** Order of the unsigned bytes, as `LC_ALL=C sort` and `memcmp` have it. */
export function compareBytes(a: Bytes, c: Bytes): number {
  return a < c ? -1 : a > c ? 1 : 0;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that `value` is in UTF-8, or undefined when it is not UTF-8. */
export function utf8(value: Bytes): string | undefined {
  if (isAscii(value)) return value;
  try {
    return decoder.decode(toBuffer(value));
  } catch {
    return undefined;
  }
}

/** Text for matching and messages: UTF-8 where it is, U+FFFD elsewhere. Not reversible. */
export function toText(value: Bytes): string {
  return isAscii(value) ? value : toBuffer(value).toString('utf8');
}

/** Byte strings in JSON: text when they are UTF-8, `{"base64": …}` when not; {@link fromJson} reverses. */
export type JsonBytes = string | { readonly base64: string };

export function toJson(value: Bytes): JsonBytes {
  return utf8(value) ?? { base64: toBuffer(value).toString('base64') };
}

export function fromJson(value: JsonBytes): Bytes {
  return typeof value === 'string'
    ? bytes(value)
    : (Buffer.from(value.base64, 'base64').toString('latin1') as Bytes);
}

/**
 * `value` for a terminal or a log: printable UTF-8 as it is, everything else as a C escape, so that
 * a name with newlines or terminal escapes can neither break a line nor drive the terminal.
 */
export function printable(value: Bytes): string {
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(value)) return value;
  const text = utf8(value);
  if (text === undefined) {
    return value.replace(/[^\x20-\x5b\x5d-\x7e]/g, escapeUnit);
  }
  // Cc controls, Cf (bidirectional overrides among them), line and paragraph separators
  return text.replace(/[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnit);
}

function escapeUnit(unit: string): string {
  const named = ESCAPES[unit];
  if (named !== undefined) return named;
  return [...Buffer.from(unit, unit.length === 1 && unit < '\u0100' ? 'latin1' : 'utf8')]
    .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\u001b': '\\e',
};

/** Whether no byte has its high bit set: then it is the same as text. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/**
 * Names as patterns see them: a character is a UTF-8 sequence, or else a single byte that is part
 * of none. Such a byte stands as the lone surrogate U+DC80…U+DCFF, so the way back is exact, two
 * names never become one, and `.` or `?` matches it like any character.
 */
import { bytes, utf8, type Bytes } from '../../bytes/bytes.ts';

/** The characters of `value`. */
export function characters(value: Bytes): string {
  // names are matched several times over, and nearly all are ASCII
  if (!NOT_ASCII.test(value)) return value;
  if (value === lastValue) return lastCharacters;
  lastValue = value;
  lastCharacters = utf8(value) ?? value.replace(SEQUENCE, decodeSequence);
  return lastCharacters;
}

/** The bytes of `text`: {@link characters} backwards; undefined when it has other lone surrogates. */
export function bytesOf(text: string): Bytes | undefined {
  if (!SURROGATE.test(text)) return bytes(text);
  let result = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0xd800 || code > 0xdfff) result += bytes(character);
    else if (code >= 0xdc80 && code <= 0xdcff) result += String.fromCharCode(code - 0xdc00);
    else return undefined;
  }
  return result as Bytes;
}

function decodeSequence(sequence: string): string {
  if (sequence < '\x80') return sequence;
  return (
    (sequence.length > 1 ? utf8(sequence as Bytes) : undefined) ??
    String.fromCharCode(0xdc00 + sequence.charCodeAt(0))
  );
}

let lastValue = '' as Bytes;
let lastCharacters = '';

const NOT_ASCII = /[^\0-\x7f]/;
const SURROGATE = /[\ud800-\udfff]/;
/** The well-formed sequences of the Unicode standard (table 3-7), or one byte. */
const SEQUENCE = new RegExp(
  [
    '[\xc2-\xdf][\x80-\xbf]',
    '\xe0[\xa0-\xbf][\x80-\xbf]',
    '[\xe1-\xec\xee\xef][\x80-\xbf]{2}',
    '\xed[\x80-\x9f][\x80-\xbf]',
    '\xf0[\x90-\xbf][\x80-\xbf]{2}',
    '[\xf1-\xf3][\x80-\xbf]{3}',
    '\xf4[\x80-\x8f][\x80-\xbf]{2}',
    '[^]',
  ].join('|'),
  'g',
);

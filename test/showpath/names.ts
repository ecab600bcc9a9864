/** Names of directories as nobody would give them: what shells make something of, and any bytes. */
import * as fc from 'fast-check';
import { fromBuffer, type Bytes } from '../../src/bytes/bytes.ts';

const SPECIAL = '!!\'"`$\\*?[]{}()<>|;&#~^=%,+-@ \t\r'.split('');
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SPECIAL) },
  { weight: 1, arbitrary: fc.constantFrom('é', '日', 'ß', '\u00a0').map(utf8Bytes) },
  { weight: 1, arbitrary: fc.constantFrom(...'abn01$(x)`x`${HOME}$HOME!!:0'.split('')) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  },
);

/** One component of a path, without what cannot stand on a path: colons and newlines. */
export const fileName = fc
  .array(character, { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join('').replaceAll(/[/:\n\0]/g, '_') as Bytes)
  .filter((text) => text !== '.' && text !== '..');

function utf8Bytes(text: string): Bytes {
  return fromBuffer(Buffer.from(text, 'utf8'));
}

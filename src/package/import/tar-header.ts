/**
 * One 512-byte header block of a tar archive: ustar, GNU and the form of Version 7.
 * Source: POSIX.1-2017 pax (ustar Interchange Format), tar(5) of libarchive, the GNU tar manual.
 */
import { fromBuffer, type Bytes } from '../../bytes/bytes.ts';

export const BLOCK = 512;

export interface TarHeader {
  /** The type flag, `0` for a plain file in every form. */
  readonly flag: string;
  readonly name: Bytes;
  readonly linkName: Bytes;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly user: Bytes;
  readonly group: Bytes;
}

/** The header in `block`; `'zero'` for the block that ends an archive; otherwise what is wrong. */
export function parseTarHeader(block: Buffer): TarHeader | 'zero' | { readonly fault: string } {
  const sums = checksums(block);
  if (sums.unsigned === 8 * 0x20 && block.every((byte) => byte === 0)) return 'zero';
  const stored = numberField(block, 148, 8);
  // some old programs added signed characters
  if (stored === undefined || (stored !== sums.unsigned && stored !== sums.signed)) {
    return { fault: 'the checksum of a header is wrong' };
  }
  const numbers = {
    mode: numberField(block, 100, 8),
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    size: numberField(block, 124, 12),
    mtime: numberField(block, 136, 12),
  };
  for (const [what, value] of Object.entries(numbers)) {
    if (value === undefined || (value < 0 && what !== 'mtime')) {
      return { fault: `the ${what} of a member is no number` };
    }
  }
  const magic = fromBuffer(block.subarray(257, 265));
  const posix = magic.startsWith('ustar\0');
  const known = posix || magic.startsWith('ustar  \0');
  const name = textField(block, 0, 100);
  // star ends the prefix earlier and says so at the end of the block
  const star = posix && fromBuffer(block.subarray(508, 512)) === 'tar\0';
  const prefix = posix ? textField(block, 345, star ? 131 : 155) : ('' as Bytes);
  const flag = String.fromCharCode(block[156] ?? 0);
  return {
    flag: flag === '\0' || flag === '7' ? '0' : flag,
    name: prefix === '' ? name : (`${prefix}/${name}` as Bytes),
    linkName: textField(block, 157, 100),
    mode: (numbers.mode ?? 0) & 0o7777,
    uid: numbers.uid ?? 0,
    gid: numbers.gid ?? 0,
    size: numbers.size ?? 0,
    mtime: numbers.mtime ?? 0,
    user: known ? textField(block, 265, 32) : ('' as Bytes),
    group: known ? textField(block, 297, 32) : ('' as Bytes),
  };
}

/** Sum of all bytes, those of the sum itself taken as blanks. */
function checksums(block: Buffer): { readonly unsigned: number; readonly signed: number } {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return { unsigned, signed };
}

function textField(block: Buffer, start: number, length: number): Bytes {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return fromBuffer(end < 0 ? field : field.subarray(0, end));
}

/**
 * Octal digits between blanks or NULs, or, with the first bit set, two's complement in base 256.
 * Undefined for anything else and for what does not fit a JavaScript integer.
 */
function numberField(block: Buffer, start: number, length: number): number | undefined {
  const field = block.subarray(start, start + length);
  const first = field[0] ?? 0;
  if ((first & 0x80) === 0) {
    const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
  }
  let value = BigInt(first & 0x7f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  if ((first & 0x40) !== 0) value -= 1n << BigInt(8 * length - 1);
  return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

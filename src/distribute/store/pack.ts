/**
 * Packs: small files of a package one after the other in one object, so that a host that wants many of
 * them asks once, by ranges. Which files they are stands in another object, the index: lines of a hash
 * and a length, in the order of the pack. Nothing in it is trusted: each file is known by its own hash.
 */
import { split, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { isHash, type Hash } from './hash.ts';

/** Files of at most this many bytes are packed. */
export const PACKED = 64 << 10;
/** A pack is closed when it has this many bytes. */
export const PACK_SIZE = 4 << 20;

export interface Packed {
  readonly object: Hash;
  /** Where it begins in the pack, and its bytes. */
  readonly offset: number;
  readonly length: number;
}

const HEADER = 'xhier-pack 1';

/** The index of a pack that has these in this order. */
export function packIndexText(files: Iterable<Pick<Packed, 'object' | 'length'>>): Bytes {
  const lines = [...files].map(({ object, length }) => `${object} ${length}`);
  return [HEADER, ...lines, ''].join('\n') as Bytes;
}

/** @throws XhError E_STORE_PACK */
export function parsePackIndex(text: Bytes): readonly Packed[] {
  const lines = split(text, '\n');
  if (lines[0] !== HEADER || lines.at(-1) !== '')
    throw damaged('it is cut off, or of another version');
  let offset = 0;
  return lines.slice(1, -1).map((line, i) => {
    const [, object = '', digits = ''] = /^([0-9a-f]{64}) ([1-9]\d{0,8})$/.exec(line) ?? [];
    if (!isHash(object)) throw damaged(`line ${i + 2} is no hash and length`);
    const found = { object, offset, length: Number(digits) };
    offset += found.length;
    return found;
  });
}

function damaged(what: string): XhError {
  return new XhError('E_STORE_PACK', `the index of a pack cannot be used: ${what}`, {
    remedy: 'xh store verify finds what is damaged; publish the package again',
  });
}

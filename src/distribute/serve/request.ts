/**
 * What a client may ask for: the paths that a store has, and nothing else, so that no request names a
 * file of ours; and at most one range of what is there.
 */
import { fromBuffer, slice, split, type Bytes } from '../../bytes/bytes.ts';
import { packageNameProblem } from '../../package/name.ts';
import { isHash } from '../store/hash.ts';
import { CATALOGUE_PATH, TRUST_PATH } from '../store/paths.ts';
import type { Range } from '../store/store.ts';

/** The path of a store that an address asks for, as `/trees/ab/abc…?x`; undefined when no store has such a one. */
export function pathAskedFor(address: string): Bytes | undefined {
  const [encoded = ''] = address.split(/[?#]/, 1);
  const path = decoded(encoded);
  if (path?.startsWith('/') !== true) return undefined;
  const below = slice(path, 1);
  if (below === TRUST_PATH || below === CATALOGUE_PATH) return below;
  const [top, second = '' as Bytes, third, ...more] = split(below, '/');
  if (more.length > 0) return undefined;
  switch (top as string) {
    case 'objects':
    case 'trees':
      return third !== undefined && isHash(third) && third.startsWith(second) && second.length === 2
        ? below
        : undefined;
    case 'heads':
      return third === undefined ? named(below, second, '.json') : past(below, second, third);
    default:
      return undefined;
  }
}

/** Whether what stands there is named by its hash, and so never changes. */
export function isNamedByHash(path: Bytes): boolean {
  return path.startsWith('objects/') || path.startsWith('trees/');
}

/**
 * The part that a Range field asks for (RFC 9110, 14.2) of `size` bytes. Undefined means all: where it
 * asks for nothing, for several parts, or in another unit, which a server may answer so.
 */
export function rangeAskedFor(
  field: string | undefined,
  size: number,
): Range | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(field ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { from: size - length, length };
  }
  const from = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < from) return undefined;
  return from >= size ? 'unsatisfiable' : { from, length: end - from };
}

function named(path: Bytes, file: Bytes, suffix: string): Bytes | undefined {
  if (!file.endsWith(suffix)) return undefined;
  return isPackage(slice(file, 0, -suffix.length)) ? path : undefined;
}

function past(path: Bytes, directory: Bytes, file: Bytes): Bytes | undefined {
  return /^[1-9]\d{0,15}\.json$/.test(file) ? named(path, directory, '.past') : undefined;
}

function isPackage(name: Bytes): boolean {
  return packageNameProblem(name) === undefined;
}

/** Bytes may stand as `%XX`. */
function decoded(encoded: string): Bytes | undefined {
  if (encoded.length > LONGEST || !/^(?:[!-$&-~]|%[0-9A-Fa-f]{2})*$/.test(encoded))
    return undefined;
  const text = encoded.replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return fromBuffer(Buffer.from(text, 'latin1'));
}

const LONGEST = 4096;

/** Listings of a master out of an index; contents of files, which it does not have, as they are now. */
import { isCarried } from '../../files/attributes.ts';
import { typeIn, type Listing } from '../../files/listing.ts';
import type { Place } from '../../files/tree.ts';
import type { Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import type { Scanner } from '../scan/scanner.ts';
import { ROOT } from './format.ts';
import { firstWithin, readListingOf, type Index } from './read.ts';

export interface IndexScanOptions {
  /** What the root is on by now. */
  readonly device: bigint;
  readonly privileged: boolean;
  /** Of the master as it is now. */
  readonly openFile: Scanner['openFile'];
}

export function indexScanner(index: Index, options: IndexScanOptions): Scanner {
  const { device, privileged, openFile } = options;
  const isWanted = (name: Bytes): boolean => isCarried(name, privileged);
  /** The directories in a directory, by its number. */
  const known = new Map<number, ReadonlyMap<Bytes, number>>();
  const numbers = new WeakMap<Place, number>();

  function list(number: number, { path }: Place): Listing {
    const listing = readListingOf(index, number, { path, device, isWanted });
    if (known.size >= KEPT) for (const oldest of known.keys()) if (known.delete(oldest)) break;
    known.set(number, numbersIn(index, number, listing));
    return listing;
  }

  function numberOf(place: Place): number {
    const below: Place[] = [];
    let at = place;
    for (; at.parent !== undefined && !numbers.has(at); at = at.parent) below.push(at);
    let number = numbers.get(at) ?? ROOT;
    for (let next = below.pop(); next !== undefined; next = below.pop()) {
      if (!known.has(number)) list(number, next.parent ?? next);
      number = known.get(number)?.get(next.name) ?? absent(next);
      numbers.set(next, number);
    }
    return number;
  }

  return { list: (place) => list(numberOf(place), place), openFile };
}

function absent({ path }: Place): never {
  throw new XhError('E_LFU_INDEX_PART', 'the index has no such directory', {
    place: { file: path },
    remedy: 'make it anew: lfu scan',
  });
}

function numbersIn(index: Index, number: number, listing: Listing): ReadonlyMap<Bytes, number> {
  const numbers = new Map<Bytes, number>();
  // behind it, so that every way down has an end
  let next = Math.max(firstWithin(index, number), number + 1);
  for (const [at, name] of listing.names.entries()) {
    if (typeIn(listing, at) === 'd') numbers.set(name, next++);
  }
  return numbers;
}

/** Directories whose directories are remembered. */
const KEPT = 256;

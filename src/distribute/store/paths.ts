/** Where everything stands in a store. */
import { b, slice, type Bytes } from '../../bytes/bytes.ts';
import type { Hash } from './hash.ts';

/** Whom to believe. */
export const TRUST_PATH = 'trust.json' as Bytes;
/** The names of the packages. */
export const CATALOGUE_PATH = 'packages.json' as Bytes;

/** Data, packs and their indexes. */
export function objectPath(hash: Hash): Bytes {
  return b`objects/${slice(hash, 0, 2)}/${hash}`;
}

/** Listings. */
export function treePath(hash: Hash): Bytes {
  return b`trees/${slice(hash, 0, 2)}/${hash}`;
}

/** What the package in this directory is now. */
export function headPath(directory: Bytes): Bytes {
  return b`heads/${directory}.json`;
}

/** Where a head goes when the next one comes. */
export function pastHeadPath(directory: Bytes, revision: number): Bytes {
  return b`heads/${directory}.past/${revision}.json`;
}

/** Whether a path of a head is that of a past one. */
export function isPastHead(path: Bytes): boolean {
  return /^heads\/[^/]+\.past\//.test(path);
}

/** Where a record of trust is kept when the next one comes. */
export function trustPath(version: number): Bytes {
  return b`trust/${version}.json`;
}

/** Whether something at this path is replaced, and not only added. */
export function isRecord(path: Bytes): boolean {
  return (
    path === TRUST_PATH ||
    path === CATALOGUE_PATH ||
    path.startsWith('heads/') ||
    path.startsWith('trust/')
  );
}

/**
 * What this host knows of what it has pulled: for each package the revision and what its trees were when
 * they were put into place, the head as it was signed, and the last record of trust that was believed.
 * Whoever feeds others from here (`xh serve --store`) hands out the same.
 */
import { b, bytes, compareBytes, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { readAt } from '../files/content.ts';
import { listDir, openDirAt, withDir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { damagedRecord, readRecord, toJsonText } from '../host/json.ts';
import { isHash, type Hash } from '../distribute/store/hash.ts';

/** One record a package, and those of the whole host, which begin with a dot. */
export const PULLED = b`/.software/local/.admin/pulled`;

/** The last record of trust that was believed, as it was signed. */
export const TRUST_FILE = b`${PULLED}/.trust.json`;

export interface PulledTree {
  /** In the head: `TYPE`, or `TYPE/ARCHITECTURE`. */
  readonly name: Bytes;
  /** The root of the tree in the store. */
  readonly tree: Hash;
  /** The root of what it was here: accounts, and rules, may make it another. */
  readonly here: Hash;
  /** What the rules were: the hash of their text. */
  readonly rules?: string;
}

export interface Pulled {
  readonly package: Bytes;
  readonly version?: Bytes;
  readonly revision: number;
  /** ISO 8601. */
  readonly time: string;
  /** The store that it came from, for people. */
  readonly store: string;
  readonly trees: readonly PulledTree[];
  /** As it was signed. */
  readonly head: string;
  /** The texts of the indexes of its packs. */
  readonly packs: readonly string[];
  /** It has come, or has changed, and is to be installed, which has not been done yet, or was not possible. */
  readonly waits?: boolean;
}

export function pulledPath(directory: Bytes): Bytes {
  return b`${PULLED}/${directory}.json`;
}

/** Where it is kept what the trees of a package were by the word of the file system. */
export function knownTreesPath(directory: Bytes): Bytes {
  return b`${PULLED}/.trees/${directory}`;
}

/** Where what is known of the files of a package is kept. */
export function knownFilesPath(directory: Bytes): Bytes {
  return b`${PULLED}/.files/${directory}`;
}

export function pulledText(pulled: Pulled): Bytes {
  return bytes(`${toJsonText({ format: 1, ...pulled }, 1)}\n`);
}

/** @throws XhError E_RECORD, E_RECORD_FORMAT */
export function pulledPackage(walker: Walker, directory: Bytes): Pulled | undefined {
  const path = pulledPath(directory);
  const content = contentOf(walker, path);
  if (content === undefined) return undefined;
  const record = readRecord(path, content);
  if (!isPulled(record) || record.package !== directory) throw damagedRecord(path);
  return record;
}

/** The packages that have been pulled, in the order of their names. */
export function pulledPackages(walker: Walker): readonly Bytes[] {
  const place = walker.tryLocate(PULLED, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  return withDir(openDirAt(place.dir, place.name), listDir)
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => slice(name, 0, -'.json'.length))
    .toSorted(compareBytes);
}

/** The last record of trust that was believed. */
export function trustSeen(walker: Walker): string | undefined {
  const content = contentOf(walker, TRUST_FILE);
  return content === undefined ? undefined : toText(content);
}

function contentOf(walker: Walker, path: Bytes): Bytes | undefined {
  const place = walker.tryLocate(path, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return undefined;
  return readAt(place.dir, place.name);
}

function isPulled(value: unknown): value is Pulled {
  if (typeof value !== 'object' || value === null) return false;
  const { package: directory, revision, time, store, trees, head, packs } = value as Pulled;
  return (
    typeof directory === 'string' &&
    Number.isSafeInteger(revision) &&
    typeof time === 'string' &&
    typeof store === 'string' &&
    typeof head === 'string' &&
    Array.isArray(packs) &&
    Array.isArray(trees) &&
    trees.every(
      (tree: Partial<PulledTree>) =>
        typeof tree.name === 'string' && isHash(tree.tree ?? '') && isHash(tree.here ?? ''),
    )
  );
}

/**
 * What this host knows of what it has distributed, a record a package: which revision its trees are, and
 * which hosts still lack it, since when, and why.
 */
import { b, bytes, compareBytes, slice, type Bytes } from '../../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../../files/content.ts';
import { listDir, openDirAt, withDir } from '../../files/dir.ts';
import { statAt } from '../../files/stat.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { damagedRecord, readRecord, toJsonText } from '../../host/json.ts';
import { isHash, type Hash } from '../../distribute/store/hash.ts';
import type { Reason } from '../../distribute/ssh/protocol.ts';

/** One record a package. */
export const DISTRIBUTED = b`/.software/local/.admin/distribute`;

/** A host that lacks a revision. */
export interface Outstanding extends Reason {
  readonly host: string;
  /** When it was first to get it, and when that was tried last: ISO 8601. */
  readonly since: string;
  readonly tried: string;
}

export interface Distributed {
  readonly package: Bytes;
  /** Of the trees below: from 1, one more each time that they are others. */
  readonly revision: number;
  /** When they were first seen: ISO 8601. */
  readonly time: string;
  readonly trees: readonly { readonly name: Bytes; readonly root: Hash }[];
  /** In the order of their names. */
  readonly outstanding: readonly Outstanding[];
}

export function distributedPath(directory: Bytes): Bytes {
  return b`${DISTRIBUTED}/${directory}.json`;
}

/** Where what is known of the files of a package is kept. */
export function knownFilesPath(directory: Bytes): Bytes {
  return b`${DISTRIBUTED}/.files/${directory}`;
}

/** @throws XhError E_RECORD, E_RECORD_FORMAT */
export function distributedPackage(walker: Walker, directory: Bytes): Distributed | undefined {
  const path = distributedPath(directory);
  const place = walker.tryLocate(path, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return undefined;
  const record = readRecord(path, readAt(place.dir, place.name));
  if (!isDistributed(record) || record.package !== directory) throw damagedRecord(path);
  return record;
}

/** All records, in the order of the packages' names. @throws XhError E_RECORD, E_RECORD_FORMAT */
export function distributedPackages(walker: Walker): readonly Distributed[] {
  const place = walker.tryLocate(DISTRIBUTED, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  return withDir(openDirAt(place.dir, place.name), listDir)
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .toSorted(compareBytes)
    .flatMap((name) => distributedPackage(walker, slice(name, 0, -'.json'.length)) ?? []);
}

/** @throws FileError */
export function writeDistributed(walker: Walker, record: Distributed): void {
  makeDirs(walker, DISTRIBUTED);
  const { dir, name } = walker.locate(distributedPath(record.package), { follow: true });
  writeFileDurably(dir, name, bytes(`${toJsonText({ format: 1, ...record }, 1)}\n`), 0o644);
}

function isDistributed(value: unknown): value is Distributed {
  const { package: directory, revision, time, trees, outstanding } = value as Partial<Distributed>;
  return (
    typeof directory === 'string' &&
    Number.isSafeInteger(revision) &&
    typeof time === 'string' &&
    Array.isArray(trees) &&
    trees.every(
      (tree: { name?: unknown; root?: unknown }) =>
        typeof tree.name === 'string' && typeof tree.root === 'string' && isHash(tree.root),
    ) &&
    Array.isArray(outstanding) &&
    outstanding.every(
      (each: Partial<Outstanding>) =>
        typeof each.host === 'string' &&
        typeof each.since === 'string' &&
        typeof each.tried === 'string' &&
        typeof each.code === 'string' &&
        typeof each.message === 'string',
    )
  );
}

/**
 * The data that a plan needs of a store, fetched beside the slave before anything of it is touched: each
 * object once, verified, under its hash. What an interrupted run has fetched, the next one finds.
 */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { b, bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { piecesOf, setSize, sha256At, writeAll } from '../../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../../files/dir.ts';
import { errnoOf } from '../../files/error.ts';
import { tryLockDir } from '../../files/lock.ts';
import {
  createAt,
  makeDirAt,
  openFileAt,
  removeTreeAt,
  renameAt,
  unlinkIfPresent,
} from '../../files/names.ts';
import { statAt, statOf } from '../../files/stat.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { fetchObjects, type LargeObject } from '../../distribute/pull/fetch.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import type { StoreReader } from '../../distribute/store/store.ts';
import { dataLength } from '../../distribute/store/tree.ts';
import type { Pace } from '../pace.ts';
import type { OpenSource } from '../apply/context.ts';
import type { LfuChange, Source } from '../plan/change.ts';
import { lockedError } from '../locked.ts';
import type { SlaveRoot } from '../roots.ts';
import type { FileEntry, StoreTree } from './master.ts';

export interface Staging {
  /** A file that is to be copied, with its holes. @throws FileError */
  open(from: Source): OpenSource;
  /** Nothing of it is needed any more. */
  remove(): void;
  /** Leaves it for the next run. */
  close(): void;
}

export interface StagingOptions {
  readonly pace: Pace;
  /** Requests at the same time. */
  readonly jobs?: number | undefined;
}

/**
 * Fetches what the files need that `changes` copy.
 * @throws XhError E_STORE_*; FileError when there is no room, say; Interrupted. What was fetched stays.
 */
export async function stageFiles(
  tree: StoreTree,
  slave: SlaveRoot,
  changes: readonly LfuChange[],
  { pace, jobs }: StagingOptions,
): Promise<Staging> {
  const wanted = new Map<Hash, number>();
  for (const change of changes) {
    if (change.kind !== 'copy') continue;
    const entry = tree.file(change.from.place, change.from.name);
    if (entry.object !== undefined) wanted.set(entry.object, dataLength(entry));
  }
  const name = stagingName(slave);
  const dir = openStaging(slave, name);
  const staging = createStaging(tree, { dir, parent: slave.parent, name });
  try {
    for (const found of listDir(dir)) {
      const [object, length] = [found as Hash, wanted.get(found as Hash)];
      if (
        length !== undefined &&
        statAt(dir, found)?.size === length &&
        sha256At(dir, found) === object
      ) {
        wanted.delete(object);
      } else if (!wanted.has(slice(found) as Hash)) removeTreeAt(dir, found);
    }
    const { store, packs } = tree.master;
    await fetchObjects(paced(store, pace), wanted, packs, {
      ...(jobs !== undefined && { jobs }),
      arrived(object, content) {
        put(dir, object, content);
      },
      large: (object) => largeObject(dir, object, wanted.get(object) ?? 0),
    });
    return staging;
  } catch (error) {
    staging.close();
    throw error;
  }
}

/** What an earlier run has left beside the slave, when nothing is to be fetched now. */
export function dropStaging(slave: SlaveRoot): void {
  if (statAt(slave.parent, stagingName(slave)) !== undefined) {
    removeTreeAt(slave.parent, stagingName(slave));
  }
}

function stagingName({ name }: SlaveRoot): Bytes {
  return b`.xhier-lfu-${basename(name)}`;
}

function openStaging(slave: SlaveRoot, name: Bytes): Dir {
  try {
    if (statAt(slave.parent, name)?.type !== 'd') {
      unlinkIfPresent(slave.parent, name);
      makeDirAt(slave.parent, name, 0o700);
    }
  } catch (error) {
    if (!(error instanceof XhError) || !CLOSED.has(errnoOf(error) ?? '')) throw error;
    throw new XhError('E_LFU_STAGING', `there is no place for what is fetched: ${error.message}`, {
      exit: EXIT.refused,
      place: { file: slave.parent.path },
      remedy: `it is kept beside the slave until all is there: make ${printable(slave.path)} a directory in one that you may write to`,
      cause: error,
    });
  }
  const dir = openDirAt(slave.parent, name);
  if (tryLockDir(dir)) return dir;
  closeDir(dir);
  throw lockedError(slave.dir ?? slave.parent, slave.name);
}

const CLOSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

interface Where {
  readonly dir: Dir;
  readonly parent: Dir;
  readonly name: Bytes;
}

function createStaging(tree: StoreTree, { dir, parent, name }: Where): Staging {
  let isOpen = true;
  function close(): void {
    if (isOpen) closeDir(dir);
    isOpen = false;
  }
  return {
    open(from) {
      const entry = tree.file(from.place, from.name);
      const file = fileFor(dir, entry);
      const fd = openFileAt(dir, file, { quiet: true });
      const path = b`${dir.path}/${file}`;
      return { fd, path, device: statOf(fd, path).device, stat: from.stat, isFixed: true };
    },
    remove() {
      close();
      removeTreeAt(parent, name);
    },
    close,
  };
}

/** The staged file that has the contents of `entry`; one with holes is made of its data when it is wanted. */
function fileFor(dir: Dir, entry: FileEntry): Bytes {
  const { object, data, size } = entry;
  if (object !== undefined && data === undefined) return object;
  const layout = createHash('sha256')
    .update(JSON.stringify([object, data, size]))
    .digest('hex');
  const name = bytes(`holes-${layout}`);
  if (statAt(dir, name) !== undefined) return name;
  const beside = b`.new-${name}`;
  unlinkIfPresent(dir, beside);
  const path = b`${dir.path}/${beside}`;
  const to = createAt(dir, beside, 0o600);
  try {
    if (object !== undefined) {
      const from = openFileAt(dir, object);
      try {
        let at = 0;
        for (const [offset, length] of data ?? []) {
          let end = offset;
          for (const piece of piecesOf(from, b`${dir.path}/${object}`, at, length)) {
            writeAll(to, path, piece, end);
            end += piece.length;
          }
          at += length;
        }
      } finally {
        closeSync(from);
      }
    }
    setSize(to, path, size);
  } finally {
    closeSync(to);
  }
  renameAt(dir, beside, dir, name);
  return name;
}

function put(dir: Dir, object: Hash, content: Uint8Array): void {
  const beside = b`.new-${object}`;
  unlinkIfPresent(dir, beside);
  const fd = createAt(dir, beside, 0o600);
  try {
    writeAll(fd, b`${dir.path}/${beside}`, content, 0);
  } finally {
    closeSync(fd);
  }
  renameAt(dir, beside, dir, object);
}

/** What has come of it stands as `.part-HASH`, and is gone on from. */
function largeObject(dir: Dir, object: Hash, length: number): LargeObject {
  const name = b`${PART}${object}`;
  const there = statAt(dir, name);
  if (there?.type !== 'f' || there.size >= length) {
    removeTreeAt(dir, name);
    closeSync(createAt(dir, name, 0o600));
  }
  const begun = statAt(dir, name)?.size ?? 0;
  let end = begun;
  return {
    begun,
    write(piece) {
      const fd = openFileAt(dir, name, { write: true });
      try {
        writeAll(fd, b`${dir.path}/${name}`, piece, end);
        end += piece.length;
      } finally {
        closeSync(fd);
      }
    },
    finish() {
      if (sha256At(dir, name) !== object) {
        removeTreeAt(dir, name);
        return false;
      }
      renameAt(dir, name, dir, object);
      return true;
    },
  };
}

const PART = b`.part-`;

/** The object that a name in the staging directory is, or is a part of. */
function slice(name: Bytes): Bytes {
  return name.startsWith(PART) ? (name.slice(PART.length) as Bytes) : name;
}

/** A reader that keeps to the pace, and ends when the run is to. */
function paced(store: StoreReader, pace: Pace): StoreReader {
  return {
    name: store.name,
    async read(path, reading) {
      await pace.breathe();
      const content = await store.read(path, reading);
      await pace.spend(content?.length ?? 0);
      return content;
    },
    close() {
      store.close();
    },
  };
}

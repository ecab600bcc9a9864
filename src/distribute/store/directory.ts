/** A store in a directory, which any web server can serve as it is. */
import { closeSync, readSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { b, bytes, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import { readAt, writeAll, writeFileDurably } from '../../files/content.ts';
import { closeDir, listDir, openDirAt, syncAll, type Dir } from '../../files/dir.ts';
import { about, errnoOf } from '../../files/error.ts';
import { tryLockDir } from '../../files/lock.ts';
import { createAt, openFileAt, renameAt, setTimesAt, unlinkIfPresent } from '../../files/names.ts';
import { statAt, type ObjectStat } from '../../files/stat.ts';
import { createWalker, makeDirs, type Located } from '../../files/walk.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Range, Store, StoredName } from './store.ts';

/**
 * The store in the directory `path` (absolute), which is there.
 * @throws FileError when it cannot be opened
 */
export function openDirectoryStore(path: Bytes): Store {
  const walker = createWalker(path);

  /** The place of a path, its directory made. */
  function placeFor(below: Bytes): Located {
    makeDirs(walker, b`/${dirname(below)}`);
    return walker.locate(b`/${below}`);
  }

  function place(below: Bytes): Located | undefined {
    const found = walker.tryLocate(b`/${below}`);
    return found !== undefined && statAt(found.dir, found.name)?.type === 'f' ? found : undefined;
  }

  function content(below: Bytes): Bytes | undefined {
    const found = place(below);
    return found === undefined ? undefined : readAt(found.dir, found.name);
  }

  return {
    name: printable(path),
    read(below, { range } = {}) {
      return attempt(() => {
        const found = place(below);
        if (found === undefined) return undefined;
        return range === undefined
          ? toBuffer(readAt(found.dir, found.name))
          : readRange(found, range);
      });
    },
    has: (below) => attempt(() => place(below) !== undefined),
    written: (below) =>
      attempt(() => {
        const found = place(below);
        const stat = found === undefined ? undefined : statAt(found.dir, found.name);
        return stat === undefined ? undefined : writtenOf(stat);
      }),
    async add(below, pieces) {
      const there = place(below);
      if (there !== undefined) {
        touch(there);
        return false;
      }
      const { dir, name } = placeFor(below);
      const beside = b`${HALF}${bytes(randomBytes(8).toString('hex'))}`;
      // a handle of our own: the walker's may be closed while we wait for the next piece
      const inside = { ...openDirAt(dir, b`.`), path: dir.path };
      try {
        await writeNew(inside, beside, pieces());
        renameAt(inside, beside, inside, name);
      } catch (error) {
        unlinkIfPresent(inside, beside);
        throw error;
      } finally {
        closeDir(inside);
      }
      return true;
    },
    settle() {
      return attempt(() => {
        syncAll(walker.root);
      });
    },
    async replace(below, next, before) {
      makeDirs(walker, b`/${dirname(below)}`);
      const { dir, name } = walker.locate(b`/${below}`);
      return alone(walker.root, () => {
        const now = content(below);
        if (now !== (before === undefined ? undefined : latin1(before))) return false;
        writeFileDurably(dir, name, next, 0o644);
        return true;
      });
    },
    list(top) {
      const names = namesIn(walker.tryLocate(b`/${bytes(top)}`), bytes(top));
      return Readable.from(names);
    },
    remove(below) {
      return attempt(() => {
        const found = walker.tryLocate(b`/${below}`);
        if (found !== undefined) unlinkIfPresent(found.dir, found.name);
      });
    },
    close() {
      walker.close();
    },
  };
}

/** How what is not whole yet is called; no hash begins like this. */
const HALF = b`.new-`;

function* namesIn(place: Located | undefined, path: Bytes): Generator<StoredName> {
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return;
  const dir = openDirAt(place.dir, place.name);
  try {
    for (const name of listDir(dir).toSorted()) {
      const stat = statAt(dir, name);
      const below = b`${path}/${name}`;
      if (stat?.type === 'd') yield* namesIn({ dir, name, path: below }, below);
      else if (stat !== undefined) {
        yield { path: below, size: stat.size, written: writtenOf(stat) };
      }
    }
  } finally {
    closeDir(dir);
  }
}

async function writeNew(
  dir: Dir,
  name: Bytes,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const fd = createAt(dir, name, 0o644);
  const path = b`${dir.path}/${name}`;
  try {
    let end = 0;
    for await (const piece of pieces) {
      writeAll(fd, path, piece, end);
      end += piece.length;
    }
  } finally {
    closeSync(fd);
  }
}

function writtenOf({ ctime }: ObjectStat): number {
  return ctime.seconds * 1000 + ctime.nanoseconds / 1e6;
}

/** Makes it count as written now; of another publisher's we may not, and need not: it is his to keep. */
function touch({ dir, name }: Located): void {
  const now = Date.now();
  const mtime = { seconds: Math.floor(now / 1000), nanoseconds: (now % 1000) * 1e6 };
  try {
    setTimesAt(dir, name, { mtime });
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
  }
}

/** Less than was asked for when the file ends before. */
function readRange({ dir, name }: Located, { from, length }: Range): Buffer {
  const fd = openFileAt(dir, name);
  try {
    const buffer = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const at = done;
      const got = about(b`${dir.path}/${name}`, () =>
        readSync(fd, buffer, at, length - at, from + at),
      );
      if (got === 0) break;
      done += got;
    }
    return buffer.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}

/** Runs `work` while nobody else replaces a record, which takes a moment only. */
async function alone<T>(root: Dir, work: () => T): Promise<T> {
  // a handle of its own: a lock belongs to the handle
  const dir = openDirAt(root, b`.`);
  try {
    for (let waited = 0; !tryLockDir(dir); waited += RETRY) {
      if (waited >= PATIENCE) {
        throw new XhError('E_LOCKED', `${printable(root.path)} is locked by another publisher`, {
          exit: EXIT.locked,
          remedy: 'try again when it is done',
        });
      }
      await setTimeout(RETRY);
    }
    return work();
  } finally {
    closeDir(dir);
  }
}

/** Milliseconds. */
const RETRY = 20;
const PATIENCE = 30_000;

/** What happens at once, as a promise: errors come by it, too. */
function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function latin1(content: Uint8Array): Bytes {
  return Buffer.from(content).toString('latin1') as Bytes;
}

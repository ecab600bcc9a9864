/**
 * Serving what a host holds, as a store: records as they came, listings made of the trees as they are,
 * contents from the packages' own files. Whatever is sent is verified before, or a piece of what was: a
 * file that changes meanwhile ends the answer before its announced end, so that nobody takes it for whole.
 */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { printable, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { piecesOf } from '../../files/content.ts';
import { openFileAt } from '../../files/names.ts';
import { statOf, type ObjectStat } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import { partOf, type HeldStore } from '../held-store.ts';
import type { Source } from '../publish/scan.ts';
import { hashOf, isHash, type Hash } from '../store/hash.ts';
import { objectPath } from '../store/paths.ts';
import { contentInMemory, type Content, type Served } from './content.ts';
import { isNamedByHash } from './request.ts';

export interface DepotOptions {
  readonly walker: Walker;
  readonly store: HeldStore;
  /** A record (heads, trust, names of packages) as it is now; undefined when there is none. */
  readonly record: (path: Bytes) => Buffer | undefined;
  /** How long a pack is that can be made of the files here. */
  readonly packSize: (pack: Hash) => number | undefined;
  /** A listing that has been kept, since nothing here would make it. */
  readonly listing: (tree: Hash) => Bytes | undefined;
  /** Told that an object, or a pack, is not what it was when its package was looked at. */
  readonly broken: (object: Hash) => void;
  /** While packages are being looked at, when that is done: only then what is not known is not there. */
  readonly looking: () => Promise<void> | undefined;
}

/** What the host `name` holds. Walker and store are closed with it. */
export function servedDepot(name: string, options: DepotOptions): Served {
  const { walker, store, record, packSize, listing, broken, looking } = options;
  const verified = new Map<Hash, string>();

  async function open(path: Bytes): Promise<Content | 'absent' | 'later'> {
    const found = await lookFor(path);
    if (found !== 'absent') return found;
    const done = looking();
    if (done === undefined) return 'absent';
    await Promise.race([done, setTimeout(PATIENCE, undefined, { ref: false })]);
    const again = await lookFor(path);
    return again === 'absent' && looking() !== undefined ? 'later' : again;
  }

  async function lookFor(path: Bytes): Promise<Content | 'absent'> {
    if (!isNamedByHash(path)) {
      const content = record(path);
      return content === undefined ? 'absent' : contentInMemory(content, tagOf(content));
    }
    const hash = slice(path, path.lastIndexOf('/') + 1);
    if (!isHash(hash)) return 'absent';
    if (path.startsWith('objects/')) {
      const size = packSize(hash);
      if (size !== undefined) return pack(hash, size);
      const source = store.source(hash);
      if (source !== undefined && source.length > SMALL) {
        return (await large(hash, source)) ?? 'absent';
      }
    }
    const kept = path.startsWith('trees/') ? listing(hash) : undefined;
    const content = kept === undefined ? await store.read(path) : toBuffer(kept);
    if (content === undefined || hashOf(content) !== hash) return 'absent';
    return contentInMemory(content, hash);
  }

  /** Made of its files as it is read, each of them verified. */
  function pack(hash: Hash, size: number): Content {
    return {
      size,
      tag: hash,
      async *read(from, length) {
        const end = from + length;
        for (let at = from; at < end; at += PIECE) {
          const range = { from: at, length: Math.min(PIECE, end - at) };
          const piece = await store.read(objectPath(hash), { range });
          if (piece?.length !== range.length) {
            broken(hash);
            throw changed(`the pack ${hash}`);
          }
          yield piece;
        }
      },
      close: () => undefined,
    };
  }

  /** Read from its file; all of it before, when it has not been read since it changed. */
  async function large(hash: Hash, source: Source): Promise<Content | undefined> {
    const place = walker.tryLocate(source.path, { follow: true });
    if (place === undefined) return undefined;
    const fd = openFileAt(place.dir, place.name, { quiet: true });
    try {
      const before = stateOf(fd, source.path);
      if (verified.get(hash) !== before) {
        const digest = createHash('sha256');
        for (const [offset, length] of source.data) {
          for (const piece of piecesOf(fd, source.path, offset, length)) {
            digest.update(piece);
            await setImmediate();
          }
        }
        if (digest.digest('hex') !== hash || stateOf(fd, source.path) !== before) {
          closeSync(fd);
          return undefined;
        }
        verified.set(hash, before);
      }
      return {
        size: source.length,
        tag: hash,
        *read(from, length) {
          for (const [offset, wanted] of partOf(source.data, { from, length })) {
            for (const piece of piecesOf(fd, source.path, offset, wanted)) {
              const own = Buffer.from(piece);
              if (stateOf(fd, source.path) !== before) {
                broken(hash);
                throw changed(printable(source.path));
              }
              yield own;
            }
          }
        },
        close() {
          closeSync(fd);
        },
      };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  return {
    name,
    open,
    close() {
      store.close();
      walker.close();
    },
  };
}

/** By which a change of a file shows. */
function stateOf(fd: number, path: Bytes): string {
  const { inode, size, mtime, ctime }: ObjectStat = statOf(fd, path);
  return [inode, size, mtime.seconds, mtime.nanoseconds, ctime.seconds, ctime.nanoseconds].join(
    ' ',
  );
}

function changed(what: string): XhError {
  return new XhError('E_SERVE_CHANGED', `${what} has changed while it was sent`, {
    remedy: 'whoever asked gets it from another store, or asks again',
  });
}

function tagOf(content: Buffer): string {
  return hashOf(content).slice(0, 32);
}

/** Milliseconds that a client waits for what may turn up. */
const PATIENCE = 10_000;
/** Bytes: what is in memory as a whole. */
const SMALL = 1 << 20;
/** Of a pack, made at a time. */
const PIECE = 1 << 20;

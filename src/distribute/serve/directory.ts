/** Serving a store that stands in a directory, as any web server would; links in it are not followed. */
import { closeSync } from 'node:fs';
import { b, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { piecesOf, readAt } from '../../files/content.ts';
import { openFileAt } from '../../files/names.ts';
import { statAt, statOf } from '../../files/stat.ts';
import { createWalker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import { hashOf } from '../store/hash.ts';
import { TRUST_PATH } from '../store/paths.ts';
import { contentInMemory, type Content, type Served } from './content.ts';
import { isNamedByHash } from './request.ts';

/**
 * The store in the directory `path`, absolute.
 * @throws FileError when it cannot be opened; XhError E_SERVE_STORE when it is no store
 */
export function servedDirectory(path: Bytes): Served {
  const walker = createWalker(path);
  const isStore = [TRUST_PATH, b`heads`, b`objects`].some(
    (each) => walker.stat(b`/${each}`) !== undefined,
  );
  if (!isStore) {
    walker.close();
    throw new XhError('E_SERVE_STORE', `${printable(path)} is no store`, {
      place: { file: path },
      remedy: 'xh publish makes one; without a directory, what this host has pulled is served',
    });
  }

  function open(below: Bytes): Content | 'absent' {
    const place = walker.tryLocate(b`/${below}`);
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return 'absent';
    const { dir, name } = place;
    if (!isNamedByHash(below)) {
      // small, and replaced in one step: what is in hand is one of them
      const content = Buffer.from(readAt(dir, name), 'latin1');
      return contentInMemory(content, slice(hashOf(content), 0, 32));
    }
    const fd = openFileAt(dir, name);
    return {
      size: statOf(fd, below).size,
      tag: name,
      *read(from, length) {
        for (const piece of piecesOf(fd, below, from, length)) yield Buffer.from(piece);
      },
      close() {
        closeSync(fd);
      },
    };
  }

  return {
    name: printable(path),
    open: (below) =>
      new Promise((resolve) => {
        resolve(open(below));
      }),
    close() {
      walker.close();
    },
  };
}

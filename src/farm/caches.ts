/**
 * What refresh commands make of a farm and put beside its links: not ours to link, and gone with the
 * last link that it was made of.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { dirname, isWithin, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { dropEmpty } from '../host/made-directories.ts';

interface Cache {
  /** The part of a farm that it is made of. */
  readonly top: Bytes;
  /** Whether an object of this name, in `top` or below, is made. */
  readonly isMade: (name: Bytes) => boolean;
}

const ADMIN = b`/.software/local/.admin`;

const CACHES: readonly Cache[] = [
  // mandb, makewhatis; formatted pages
  {
    top: b`${ADMIN}/man`,
    isMade: (name) =>
      /^(?:index\.(?:db|bt|dir|pag)|CACHEDIR\.TAG|whatis|mandoc\.db|cat\d\w*)$/.test(name),
  },
  // install-info
  { top: b`${ADMIN}/info`, isMade: (name) => /^dir(?:\.(?:gz|xz|old))?$/.test(name) },
  // gtk-update-icon-cache
  { top: b`${ADMIN}/share/icons`, isMade: (name) => name === 'icon-theme.cache' },
  // update-desktop-database
  { top: b`${ADMIN}/share/applications`, isMade: (name) => name === 'mimeinfo.cache' },
  // update-mime-database, which makes files and directories
  { top: b`${ADMIN}/share/mime`, isMade: (name) => name !== 'packages' },
];

/** Removes those of `directories`, and of the ones above them, that are ours and hold nothing but caches. */
export function dropLeft(draft: Draft, directories: Iterable<Bytes>): void {
  for (const start of new Set(directories)) {
    dropEmpty(draft, [start]);
    const cache = CACHES.find(({ top }) => isWithin(top, start));
    if (cache === undefined) continue;
    for (let at = start; isWithin(cache.top, at); at = dirname(at)) {
      if (draft.look(at).type !== 'directory') continue;
      const names = [...draft.list(at)];
      if (!names.every((name) => cache.isMade(name))) break;
      for (const name of names) draft.remove(join(at, name), { bookkeeping: true });
      dropEmpty(draft, [at]);
    }
  }
}

/** Whether what stands at `path`, which is no directory, is made by a refresh command. */
export function isMadeOf(path: Bytes): boolean {
  return CACHES.some(
    ({ top, isMade }) =>
      isWithin(top, path) &&
      path
        .slice(top.length + 1)
        .split('/')
        .some((name) => isMade(name as Bytes)),
  );
}

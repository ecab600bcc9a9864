/**
 * What refresh commands make of a farm and put beside its links: not ours to link, and gone with the
 * last link that it was made of.
 */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { dirname, isWithin, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { dropEmpty } from '../host/made-directories.ts';

interface Cache {
  /** The part of a farm that it is made of. */
  readonly top: Bytes;
  /** Paths below `top` that are made. */
  readonly made: RegExp;
}

const ADMIN = b`/.software/local/.admin`;

const CACHES: readonly Cache[] = [
  // mandb, makewhatis; formatted pages
  {
    top: b`${ADMIN}/man`,
    made: /(?:^|\/)(?:index\.(?:db|bt|dir|pag)|CACHEDIR\.TAG|whatis|mandoc\.db|cat\d\w*)(?:\/|$)/,
  },
  // install-info
  { top: b`${ADMIN}/info`, made: /^dir(?:\.(?:gz|xz|old))?$/ },
  // gtk-update-icon-cache
  { top: b`${ADMIN}/share/icons`, made: /(?:^|\/)icon-theme\.cache$/ },
  // update-desktop-database
  { top: b`${ADMIN}/share/applications`, made: /^mimeinfo\.cache$/ },
  // update-mime-database, which makes files and directories
  { top: b`${ADMIN}/share/mime`, made: /^(?!packages(?:\/|$))./ },
];

/** Removes those of `directories`, and of the ones above them, that are ours and hold nothing but caches. */
export function dropLeft(draft: Draft, directories: Iterable<Bytes>): void {
  for (const start of new Set(directories)) {
    dropEmpty(draft, [start]);
    const top = CACHES.find((cache) => isWithin(cache.top, start))?.top;
    if (top === undefined) continue;
    for (let at = start; isWithin(top, at); at = dirname(at)) {
      if (draft.look(at).type !== 'directory') continue;
      const paths = [...draft.list(at)].map((name) => join(at, name));
      if (!paths.every(isMade)) break;
      for (const path of paths) draft.remove(path, { bookkeeping: true });
      dropEmpty(draft, [at]);
    }
  }
}

/** Whether what stands at `path` is made by a refresh command. */
export function isMade(path: Bytes): boolean {
  return CACHES.some(
    ({ top, made }) => isWithin(top, path) && made.test(slice(path, top.length + 1)),
  );
}

/**
 * From a path to an open directory and a name in it, without ever leaving a root: every component
 * is opened by handle, links on the way are followed by hand, and one that leads outside is refused.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { components, dirname, isWithin, join, normalize } from '../bytes/path.ts';
import { EXIT, XhError } from '../message/error.ts';
import { closeDir, openDir, openDirAt, syncDir, type Dir } from './dir.ts';
import { makeDirAt, readLinkAt } from './names.ts';
import { statAt, type ObjectStat } from './stat.ts';
import { errnoOf, FileError } from './error.ts';

/**
 * A name in an open directory; use it before the walker is asked for many others, since it keeps a
 * bounded number of handles. `path` is the real path below the root, absolute, links resolved but for the last. */
export interface Located {
  readonly dir: Dir;
  readonly name: Bytes;
  readonly path: Bytes;
}

export interface Walker {
  readonly root: Dir;
  /**
   * The place of `path` (absolute, as seen inside the root). Links on the way are followed, the last
   * component only with `follow`. Handles belong to the walker.
   * @throws XhError E_OUTSIDE when the way leads outside the root; FileError when a directory is missing
   */
  locate(path: Bytes, options?: { readonly follow?: boolean }): Located;
  /** As locate, but undefined when a directory on the way is missing (or is none). */
  tryLocate(path: Bytes, options?: { readonly follow?: boolean }): Located | undefined;
  /** What is at `path`, or undefined. */
  stat(path: Bytes, options?: { readonly follow?: boolean }): ObjectStat | undefined;
  /** Makes the names in these directories (real paths, as in `Located`) durable. */
  sync(directories: Iterable<Bytes>): void;
  /** Forgets the handles (after directories were renamed). */
  forget(): void;
  close(): void;
}

/** A directory on the way that is not there, as the system has it. */
interface Missing {
  readonly missing: Bytes;
}

/** How many directory handles are kept open for the next call. */
const KEPT = 200;
/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** A walker below `rootPath` (an absolute real path). @throws FileError when it cannot be opened */
export function createWalker(rootPath: Bytes): Walker {
  const root = openDir(rootPath);
  const open = new Map<Bytes, Dir>();

  function forget(): void {
    for (const dir of open.values()) closeDir(dir);
    open.clear();
  }

  /** The directory `path` (real, normal, below the root), by handle from the nearest open ancestor. */
  function directory(path: Bytes): Dir {
    if (path === '/') return root;
    const kept = open.get(path);
    if (kept !== undefined) {
      open.delete(path);
      open.set(path, kept);
      return kept;
    }
    const parent = directory(dirname(path));
    const dir = openDirAt(parent, slice(path, path.lastIndexOf('/') + 1));
    if (open.size >= KEPT) {
      const [oldest] = open;
      if (oldest !== undefined && oldest[0] !== dirname(path)) {
        closeDir(oldest[1]);
        open.delete(oldest[0]);
      }
    }
    open.set(path, dir);
    return dir;
  }

  /** `target` of a link that stands in `at`, as a path inside the root. */
  function inside(at: Bytes, target: Bytes, asked: Bytes): Bytes {
    if (!target.startsWith('/')) return join(at, target);
    if (!isWithin(rootPath, normalize(target))) throw outside(asked, at, target);
    return rootPath === '/' ? target : b`/${slice(normalize(target), rootPath.length + 1)}`;
  }

  function locate(path: Bytes, options: { readonly follow?: boolean } = {}): Located {
    const found = look(path, options);
    if ('missing' in found) throw new FileError('ENOENT', 'openat', found.missing);
    return found;
  }

  function look(path: Bytes, options: { readonly follow?: boolean } = {}): Located | Missing {
    return knownPlace(path, options.follow === true) ?? searched(path, options);
  }

  /** A name in a directory that is held open under its real path: no link has to be followed. */
  function knownPlace(path: Bytes, follow: boolean): Located | undefined {
    const cut = path.lastIndexOf('/');
    const dir = open.get(slice(path, 0, cut));
    if (dir === undefined) return undefined;
    const name = slice(path, cut + 1);
    if (name === '' || name === '.' || name === '..') return undefined;
    return follow && statAt(dir, name)?.type === 'l' ? undefined : { dir, name, path };
  }

  function searched(path: Bytes, options: { readonly follow?: boolean }): Located | Missing {
    let pending = components(path);
    let at: Bytes = b`/`;
    let links = 0;
    while (pending.length > 0) {
      const [name, ...rest] = pending as [Bytes, ...Bytes[]];
      if (name === '..') {
        if (at === '/') throw outside(path, at, path);
        at = dirname(at);
        pending = rest;
        continue;
      }
      const last = rest.length === 0;
      if (last && options.follow !== true)
        return { dir: directory(at), name, path: join(at, name) };
      const found = statAt(directory(at), name);
      if (found?.type === 'l') {
        if (++links > MOST_LINKS) {
          throw new XhError('E_LINK_LOOP', `${printable(path)}: too many symbolic links`, {
            exit: EXIT.refused,
            place: { file: path },
          });
        }
        const target = inside(at, readLinkAt(directory(at), name), path);
        if (target.startsWith('/')) at = b`/`;
        pending = [...components(target), ...rest];
        continue;
      }
      if (last) return { dir: directory(at), name, path: join(at, name) };
      if (found === undefined) return { missing: join(directory(at).path, name) };
      at = join(at, name);
      directory(at);
      pending = rest;
    }
    throw new XhError('E_ROOT', `${printable(path)}: this is the root itself`, {
      exit: EXIT.refused,
    });
  }

  function tryLocate(path: Bytes, options?: { readonly follow?: boolean }): Located | undefined {
    try {
      const found = look(path, options);
      return 'missing' in found ? undefined : found;
    } catch (error) {
      if (NOT_THERE.has(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  return {
    root,
    locate,
    tryLocate,
    stat(path, options) {
      const place = tryLocate(path, options);
      return place === undefined ? undefined : statAt(place.dir, place.name);
    },
    sync(directories) {
      for (const path of directories) syncDir(directory(path));
    },
    forget,
    close() {
      forget();
      closeDir(root);
    },
  };
}

/** Makes `path` and the directories above it that are missing, mode 0755, durably; links on the way are followed. */
export function makeDirs(walker: Walker, path: Bytes): void {
  let at: Bytes = b`/`;
  for (const name of components(path)) {
    at = join(at, name);
    const place = walker.locate(at, { follow: true });
    if (statAt(place.dir, place.name) !== undefined) continue;
    try {
      makeDirAt(place.dir, place.name, 0o755);
    } catch (error) {
      // somebody else was quicker
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    syncDir(place.dir);
  }
}

function outside(asked: Bytes, at: Bytes, target: Bytes): XhError {
  return new XhError(
    'E_OUTSIDE',
    `${printable(asked)} leads outside the site root: the link in ${printable(at)} points to ${printable(target)}`,
    {
      exit: EXIT.refused,
      place: { file: asked },
      remedy: 'nothing outside the site root is ever written: let the link point below it',
    },
  );
}

const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * The directories of a tree by handle, however deep and however many: each is opened from its
 * parent's handle, never by a path, a bounded number stays open, and one that comes back as
 * another directory than it was is refused.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import { closeDir, openDirAt, type Dir } from './dir.ts';
import { statOf, type ObjectStat } from './stat.ts';

/** A directory of a tree: a chain of names from the root, which has no parent and an empty path. */
export interface Place {
  readonly parent: Place | undefined;
  readonly name: Bytes;
  /** Below the root, without a leading slash. */
  readonly path: Bytes;
  /** Which directory it was when it was looked at. */
  readonly identity?: Identity | undefined;
}

export type Identity = Pick<ObjectStat, 'inode' | 'device'>;

export const ROOT_PLACE: Place = { parent: undefined, name: '' as Bytes, path: '' as Bytes };

/** The directory `name` in `parent`. */
export function placeBelow(parent: Place, name: Bytes, identity?: Identity): Place {
  return { parent, name, path: pathBelow(parent, name), identity };
}

/** The path of the object `name` in `parent`. */
export function pathBelow(parent: Place, name: Bytes): Bytes {
  return (parent.path === '' ? name : `${parent.path}/${name}`) as Bytes;
}

/** How to come to a directory of a tree, and which it was when that is known. */
export interface Way {
  readonly root: Dir;
  /** Names of directories, no link among them. */
  readonly path: Bytes;
  readonly identity?: Identity;
}

export interface Tree {
  readonly root: Dir;
  /** For those who open it themselves, with the same care. */
  wayTo(place: Place): Way;
  /**
   * The directory `place`, good until {@link KEPT} others have been asked for.
   * @throws FileError when it is none any more; XhError E_SWAPPED when it is another than it was
   */
  open(place: Place): Dir;
  /** From now on `place` goes by another name in its parent. */
  rename(place: Place, name: Bytes): void;
  /** From now on `place` is the directory that stands there now. */
  renew(place: Place, identity: Identity): void;
  /** Closes all but the root, which is not ours. */
  closeBelow(): void;
}

/** How many handles are kept open. */
export const KEPT = 100;

/** The tree below `root`. `quiet`: reading counts as no access. */
export function openTree(root: Dir, options: { readonly quiet?: boolean } = {}): Tree {
  const kept = new Map<Place, Dir>();
  const names = new Map<Place, Bytes>();
  const renewed = new Map<Place, Identity>();

  function keep(place: Place, dir: Dir): void {
    for (const [oldest, handle] of kept) {
      if (kept.size < KEPT) break;
      closeDir(handle);
      kept.delete(oldest);
    }
    kept.set(place, dir);
  }

  function forget(place: Place): void {
    const dir = kept.get(place);
    if (dir === undefined) return;
    closeDir(dir);
    kept.delete(place);
  }

  function openBelow(parent: Dir, place: Place): Dir {
    const dir = openDirAt(parent, names.get(place) ?? place.name, options);
    const wanted = renewed.get(place) ?? place.identity;
    if (wanted === undefined) return dir;
    const found = statOf(dir.fd, dir.path);
    if (found.inode === wanted.inode && found.device === wanted.device) return dir;
    closeDir(dir);
    throw new XhError(
      'E_SWAPPED',
      `${printable(place.path)}: another directory has been put in its place during the run`,
      { place: { file: place.path }, remedy: 'run the command again' },
    );
  }

  function pathTo(place: Place): Bytes {
    if (names.size === 0 || place.parent === undefined) return place.path;
    const above = pathTo(place.parent);
    const name = names.get(place) ?? place.name;
    return (above === '' ? name : `${above}/${name}`) as Bytes;
  }

  return {
    root,
    wayTo(place) {
      const identity = renewed.get(place) ?? place.identity;
      return { root, path: pathTo(place), ...(identity && { identity }) };
    },
    open(place) {
      const missing: Place[] = [];
      let nearest = place;
      while (nearest.parent !== undefined && !kept.has(nearest)) {
        missing.push(nearest);
        nearest = nearest.parent;
      }
      let dir = kept.get(nearest);
      if (dir === undefined) dir = root;
      else {
        kept.delete(nearest);
        kept.set(nearest, dir);
      }
      for (const next of missing.toReversed()) {
        dir = openBelow(dir, next);
        keep(next, dir);
      }
      return dir;
    },
    rename(place, name) {
      names.set(place, name);
    },
    renew(place, identity) {
      forget(place);
      renewed.set(place, identity);
    },
    closeBelow() {
      for (const dir of kept.values()) closeDir(dir);
      kept.clear();
    },
  };
}

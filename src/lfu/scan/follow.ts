/** What a symbolic link of the master points to, found without ever leaving the master. */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { components, isWithin, normalize } from '../../bytes/path.ts';
import { attributesAt, type Attributes } from '../../files/attributes.ts';
import { readLinkAt } from '../../files/names.ts';
import { statAt, type ObjectStat } from '../../files/stat.ts';
import { placeBelow, ROOT_PLACE, type Place, type Tree } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';

/** An object that is no link, by its real place. */
export interface Followed {
  readonly place: Place;
  readonly name: Bytes;
  readonly stat: ObjectStat;
}

/** A tree in which links can be followed. */
export interface Followable {
  /** @throws FileError */
  stat(place: Place, name: Bytes): ObjectStat | undefined;
  /** Of a link. @throws FileError */
  target(place: Place, name: Bytes): Bytes;
  /** @throws FileError */
  attributes(place: Place, name: Bytes): Attributes;
}

/** A tree of this host. */
export function followableTree(tree: Tree): Followable {
  return {
    stat: (place, name) => statAt(tree.open(place), name),
    target: (place, name) => readLinkAt(tree.open(place), name),
    attributes: (place, name) => attributesAt(tree.open(place), name),
  };
}

/**
 * Follows the link `name` in `place` to its end. `root` is the real path of the tree's root.
 * @throws XhError E_LFU_ESCAPE, E_LFU_LOOP, E_LFU_DANGLING; FileError
 */
export function followLink(tree: Followable, root: Bytes, place: Place, name: Bytes): Followed {
  let at = place;
  let pending: Bytes[] = [name];
  let links = 0;
  let last = name;
  const refuse = (code: string, what: string, remedy: string): XhError =>
    new XhError(code, `the link ${what}`, { place: { file: name }, remedy });
  const escape = (target: Bytes): XhError =>
    refuse(
      'E_LFU_ESCAPE',
      `leads out of the master, to ${printable(target)}`,
      'copy it as a link (no follow), or let it point below the master',
    );
  for (;;) {
    const next = pending.shift();
    if (next === undefined) break;
    if (next === '..') {
      if (at.parent === undefined) throw escape(last);
      at = at.parent;
      continue;
    }
    const stat = tree.stat(at, next);
    if (stat === undefined) {
      throw refuse('E_LFU_DANGLING', 'points to nothing', 'mend it, or do not follow it');
    }
    if (stat.type === 'd') {
      at = placeBelow(at, next, stat);
    } else if (stat.type === 'l') {
      if (++links > MOST_LINKS) {
        throw refuse('E_LFU_LOOP', 'leads to itself', 'mend it, or do not follow it');
      }
      const target = tree.target(at, next);
      const below = target.startsWith('/') ? belowRoot(root, target) : target;
      if (below === undefined) throw escape(target);
      last = target;
      if (target.startsWith('/')) at = ROOT_PLACE;
      pending = [...components(below), ...pending];
    } else if (pending.length === 0) {
      return { place: at, name: next, stat };
    } else {
      throw refuse('E_LFU_DANGLING', 'points to nothing', 'mend it, or do not follow it');
    }
  }
  if (at.parent === undefined) {
    throw refuse('E_LFU_LOOP', 'leads to the master itself', 'mend it, or do not follow it');
  }
  const stat = tree.stat(at.parent, at.name);
  if (stat?.type !== 'd') {
    throw refuse('E_LFU_DANGLING', 'points to nothing', 'run the command again');
  }
  return { place: at.parent, name: at.name, stat };
}

function belowRoot(root: Bytes, target: Bytes): Bytes | undefined {
  const path = normalize(target);
  if (!isWithin(root, path)) return undefined;
  return root === '/' ? path : slice(path, root.length);
}

/** As many as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

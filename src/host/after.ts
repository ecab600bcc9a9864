/**
 * Whether an object is what a change makes: so a recovery tells the new from the old. Numbers of
 * inodes would say less, since they are others on a copy of the disk, and on some file systems
 * after each mount.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { sha256, sha256At } from '../files/content.ts';
import { listDir, openDirAt, withDir, type Dir } from '../files/dir.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt, type ObjectStat } from '../files/stat.ts';
import type { Change, TreeObject } from './plan.ts';
import { shapeAt } from './shape.ts';
import { sameState, stateAt } from './state.ts';
import type { Located } from '../files/walk.ts';

/** Changes that put a new object in the place of an old one, or where nothing was. */
export type Placing = Extract<Change, { op: 'write' | 'link' | 'displace' | 'tree' | 'place' }>;

/** Whether what is at `place` is what `change` puts there. @throws FileError */
export function isAfter(place: Located, change: Placing): boolean {
  switch (change.op) {
    case 'link':
    case 'displace':
      return isLinkTo(place, change.target);
    case 'write':
      return isWritten(place, change);
    case 'tree':
      return isTree(place, change);
    case 'place':
      return shapeAt(place.dir, place.name, change.shape.contents)?.digest === change.shape.digest;
  }
}

/** Whether a link with this target is at `place`. */
export function isLinkTo({ dir, name }: Pick<Located, 'dir' | 'name'>, target: Bytes): boolean {
  return statAt(dir, name)?.type === 'l' && readLinkAt(dir, name) === target;
}

/** By content; by mode and owner too where the content stays. */
function isWritten(place: Located, change: Extract<Change, { op: 'write' }>): boolean {
  const now = stateAt(place);
  const { before } = change;
  if (now.type !== 'file' || now.sha256 !== sha256(change.content)) return false;
  if (!sameState(now, before) || before.type !== 'file') return true;
  return (
    now.mode === (change.mode ?? before.mode) &&
    now.uid === (change.uid ?? before.uid) &&
    now.gid === (change.gid ?? before.gid)
  );
}

function isTree({ dir, name }: Located, change: Extract<Change, { op: 'tree' }>): boolean {
  const wanted = new Map(change.objects.map((object) => [object.path, object]));
  const top = wanted.get(b``) ?? { path: b``, type: 'directory', mode: 0o755 };
  wanted.set(b``, top);
  return isBelow(dir, name, top, { wanted, change }) === wanted.size;
}

interface Tree {
  readonly wanted: ReadonlyMap<Bytes, TreeObject>;
  readonly change: Extract<Change, { op: 'tree' }>;
}

/** How many objects are here and below as they should be; NaN when one is not. */
function isBelow(dir: Dir, name: Bytes, object: TreeObject, tree: Tree): number {
  const stat = statAt(dir, name);
  if (stat === undefined || !isObject(dir, name, stat, object, tree)) return NaN;
  if (object.type !== 'directory') return 1;
  return withDir(openDirAt(dir, name), (below) => {
    let count = 1;
    for (const child of listDir(below)) {
      const path = object.path === '' ? child : b`${object.path}/${child}`;
      const next = tree.wanted.get(path);
      count += next === undefined ? NaN : isBelow(below, child, next, tree);
      if (Number.isNaN(count)) break;
    }
    return count;
  });
}

function isObject(
  dir: Dir,
  name: Bytes,
  stat: ObjectStat,
  object: TreeObject,
  { change }: Tree,
): boolean {
  // a second name of another, whose attributes it has
  if (object.hardLinkOf !== undefined) return stat.type === 'f' && stat.links > 1;
  if (stat.uid !== (change.uid ?? stat.uid) || stat.gid !== (change.gid ?? stat.gid)) return false;
  const [seconds, nanoseconds] = object.mtime ?? [stat.mtime.seconds, stat.mtime.nanoseconds];
  if (stat.mtime.seconds !== seconds || stat.mtime.nanoseconds !== nanoseconds) return false;
  switch (object.type) {
    case 'directory':
      return stat.type === 'd' && stat.mode === object.mode;
    case 'link':
      return stat.type === 'l' && readLinkAt(dir, name) === object.target;
    case 'file':
      return (
        stat.type === 'f' && stat.mode === object.mode && sha256At(dir, name) === object.sha256
      );
  }
}

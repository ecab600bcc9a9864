/** Everything that stands in the farms' directories, ours or not: one pass over them. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { closeDir, listDir, openDirAt, withDir, type Dir } from '../files/dir.ts';
import { statAt, type ObjectType } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { LINK_CLASSES } from './classes.ts';

/** An object that is no directory. */
export interface FarmObject {
  readonly path: Bytes;
  readonly type: ObjectType;
}

/** All objects in the farms but directories; what cannot be read is passed over. */
export function* farmObjects(walker: Walker): Generator<FarmObject> {
  for (const [top, deep] of farmTops()) {
    const place = walker.tryLocate(top, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') continue;
    const dir = openDirAt(place.dir, place.name);
    try {
      yield* objectsBelow(dir, top, deep);
    } finally {
      closeDir(dir);
    }
  }
}

/** The farms' directories that are there, those below them included. */
export function farmDirectories(walker: Walker): Bytes[] {
  const found: Bytes[] = [];
  for (const [top, deep] of farmTops()) {
    found.push(top);
    if (deep) found.push(...directoriesBelow(walker, top));
  }
  return found;
}

function directoriesBelow(walker: Walker, top: Bytes): Bytes[] {
  const place = walker.tryLocate(top, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  return withDir(openDirAt(place.dir, place.name), (dir) => [...subdirectories(dir, top)]);
}

function* subdirectories(dir: Dir, path: Bytes): Generator<Bytes> {
  for (const name of listDir(dir)) {
    if (statAt(dir, name)?.type !== 'd') continue;
    const at = b`${path}/${name}`;
    yield at;
    const below = openDirAt(dir, name);
    try {
      yield* subdirectories(below, at);
    } finally {
      closeDir(below);
    }
  }
}

/** The directories that packages are linked into, and whether the ones below belong to the farm. */
function farmTops(): ReadonlyMap<Bytes, boolean> {
  const tops = new Map<Bytes, boolean>();
  for (const { trees, deep } of LINK_CLASSES) {
    for (const { to } of trees) tops.set(to, deep || tops.get(to) === true);
  }
  return tops;
}

function* objectsBelow(dir: Dir, path: Bytes, deep: boolean): Generator<FarmObject> {
  for (const name of listDir(dir)) {
    const type = statAt(dir, name)?.type;
    if (type === undefined) continue;
    if (type !== 'd') yield { path: b`${path}/${name}`, type };
    else if (deep) {
      const below = openDirAt(dir, name);
      try {
        yield* objectsBelow(below, b`${path}/${name}`, deep);
      } finally {
        closeDir(below);
      }
    }
  }
}

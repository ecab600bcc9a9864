/** Which links a package wants: one pass over its directories, by link class. */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { closeDir, listDir, openDirAt, withDir, type Dir } from '../files/dir.ts';
import { statAt, type ObjectStat } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { packagePath, type Site } from '../site/site.ts';
import type { LinkClass, LinkTree } from './classes.ts';

/** One link that a package wants. */
export interface WantedLink {
  /** Name of the class. */
  readonly class: string;
  /** Where, as inside the site. */
  readonly path: Bytes;
  /** What it will contain: absolute through `/software/NAME`, with the site root. */
  readonly target: Bytes;
}

/** The package as the farms know it: the name under `/software` that stays when versions change. */
export interface FarmPackage {
  readonly name: Bytes;
  /** The directory whose files are looked at; `name` leads to it, or will. */
  readonly directory: Bytes;
  readonly classes: readonly LinkClass[];
}

/** All links that a package wants, in order of class and name. @throws FileError */
export function wantedLinks(
  walker: Walker,
  site: Site,
  farmed: FarmPackage,
  seen: (path: Bytes) => void = () => undefined,
): WantedLink[] {
  const found: WantedLink[] = [];
  const taken = new Set<Bytes>();
  const has = namesIn(walker, farmed.directory, seen);
  for (const linkClass of farmed.classes) {
    for (const tree of linkClass.trees) {
      // most packages have few of them
      if (!has(tree.from)) continue;
      const place = walker.tryLocate(b`/software/${farmed.directory}/${tree.from}`, {
        follow: true,
      });
      if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') continue;
      const top = openDirAt(place.dir, place.name);
      const base = join(packagePath(site, farmed.name), tree.from);
      try {
        const from = b`/software/${farmed.directory}/${tree.from}`;
        for (const path of filesBelow(top, { from, linkClass, seen })) {
          const link = { class: linkClass.name, ...placed(tree, base, path) };
          // one name from two of its directories: the first in the table
          if (!taken.has(link.path)) found.push(link);
          taken.add(link.path);
        }
      } finally {
        closeDir(top);
      }
    }
  }
  return found;
}

/** Whether a package has what a path begins with: its top and each directory below are listed once. */
function namesIn(
  walker: Walker,
  directory: Bytes,
  seen: (path: Bytes) => void,
): (path: Bytes) => boolean {
  const listed = new Map<Bytes, ReadonlySet<Bytes>>();
  const names = (path: Bytes): ReadonlySet<Bytes> => {
    const known = listed.get(path);
    if (known !== undefined) return known;
    const place = walker.tryLocate(b`/software/${directory}/${path}`, { follow: true });
    const isDirectory = place !== undefined && statAt(place.dir, place.name)?.type === 'd';
    const all = new Set(isDirectory ? withDir(openDirAt(place.dir, place.name), listDir) : []);
    listed.set(path, all);
    seen(b`/software/${directory}/${path}`);
    return all;
  };
  return (path) => {
    const cut = path.lastIndexOf('/');
    return cut < 0
      ? names(b`.`).has(path)
      : names(b`.`).has(slice(path, 0, path.indexOf('/'))) &&
          names(slice(path, 0, cut)).has(slice(path, cut + 1));
  };
}

function placed(tree: LinkTree, base: Bytes, path: Bytes): Pick<WantedLink, 'path' | 'target'> {
  return { path: join(tree.to, path), target: join(base, path) };
}

interface Looking {
  /** As inside the site. */
  readonly from: Bytes;
  readonly linkClass: LinkClass;
  readonly seen: (path: Bytes) => void;
}

function* filesBelow(dir: Dir, looking: Looking, prefix: Bytes = b``): Generator<Bytes> {
  const { from, linkClass, seen } = looking;
  seen(join(from, prefix));
  for (const name of listDir(dir).toSorted()) {
    if (name.startsWith('.')) continue;
    const stat = statAt(dir, name);
    if (stat === undefined) continue;
    const path = prefix === '' ? name : b`${prefix}/${name}`;
    if (stat.type === 'd') {
      if (!linkClass.deep) continue;
      const below = openDirAt(dir, name);
      try {
        yield* filesBelow(below, looking, path);
      } finally {
        closeDir(below);
      }
      continue;
    }
    // whether it can be executed is not for its directory to say
    if (linkClass.executable === true && stat.type === 'f') seen(join(from, path));
    if (isMeant(stat, path, linkClass)) yield path;
  }
}

function isMeant(stat: ObjectStat, path: Bytes, linkClass: LinkClass): boolean {
  if (stat.type !== 'f' && stat.type !== 'l') return false;
  if (linkClass.executable === true && stat.type === 'f' && (stat.mode & 0o111) === 0) return false;
  return linkClass.wants?.(path) ?? true;
}

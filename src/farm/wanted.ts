/** Which links a package wants: one pass over its directories, by link class. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
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
export function wantedLinks(walker: Walker, site: Site, farmed: FarmPackage): WantedLink[] {
  const found: WantedLink[] = [];
  const seen = new Set<Bytes>();
  for (const linkClass of farmed.classes) {
    for (const tree of linkClass.trees) {
      const place = walker.tryLocate(b`/software/${farmed.directory}/${tree.from}`, {
        follow: true,
      });
      if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') continue;
      const top = openDirAt(place.dir, place.name);
      const base = join(packagePath(site, farmed.name), tree.from);
      try {
        for (const path of filesBelow(top, b``, linkClass)) {
          const link = { class: linkClass.name, ...placed(tree, base, path) };
          // one name from two of its directories: the first in the table
          if (!seen.has(link.path)) found.push(link);
          seen.add(link.path);
        }
      } finally {
        closeDir(top);
      }
    }
  }
  return found;
}

function placed(tree: LinkTree, base: Bytes, path: Bytes): Pick<WantedLink, 'path' | 'target'> {
  return { path: join(tree.to, path), target: join(base, path) };
}

function* filesBelow(dir: Dir, prefix: Bytes, linkClass: LinkClass): Generator<Bytes> {
  for (const name of listDir(dir).toSorted()) {
    if (name.startsWith('.')) continue;
    const stat = statAt(dir, name);
    if (stat === undefined) continue;
    const path = prefix === '' ? name : b`${prefix}/${name}`;
    if (stat.type === 'd') {
      if (!linkClass.deep) continue;
      const below = openDirAt(dir, name);
      try {
        yield* filesBelow(below, path, linkClass);
      } finally {
        closeDir(below);
      }
    } else if (isMeant(stat, path, linkClass)) yield path;
  }
}

function isMeant(stat: ObjectStat, path: Bytes, linkClass: LinkClass): boolean {
  if (stat.type !== 'f' && stat.type !== 'l') return false;
  if (linkClass.executable === true && stat.type === 'f' && (stat.mode & 0o111) === 0) return false;
  return linkClass.wants?.(path) ?? true;
}

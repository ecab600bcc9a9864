/**
 * What is in a source directory: for the copies that builds get, and to see whether a build has
 * changed its own sources.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { compareBytes, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { about } from '../files/error.ts';

/** What changes when an object does: `d`, `f MODE SIZE NANOSECONDS`, `l TARGET`. By path. */
export type Listing = ReadonlyMap<Bytes, string>;

/** What version control keeps for itself. */
const NOT_SOURCES: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', '.bzr']);

/** Lists a directory without what is at the absolute path `except`. @throws FileError */
export function listSources(top: Bytes, except: Bytes): Listing {
  const found = new Map<Bytes, string>();
  const visit = (below: Bytes): void => {
    const directory = join(top, below);
    const names = about(directory, () =>
      readdirSync(toBuffer(directory), { encoding: 'latin1' }),
    ) as Bytes[];
    for (const name of names.toSorted(compareBytes)) {
      const path = join(below, name);
      const full = join(top, path);
      if (NOT_SOURCES.has(name) || full === except) continue;
      const stat = about(full, () => lstatSync(toBuffer(full), { bigint: true }));
      if (stat.isDirectory()) {
        found.set(path, 'd');
        visit(path);
      } else if (stat.isSymbolicLink()) {
        found.set(path, `l ${about(full, () => readlinkSync(toBuffer(full), 'latin1'))}`);
      } else if (stat.isFile()) {
        found.set(path, `f ${(stat.mode & 0o777n).toString(8)} ${stat.size} ${stat.mtimeNs}`);
      }
    }
  };
  visit('' as Bytes);
  return found;
}

/** Paths that are not the same in both, in byte order. */
export function differingPaths(before: Listing, after: Listing): readonly Bytes[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted(compareBytes);
}

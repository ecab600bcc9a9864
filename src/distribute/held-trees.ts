/** Where a package has its trees on this host, by the names that they have in a head. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { listDir, openDirAt, withDir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { architecture } from '../site/arch.ts';
import { siteFileTypes, type Config } from '../site/config.ts';
import { ARCH, isHostsOwn } from '../site/file-types.ts';
import type { HeldTree } from './held-store.ts';

/**
 * The trees of a package that others may have: those of one host alone (logs, spool) are none of them.
 * A host that keeps the trees of several architectures has one for each.
 */
export function heldTrees(walker: Walker, config: Config, directory: Bytes): readonly HeldTree[] {
  return siteFileTypes(config)
    .filter((type) => !isHostsOwn(type))
    .flatMap(({ name }) => (name === ARCH ? archTrees(walker, config) : [treeOf(name)]))
    .map(({ name, path }) => ({ name, path: join(path, directory) }))
    .filter(({ path }) => walker.stat(path, { follow: true })?.type === 'd');
}

/** The trees that are one host's alone: of those others have the directories, and what is in them is their own. */
export function ownTrees(walker: Walker, config: Config, directory: Bytes): readonly HeldTree[] {
  return siteFileTypes(config)
    .filter(isHostsOwn)
    .map(({ name }) => ({ name, path: b`/.software/${name}/${directory}`, directoriesOnly: true }))
    .filter(({ path }) => walker.stat(path, { follow: true })?.type === 'd');
}

function treeOf(type: Bytes): HeldTree {
  return { name: type, path: b`/.software/${type}` };
}

function archTrees(walker: Walker, config: Config): HeldTree[] {
  const own = { name: b`${ARCH}/${architecture()}`, path: b`/.software/${ARCH}` };
  const store = config.values['arch-store'];
  const place = store === undefined ? undefined : walker.tryLocate(store, { follow: true });
  if (store === undefined || place === undefined) return [own];
  if (statAt(place.dir, place.name)?.type !== 'd') return [own];
  const names = withDir(openDirAt(place.dir, place.name), listDir).toSorted();
  const stored = names
    .filter((name) => !name.startsWith('.'))
    .map((name) => ({ name: b`${ARCH}/${name}`, path: join(store, name) }));
  return stored.some(({ name }) => name === own.name) ? stored : [own, ...stored];
}

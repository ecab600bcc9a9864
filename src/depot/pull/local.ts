/** A package's trees as they stand on this host, and what of them is as it was when it was put there. */
import { b, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { siteLinks } from '../../distribute/site-links.ts';
import { scanTree, type ScanOptions, type ScannedTree } from '../../distribute/publish/scan.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import { listDir, openDirAt, withDir } from '../../files/dir.ts';
import { statAt, type ObjectType } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import { architecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import type { Accounts } from '../../site/accounts.ts';
import type { Pulled } from '../pulled.ts';
import type { WantedTree } from './select.ts';

/** Where trees of a type stand: `/.software/TYPE`, or for other architectures in the store of them. */
export function typeRoot(config: Config, { type, architecture: arch }: WantedTree): Bytes {
  const store = config.values['arch-store'];
  const isOthers = arch !== undefined && store !== undefined && isServed(config, arch);
  return isOthers ? join(store, arch) : b`/.software/${type.name}`;
}

/** Architectures of other hosts that this one keeps trees for: those that its store has a directory for. */
export function servedArchitectures(walker: Walker, config: Config): readonly Bytes[] {
  const store = config.values['arch-store'];
  const place = store === undefined ? undefined : walker.tryLocate(store, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  return withDir(openDirAt(place.dir, place.name), listDir)
    .filter((name) => isServed(config, name) && !name.startsWith('.'))
    .toSorted(compareBytes);
}

function isServed(config: Config, arch: Bytes): boolean {
  return config.values['arch-store'] !== undefined && arch !== architecture();
}

/** What stands in the place of a tree. */
export type Standing =
  | { readonly is: 'absent' }
  /** A link to another tree: an attached package, or a current version. */
  | { readonly is: 'link' }
  | { readonly is: 'other'; readonly type: ObjectType }
  | { readonly is: 'tree'; readonly tree: ScannedTree };

export interface Looking extends Pick<ScanOptions, 'known' | 'learn'> {
  readonly walker: Walker;
  readonly accounts: Accounts;
}

/** @throws FileError; XhError E_PUBLISH_CHANGED for a file that does not keep still */
export function standingAt(path: Bytes, looking: Looking): Standing {
  const place = looking.walker.tryLocate(path);
  if (place === undefined) return { is: 'absent' };
  const stat = statAt(place.dir, place.name);
  if (stat === undefined) return { is: 'absent' };
  if (stat.type === 'l') return { is: 'link' };
  if (stat.type !== 'd') return { is: 'other', type: stat.type };
  return {
    is: 'tree',
    tree: scanTree(place.dir, place.name, path, {
      ...looking,
      links: siteLinks(looking.walker.root.path),
    }),
  };
}

/** Whether what stands is what the tree makes of this host, by what has been written down, or by itself. */
export function isCurrent(
  wanted: WantedTree,
  standing: Standing,
  pulled: Pulled | undefined,
  rules: string | undefined,
): boolean {
  if (standing.is !== 'tree') return false;
  const { root } = standing.tree;
  return isRecorded(wanted, root, pulled, rules) || (rules === undefined && root === wanted.root);
}

/** Whether a tree that has the root `here` on this host is what has been written down of it. */
export function isRecorded(
  wanted: WantedTree,
  here: Hash,
  pulled: Pulled | undefined,
  rules: string | undefined,
): boolean {
  const known = pulled?.trees.find(({ name }) => name === wanted.name);
  return known?.rules === rules && known?.tree === wanted.root && known.here === here;
}

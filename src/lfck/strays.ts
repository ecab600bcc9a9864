/**
 * Objects whose owner is no package, as the walk finds them, with what their surroundings will be
 * asked for: who has what in their directory, and what packages have below.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { ObjectStat } from '../files/stat.ts';
import type { Owners } from './owners.ts';
import type { Directory, Entry } from './scan.ts';
import type { Standing } from './standing.ts';

/** A directory, and whose things are in it. */
export interface Ground {
  readonly directory: Directory;
  /** How many objects in it each package owns. */
  readonly counts: ReadonlyMap<number, number>;
  /** The packages that own something below it: two stand for any number of more. */
  readonly below: ReadonlySet<number>;
  /** Itself, when its owner is no package. */
  readonly stray: Stray | undefined;
}

/** One of the names of an object. */
export interface SeenName {
  readonly name: Bytes;
  /** The directory that it is in. */
  readonly ground: Ground;
  readonly standing: Standing;
}

/** What is kept of an object: there may be a million of them. */
export type StrayStat = Pick<
  ObjectStat,
  'type' | 'mode' | 'uid' | 'links' | 'blocks' | 'inode' | 'device'
>;

export interface Stray {
  readonly stat: StrayStat;
  /** Those in the trees; the first one is what it is called. */
  readonly names: readonly SeenName[];
  /** Of a directory that could be read. */
  readonly ground: Ground | undefined;
}

export interface StrayCollector {
  enter(directory: Directory, entries: readonly Entry[]): void;
  leave(directory: Directory): void;
  /** A directory before what is in it. */
  readonly strays: readonly Stray[];
}

/** Roots are whoever's: only what is below them is looked at. */
export function createStrayCollector(owners: Owners): StrayCollector {
  const strays: MutableStray[] = [];
  const linked = new Map<string, MutableStray>();
  const grounds = new Map<Directory, MutableGround>();
  const directories = new Map<Directory, MutableStray>();

  function meet(entry: Entry, seen: SeenName): void {
    const { stat, directory } = entry;
    const key = `${stat.device}:${stat.inode}`;
    const isLinked = stat.links > 1 && stat.type !== 'd';
    const known = isLinked ? linked.get(key) : undefined;
    if (known !== undefined) {
      known.names.push(seen);
      return;
    }
    const stray: MutableStray = { stat: kept(stat), names: [seen], ground: undefined };
    strays.push(stray);
    if (isLinked) linked.set(key, stray);
    if (directory !== undefined) directories.set(directory, stray);
  }

  return {
    strays,
    enter(directory, entries) {
      const stray = directories.get(directory);
      directories.delete(directory);
      const ground: MutableGround = { directory, counts: new Map(), below: new Set(), stray };
      grounds.set(directory, ground);
      if (stray !== undefined) stray.ground = ground;
      for (const entry of entries) {
        const { uid } = entry.stat;
        if (owners.isPackage(uid)) {
          ground.counts.set(uid, (ground.counts.get(uid) ?? 0) + 1);
          addSome(ground.below, uid);
        } else if (!owners.isAccepted(uid)) {
          const standing = entry.directory?.standing ?? directory.standing;
          meet(entry, { name: entry.name, ground, standing });
        }
      }
    },
    leave(directory) {
      const ground = grounds.get(directory);
      const above = directory.parent && grounds.get(directory.parent);
      grounds.delete(directory);
      if (ground === undefined || above === undefined) return;
      for (const uid of ground.below) addSome(above.below, uid);
    },
  };
}

interface MutableGround extends Ground {
  readonly counts: Map<number, number>;
  readonly below: Set<number>;
}

interface MutableStray extends Stray {
  readonly names: SeenName[];
  ground: Ground | undefined;
}

function kept({ type, mode, uid, links, blocks, inode, device }: ObjectStat): StrayStat {
  return { type, mode, uid, links, blocks, inode, device };
}

/** Whether there is one package or several is all that matters. */
function addSome(packages: Set<number>, uid: number): void {
  if (packages.size < 2) packages.add(uid);
}

/**
 * The walk over the trees: every directory once, by handle, however deep, its names in byte order,
 * so that two runs see the same things in the same order.
 */
import { realpathSync } from 'node:fs';
import { b, bytes, compareBytes, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { components, join, normalize } from '../bytes/path.ts';
import { listDir, openDir, withDir, type Dir } from '../files/dir.ts';
import { about } from '../files/error.ts';
import { statAt, statOf, type ObjectStat } from '../files/stat.ts';
import { ROOT_PLACE, openTree, placeBelow, type Place, type Tree } from '../files/tree.ts';
import { XhError } from '../message/error.ts';
import type { LfckProblem } from './problem.ts';
import type { Standing, Standings } from './standing.ts';

/** Where a walk begins. */
export interface Root {
  /** Absolute, without links. */
  readonly path: Bytes;
  /** Absolute, as named: what people are told. */
  readonly name: Bytes;
}

export interface Directory {
  readonly root: Root;
  readonly place: Place;
  readonly stat: ObjectStat;
  readonly standing: Standing;
  readonly parent: Directory | undefined;
}

export interface Entry {
  readonly name: Bytes;
  readonly stat: ObjectStat;
  /** Of a directory. */
  readonly directory?: Directory;
}

export interface Visitor {
  /** Once for each directory that can be read, with what is in it, before what is below. */
  enter(directory: Directory, entries: readonly Entry[]): void;
  /** After all that is below it. */
  leave(directory: Directory): void;
  /** A root, before it is entered. */
  root(directory: Directory): void;
  problem(problem: LfckProblem): void;
}

export interface ScanOptions {
  readonly standings: Standings;
  /** Do not enter directories on another file system than their root. */
  readonly oneFileSystem: boolean;
}

/**
 * The root that `given` names, relative to the working directory.
 * @throws FileError when there is nothing, or no way to it
 */
export function rootNamed(given: Bytes): Root {
  const absolute = given.startsWith('/') ? given : join(bytes(process.cwd()), b`/${given}`);
  const path = realPath(absolute);
  // where `..` leads only the file system knows
  return { path, name: components(given).includes(b`..`) ? path : normalize(absolute) };
}

export function realPath(name: Bytes): Bytes {
  return about(name, () => fromBuffer(realpathSync.native(toBuffer(name), { encoding: 'buffer' })));
}

/** How a directory, or the object `name` in it, is shown. */
export function shownPath(root: Root, place: Place, name?: Bytes): Bytes {
  const directory = place.path === '' ? root.name : join(root.name, place.path);
  return name === undefined ? directory : join(directory, name);
}

/** Walks all roots. What is reached twice, by a root within another or by a mount, is seen once. */
export function scan(roots: readonly Root[], visitor: Visitor, options: ScanOptions): void {
  const seen = createSeen();
  // the outer ones first, whatever order they are named in
  for (const root of roots.toSorted((one, other) => compareBytes(one.path, other.path))) {
    try {
      withDir(openDir(root.path), (dir) => {
        walkRoot(root, dir, { visitor, seen, options });
      });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      visitor.problem({ path: root.name, message: error.message });
    }
  }
}

function walkRoot(root: Root, dir: Dir, work: Walk): void {
  const stat = statOf(dir.fd, root.name);
  if (!work.seen.add(stat)) return;
  const standing = work.options.standings.at(root.path);
  const top = { root, place: ROOT_PLACE, stat, standing, parent: undefined };
  const tree = openTree(dir, { quiet: true });
  try {
    work.visitor.root(top);
    walk(top, tree, work);
  } finally {
    tree.closeBelow();
  }
}

interface Walk {
  readonly visitor: Visitor;
  readonly seen: Seen;
  readonly options: ScanOptions;
}

/** One directory that has been entered, and which of those in it are still to come. */
interface Step {
  readonly directory: Directory;
  readonly below: readonly Directory[];
  next: number;
}

/** A list of steps instead of recursion: trees may be deeper than the stack. */
function walk(top: Directory, tree: Tree, work: Walk): void {
  const first = enter(top, tree, work);
  const steps: Step[] = first === undefined ? [] : [first];
  for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
    const directory = step.below[step.next++];
    if (directory === undefined) {
      work.visitor.leave(step.directory);
      steps.pop();
      continue;
    }
    const entered = enter(directory, tree, work);
    if (entered !== undefined) steps.push(entered);
  }
}

function enter(directory: Directory, tree: Tree, work: Walk): Step | undefined {
  const { visitor } = work;
  const { root, place } = directory;
  try {
    const dir = tree.open(place);
    const entries = listDir(dir)
      .toSorted(compareBytes)
      .flatMap((name) => entryOf(directory, dir, name, work));
    visitor.enter(directory, entries);
    const below = entries.flatMap((entry) => entry.directory ?? []);
    return { directory, below, next: 0 };
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    visitor.problem({ path: shownPath(root, place), message: error.message });
    return undefined;
  }
}

/** Nothing for what is gone meanwhile, and for directories that are not ours to enter. */
function entryOf(parent: Directory, dir: Dir, name: Bytes, work: Walk): Entry[] {
  const { visitor, seen, options } = work;
  const { root, place } = parent;
  try {
    const stat = statAt(dir, name);
    if (stat === undefined) return [];
    if (stat.type !== 'd') return [{ name, stat }];
    if (options.oneFileSystem && stat.device !== parent.stat.device) return [];
    if (!seen.add(stat)) return [];
    const below = placeBelow(place, name, { inode: stat.inode, device: stat.device });
    const standing = options.standings.below(parent.standing, name, join(root.path, below.path));
    return [{ name, stat, directory: { root, place: below, stat, standing, parent } }];
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    visitor.problem({ path: shownPath(root, place, name), message: error.message });
    return [];
  }
}

interface Seen {
  /** Whether it is new. */
  add(stat: ObjectStat): boolean;
}

function createSeen(): Seen {
  const byDevice = new Map<bigint, Set<bigint>>();
  return {
    add({ device, inode }) {
      const inodes = byDevice.get(device) ?? new Set();
      byDevice.set(device, inodes);
      if (inodes.has(inode)) return false;
      inodes.add(inode);
      return true;
    },
  };
}

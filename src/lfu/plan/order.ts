/**
 * The order in which a plan is carried out: new names come before old ones go. Directories, then
 * data and libraries, then links, then programs, then links to programs that are new; then what is
 * removed; then the times of directories, which all the rest would change again. Pure.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { dirname, join, normalize } from '../../bytes/path.ts';
import { pathBelow } from '../../files/tree.ts';
import type { Directory, LfuChange } from './change.ts';
import type { Step } from './hard-links.ts';

/**
 * `changes`, which stand in the order of the tree, in the order in which to make them, by phases:
 * each has to be over before the next begins, and within one only removals depend on one another.
 */
export function inPhases(changes: readonly LfuChange[]): readonly (readonly LfuChange[])[] {
  const programs = new Set<Bytes>();
  for (const change of changes) {
    if (change.kind === 'copy' && isProgram(change)) programs.add(pathOf(change));
  }
  const ranked = Array.from({ length: RANKS }, (): Ranked => ({ objects: [], joins: [] }));
  for (const change of changes) {
    const rank = ranked[rankOf(change, programs)];
    if (change.kind === 'join') rank?.joins.push(change);
    else rank?.objects.push(change);
  }
  return ranked.flatMap(({ objects, joins }, rank) => [
    rank === RANK.times ? deepestFirst(objects, directorySet) : objects,
    joins,
  ]);
}

function directorySet(change: LfuChange): Directory {
  return (change.kind === 'set' ? change.directory : undefined) ?? change.at;
}

/**
 * `steps` in the order of the tree, in whatever order they were found: a directory before what is in
 * it, and after it when it goes. Equal trees have equal plans.
 */
export function inTreeOrder(steps: readonly Step[]): readonly Step[] {
  const keyed = steps.map((step) => ({ step, key: keyOf(step) }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
  return keyed.map(({ step }) => step);
}

/** Orders like the tree does: no byte of a name is less than what stands for the slash. */
function keyOf({ change, links }: Step): string {
  const subject = change ?? (links?.kind === 'copied' ? links.fresh : undefined);
  if (subject === undefined) return '';
  const key = pathOf(subject).replaceAll('/', '\0');
  return subject.kind === 'delete' || subject.kind === 'keep' ? `${key}\u0001` : key;
}

/** Below the tree. */
export function pathOf(change: LfuChange): Bytes {
  return change.name === '' ? change.at.path : pathBelow(change.at, change.name);
}

/** What is made or set comes before the further names that it gets. */
interface Ranked {
  readonly objects: LfuChange[];
  readonly joins: LfuChange[];
}

const RANK = {
  directories: 0,
  data: 1,
  links: 2,
  programs: 3,
  linksToPrograms: 4,
  removals: 5,
  times: 6,
} as const;
const RANKS = 7;

function rankOf(change: LfuChange, programs: ReadonlySet<Bytes>): number {
  switch (change.kind) {
    case 'delete':
    case 'keep':
      return RANK.removals;
    case 'make':
      return change.type === 'd' ? RANK.directories : RANK.data;
    case 'set': {
      if (change.type !== 'd') return RANK.data;
      const timeOnly = change.why.length === 1 && change.why[0] === 'mtime';
      return timeOnly ? RANK.times : RANK.directories;
    }
    case 'copy':
      return isProgram(change) ? RANK.programs : RANK.data;
    case 'link':
      return programs.has(targetOf(pathOf(change), change.target))
        ? RANK.linksToPrograms
        : RANK.links;
    case 'join':
      return change.to.made === undefined ? RANK.data : rankOf(change.to.made, programs);
  }
}

/** An executable file that is no library. */
function isProgram(change: LfuChange & { readonly kind: 'copy' }): boolean {
  const mode = change.want.mode ?? 0;
  return (mode & 0o111) !== 0 && !/\.so(?:\.|$)/.test(change.name);
}

/** Where a link leads, as far as its text tells. */
function targetOf(path: Bytes, target: Bytes): Bytes {
  if (target.startsWith('/')) return target;
  return normalize(join(dirname(path), target));
}

/** `things` with those in the deepest directories first, otherwise in their order. */
export function deepestFirst<T>(
  things: readonly T[],
  directoryOf: (thing: T) => Directory,
): readonly T[] {
  const depths = new Map<Directory, number>();
  const depthOf = (directory: Directory): number => {
    let depth = 0;
    let at: Directory | undefined = directory;
    for (; at !== undefined; at = at.parent) {
      const known = depths.get(at);
      if (known !== undefined) break;
      depth++;
    }
    depth += at === undefined ? 0 : (depths.get(at) ?? 0);
    depths.set(directory, depth);
    return depth;
  };
  const keyed = things.map((thing) => ({ thing, depth: depthOf(directoryOf(thing)) }));
  return keyed.toSorted((one, other) => other.depth - one.depth).map(({ thing }) => thing);
}

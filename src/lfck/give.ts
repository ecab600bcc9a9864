/**
 * Giving suspects to the packages that they are suspected to be of. Each is held by handle, proven
 * to be the object that was looked at, and then given: no link is followed, and what somebody put
 * in its place meanwhile is left alone. Nothing is given that would hand over more than a file.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { attributesHeld } from '../files/attributes.ts';
import { closeDir, openDir, type Dir } from '../files/dir.ts';
import { chownHeld, withHeld, type Held } from '../files/held.ts';
import type { ObjectStat } from '../files/stat.ts';
import { openTree, type Tree } from '../files/tree.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Root } from './scan.ts';
import type { Suspect } from './suspects.ts';

export interface GiveOptions {
  /** Give programs with set-id bits or capabilities too, which lose them. */
  readonly clearSetId: boolean;
}

export type Outcome =
  | { readonly is: 'given'; readonly owner: number }
  /** For a reason that a person has to look at. */
  | { readonly is: 'left'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string };

/**
 * Why a suspect is not given to the package that it is suspected to be of; undefined when it is.
 *
 * - A device would hand over what it stands for.
 * - An object with names outside the trees may be one that somebody linked into a tree so that it
 *   be given to him.
 * - chown(2) clears set-id bits and capabilities. Without them the program may be useless, and to
 *   put them back would let whoever can write to it run it as somebody else.
 */
export function whyLeft(
  { suspected, stat, names }: Suspect,
  options: GiveOptions,
): string | undefined {
  if (suspected === undefined) return 'no owner is suspected';
  if (stat.type === 'b' || stat.type === 'c') return 'it is a device';
  const outside = stat.links - names.length;
  if (stat.type !== 'd' && outside > 0) {
    return outside === 1
      ? 'it has a name outside the trees'
      : `it has ${outside} names outside the trees`;
  }
  if (stat.type === 'f' && (stat.mode & SET_ID) !== 0 && !options.clearSetId) {
    return 'it is a set-id program (see --clear-set-id)';
  }
  return undefined;
}

const SET_ID = 0o6000;

/**
 * Gives each suspect to its package, and tells what became of it.
 * @throws FileError exit 4 when owners may not be changed at all; those told before are given
 */
export function giveOwners(
  suspects: readonly Suspect[],
  options: GiveOptions,
  tell: (suspect: Suspect, outcome: Outcome) => void,
): void {
  const trees = openTrees();
  try {
    for (const suspect of suspects) tell(suspect, outcomeOf(suspect, options, trees));
  } finally {
    trees.close();
  }
}

function outcomeOf(suspect: Suspect, options: GiveOptions, trees: Trees): Outcome {
  const left = whyLeft(suspect, options);
  if (left !== undefined) return { is: 'left', why: left };
  const { suspected: owner, names } = suspect;
  const seen = names[0];
  if (owner === undefined || seen === undefined)
    return { is: 'left', why: 'no owner is suspected' };
  const { root, place } = seen.ground.directory;
  try {
    const dir = trees.open(root).open(place);
    return withHeld(dir, seen.name, (held, stat) => {
      if (!isAsSeen(suspect, stat)) return { is: 'left', why: 'it has changed meanwhile' };
      if (stat.type === 'f' && !options.clearSetId && hasCapabilities(held)) {
        return { is: 'left', why: 'it is a program with capabilities (see --clear-set-id)' };
      }
      chownHeld(held, owner, -1);
      return { is: 'given', owner };
    });
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    // root is refused single objects only (immutable ones), others are refused all of them
    if (error.exit === EXIT.notPermitted && process.geteuid?.() !== 0) throw error;
    return { is: 'failed', why: error.message };
  }
}

function isAsSeen({ stat: seen }: Suspect, now: ObjectStat): boolean {
  return (
    now.inode === seen.inode &&
    now.device === seen.device &&
    now.type === seen.type &&
    now.uid === seen.uid &&
    now.mode === seen.mode &&
    (now.type === 'd' || now.links === seen.links)
  );
}

function hasCapabilities(held: Held): boolean {
  return attributesHeld(held.fd, held.path).has(CAPABILITIES);
}
const CAPABILITIES = 'security.capability' as Bytes;

/** One tree open at a time: suspects come tree by tree. */
interface Trees {
  open(root: Root): Tree;
  close(): void;
}

function openTrees(): Trees {
  let at: { readonly root: Root; readonly dir: Dir; readonly tree: Tree } | undefined;
  const close = (): void => {
    at?.tree.closeBelow();
    if (at !== undefined) closeDir(at.dir);
    at = undefined;
  };
  return {
    open(root) {
      if (at?.root === root) return at.tree;
      close();
      const dir = openDir(root.path);
      at = { root, dir, tree: openTree(dir, { quiet: true }) };
      return at.tree;
    },
    close,
  };
}

/**
 * One change of a transaction, once it is staged: switch (renames only), undo, and clean (what was
 * replaced goes). Each may be repeated after a kill at any instruction: what has been done already
 * is seen from the names themselves.
 */
import { b, concat, printable, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname } from '../bytes/path.ts';
import type { Dir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import {
  removeDirAt,
  removeTreeAt,
  renameAt,
  renameToFreeAt,
  symlinkAt,
  unlinkIfPresent,
} from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import { finishSwapAt, swapAt, type Swap } from '../files/swap.ts';
import type { Located, Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import { isAfter, isLinkTo, type Placing } from './after.ts';
import { followsLink, type Before, type Change } from './plan.ts';
import { sameState, stateAt, stateText } from './state.ts';

/** One change in its transaction. */
export interface Step {
  readonly walker: Walker;
  readonly change: Change;
  /** The name beside the place that belongs to this change alone. */
  readonly aside: Bytes;
  /** Whether the whole transaction had been staged: only then anything may have been switched. */
  readonly staged: boolean;
  /** Inode that staging made, or that the change takes away; known to the process that staged. */
  readonly inode?: string;
}

/** Makes the change take effect; a second time does nothing. @throws XhError E_CHANGED when somebody was quicker */
export function switchOver(step: Step): void {
  const { change, aside } = step;
  const place = placeOf(step);
  const { dir, name } = place;
  switch (change.op) {
    case 'mkdir':
      return;
    case 'link':
      if (change.before.type === 'absent') makeLink(place, change.target);
      else replace(step, place, change);
      return;
    case 'write':
    case 'tree':
    case 'place':
      if (change.before.type === 'absent') appear(place, aside);
      else replace(step, place, change);
      return;
    case 'remove':
      takeAway(step, place, change.before);
      return;
    case 'rename':
      if (isMeant(step, place, change.before)) move(dir, name, basename(change.to));
      return;
    case 'displace':
      replace(step, place, change);
      if (statAt(dir, aside) !== undefined) move(dir, aside, basename(change.keptAs));
      return;
    case 'restore': {
      const swap = swapOf(step, place, basename(change.keptAs));
      finishSwapAt(swap);
      if (isLink(dir, name, change.before)) swapAt(swap);
      else if (!isLink(dir, swap.aside, change.before)) throw changed(place, change.before);
      return;
    }
    case 'rmdir':
      // what was removed from it is still beside its place: it goes when that has gone
      return;
  }
}

/** Takes the change back, as far as it has come; what others did since is theirs and stays. */
export function undo(step: Step): void {
  const { change, aside, inode, staged } = step;
  const place = step.walker.tryLocate(change.path, { follow: followsLink(change) });
  // its directory was never made, or has been taken back
  if (place === undefined) return;
  const { dir, name } = place;
  switch (change.op) {
    case 'mkdir':
      if (inode === undefined || inodeAt(dir, name) === inode) removeIfEmpty(dir, name);
      return;
    case 'link':
      if (change.before.type !== 'absent') putBack(step, place, change);
      else if (staged && isLinkTo(place, change.target)) unlinkIfPresent(dir, name);
      return;
    case 'write':
    case 'tree':
    case 'place':
      if (change.before.type !== 'absent') putBack(step, place, change);
      else disappear(step, place, change);
      return;
    case 'remove':
      if (statAt(dir, aside) === undefined) return;
      if (statAt(dir, name) === undefined) renameToFreeAt(dir, aside, dir, name);
      else discard(dir, aside);
      return;
    case 'rename': {
      const to = { ...place, name: basename(change.to) };
      if (staged && statAt(dir, name) === undefined && isMeant(step, to, change.before)) {
        renameToFreeAt(dir, to.name, dir, name);
      }
      return;
    }
    case 'displace':
      bringBack(step, place, change);
      return;
    case 'restore': {
      const swap = swapOf(step, place, basename(change.keptAs));
      finishSwapAt(swap);
      if (staged && isLink(dir, swap.aside, change.before)) swapAt(swap);
      return;
    }
    case 'rmdir':
      return;
  }
}

/** When all has taken effect: what was replaced or removed goes. */
export function clean(step: Step): void {
  const { change, aside } = step;
  // it has had nothing beside its place
  if (change.op === 'link' && change.before.type === 'absent') return;
  const place = step.walker.tryLocate(change.path, { follow: followsLink(change) });
  if (place === undefined) return;
  const { dir, name } = place;
  switch (change.op) {
    case 'write':
    case 'link':
    case 'remove':
    case 'tree':
    case 'place':
      removeTreeAt(dir, aside);
      return;
    case 'restore': {
      const kept = basename(change.keptAs);
      if (isLink(dir, kept, change.before)) unlinkIfPresent(dir, kept);
      return;
    }
    case 'rmdir':
      // not empty: somebody has something in it, so it stays
      removeIfEmpty(dir, name);
      return;
    case 'mkdir':
    case 'rename':
    case 'displace':
      return;
  }
}

/** Whether the place still is what the plan saw; undefined when it is. */
export function objection(step: Step): string | undefined {
  const { change } = step;
  const place = step.walker.tryLocate(change.path, { follow: followsLink(change) });
  const now: Before = place === undefined ? { type: 'absent' } : stateAt(place);
  if (change.op === 'mkdir') {
    return now.type === 'absent' || now.type === 'directory'
      ? undefined
      : `${printable(change.path)} is ${stateText(now)}, not a directory`;
  }
  if (sameState(now, change.before)) return undefined;
  return `${printable(change.path)} was ${stateText(change.before)} when the plan was made and has changed since`;
}

/** The place of a change: a written file's link is followed, every other name is meant itself. */
export function placeOf(step: Step): Located {
  return step.walker.locate(step.change.path, { follow: followsLink(step.change) });
}

/** The new object takes the place of the old one, which must be what the plan saw. */
function replace(step: Step, place: Located, change: Placing): void {
  const { dir } = place;
  const { before } = change;
  const aside = { ...place, name: step.aside };
  const swap = swapOf(step, place);
  finishSwapAt(swap);
  if (!isNew(step, aside, change)) {
    // it has taken its place already, and this is the old one, unless somebody has been at it
    const old = stateAt(aside);
    if (old.type !== 'absent' && !sameState(old, before)) throw changed(aside, before);
    return;
  }
  swapAt(swap);
  // compared after the exchange, so that nothing can come between
  if (!sameState(stateAt({ dir, name: step.aside, path: place.path }), before)) {
    swapAt(swap);
    throw changed(place, before);
  }
}

/** The reverse of {@link replace}, from wherever it got to. */
function putBack(step: Step, place: Located, change: Placing): void {
  const { dir, name } = place;
  const { aside } = step;
  removeTreeAt(dir, goneName(aside));
  finishSwapAt(swapOf(step, place));
  if (statAt(dir, aside) === undefined) return;
  const switched =
    step.staged && !isNew(step, { ...place, name: aside }, change) && isNew(step, place, change);
  // a directory takes the place of nothing but a directory
  if (switched && ![name, aside].some((each) => statAt(dir, each)?.type === 'd')) {
    renameAt(dir, aside, dir, name);
    return;
  }
  if (switched) swapAt(swapOf(step, place));
  giveUp(step, dir);
}

/** A new object appears where nothing is. */
function appear(place: Located, aside: Bytes): void {
  const { dir, name } = place;
  if (statAt(dir, aside) === undefined) return;
  try {
    move(dir, aside, name);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw changed(place, { type: 'absent' });
    throw error;
  }
}

/** The reverse of {@link appear}. A tree gets its hidden name first, so that nobody sees half of it. */
function disappear(step: Step, place: Located, change: Placing): void {
  const { dir, name } = place;
  const { aside } = step;
  removeTreeAt(dir, goneName(aside));
  if (statAt(dir, aside) === undefined) {
    if (!step.staged || !isNew(step, place, change)) return;
    if (change.op === 'place') renameToFreeAt(dir, name, dir, aside);
    else {
      renameToFreeAt(dir, name, dir, goneName(aside));
      removeTreeAt(dir, goneName(aside));
      return;
    }
  }
  if (inodeAt(dir, aside) === inodeAt(dir, name)) unlinkIfPresent(dir, name);
  giveUp(step, dir);
}

/** A file or link goes aside, if it is what the plan saw. */
function takeAway(step: Step, place: Located, before: Before): void {
  const { dir, name } = place;
  const { aside } = step;
  if (statAt(dir, aside) !== undefined) {
    if (inodeAt(dir, aside) === inodeAt(dir, name)) unlinkIfPresent(dir, name);
    return;
  }
  if (statAt(dir, name) === undefined) return;
  if (!isMeant(step, place, before)) throw changed(place, before);
  renameToFreeAt(dir, name, dir, aside);
  if (!sameState(stateAt({ ...place, name: aside }), before)) {
    renameToFreeAt(dir, aside, dir, name);
    throw changed(place, before);
  }
}

/** The reverse of a displacement: the original has its name again, wherever it has got to. */
function bringBack(step: Step, place: Located, change: Extract<Change, { op: 'displace' }>): void {
  const { dir, name } = place;
  const { aside } = step;
  const kept = basename(change.keptAs);
  finishSwapAt(swapOf(step, place));
  finishSwapAt(swapOf(step, place, kept));
  if (isLinkTo({ dir, name: kept }, change.target)) unlinkIfPresent(dir, kept);
  const isAside = statAt(dir, aside) !== undefined;
  if (isAside && (!step.staged || isNew(step, { ...place, name: aside }, change))) {
    unlinkIfPresent(dir, aside);
    return;
  }
  if (isAside) move(dir, aside, kept);
  if (!step.staged || statAt(dir, kept) === undefined) return;
  // another's is his; the original stays where it was kept
  if (!isNew(step, place, change)) return;
  if (statAt(dir, kept)?.type !== 'd') {
    renameAt(dir, kept, dir, name);
    return;
  }
  swapAt(swapOf(step, place, kept));
  unlinkIfPresent(dir, kept);
}

/** Whether what is there is the new object. */
function isNew({ inode }: Step, place: Located, change: Placing): boolean {
  if (inode !== undefined) return inodeAt(place.dir, place.name) === inode;
  return statAt(place.dir, place.name) !== undefined && isAfter(place, change);
}

/** Whether what is there is the object that the change was planned for. */
function isMeant({ inode }: Step, place: Located, before: Before): boolean {
  if (inode !== undefined) return inodeAt(place.dir, place.name) === inode;
  return sameState(stateAt(place), before);
}

function makeLink(place: Located, target: Bytes): void {
  try {
    symlinkAt(place.dir, place.name, target);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (!isLinkTo(place, target)) throw changed(place, { type: 'absent' });
  }
}

/** Gives an object a name that is free; where that takes two steps, one may have been done. */
function move(dir: Dir, from: Bytes, to: Bytes): void {
  const inode = inodeAt(dir, from);
  if (inode !== undefined && inode === inodeAt(dir, to)) unlinkIfPresent(dir, from);
  else renameToFreeAt(dir, from, dir, to);
}

/** What was to take the place goes; what somebody else has made goes back to where he made it. */
function giveUp({ change, aside }: Step, dir: Dir): void {
  const back = change.op === 'place' ? basename(change.from) : undefined;
  if (back !== undefined && statAt(dir, back) === undefined) renameToFreeAt(dir, aside, dir, back);
  else discard(dir, aside);
}

/** Removes what is under our own name; a tree under one that says so, so that half of it is not taken for it. */
function discard(dir: Dir, aside: Bytes): void {
  if (statAt(dir, aside)?.type !== 'd') {
    unlinkIfPresent(dir, aside);
    return;
  }
  renameToFreeAt(dir, aside, dir, goneName(aside));
  removeTreeAt(dir, goneName(aside));
}

function goneName(aside: Bytes): Bytes {
  return concat(aside, b`.gone`);
}

function swapOf(step: Step, { dir, name }: Located, aside: Bytes = step.aside): Swap {
  const spare = concat(step.aside, aside === step.aside ? b`.old` : b`.kept`);
  return { dir, name, aside, spare };
}

function inodeAt(dir: Dir, name: Bytes): string | undefined {
  return statAt(dir, name)?.inode.toString();
}

function isLink(dir: Dir, name: Bytes, wanted: Before): boolean {
  return wanted.type === 'link' && isLinkTo({ dir, name }, wanted.target);
}

function removeIfEmpty(dir: Dir, name: Bytes): void {
  try {
    removeDirAt(dir, name);
  } catch (error) {
    if (!STAYS.has(errnoOf(error) ?? '')) throw error;
  }
}

function changed(place: Located, before: Before): XhError {
  return new XhError(
    'E_CHANGED',
    `${printable(place.path)} was ${stateText(before)} when the plan was made and was changed meanwhile`,
    {
      exit: EXIT.refused,
      place: { file: place.path },
      remedy: 'nothing has been changed; run the command again',
    },
  );
}

const STAYS: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY']);

/** The directories in which changes leave or remove names, for syncing; real paths. */
export function touchedBy(walker: Walker, changes: readonly Change[]): ReadonlySet<Bytes> {
  const touched = new Set<Bytes>();
  const seen = new Set<Bytes>();
  for (const change of changes) {
    const follow = followsLink(change);
    const key = follow ? change.path : dirname(change.path);
    if (seen.has(key)) continue;
    seen.add(key);
    const place = walker.tryLocate(change.path, { follow });
    if (place !== undefined) touched.add(dirname(place.path));
  }
  return touched;
}

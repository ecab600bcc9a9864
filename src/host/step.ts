/**
 * The four movements of one change: stage (everything that needs space, beside the place), switch
 * (renames only), undo, and clean (what was replaced goes). Each may be repeated after a kill at
 * any instruction: what has been done already is seen from the names themselves.
 */
import { closeSync } from 'node:fs';
import { b, concat, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname } from '../bytes/path.ts';
import { attributesOf, setAttributesOf, type Attributes } from '../files/attributes.ts';
import { syncFile, writeAll } from '../files/content.ts';
import { closeDir, openDirAt, type Dir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import {
  chmodAt,
  chownAt,
  createAt,
  hardLinkAt,
  makeDirAt,
  openFileAt,
  readLinkAt,
  removeDirAt,
  removeTreeAt,
  renameToFreeAt,
  setTimesAt,
  symlinkAt,
  unlinkIfPresent,
} from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import { finishSwapAt, swapAt, type Swap } from '../files/swap.ts';
import type { Located, Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Before, Change, TreeObject } from './plan.ts';
import { sameState, stateAt, stateText } from './state.ts';

/** One change in its transaction. */
export interface Step {
  readonly walker: Walker;
  readonly change: Change;
  /** The name beside the place that belongs to this change alone. */
  readonly aside: Bytes;
  /** Inode that staging made (or that the change takes away), once staging is complete. */
  readonly inode?: string;
}

/** Contents of published files by hash. */
export type Contents = (sha256: string) => Uint8Array;

/** Prepares the change beside its place. @returns the inode that identifies what it made or will move */
export function stage(step: Step, contents: Contents): string | undefined {
  const { change, aside } = step;
  const { dir, name } = placeOf(step);
  switch (change.op) {
    case 'mkdir':
      if (statAt(dir, name)?.type === 'd') return undefined;
      makeDirAt(dir, name, change.mode);
      return inodeAt(dir, name);
    case 'write':
      stageFile(dir, name, aside, change);
      return inodeAt(dir, aside);
    case 'link':
      if (change.before.type === 'absent') return undefined;
      symlinkAt(dir, aside, change.target);
      return inodeAt(dir, aside);
    case 'displace':
      symlinkAt(dir, aside, change.target);
      return inodeAt(dir, aside);
    case 'tree':
      stageTree(dir, aside, change, contents);
      return inodeAt(dir, aside);
    case 'remove':
    case 'rename':
    case 'restore':
      return inodeAt(dir, name);
    case 'rmdir':
      return undefined;
  }
}

/** Makes the change take effect; a second time does nothing. @throws XhError E_CHANGED when somebody was quicker */
export function switchOver(step: Step): void {
  const { change, aside, inode } = step;
  const place = placeOf(step);
  const { dir, name } = place;
  switch (change.op) {
    case 'mkdir':
      return;
    case 'link':
      if (change.before.type !== 'absent') replace(step, place, change.before);
      else makeLink(place, change.target);
      return;
    case 'write':
    case 'tree':
      if (change.before.type !== 'absent') replace(step, place, change.before);
      else if (statAt(dir, aside) !== undefined) appear(place, aside);
      return;
    case 'remove':
      if (statAt(dir, aside) !== undefined || inodeAt(dir, name) !== inode) return;
      renameToFreeAt(dir, name, dir, aside);
      if (!sameState(stateAt({ ...place, name: aside }), change.before)) {
        renameToFreeAt(dir, aside, dir, name);
        throw changed(place, change.before);
      }
      return;
    case 'rename':
      if (inodeAt(dir, name) === inode) renameToFreeAt(dir, name, dir, basename(change.to));
      return;
    case 'displace': {
      replace(step, place, change.before);
      if (statAt(dir, aside) !== undefined) {
        renameToFreeAt(dir, aside, dir, basename(change.keptAs));
      }
      return;
    }
    case 'restore':
      if (isLinkTo(place, change.before)) swapAt(swapOf(step, place, basename(change.keptAs)));
      return;
    case 'rmdir':
      // what was removed from it is still beside its place: it goes when that has gone
      return;
  }
}

/** Takes the change back, as far as it has come; what others did since is theirs and stays. */
export function undo(step: Step): void {
  const { change, aside, inode } = step;
  const place = step.walker.tryLocate(change.path, { follow: change.op === 'write' });
  // its directory was never made, or has been taken back
  if (place === undefined) return;
  const { dir, name } = place;
  switch (change.op) {
    case 'mkdir':
      // without an inode staging was not complete, and the directory was absent before
      if (inode === undefined || inodeAt(dir, name) === inode) removeIfEmpty(dir, name);
      return;
    case 'link':
      if (change.before.type !== 'absent') putBack(step, place);
      else if (isLinkTo(place, { type: 'link', target: change.target })) unlinkIfPresent(dir, name);
      return;
    case 'write':
    case 'tree':
      if (change.before.type !== 'absent') putBack(step, place);
      else if (statAt(dir, aside) === undefined && inode !== undefined) {
        if (inodeAt(dir, name) === inode) removeTreeAt(dir, name);
      } else removeTreeAt(dir, aside);
      return;
    case 'remove':
      if (statAt(dir, aside) === undefined) return;
      if (statAt(dir, name) === undefined) renameToFreeAt(dir, aside, dir, name);
      else unlinkIfPresent(dir, aside);
      return;
    case 'rename':
      if (inode !== undefined && inodeAt(dir, basename(change.to)) === inode) {
        renameToFreeAt(dir, basename(change.to), dir, name);
      }
      return;
    case 'displace': {
      const kept = basename(change.keptAs);
      if (statAt(dir, aside) !== undefined) putBack(step, place);
      else if (isLinkTo(place, { type: 'link', target: change.target }) && statAt(dir, kept)) {
        swapAt(swapOf(step, place, kept));
        unlinkIfPresent(dir, kept);
      }
      return;
    }
    case 'restore': {
      const kept = basename(change.keptAs);
      if (isLinkTo({ ...place, name: kept }, change.before)) swapAt(swapOf(step, place, kept));
      return;
    }
    case 'rmdir':
      return;
  }
}

/** After the commit: what was replaced or removed goes. */
export function clean(step: Step): void {
  const { change, aside } = step;
  const place = step.walker.tryLocate(change.path, { follow: change.op === 'write' });
  if (place === undefined) return;
  const { dir, name } = place;
  switch (change.op) {
    case 'write':
    case 'link':
    case 'remove':
    case 'tree':
      removeTreeAt(dir, aside);
      return;
    case 'restore': {
      const kept = basename(change.keptAs);
      if (isLinkTo({ dir, name: kept, path: change.keptAs }, change.before)) {
        unlinkIfPresent(dir, kept);
      }
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
  const place = step.walker.tryLocate(change.path, { follow: change.op === 'write' });
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
  return step.walker.locate(step.change.path, { follow: step.change.op === 'write' });
}

function stageFile(
  dir: Dir,
  name: Bytes,
  aside: Bytes,
  change: Extract<Change, { op: 'write' }>,
): void {
  const path = b`${dir.path}/${name}`;
  const { before } = change;
  const attributes = before.type === 'file' ? attributesAt(dir, name) : undefined;
  const fd = createAt(dir, aside, 0o600);
  try {
    writeAll(fd, path, toBuffer(change.content));
    const old = before.type === 'file' ? before : undefined;
    own(dir, aside, change.uid ?? old?.uid, change.gid ?? old?.gid);
    if (attributes !== undefined && attributes.size > 0) setAttributesOf(fd, path, attributes);
    // last: chown and ACLs may clear set-id bits
    chmodAt(dir, aside, change.mode ?? old?.mode ?? 0o644);
    syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}

function attributesAt(dir: Dir, name: Bytes): Attributes {
  const fd = openFileAt(dir, name);
  try {
    return attributesOf(fd, b`${dir.path}/${name}`);
  } finally {
    closeSync(fd);
  }
}

function stageTree(
  dir: Dir,
  aside: Bytes,
  change: Extract<Change, { op: 'tree' }>,
  contents: Contents,
): void {
  const { uid, gid } = change;
  const self = change.objects.find((object) => object.path === '');
  makeDirAt(dir, aside, 0o700);
  const open = new Map<Bytes, Dir>([[b``, openDirAt(dir, aside)]]);
  const directoryOf = (path: Bytes): Dir => {
    const found = open.get(path);
    if (found !== undefined) return found;
    const parent = path.includes('/') ? dirname(path) : b``;
    const opened = openDirAt(directoryOf(parent), basename(path));
    open.set(path, opened);
    return opened;
  };
  const names: (() => void)[] = [];
  const finished: (() => void)[] = [];
  try {
    for (const object of change.objects) {
      if (object.path === '') continue;
      const parent = directoryOf(object.path.includes('/') ? dirname(object.path) : b``);
      const name = basename(object.path);
      if (object.hardLinkOf !== undefined) {
        const other = object.hardLinkOf;
        // its first name may be any in the tree
        names.push(() => {
          const at = directoryOf(other.includes('/') ? dirname(other) : b``);
          hardLinkAt(at, basename(other), parent, name);
        });
        continue;
      }
      makeTreeObject(parent, name, object, contents);
      if (object.type !== 'directory') finish(parent, name, object, uid, gid);
      else finished.push(() => finish(parent, name, object, uid, gid));
    }
    for (const link of names) link();
    // a directory's mode and times last: making its contents needs one and changes the other
    for (const last of finished.toReversed()) last();
  } finally {
    for (const opened of open.values()) closeDir(opened);
  }
  finish(dir, aside, self ?? { path: b``, type: 'directory', mode: 0o755 }, uid, gid);
}

function makeTreeObject(dir: Dir, name: Bytes, object: TreeObject, contents: Contents): void {
  if (object.type === 'directory') makeDirAt(dir, name, 0o700);
  else if (object.type === 'link') symlinkAt(dir, name, object.target ?? b``);
  else {
    const fd = createAt(dir, name, 0o600);
    const path = b`${dir.path}/${name}`;
    try {
      writeAll(fd, path, contents(object.sha256 ?? ''));
    } finally {
      closeSync(fd);
    }
  }
}

function finish(
  dir: Dir,
  name: Bytes,
  object: TreeObject,
  uid: number | undefined,
  gid: number | undefined,
): void {
  own(dir, name, uid, gid);
  if (object.type !== 'link') chmodAt(dir, name, object.mode);
  if (object.mtime !== undefined) {
    const [seconds, nanoseconds] = object.mtime;
    setTimesAt(dir, name, { mtime: { seconds, nanoseconds } });
  }
}

/** Gives the object to an owner, when it is not his already. */
function own(dir: Dir, name: Bytes, uid: number | undefined, gid: number | undefined): void {
  if (uid === undefined && gid === undefined) return;
  const now = statAt(dir, name);
  if ((uid ?? now?.uid) === now?.uid && (gid ?? now?.gid) === now?.gid) return;
  chownAt(dir, name, uid ?? -1, gid ?? -1);
}

/** The new object takes the place of the old one, which must be what the plan saw. */
function replace(step: Step, place: Located, before: Before): void {
  const { aside, inode } = step;
  finishSwapAt(swapOf(step, place));
  if (inodeAt(place.dir, aside) !== inode) return;
  swapAt(swapOf(step, place));
  // compared after the exchange, so that nothing can come between
  if (!sameState(stateAt({ ...place, name: aside }), before)) {
    swapAt(swapOf(step, place));
    throw changed(place, before);
  }
}

/** The reverse of {@link replace}, from wherever it got to. */
function putBack(step: Step, place: Located): void {
  const { aside, inode } = step;
  finishSwapAt(swapOf(step, place));
  const at = inodeAt(place.dir, aside);
  if (at === undefined) return;
  if (inode !== undefined && at !== inode && inodeAt(place.dir, place.name) === inode) {
    swapAt(swapOf(step, place));
  }
  removeTreeAt(place.dir, aside);
}

function appear(place: Located, aside: Bytes): void {
  try {
    renameToFreeAt(place.dir, aside, place.dir, place.name);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw changed(place, { type: 'absent' });
    throw error;
  }
}

function makeLink(place: Located, target: Bytes): void {
  try {
    symlinkAt(place.dir, place.name, target);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (!isLinkTo(place, { type: 'link', target })) throw changed(place, { type: 'absent' });
  }
}

function swapOf(step: Step, place: Located, aside: Bytes = step.aside): Swap {
  return { dir: place.dir, name: place.name, aside, spare: concat(step.aside, b`.old`) };
}

function inodeAt(dir: Dir, name: Bytes): string | undefined {
  return statAt(dir, name)?.inode.toString();
}

function isLinkTo(place: Located, wanted: Before): boolean {
  return (
    wanted.type === 'link' &&
    statAt(place.dir, place.name)?.type === 'l' &&
    readLinkAt(place.dir, place.name) === wanted.target
  );
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

/** Directories in which a step leaves or removes names, for syncing. */
export function touchedBy(step: Step): Bytes | undefined {
  const place = step.walker.tryLocate(step.change.path, { follow: step.change.op === 'write' });
  return place === undefined ? undefined : dirname(place.path);
}

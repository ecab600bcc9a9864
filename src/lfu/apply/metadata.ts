/** Owner, attributes, mode and times, in the order in which none undoes another. */
import { isCarried, setAttributesHeld, setAttributesOf } from '../../files/attributes.ts';
import type { Dir } from '../../files/dir.ts';
import { chmodHeld, chownHeld, setTimesHeld, withHeld, type Held } from '../../files/held.ts';
import { statOf, type ObjectStat } from '../../files/stat.ts';
import { XhError } from '../../message/error.ts';
import type { Directory, MakeChange, SetChange, Wanted } from '../plan/change.ts';
import type { ApplyContext } from './context.ts';

/**
 * Gives the object that is held what it is to have; `found` is what it has. Chown takes set-id bits
 * and capabilities away, and an access list changes the mode: so they come in this order.
 */
export function giveMetadata(
  held: Held,
  found: ObjectStat,
  want: Wanted,
  context: ApplyContext,
): void {
  const { privileged } = context;
  const uid = want.uid === found.uid ? -1 : want.uid;
  const gid = want.gid === found.gid ? -1 : want.gid;
  const isChowned = uid !== -1 || gid !== -1;
  if (isChowned) {
    narrow(held, found, want);
    chownHeld(held, uid, gid);
  }
  if (found.type !== 'l' || privileged) {
    const set = held.isOpen === true ? setAttributesOf : setAttributesHeld;
    set(held.fd, held.path, want.attributes, (name) => isCarried(name, privileged));
  }
  if (want.mode !== undefined) {
    const now = isChowned || want.attributes.size > 0 ? statOf(held.fd, held.path) : found;
    if (now.mode !== want.mode) chmodHeld(held, want.mode);
  }
  if (want.mtime !== undefined) setTimesHeld(held, { mtime: want.mtime });
}

/** What one group was allowed to do is not for the next one, not even for a moment. */
function narrow(held: Held, found: ObjectStat, want: Wanted): void {
  const { mode } = want;
  if (mode === undefined || found.type === 'l' || (found.mode & ~mode & OTHERS) === 0) return;
  chmodHeld(held, found.mode & (mode | 0o700));
}

/** Sets what differs on an object that stays, if it is still the one that was planned for. */
export function applySet(change: SetChange, context: ApplyContext): void {
  const { slave, touched } = context;
  const { name, at, directory } = change;
  if (directory !== undefined) {
    const dir = slave.open(directory);
    const found = statOf(dir.fd, dir.path);
    expectObject(found, change);
    giveMetadata(dir, found, forFilling(change.want, context), context);
    touched.add(directory);
    return;
  }
  withHeld(slave.open(at), name, (held, found) => {
    expectObject(found, change);
    giveMetadata(held, found, change.want, context);
  });
}

/**
 * What a directory has until its contents are there: the time would change again, and without
 * privilege we could not write to a directory that its owner may not write to.
 */
export function forFilling(want: Wanted, { privileged }: ApplyContext): Wanted {
  const mode = want.mode === undefined || privileged ? want.mode : want.mode | 0o700;
  return { ...want, mode, mtime: undefined };
}

/** Makes the slave's root, which has just been made, what it is to be. */
export function applyRoot({ at, want }: MakeChange, context: ApplyContext): void {
  const { root } = context.slave;
  giveMetadata(root, statOf(root.fd, root.path), forFilling(want, context), context);
  context.touched.add(at);
}

/** Without privilege: lets us write to a directory of ours, until all is done. */
export function makeWritable(directory: Directory, context: ApplyContext): void {
  const { privileged, opened, slave } = context;
  if (privileged || opened.has(directory)) return;
  const dir = slave.open(directory);
  const { mode, uid } = statOf(dir.fd, dir.path);
  opened.set(directory, mode);
  if ((mode & 0o700) !== 0o700 && uid === process.geteuid?.()) chmodHeld(dir, mode | 0o700);
}

/** Gives a directory, whose contents are as they are to be, its own mode and time. */
export function finishDirectory(directory: Directory, context: ApplyContext): void {
  const { want } = directory;
  const mode = want?.mode ?? context.opened.get(directory);
  const dir: Dir = context.slave.open(directory);
  if (!context.privileged && mode !== undefined) {
    if (statOf(dir.fd, dir.path).mode !== mode) chmodHeld(dir, mode);
  }
  if (want?.mtime !== undefined) setTimesHeld(dir, { mtime: want.mtime });
}

function expectObject(found: ObjectStat, { object, type }: SetChange): void {
  const isSame =
    found.inode === object.inode && found.device === object.device && found.type === type;
  // a name that it has got since could be one that nobody meant
  if (!isSame || (type !== 'd' && found.links > object.links)) throw changedError();
}

/** Somebody else has been at work. */
export function changedError(): XhError {
  return new XhError('E_LFU_CHANGED', 'somebody else changed it on the slave during the run', {
    remedy: 'run the command again',
  });
}

/** Bits that give rights to others than the owner, who can give himself all of them. */
const OTHERS = 0o7077;

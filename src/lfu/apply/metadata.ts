/** What objects that stay are to have, and directories when all in them is done. */
import type { Dir } from '../../files/dir.ts';
import { chmodHeld, setTimesHeld, withHeld } from '../../files/held.ts';
import { giveMetadata } from '../../files/metadata.ts';
import { statOf, type ObjectStat } from '../../files/stat.ts';
import { XhError } from '../../message/error.ts';
import type { Directory, MakeChange, SetChange, Wanted } from '../plan/change.ts';
import type { ApplyContext } from './context.ts';

/** Sets what differs on an object that stays, if it is still the one that was planned for. */
export function applySet(change: SetChange, context: ApplyContext): void {
  const { slave, touched } = context;
  const { name, at, directory } = change;
  if (directory !== undefined) {
    const dir = slave.open(directory);
    const found = statOf(dir.fd, dir.path);
    expectObject(found, change);
    giveMetadata(dir, found, forFilling(change.want, context), context.privileged);
    touched.add(directory);
    return;
  }
  withHeld(slave.open(at), name, (held, found) => {
    expectObject(found, change);
    giveMetadata(held, found, change.want, context.privileged);
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
  giveMetadata(root, statOf(root.fd, root.path), forFilling(want, context), context.privileged);
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

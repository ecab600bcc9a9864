/** What goes from the slave: only what was planned, under the name where it was seen. */
import { errnoOf } from '../../files/error.ts';
import { removeDirAt, renameToFreeAt, unlinkAt } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { XhError } from '../../message/error.ts';
import type { DeleteChange, Directory, KeepChange } from '../plan/change.ts';
import type { ApplyContext } from './context.ts';
import { changedError } from './metadata.ts';

/** Deletes, or renames, the object of `change`. @returns false when there was nothing to do */
export function remove(change: DeleteChange | KeepChange, context: ApplyContext): boolean {
  const { slave, touched, aside } = context;
  const { at, name, type, identity, within } = change;
  // what was to come in its place did not
  if (within !== undefined && !aside.has(within)) return false;
  const dir = slave.open(at);
  const found = statAt(dir, name);
  if (found === undefined) return false;
  if (found.type !== type || found.inode !== identity.inode || found.device !== identity.device) {
    throw changedError();
  }
  touched.add(at);
  if (change.kind === 'keep') renameToFreeAt(dir, name, dir, change.keep);
  else if (type === 'd') {
    explainNotEmpty(() => {
      removeDirAt(dir, name);
    });
  } else unlinkAt(dir, name);
  return true;
}

/** Removes what is left of a directory in whose place something else stands. */
export function removeAside(old: Directory, { slave, aside }: ApplyContext): void {
  const name = aside.get(old);
  if (name === undefined || old.parent === undefined) return;
  const dir = slave.open(old.parent);
  explainNotEmpty(() => {
    removeDirAt(dir, name);
  });
}

function explainNotEmpty(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    throw new XhError('E_LFU_CHANGED', 'something is still in it', {
      remedy: 'see what is said about that, or run the command again',
    });
  }
}

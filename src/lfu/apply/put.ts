/**
 * A new object under its name: made under a temporary one first, so that the name is the old object
 * or the new one at every moment, and neither half.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Dir } from '../../files/dir.ts';
import { errnoOf } from '../../files/error.ts';
import {
  hardLinkAt,
  removeDirAt,
  renameAt,
  renameToFreeAt,
  unlinkAt,
  unlinkIfPresent,
} from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { swapAt } from '../../files/swap.ts';
import type { Identity } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { temporaryName } from '../names.ts';
import type { PlacedChange } from '../plan/change.ts';
import type { ApplyContext } from './context.ts';
import { create } from './create.ts';
import { changedError } from './metadata.ts';

/** Carries `change` out. @throws XhError; the name is then what it was */
export async function put(change: PlacedChange, context: ApplyContext): Promise<Identity> {
  const { slave, touched } = context;
  touched.add(change.at);
  const isDirectory = change.kind === 'make' && change.type === 'd';
  if (isDirectory && change.replaces === undefined) {
    try {
      return settleDirectory(change, await create(change, change.name, context), context);
    } catch (error) {
      throw errnoOf(error) === 'EEXIST' ? changedError() : error;
    }
  }
  const isSwapped = isDirectory || change.replaces === 'd';
  const temporary = temporaryName();
  let identity: Identity;
  try {
    identity = await create(change, temporary, context);
    if (change.replaces !== undefined) expectStanding(slave.open(change.at), change);
  } catch (error) {
    // what had the name already is not ours
    if (errnoOf(error) !== 'EEXIST') discard(change, temporary, context);
    throw error;
  }
  const dir = slave.open(change.at);
  if (isSwapped) exchange(dir, temporary, change, context);
  else replace(dir, temporary, change);
  return settleDirectory(change, identity, context);
}

function replace(dir: Dir, temporary: Bytes, change: PlacedChange): void {
  const { name, keep, kind, replaces } = change;
  try {
    if (keep !== undefined) keepAs(dir, name, keep);
    if (replaces === undefined) renameToFreeAt(dir, temporary, dir, name);
    else renameAt(dir, temporary, dir, name);
  } catch (error) {
    unlinkIfPresent(dir, temporary);
    throw errnoOf(error) === 'EEXIST' && keep === undefined ? changedError() : error;
  }
  // two names of one object: rename(2) does nothing then
  if (kind === 'join' && replaces !== undefined) unlinkIfPresent(dir, temporary);
}

/** A second name, so that the first is never absent. */
function keepAs(dir: Dir, name: Bytes, keep: Bytes): void {
  try {
    hardLinkAt(dir, name, dir, keep);
  } catch (error) {
    if (!NO_HARD_LINKS.has(errnoOf(error) ?? '')) throw error;
    renameAt(dir, name, dir, keep);
  }
}

function exchange(dir: Dir, temporary: Bytes, change: PlacedChange, context: ApplyContext): void {
  const { name, keep, old, replaces } = change;
  let aside = temporary;
  try {
    // names are exchanged, and the old object is never without one that is its own
    if (keep !== undefined) {
      renameToFreeAt(dir, temporary, dir, keep);
      aside = keep;
    }
    swapAt({ dir, name, aside, spare: temporaryName() });
  } catch (error) {
    discard(change, aside, context);
    throw error;
  }
  if (keep !== undefined) return;
  if (replaces !== 'd') unlinkAt(dir, temporary);
  else if (old !== undefined) {
    context.slave.rename(old, temporary);
    context.aside.set(old, temporary);
  }
}

function settleDirectory(
  change: PlacedChange,
  identity: Identity,
  { slave, touched }: ApplyContext,
): Identity {
  if (change.kind === 'make' && change.directory !== undefined) {
    slave.renew(change.directory, identity);
    touched.add(change.directory);
  }
  return identity;
}

/** What stands under the name must be of the type that it was when it was planned for. */
function expectStanding(dir: Dir, { name, replaces }: PlacedChange): void {
  if (statAt(dir, name)?.type !== replaces) throw changedError();
}

/** What is left of an attempt; a directory is still empty. */
function discard(change: PlacedChange, temporary: Bytes, { slave }: ApplyContext): void {
  try {
    const dir = slave.open(change.at);
    if (statAt(dir, temporary)?.type === 'd') removeDirAt(dir, temporary);
    else unlinkIfPresent(dir, temporary);
  } catch (error) {
    // the next run sweeps it; what is to be told is the error that brought us here
    if (!(error instanceof XhError)) throw error;
  }
}

const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']);

/** Why a whole run is refused before anything is touched: exit 3, and what to do about it. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import type { Dir } from '../../files/dir.ts';
import type { Listing } from '../../files/listing.ts';
import { statOf } from '../../files/stat.ts';
import type { Identity, Place } from '../../files/tree.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { isTemporary } from '../names.ts';
import type { Pending, Run } from './input.ts';
import type { Ancestors } from './prepare.ts';

/** An empty master is one that is not mounted. */
export function refuseEmpty(listing: Listing, path: Bytes): void {
  if (listing.failed.size > 0 || !listing.names.every((name) => isTemporary(name))) return;
  throw refusal('E_LFU_EMPTY', path, 'is empty');
}

/** A refusal because of the master. */
export function refusal(code: string, master: Bytes, what: string): XhError {
  return new XhError(code, `the master ${printable(master)} ${what}`, {
    exit: EXIT.refused,
    place: { file: master },
    remedy: `nothing was touched; ${MOUNT}`,
  });
}

/** A directory that a mount makes both master and slave, or one that stands in the other. */
export function refuseNested({ input }: Run, { directory, from, ancestors }: Pending): void {
  const { master, slave } = input;
  if (from.parent === undefined) return;
  if (
    isSame(ancestors.identity, slave.root?.stat) ||
    isSame(master.root.stat, directory.identity)
  ) {
    throw insideError(master.path, slave.path);
  }
}

/** The refusal to copy a tree into itself. */
export function insideError(master: Bytes, slave: Bytes): XhError {
  const message = `the master ${printable(master)} and the slave ${printable(slave)} are one, or one is in the other`;
  return new XhError('E_LFU_INSIDE', message, {
    exit: EXIT.refused,
    place: { file: slave },
    remedy: 'nothing was touched; name two trees that stand side by side',
  });
}

/** Whether fstab(5) says that something is to be mounted on a directory of the master, and is not. */
export function isUnmounted({ unmounted, input }: Run, place: Place): boolean {
  return unmounted.size > 0 && unmounted.has(join(input.master.path, place.path));
}

/** As {@link refuseLostMount}, for a directory of a run's master. */
export function refuseDismounted({ input }: Run, from: Place, ancestors: Ancestors): void {
  const { tree, root, isIndexed } = input.master;
  // an index has the devices of another host
  if (isIndexed !== true) refuseLostMount(() => tree.open(from), root.stat.device, ancestors);
}

/**
 * Refuses a directory that was the root of a file system when it was seen, or below one, and is not
 * any more: what had been mounted is gone, and what shows there is not what slaves are to have.
 * `root` is the device of the master's root.
 */
export function refuseLostMount(
  open: () => Dir,
  root: bigint,
  { identity, above }: Ancestors,
): void {
  if (identity.device === root) return;
  const dir = open();
  const { device } = statOf(dir.fd, dir.path);
  if (device === identity.device) return;
  for (let at = above; at !== undefined; at = at.above) {
    if (at.identity.device !== device) continue;
    throw new XhError('E_LFU_UNMOUNTED', 'what was mounted there is not any more: left as it is', {
      remedy: MOUNT,
    });
  }
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.inode === other.inode &&
    one.device === other.device
  );
}

/** What to do about a tree that is not there. */
export const MOUNT = 'mount it, and run the command again';

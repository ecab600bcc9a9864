/**
 * Putting a new object in the place of an old one and keeping the old one: one rename where the file
 * system can exchange names, three where it cannot (NFS), resumable after each.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { exchangeAt, hardLinkAt, renameAt, unlinkIfPresent } from './names.ts';
import { statAt } from './stat.ts';
import type { Dir } from './dir.ts';

/** The names that take part, all in one directory. */
export interface Swap {
  readonly dir: Dir;
  /** The name that people know. */
  readonly name: Bytes;
  /** Holds the new object before and the old one afterwards. */
  readonly aside: Bytes;
  /** Used only where names cannot be exchanged. */
  readonly spare: Bytes;
}

/** Exchanges `name` and `aside`. A file's name is never absent meanwhile. @throws FileError */
export function swapAt(swap: Swap): void {
  if (exchangeAt(swap.dir, swap.aside, swap.name)) return;
  if (statAt(swap.dir, swap.name)?.type === 'd') {
    renameAt(swap.dir, swap.name, swap.dir, swap.spare);
  } else {
    hardLinkAt(swap.dir, swap.name, swap.dir, swap.spare);
  }
  finishSwapAt(swap);
}

/** Completes a swap that was interrupted between its renames; nothing to do is fine. */
export function finishSwapAt(swap: Swap): void {
  if (statAt(swap.dir, swap.spare) === undefined) return;
  const found = statAt(swap.dir, swap.aside)?.type;
  if (found !== undefined) {
    // a directory takes no other's place; what had the name is under the spare one too
    if (found === 'd') unlinkIfNoDirectory(swap);
    renameAt(swap.dir, swap.aside, swap.dir, swap.name);
  }
  renameAt(swap.dir, swap.spare, swap.dir, swap.aside);
}

function unlinkIfNoDirectory({ dir, name }: Swap): void {
  const type = statAt(dir, name)?.type;
  if (type !== undefined && type !== 'd') unlinkIfPresent(dir, name);
}

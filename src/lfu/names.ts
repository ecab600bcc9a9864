/** The names that a run makes beside those of the master: temporary ones, and those of kept objects. */
import { randomBytes } from 'node:crypto';
import { slice, type Bytes } from '../bytes/bytes.ts';

/** A new temporary name: `.lfu-` and 16 hexadecimal digits, however long the name it stands for. */
export function temporaryName(): Bytes {
  // the first half is of this process, so that nobody can have made it before
  ours ??= randomBytes(4).toString('hex');
  return `${TEMPORARY}${ours}${(count++ >>> 0).toString(16).padStart(8, '0')}` as Bytes;
}

let ours: string | undefined;
let count = 0;

/** Whether `name` is one that {@link temporaryName} makes; such are never copied and always swept. */
export function isTemporary(name: Bytes): boolean {
  return name.startsWith(TEMPORARY) && /^[0-9a-f]{16}$/.test(slice(name, TEMPORARY.length));
}

/** Whether `name` is one that {@link keptName} makes. */
export function isKept(name: Bytes): boolean {
  return /\.lfu-keep(?:\.[1-9][0-9]{0,8})?$/.test(name);
}

/** The first of `NAME.lfu-keep`, `NAME.lfu-keep.1` … that is not `taken`; a long NAME is cut. */
export function keptName(name: Bytes, taken: (name: Bytes) => boolean): Bytes {
  for (let number = 0; ; number++) {
    const suffix = number === 0 ? KEPT : `${KEPT}.${number}`;
    const kept = `${slice(name, 0, LONGEST - suffix.length)}${suffix}` as Bytes;
    if (!taken(kept)) return kept;
  }
}

/**
 * The file in a master's root that says which master it is. It belongs to the root and not to the
 * tree: a run neither copies it nor deletes the slave's own, since a slave may be a master, too.
 */
export const MARKER = '.lfu-master' as Bytes;

/** Whether the object `name` in `place` is no part of the tree. */
export function isMarker(place: { readonly parent: unknown }, name: Bytes): boolean {
  return name === MARKER && place.parent === undefined;
}

/** `indexes` in the order of the names that they stand for. */
export function orderedByName(indexes: readonly number[], names: readonly Bytes[]): number[] {
  return indexes.toSorted((a, c) => ((names[a] ?? '') < (names[c] ?? '') ? -1 : 1));
}

const TEMPORARY = '.lfu-';
const KEPT = '.lfu-keep';
/** Bytes: NAME_MAX of every Linux file system that has owners. */
const LONGEST = 255;

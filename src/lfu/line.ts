/**
 * A change in one line, for people and for grep, and as an object for programs:
 *
 *     VERB TYPE WHY PATH [-> TARGET | = OTHER]
 *
 * | VERB | TYPE | what happens on the slave |
 * | --- | --- | --- |
 * | `copy` | `f` | the file gets the master's contents |
 * | `make` | `d p s b c` | a directory, FIFO, socket or device is made |
 * | `link` | `l` | a symbolic link is made; `-> TARGET` |
 * | `join` | any | the name becomes a hard link of `= OTHER` |
 * | `set` | any | owner, mode, times or attributes are corrected |
 * | `keep` | any | what stands there is renamed; `-> NEW` |
 * | `delete` | any | the object is removed |
 *
 * WHY is one word or several with commas: `new type size mtime content forced target device links
 * mode owner group acl xattr absent rule replaced stale`. PATH is below the tree, `.` for its root,
 * with everything unprintable, and the backslash, as C escapes. There is one blank between two fields.
 */
import { printable, toJson, type Bytes, type JsonBytes } from '../bytes/bytes.ts';
import { pathBelow } from '../files/tree.ts';
import type { LfuChange, LfuProblem } from './plan/change.ts';
import { pathOf } from './plan/order.ts';

/** The lines for `change`; two where the old object is kept. */
export function changeLines(change: LfuChange): readonly string[] {
  const { kind, type, why } = change;
  const path = pathOf(change);
  const line = `${kind} ${type} ${why.join(',')} ${shown(path)}${addition(change)}`;
  if (change.kind === 'keep' || !('keep' in change) || change.keep === undefined) return [line];
  const kept = pathBelow(change.at, change.keep);
  return [
    `keep ${change.replaces ?? type} ${why.join(',')} ${shown(path)} -> ${shown(kept)}`,
    line,
  ];
}

/** The fields of a change in JSON. */
export interface ChangeRecord {
  readonly change: LfuChange['kind'];
  readonly type: LfuChange['type'];
  readonly path: JsonBytes;
  readonly why: LfuChange['why'];
  /** Of a symbolic link. */
  readonly target?: JsonBytes;
  /** The name that a hard link joins. */
  readonly to?: JsonBytes;
  /** The name that what stood there has got. */
  readonly kept?: JsonBytes;
  /** Bytes. */
  readonly size?: number;
  /** Octal. */
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch, a dot, nanoseconds. */
  readonly mtime?: string;
  readonly replaces?: LfuChange['type'];
}

export function changeRecord(change: LfuChange): ChangeRecord {
  const want = 'want' in change ? change.want : undefined;
  return {
    change: change.kind,
    type: change.type,
    path: toJson(pathOf(change)),
    why: change.why,
    ...(change.kind === 'link' && { target: toJson(change.target) }),
    ...(change.kind === 'join' && { to: toJson(pathBelow(change.to.at, change.to.name)) }),
    ...('keep' in change &&
      change.keep !== undefined && { kept: toJson(pathBelow(change.at, change.keep)) }),
    ...(change.kind === 'copy' && { size: change.from.stat.size }),
    ...(want?.mode !== undefined && { mode: want.mode.toString(8).padStart(4, '0') }),
    ...(want !== undefined && want.uid !== -1 && { uid: want.uid, gid: want.gid }),
    ...(want?.mtime && {
      mtime: `${want.mtime.seconds}.${String(want.mtime.nanoseconds).padStart(9, '0')}`,
    }),
    ...('replaces' in change && change.replaces && { replaces: change.replaces }),
  };
}

/** The fields of a problem in JSON. */
export interface ProblemRecord {
  /** Stable, e.g. `E_IO`. */
  readonly problem: string;
  readonly path: JsonBytes;
  readonly message: string;
}

export function problemRecord({ path, code, message }: LfuProblem): ProblemRecord {
  return { problem: code, path: toJson(path), message };
}

function addition(change: LfuChange): string {
  switch (change.kind) {
    case 'link':
      return ` -> ${printable(change.target)}`;
    case 'join':
      return ` = ${shown(pathBelow(change.to.at, change.to.name))}`;
    case 'keep':
      return ` -> ${shown(pathBelow(change.at, change.keep))}`;
    case 'copy':
    case 'make':
    case 'set':
    case 'delete':
      return '';
  }
}

/** A path for people: `.` for the root. */
export function shown(path: Bytes): string {
  return path === '' ? '.' : printable(path);
}

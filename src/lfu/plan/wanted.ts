/** What an object of the slave is to have, by the master's object and what the rules decided. */
import type { Bytes } from '../../bytes/bytes.ts';
import { NO_ATTRIBUTES, type Attributes } from '../../files/attributes.ts';
import type { ObjectStat, Time } from '../../files/stat.ts';
import type { Decision } from '../rules/decision.ts';
import { applyMode } from '../rules/mode.ts';
import { ACCESS_LIST, DEFAULT_LIST, attributesForMode } from './acl.ts';
import type { Wanted, Why } from './change.ts';

/** How owners are treated in a run. */
export interface Ownership {
  /** Whether copies get the master's owner and group. */
  readonly copied: boolean;
  /** Who runs us. */
  readonly uid: number;
  readonly gid: number;
}

/** What the copy of an object is to have. */
export function wantedOf(
  stat: ObjectStat,
  attributes: Attributes | undefined,
  decision: Decision,
  ownership: Ownership,
): Wanted {
  const mode = modeOf(stat, decision, ownership);
  const carried = attributes ?? NO_ATTRIBUTES;
  return {
    mode,
    uid: ownership.copied ? (decision.chown ?? stat.uid) : -1,
    gid: ownership.copied ? (decision.chgrp ?? stat.gid) : -1,
    mtime: decision.newtime ? undefined : stat.mtime,
    attributes:
      mode === undefined || mode === stat.mode ? carried : attributesForMode(carried, mode),
  };
}

/** What a link that stands for an object is to have: its owner, who is known by it. */
export function wantedOfLink(stat: ObjectStat, decision: Decision, ownership: Ownership): Wanted {
  const { uid, gid } = wantedOf(stat, undefined, decision, ownership);
  return { mode: undefined, uid, gid, mtime: undefined, attributes: NO_ATTRIBUTES };
}

/** What an object has already: for one whose metadata are another's affair. */
export function wantedAsItIs(stat: ObjectStat, attributes: Attributes | undefined): Wanted {
  return {
    mode: stat.mode,
    uid: -1,
    gid: -1,
    mtime: stat.mtime,
    attributes: attributes ?? NO_ATTRIBUTES,
  };
}

/** In what an object that is there differs from what it is to have. */
export function differences(
  want: Wanted,
  stat: ObjectStat,
  attributes: Attributes | undefined,
): readonly Why[] {
  const why: Why[] = [];
  if (want.mtime !== undefined && compareTimes(want.mtime, stat.mtime) !== 0) why.push('mtime');
  if (want.mode !== undefined && want.mode !== stat.mode) why.push('mode');
  if (want.uid !== -1 && want.uid !== stat.uid) why.push('owner');
  if (want.gid !== -1 && want.gid !== stat.gid) why.push('group');
  addAttributeDifferences(why, want.attributes, attributes ?? NO_ATTRIBUTES);
  return why;
}

/** Negative when `one` is the earlier. */
export function compareTimes(one: Time, other: Time): number {
  return one.seconds - other.seconds || one.nanoseconds - other.nanoseconds;
}

function modeOf(stat: ObjectStat, decision: Decision, ownership: Ownership): number | undefined {
  if (stat.type === 'l') return undefined;
  const mode =
    decision.chmod === undefined
      ? stat.mode
      : applyMode(decision.chmod, stat.mode, stat.type === 'd');
  if (ownership.copied || stat.type === 'd') return mode;
  // as cp -p has it: a program must not gain the rights of another owner than the one it was given
  const setUid = stat.uid === ownership.uid ? 0 : 0o4000;
  const setGid = stat.gid === ownership.gid ? 0 : 0o2000;
  return mode & ~(setUid | setGid);
}

function addAttributeDifferences(why: Why[], want: Attributes, found: Attributes): void {
  if (want.size === 0 && found.size === 0) return;
  const differs = (name: Bytes): boolean => want.get(name) !== found.get(name);
  const names = [...new Set([...want.keys(), ...found.keys()])].filter(differs);
  const isList = (name: Bytes): boolean => name === ACCESS_LIST || name === DEFAULT_LIST;
  if (names.some(isList)) why.push('acl');
  if (names.some((name) => !isList(name))) why.push('xattr');
}

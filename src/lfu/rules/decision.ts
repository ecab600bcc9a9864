/**
 * What is to be done with an object, and how the chains that apply to it add up: modifiers
 * accumulate, the last disposition wins, of two sources or owners the later counts.
 */
import type { ModeSpec } from './mode.ts';
import type { Span } from './syntax.ts';
import type { Template } from './variables.ts';

export const DISPOSITIONS = [
  'update',
  'ignore',
  'delete',
  'preserve',
  'link',
  'shadow',
  'error',
] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export const FLAGS = [
  'keep',
  'log',
  'logall',
  'fill',
  'newtime',
  'force',
  'newer',
  'follow',
] as const;
export type Flag = (typeof FLAGS)[number];

/** An arm that applied: what to name when somebody asks why. */
export interface MatchedArm {
  /** Both count from 0; `chain` in the order of the scripts, includes in place. */
  readonly chain: number;
  readonly arm: number;
  /** The whole arm in its script. */
  readonly span: Span;
}

export interface Decision extends Readonly<Record<Flag, boolean>> {
  readonly disposition: Disposition;
  /** With `error`. */
  readonly message?: Template;
  /** Where links point; the master when undefined. */
  readonly source?: Template;
  readonly chmod?: ModeSpec;
  /** Numbers of the account and the group. */
  readonly chown?: number;
  readonly chgrp?: number;
  /** Commands for each object, in order. */
  readonly exec: readonly Template[];
  /** Commands for the whole run; equal ones, of whatever rules, are the same object. */
  readonly execOnce: readonly Template[];
  readonly matched: readonly MatchedArm[];
}

/** What one arm contributes. */
export interface Effect {
  readonly disposition?: Disposition;
  readonly message?: Template;
  readonly source?: Template;
  readonly chmod?: ModeSpec;
  readonly chown?: number;
  readonly chgrp?: number;
  readonly exec?: readonly Template[];
  readonly execOnce?: readonly Template[];
  readonly flags?: readonly Flag[];
}

/** For an object to which no rule applies: always this very object. */
export const DEFAULT: Decision = Object.freeze({
  disposition: 'update',
  keep: false,
  log: false,
  logall: false,
  fill: false,
  newtime: false,
  force: false,
  newer: false,
  follow: false,
  exec: Object.freeze([]),
  execOnce: Object.freeze([]),
  matched: Object.freeze([]),
});

/** The decision for an object to which `matched` applied, whose effects add up to `effect`. */
export function decisionOf(effect: Effect, matched: readonly MatchedArm[]): Decision {
  if (matched.length === 0) return DEFAULT;
  const { flags = [], ...rest } = effect;
  return Object.freeze({
    ...DEFAULT,
    ...rest,
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
    matched: Object.freeze([...matched]),
  });
}

/** Whether `decision` asks for nothing on an object that is the same on both sides already. */
export function isIdle(decision: Decision): boolean {
  if (decision === DEFAULT) return true;
  let answer = idle.get(decision);
  if (answer === undefined) idle.set(decision, (answer = findIdle(decision)));
  return answer;
}

/** Decisions are few, and each is made once. */
const idle = new WeakMap<Decision, boolean>();

function findIdle(decision: Decision): boolean {
  if (!['update', 'preserve', 'ignore'].includes(decision.disposition)) return false;
  if (ACTIVE.some((flag) => decision[flag])) return false;
  return [decision.chmod, decision.chown, decision.chgrp].every((owner) => owner === undefined);
}

/** Flags by which an object that is the same is not left alone, or is not the same. */
const ACTIVE: readonly Flag[] = ['force', 'newtime', 'follow', 'logall'];

/** `first`, then `second`: of the actions of an arm, or of several arms. */
export function addEffects(first: Effect, second: Effect): Effect {
  const { message, ...rest } = first;
  return {
    ...rest,
    ...(message !== undefined && second.disposition === undefined && { message }),
    ...second,
    ...(first.chmod && second.chmod && { chmod: [...first.chmod, ...second.chmod] }),
    ...(first.exec && second.exec && { exec: once([...first.exec, ...second.exec]) }),
    ...(first.execOnce &&
      second.execOnce && { execOnce: once([...first.execOnce, ...second.execOnce]) }),
    ...(first.flags && second.flags && { flags: addFlags(first.flags, second.flags) }),
  };
}

function addFlags(first: readonly Flag[], second: readonly Flag[]): readonly Flag[] {
  const stays = (flag: Flag): boolean => {
    const opposite = OPPOSITE[flag];
    return opposite === undefined || !second.includes(opposite);
  };
  return once([...first.filter(stays), ...second]);
}

function once<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

/** When a file is updated whatever the times say, and only when the master's is newer: the later counts. */
const OPPOSITE: Readonly<Partial<Record<Flag, Flag>>> = { force: 'newer', newer: 'force' };

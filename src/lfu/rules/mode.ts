/**
 * Permission modes as chmod(1) takes them, parsed once and applied to many objects: octal, or
 * symbolic clauses (`u+s`, `go-w`, `a=rX`, `g=u`, `u=rw,go=r`).
 *
 * An omitted `u`, `g`, `o` means `a`: a rule means the same whoever runs it, so there is no umask.
 * As with chmod, what does not speak of the set-id bits leaves a directory's alone.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { problem, quoted, type Problem } from './finding.ts';

/** Changes to apply one after the other. */
export type ModeSpec = readonly ModeChange[];

export interface ModeChange {
  readonly operation: '+' | '-' | '=';
  /** The bits of the users it is for. */
  readonly affected: number;
  readonly bits: number;
  /** `X`: execute permission too, where somebody has it already and for directories. */
  readonly executeIfAny: boolean;
  /** `g=u`: the permissions that this user has now, instead of bits. */
  readonly copy?: 'u' | 'g' | 'o';
  /** Set-id bits of a directory that this change speaks of; it leaves the others alone. */
  readonly mentioned: number;
}

/** `text` as a mode. */
export function parseMode(text: Bytes): ModeSpec | Problem {
  if (/^[0-7]{1,5}$/.test(text) && parseInt(text, 8) <= ALL) return [octal(text)];
  const changes: ModeChange[] = [];
  for (const clause of text.split(',')) {
    const found = CLAUSE.exec(clause);
    if (found === null) return badMode(text, clause);
    const [, who = '', steps = ''] = found;
    for (const step of steps.match(STEP) ?? []) {
      const change = parseStep(who, step);
      if (change === undefined) return badMode(text, clause);
      changes.push(change);
    }
  }
  return changes;
}

/** The permission bits (07777) that `mode` has after `spec`. */
export function applyMode(spec: ModeSpec, mode: number, isDirectory: boolean): number {
  let result = mode & ALL;
  for (const change of spec) {
    const kept = isDirectory ? SET_IDS & ~change.mentioned : 0;
    const bits = changeBits(change, result, isDirectory) & change.affected & ~kept;
    if (change.operation === '+') result |= bits;
    else if (change.operation === '-') result &= ~bits;
    else result = (result & (~change.affected | kept)) | bits;
  }
  return result;
}

function changeBits(change: ModeChange, mode: number, isDirectory: boolean): number {
  if (change.copy !== undefined) {
    const permissions = (mode >> SHIFT[change.copy]) & 0o7;
    return permissions * 0o111;
  }
  const execute = change.executeIfAny && (isDirectory || (mode & 0o111) !== 0);
  return change.bits | (execute ? 0o111 : 0);
}

function octal(text: string): ModeChange {
  const bits = parseInt(text, 8);
  // chmod(1): leading zeros make the set-id bits of a directory explicit
  const mentioned = text.length > 4 ? ALL : bits;
  return { operation: '=', affected: ALL, bits, executeIfAny: false, mentioned };
}

function parseStep(who: string, step: string): ModeChange | undefined {
  const operation = step.charAt(0) as ModeChange['operation'];
  const what = step.slice(1);
  const affected =
    who === '' ? ALL : Array.from(who).reduce((all, c) => all | (AFFECTED[c] ?? 0), 0);
  if (/^[0-7]+$/.test(what)) {
    const bits = parseInt(what, 8);
    if (who !== '' || bits > ALL) return undefined;
    return { operation, affected, bits, executeIfAny: false, mentioned: ALL };
  }
  if (what === 'u' || what === 'g' || what === 'o') {
    return { operation, affected, bits: 0, executeIfAny: false, copy: what, mentioned: 0 };
  }
  const bits = Array.from(what).reduce((all, c) => all | (BITS[c] ?? 0), 0);
  return {
    operation,
    affected,
    bits,
    executeIfAny: what.includes('X'),
    mentioned: affected & bits,
  };
}

function badMode(text: Bytes, clause: string): Problem {
  const where = clause === text ? '' : ` at ${quoted(clause as Bytes)}`;
  return problem(
    'E_RULE_MODE',
    `${quoted(text)} is not a mode${where}`,
    'write octal (4755) or symbolic (u+s, go-w, u=rwX,go=rX)',
  );
}

const ALL = 0o7777;
const SET_IDS = 0o6000;
const AFFECTED: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: ALL };
const BITS: Readonly<Record<string, number>> = {
  r: 0o444,
  w: 0o222,
  x: 0o111,
  s: 0o6000,
  t: 0o1000,
};
const SHIFT = { u: 6, g: 3, o: 0 } as const;
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[0-7]{1,5}|[rwxXst]*))+)$/;
const STEP = /[-+=](?:[0-7]+|[ugo]|[rwxXst]*)/g;

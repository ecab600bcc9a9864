/**
 * The processes that a script has started, and their end. Whatever makes a session of its own and lets
 * its parent die is found all the same: this process adopts orphans below it (Linux), so that all of
 * them are its descendants; and each carries the mark of its script in its environment, by which the
 * next command finds what was left by one that was killed. Control groups would hold them too, but take
 * root and a hierarchy that is ours to write to.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { errnoOf } from '../../files/error.ts';
import { calls } from '../../files/kernel.ts';

/** The variable that has a script's mark. */
export const MARK = 'XH_SCRIPT';

/** The processes of one script. */
export interface ScriptTree {
  /** All that live. */
  all(): number[];
  /** Those that its process has started, and they in turn, which is quicker to find out. */
  below(): number[];
  /** Those that are in the session that the script was started in. */
  inSession(): number[];
}

/** Of a script that could not be started. */
export const NO_PROCESSES: ScriptTree = { all: () => [], below: () => [], inSession: () => [] };

/**
 * @param leader the script's process, which leads a session
 * @param before what {@link children} said before it was started
 */
export function scriptTree(leader: number, before: ReadonlySet<number>, mark: string): ScriptTree {
  return {
    all() {
      const table = processes();
      const own = table.find(({ pid }) => pid === process.pid)?.session;
      const adopted = table.filter(
        ({ pid, parent, session }) =>
          parent === process.pid && !before.has(pid) && session !== own && !hasOtherMark(pid, mark),
      );
      const roots = [leader, ...adopted.map(({ pid }) => pid)];
      const inSession = table.filter(({ session }) => session === leader).map(({ pid }) => pid);
      return living(table, [...new Set([...withDescendants(table, roots), ...inSession])]);
    },
    below() {
      const found = [leader];
      for (const pid of found) {
        for (const thread of namesIn(`/proc/${pid}/task`)) {
          const text = contentOf(`/proc/${pid}/task/${thread}/children`) ?? '';
          found.push(
            ...text
              .split(' ')
              .filter((word) => word !== '')
              .map(Number),
          );
        }
      }
      return found;
    },
    inSession() {
      const table = processes();
      const pids = table.filter(({ session }) => session === leader).map(({ pid }) => pid);
      return living(table, pids);
    },
  };
}

/** Processes anywhere that carry a mark. */
export function marked(mark: string): number[] {
  const table = processes();
  const found = table.filter(({ pid }) => markOf(pid) === mark).map(({ pid }) => pid);
  return living(table, withDescendants(table, found));
}

/** The children of this process. */
export function children(): ReadonlySet<number> {
  return new Set(processes().flatMap(({ pid, parent }) => (parent === process.pid ? [pid] : [])));
}

/** From now on (or no more) what loses its parent below this process becomes its child: prctl(2). */
export function adoptOrphans(on: boolean): void {
  if (process.platform !== 'linux') return;
  try {
    calls.prctl(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0);
  } catch (error) {
    // a kernel older than 3.4: then orphans are found by their session alone
    if (errnoOf(error) === undefined) throw error;
  }
}

const PR_SET_CHILD_SUBREAPER = 36;

export interface Patience {
  /** Milliseconds between SIGTERM and SIGKILL; looked at again and again, so that it may be cut short. */
  grace: number;
}

/** Milliseconds that SIGTERM gives a script to end. */
export const GRACE = 5000;
/** Milliseconds after which what has not gone by SIGKILL is given up: it hangs in the kernel. */
const HOPELESS = 5000;
const STEP = 20;

/** Ends what `find` finds, until it finds nothing: SIGTERM, then SIGKILL. @returns what does not end */
export async function endProcesses(find: () => number[], patience: Patience): Promise<number[]> {
  const steps = ending(find, patience);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await setTimeout(value);
  }
}

/** As {@link endProcesses}, at once, nothing else going on meanwhile. */
export function endProcessesNow(find: () => number[], patience: Patience): number[] {
  const steps = ending(find, patience);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, value);
  }
}

/** Yields how many milliseconds to wait. */
function* ending(find: () => number[], patience: Patience): Generator<number, number[]> {
  const asked = new Set<number>();
  const started = performance.now();
  for (let left = find(); left.length > 0; left = find()) {
    const waited = performance.now() - started;
    if (waited > patience.grace + HOPELESS) return left;
    for (const pid of left) {
      if (waited >= patience.grace) kill(pid, 'SIGKILL');
      else if (!asked.has(pid)) {
        asked.add(pid);
        kill(pid, 'SIGTERM');
        // one that is stopped would not hear of it
        kill(pid, 'SIGCONT');
      }
    }
    yield STEP;
  }
  return [];
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended already, or is another's (a set-id program): then it is told as left
  }
}

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly state: string;
  readonly name: string;
}

/** By /proc; where there is none, none. */
function processes(): ProcessEntry[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => entryOf(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** proc(5): `PID (COMMAND) STATE PPID PGRP SESSION …`; the command may have anything in it. */
export function entryOf(pid: number): ProcessEntry | undefined {
  const text = contentOf(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const close = text.lastIndexOf(')');
  const [state = '', parent, , session] = text.slice(close + 2).split(' ');
  const name = text.slice(text.indexOf('(') + 1, close);
  return { pid, parent: Number(parent), session: Number(session), state, name };
}

function withDescendants(table: readonly ProcessEntry[], roots: readonly number[]): number[] {
  const below = new Map<number, number[]>();
  for (const { pid, parent } of table) below.set(parent, [...(below.get(parent) ?? []), pid]);
  const found = [...roots];
  for (const each of found) found.push(...(below.get(each) ?? []));
  return found;
}

/** Those of `pids` that are there and are no zombies. */
function living(table: readonly ProcessEntry[], pids: readonly number[]): number[] {
  const alive = new Set(
    table.filter(({ state }) => state !== 'Z' && state !== 'X').map(({ pid }) => pid),
  );
  return pids.filter((pid) => alive.has(pid) && pid !== process.pid);
}

function hasOtherMark(pid: number, mark: string): boolean {
  const other = markOf(pid);
  return other !== undefined && other !== mark;
}

/** The mark in the environment that a process was started with, where we may read it. */
function markOf(pid: number): string | undefined {
  const variables = contentOf(`/proc/${pid}/environ`)?.split('\0');
  return variables?.find((each) => each.startsWith(`${MARK}=`))?.slice(MARK.length + 1);
}

/** What a file of /proc says, or undefined when the process has gone or is not ours to look into. */
export function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

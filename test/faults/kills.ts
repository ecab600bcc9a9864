/**
 * Killing a command at every call that changes the site: what a user would find in between, and what
 * becomes of it afterwards.
 */
import { join } from 'node:path';
import { bytes } from '../../src/bytes/bytes.ts';
import { undoScripts } from '../../src/depot/scripts.ts';
import { withHost } from '../../src/host/transaction.ts';
import type { Fixture } from './fixture.ts';
import { differences, leftovers, snapshot, torn, type Snapshot } from './snapshot.ts';
import {
  countText,
  isSync,
  killedAt,
  recordCalls,
  runCommand,
  type Ended,
  type Run,
  type SystemCall,
} from './strace.ts';

export interface Killed {
  /** The state of the site before. */
  readonly state: string;
  /** The command, after `xh`. */
  readonly words: readonly string[];
  /** Which calls; all by default. */
  readonly which?: (call: SystemCall, index: number) => boolean;
  /** Programs of the farm that must answer at every moment, with what they may say. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** How the command is run, where not plainly. */
  readonly run?: (run: Run) => Run;
  /** The two ends, where they are not the state itself and what the command makes of it. */
  readonly ends?: Ends;
  /** The command that leads from the one end to the other, where it is not the one that is killed. */
  readonly whole?: readonly string[];
}

/** What the site may be when all is settled. */
export interface Ends {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/** Calls at which something is different before and after: syncs and failures left out. */
export function changesSomething(call: SystemCall): boolean {
  return !isSync(call) && call.succeeded;
}

/** What stands there in a state, and what a command makes of it. */
export async function endsOf(
  fixture: Fixture,
  state: string,
  words: readonly string[],
): Promise<Ends> {
  fixture.restore(state);
  const before = snapshot(fixture.root);
  await fixture.must(...words);
  return { before, after: snapshot(fixture.root) };
}

export interface Outcome {
  /** All that was wrong. */
  readonly problems: readonly string[];
  readonly killed: readonly SystemCall[];
  readonly undone: number;
  readonly done: number;
}

/** Kills a command at each call in turn and looks at what it leaves, at once and when it is settled. */
export async function killAtEach(fixture: Fixture, killed: Killed): Promise<Outcome> {
  const { root } = fixture;
  const { state, words, programs = {} } = killed;
  const plain = fixture.run(state, words);
  const run = killed.run?.(plain) ?? plain;
  run.prepare();
  const start = snapshot(root);
  const all = await recordCalls(run);
  const { before, after } = killed.ends ?? { before: start, after: snapshot(root) };
  const calls = all.filter((call, index) => killed.which?.(call, index) ?? true);
  const problems: string[] = [];
  const counts = { undone: 0, done: 0 };
  for (const [index, call] of calls.entries()) {
    const problem = (what: string): void => {
      problems.push(`killed at ${call.shown} (${call.name} ${call.number}): ${what}`);
    };
    const { signal } = await killedAt(run, call);
    if (signal !== 'SIGKILL') problem(`it ended by ${String(signal)}`);
    torn([start, before, after], snapshot(root)).forEach(problem);
    (await silent(root, programs)).forEach(problem);
    const settled = await settle(fixture, killed.whole ?? words, index, { before, after });
    settled.problems.forEach(problem);
    if (settled.end !== undefined) counts[settled.end] += 1;
  }
  return { problems, killed: calls, ...counts };
}

/** As {@link killAtEach}, saying how often it was killed. @returns all that was wrong */
export async function killEach(fixture: Fixture, killed: Killed): Promise<readonly string[]> {
  const outcome = await killAtEach(fixture, killed);
  const { problems, undone, done } = outcome;
  console.log(outcomeText(killed, outcome));
  return undone > 0 && done > 0 ? problems : [...problems, 'it never was undone, or never done'];
}

/** `xh use clock@2.0 killed at 68 calls, 9 names: …; 43 undone, 25 done` */
function outcomeText({ words }: Pick<Killed, 'words'>, outcome: Outcome): string {
  const { killed, undone, done } = outcome;
  const [command = '', what = ''] = words;
  return `xh ${command} ${what} killed at ${countText(killed)}; ${undone} undone, ${done} done`;
}

/** Programs that do not answer through their links in the farm. */
async function silent(
  root: string,
  programs: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, answers] of Object.entries(programs)) {
    const link = join(root, '.software/local/.admin/bins/bin', name);
    const said = await runCommand(link, []).then(
      ({ stdout }) => stdout.trimEnd(),
      (error: unknown) => String(error),
    );
    if (!answers.includes(said)) found.push(`${name} says: ${said}`);
  }
  return found;
}

interface Settled {
  readonly problems: readonly string[];
  readonly end?: 'undone' | 'done';
}

/**
 * The next command: `xh recover`, or the same one again. Afterwards all is as before or as after, and
 * after the same one again it is as after.
 */
async function settle(
  fixture: Fixture,
  words: readonly string[],
  index: number,
  { before, after }: Ends,
): Promise<Settled> {
  const problems: string[] = [];
  const run = async (...next: readonly string[]): Promise<Ended> => {
    const ended = await fixture.xh(...next);
    const { status, stderr } = ended;
    // made, or gone, already
    const may = next[0] === 'mkpkg' || next[0] === 'uninstall' ? [0, 1, 3] : [0];
    if (!may.includes(status ?? -1)) {
      problems.push(`xh ${next.join(' ')} ended with ${String(status)}: ${stderr}`);
    }
    return ended;
  };
  if (index % 8 === 1) await run('list');
  if (index % 8 === 7 && words[0] !== 'rollback') {
    const { stderr } = await run(...words);
    const now = snapshot(fixture.root);
    problems.push(...leftovers(now).map((name) => `${name} is left`), ...differences(after, now));
    return { problems, end: stderr.includes('taken back') ? 'undone' : 'done' };
  }
  if (index % 4 === 3) await run('recover');
  else await recoverHere(fixture.root);
  const now = snapshot(fixture.root);
  problems.push(...leftovers(now).map((name) => `${name} is left`));
  const [fromBefore, fromAfter] = [differences(before, now), differences(after, now)];
  if (fromBefore.length === 0) return { problems, end: 'undone' };
  if (fromAfter.length === 0) return { problems, end: 'done' };
  problems.push(`neither undone: ${fromBefore.join('\n')}\nnor done: ${fromAfter.join('\n')}`);
  return { problems };
}

/** What `xh recover` does, without the time that it takes to start a program. */
function recoverHere(root: string): Promise<void> {
  const options = { command: 'xh recover', lockTimeout: 5, undoScripts };
  return withHost({ root: bytes(root) }, options, () => undefined);
}

/**
 * Killing a command at every call that changes the site: what a user would find in between, and what
 * becomes of it afterwards.
 */
import { join } from 'node:path';
import type { Fixture } from './fixture.ts';
import { differences, leftovers, snapshot, torn, type Snapshot } from './snapshot.ts';
import { countText, isSync, killedAt, recordCalls, runCommand, type SystemCall } from './strace.ts';

export interface Killed {
  /** The state of the site before. */
  readonly state: string;
  /** The command, after `xh`. */
  readonly words: readonly string[];
  /** Which calls; all by default. */
  readonly which?: (call: SystemCall, index: number) => boolean;
  /** Programs of the farm that must answer at every moment, with what they may say. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** Further options of strace. */
  readonly strace?: readonly string[];
}

/** Calls at which something is different before and after, syncs and failures left out. */
export function changesSomething(call: SystemCall): boolean {
  return !isSync(call) && call.succeeded;
}

/** Kills the command at each call in turn. @returns all that was wrong; prints how many there were */
export async function killAtEach(fixture: Fixture, killed: Killed): Promise<string[]> {
  const { root } = fixture;
  const { words, state } = killed;
  const run = {
    ...fixture.run(...words),
    ...(killed.strace !== undefined && { strace: killed.strace }),
  };
  fixture.restore(state);
  const before = snapshot(root);
  const all = await recordCalls(run);
  const after = snapshot(root);
  const problems: string[] = [];
  const calls = all.filter((call, index) => killed.which?.(call, index) ?? true);
  const outcomes = { undone: 0, done: 0 };
  for (const [index, call] of calls.entries()) {
    const problem = (what: string): void => {
      problems.push(`killed at ${call.name} ${call.number} ${call.shown}: ${what}`);
    };
    fixture.restore(state);
    const { signal } = await killedAt(run, call);
    if (signal !== 'SIGKILL') problem(`it ended by ${String(signal)}`);
    for (const each of torn(before, after, snapshot(root))) problem(each);
    for (const each of await silent(root, killed.programs ?? {})) problem(each);
    const settled = await settle(fixture, killed, index, { before, after });
    for (const each of settled.problems) problem(each);
    if (settled.outcome !== undefined) outcomes[settled.outcome] += 1;
  }
  if (outcomes.undone === 0 || outcomes.done === 0) problems.push('it never was undone, or done');
  console.log(
    `xh ${words.join(' ')}: killed at ${countText(calls)}; ${outcomes.undone} undone, ${outcomes.done} done`,
  );
  return problems;
}

/** Programs that do not answer through their links in the farm. */
async function silent(
  root: string,
  programs: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, answers] of Object.entries({ older: ['older answers'], ...programs })) {
    const link = join(root, '.software/local/.admin/bins/bin', name);
    const said = await runCommand(link, []).then(
      ({ stdout }) => stdout.trimEnd(),
      (error: unknown) => String(error),
    );
    if (!answers.includes(said)) found.push(`${name} says: ${said}`);
  }
  return found;
}

interface Ends {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

interface Settled {
  readonly problems: readonly string[];
  readonly outcome?: 'undone' | 'done';
}

/** The next command, another kind from time to time; afterwards all is as before, or as after. */
async function settle(
  fixture: Fixture,
  { words }: Killed,
  index: number,
  { before, after }: Ends,
): Promise<Settled> {
  const problems: string[] = [];
  const must = async (...next: readonly string[]): Promise<void> => {
    const { status, stderr } = await fixture.xh(...next);
    if (status !== 0) problems.push(`xh ${next.join(' ')} ended with ${String(status)}: ${stderr}`);
  };
  if (index % 8 === 3) await must('list');
  await must('recover');
  const now = snapshot(fixture.root);
  problems.push(...leftovers(now).map((name) => `${name} is left`));
  const [fromBefore, fromAfter] = [differences(before, now), differences(after, now)];
  if (fromBefore.length > 0 && fromAfter.length > 0) {
    problems.push(`neither undone: ${fromBefore.join('\n')}\nnor done: ${fromAfter.join('\n')}`);
  }
  // once more: from either end it comes to the same
  if (index % 8 === 7 && fromBefore.length === 0) {
    await must(...words);
    problems.push(...differences(after, snapshot(fixture.root)));
  }
  if (fromBefore.length === 0) return { problems, outcome: 'undone' };
  return fromAfter.length === 0 ? { problems, outcome: 'done' } : { problems };
}

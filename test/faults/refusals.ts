/**
 * Refusing a command each of the calls with which it changes the site, as a full, broken or
 * forbidden disk would: what it says, what it leaves, and whether the next command works.
 */
import type { Fixture } from './fixture.ts';
import { differences, leftovers, snapshot, type Snapshot } from './snapshot.ts';
import { recordCalls, refusedAt, type Ended, type Run, type SystemCall } from './strace.ts';

const SOAK = process.env['XHIER_SOAK'] === '1';

/** Exit codes of `xh help exit-codes`. */
const EXIT_CODES: Readonly<Record<string, number>> = { ENOSPC: 1, EIO: 1, EACCES: 4, EPERM: 4 };

export interface Refused {
  readonly state: string;
  /** The command, after `xh`. */
  readonly words: readonly string[];
  /** With which errors a call is refused; none: it is left out. */
  readonly errnos: (call: SystemCall, index: number) => readonly string[];
  /** Whether the next command is run after refusing a call; always unless given. */
  readonly next?: (index: number) => boolean;
  /** How the command is run, where not plainly. */
  readonly run?: (run: Run) => Run;
}

interface RefusalOutcome {
  /** All that was wrong. */
  readonly problems: readonly string[];
  readonly refusals: number;
  /** How many times everything had taken effect, and only tidying up was refused. */
  readonly done: number;
}

/** Refuses each call in turn, and says how often. @returns all that was wrong */
export async function refuseEach(fixture: Fixture, refused: Refused): Promise<readonly string[]> {
  const { problems, refusals, done } = await refuseAtEach(fixture, refused);
  const [command = '', what = ''] = refused.words;
  console.log(`xh ${command} ${what}: ${refusals} refusals, ${done} of them harmless`);
  return refusals > done ? problems : [...problems, 'nothing was refused that mattered'];
}

async function refuseAtEach(fixture: Fixture, refused: Refused): Promise<RefusalOutcome> {
  const { root } = fixture;
  const { state, words } = refused;
  const plain = fixture.run(state, words);
  const run = refused.run?.(plain) ?? plain;
  run.prepare();
  const before = snapshot(root);
  const calls = await recordCalls(run);
  const after = snapshot(root);
  const problems: string[] = [];
  let [refusals, done] = [0, 0];
  for (const [index, call] of calls.entries()) {
    // but in a soak, of those that give no names, every other one will do
    if (!SOAK && index % 2 === 1 && !call.name.startsWith('rename')) continue;
    for (const [nth, errno] of refused.errnos(call, index).entries()) {
      const ended = await refusedAt(run, call, errno);
      refusals += 1;
      if (ended.status === 0) done += 1;
      const found = [
        ...said(ended, errno, root),
        ...left(ended, call, { before, after, now: snapshot(root) }),
        // what is left is the same for each error
        ...(nth === 0 && (refused.next?.(index) ?? true) ? await next(fixture, words, after) : []),
      ];
      problems.push(...found.map((each) => `${errno} at ${call.shown} (${call.number}): ${each}`));
    }
  }
  return { problems, refusals, done };
}

/** What is wrong with the exit code and the message. */
function said({ status, signal, stderr }: Ended, errno: string, root: string): string[] {
  if (status === 0) return [];
  const problems: string[] = [];
  if (status !== EXIT_CODES[errno]) problems.push(`it ended with ${String(status ?? signal)}`);
  if (!stderr.startsWith('xh: ') || !stderr.includes(` ${root}/`))
    problems.push(`no path is named: ${stderr}`);
  if (!/\n +→ \S/.test(stderr)) problems.push(`nothing says what to do: ${stderr}`);
  if (/\n +at |defect/.test(stderr)) problems.push(`it says: ${stderr}`);
  return problems;
}

interface States {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly now: Snapshot;
}

/** What is wrong with the site: after a failure it is as it was; else all is done but for sweeping. */
function left({ status }: Ended, call: SystemCall, { before, after, now }: States): string[] {
  if (status !== 0) return differences(before, now);
  const refused = /^unlinkat\(<\/?([^>]*)>, "([^"]*)"/.exec(call.shown)?.slice(1).join('/');
  const unswept = [...leftovers(now), ...(refused === undefined ? [] : [refused])];
  const swept = [...now].filter(
    ([path]) =>
      after.has(path) ||
      !unswept.some((name) => `${name}/`.startsWith(`${path}/`) || path.startsWith(`${name}/`)),
  );
  return differences(after, new Map(swept));
}

/** The same command again, which settles what is left and then has nothing, or everything, to do. */
async function next(
  fixture: Fixture,
  words: readonly string[],
  after: Snapshot,
): Promise<string[]> {
  const repeats = words[0] !== 'rollback';
  const { status, stderr } = await fixture.xh(...(repeats ? words : ['recover']));
  const now = snapshot(fixture.root);
  const unswept = leftovers(now).map((name) => `${name} is left`);
  if (!repeats) return unswept;
  // made, imported or gone already
  const may =
    words[0] === 'install' || words[0] === 'use' || words[0] === 'make-links' ? [0] : [0, 1, 3];
  return [
    ...(may.includes(status ?? -1) ? [] : [`the next one ended with ${String(status)}: ${stderr}`]),
    ...unswept,
    ...differences(after, now),
  ];
}

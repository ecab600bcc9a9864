/**
 * An update of a slave that is killed, or refused, at each of the calls with which it changes
 * something: what is there then, what is said, and what the next plain run makes of it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from '../lfu/trees.ts';
import { copyProgram, fastDirectory } from './fixture.ts';
import {
  isOurs,
  keptOf,
  litter,
  look,
  lookDifference,
  plantTrees,
  tornAt,
  type Look,
} from './lfu-trees.ts';
import {
  countText,
  killedAt,
  recordCalls,
  refusedAt,
  runCommand,
  type Ended,
  type Run,
  type SystemCall,
} from './strace.ts';

/** Two trees, and lfu to be run on them again and again. */
export interface LfuFixture {
  readonly directory: string;
  readonly master: string;
  readonly slave: string;
  /** The program, apart from the one that a build may be replacing meanwhile. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** The slave as it was planted. */
  restore(): void;
  /** `lfu OPTIONS MASTER SLAVE`. */
  lfu(...options: readonly string[]): Promise<Ended>;
  /** The same, to be run under strace from the slave as it was planted. */
  run(...options: readonly string[]): Run;
  remove(): void;
}

/** Trees of {@link plantTrees}, or others; `env` is what the program finds besides. */
export function makeLfuFixture(env: NodeJS.ProcessEnv = {}, plant = plantTrees): LfuFixture {
  const directory = realpathSync(mkdtempSync(join(fastDirectory(), 'lfu-faults-')));
  chmodSync(directory, 0o755);
  const program = copyProgram(directory, 'lfu.cjs');
  const [master, slave] = [join(directory, 'master'), join(directory, 'slave')];
  const kept = join(directory, 'planted');
  plant(directory);
  renameSync(slave, kept);
  mkdirSync(join(directory, 'site'));
  const { PATH, XHIER_NATIVE } = process.env;
  const environment = {
    PATH,
    ...(XHIER_NATIVE !== undefined && { XHIER_NATIVE }),
    XH_ROOT: join(directory, 'site'),
    NO_COLOR: '1',
    ...env,
  };
  const wordsOf = (options: readonly string[]) =>
    [process.execPath, program, ...options, master, slave] as const;
  const restore = (): void => {
    rmSync(slave, { recursive: true, force: true });
    execFileSync('cp', ['-a', kept, slave]);
  };
  return {
    directory,
    master,
    slave,
    program,
    env: environment,
    restore,
    lfu(...options) {
      const [node, ...words] = wordsOf(options);
      return runCommand(node, words, { env: environment });
    },
    run: (...options) => ({
      words: wordsOf(options),
      root: slave,
      env: environment,
      prepare: restore,
      threads: true,
    }),
    remove() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface Update {
  /** Of the run that is killed or refused, and of the next one. */
  readonly options: readonly string[];
  /** Paths of what has its own times by the rules. */
  readonly untimed?: readonly string[];
  /** Calls that the file system never does for us: see {@link Run.always}. */
  readonly always?: readonly string[];
  /** Which calls. */
  readonly which: (call: SystemCall, index: number) => boolean;
}

/**
 * One call in `thin` of each name, the first and others evenly among the rest; all of them when the
 * environment has XHIER_SOAK=1 (test/soak/faults.mjs).
 */
export function thinnedOut(thin: number): Update['which'] {
  const counts = new Map<string, number>();
  return ({ name }) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return process.env['XHIER_SOAK'] === '1' || count % thin === 0;
  };
}

/** What is there before an update and after it, and the calls that make the difference. */
interface Ends {
  readonly run: Run;
  readonly before: Look;
  readonly after: Look;
  readonly calls: readonly SystemCall[];
}

/** Kills the update at each call, saying how often. @returns all that was wrong */
export async function killUpdate(fixture: LfuFixture, update: Update): Promise<readonly string[]> {
  const { run, before, after, calls } = await record(fixture, update);
  const problems: string[] = [];
  const chosen = calls.filter((call, index) => update.which(call, index));
  let [killed, temporary] = [0, 0];
  for (const [index, call] of chosen.entries()) {
    const { signal, status } = await killedAt(run, call);
    if (signal === 'SIGKILL') killed += 1;
    // another thread may have come to that number this time, or none
    else if (call.elsewhere !== true) problems.push(`${call.shown}: it ended by ${String(status)}`);
    const now = look(fixture.slave, update.untimed);
    if (litter(now).length > 0) temporary += 1;
    const found = [
      ...tornAt(before, after, now, { exchanged: update.always === undefined }),
      ...(await next(fixture, update, after, index)),
    ];
    problems.push(...found.map((each) => `killed at ${call.shown} (${call.number}): ${each}`));
  }
  console.log(
    `lfu ${shownOf(update)} killed at ${killed} of ${calls.length}: ${countText(chosen)}; ` +
      `temporary names were left ${temporary} times`,
  );
  return killed > 0 && temporary > 0 ? problems : [...problems, 'nothing was killed in the middle'];
}

/** Refuses each call with one of `errnos` in turn, saying how often. @returns all that was wrong */
export async function refuseUpdate(
  fixture: LfuFixture,
  update: Update,
  errnos: readonly string[],
): Promise<readonly string[]> {
  const { run, before, after, calls } = await record(fixture, update);
  const problems: string[] = [];
  // what another thread opens cannot be told from what all others open there
  const chosen = calls
    .filter(({ elsewhere, path }) => elsewhere !== true || path === undefined)
    .filter((call, index) => update.which(call, index));
  let [harmless, left] = [0, 0];
  for (const [index, call] of chosen.entries()) {
    const errno = errnos[index % errnos.length] ?? '';
    const ended = await refusedAt(run, call, errno);
    if (ended.status === 0) harmless += 1;
    const now = look(fixture.slave, update.untimed);
    const isLeft = litter(now).length > 0;
    if (isLeft) left += 1;
    if (isLeft && call.name !== 'unlinkat')
      problems.push(`${call.shown}: it leaves temporary names`);
    const found = [
      ...tornAt(before, after, now),
      ...told(ended, lookDifference(after, now), call),
      ...(isLeft || index % 3 === 0 ? await next(fixture, update, after, index) : []),
    ];
    problems.push(...found.map((each) => `${errno} at ${call.shown} (${call.number}): ${each}`));
  }
  console.log(
    `lfu ${shownOf(update)} refused at ${countText(chosen)}; ${errnos.join(', ')} in turn; ` +
      `${harmless} harmless, ${left} at removing a temporary name`,
  );
  return harmless < chosen.length ? problems : [...problems, 'nothing was refused that mattered'];
}

function shownOf({ options }: Update): string {
  return isByRules({ options }) ? 'by rules' : ['without rules', ...options].join(' ');
}

function isByRules({ options }: Pick<Update, 'options'>): boolean {
  return options.includes('-e');
}

async function record(fixture: LfuFixture, update: Update): Promise<Ends> {
  const { options } = update;
  const plain = fixture.run(...options);
  const run = update.always === undefined ? plain : { ...plain, always: update.always };
  fixture.restore();
  const before = look(fixture.slave, update.untimed);
  const calls = await recordCalls(run);
  const after = look(fixture.slave, update.untimed);
  if (!isByRules(update)) {
    const different = difference(fixture.master, fixture.slave);
    if (different !== '') throw new Error(`not even undisturbed is it the same: ${different}`);
  }
  return { run, before, after, calls };
}

/** The next plain run: it needs no repair, leaves nothing, and the one after it has nothing to do. */
async function next(
  fixture: LfuFixture,
  update: Update,
  after: Look,
  index: number,
): Promise<string[]> {
  const { options } = update;
  const { status, stderr } = await fixture.lfu(...options);
  const now = look(fixture.slave, update.untimed);
  const problems = [
    ...(status === 0 && stderr === '' ? [] : [`the next run: ${String(status)} ${stderr}`]),
    ...litter(now).map((name) => `${name} is left`),
    ...lookDifference(after, now),
  ];
  if (!isByRules(update)) {
    const different = difference(fixture.master, fixture.slave);
    if (different !== '') problems.push(`it is not like the master: ${different}`);
  }
  if (index % 4 > 0) return problems;
  const last = await fixture.lfu('-i', ...options);
  const done = last.stdout.split('\n').filter((line) => line !== '' && !isOfKept(line));
  if (last.status !== 0) problems.push(`the third run: ${String(last.status)} ${last.stderr}`);
  return [...problems, ...done.map((line) => `the third run did: ${line}`)];
}

/** What was kept goes with the next run, and the directory gets its time back. */
function isOfKept(line: string): boolean {
  const [verb, , why, path = ''] = line.split(' ');
  return (verb === 'delete' && keptOf(path) !== undefined) || (verb === 'set' && why === 'mtime');
}

/** What is wrong with what is said: all that differs is named, with what failed, and nothing else. */
function told(ended: Ended, differing: readonly string[], call: SystemCall): string[] {
  const { status, signal, stderr } = ended;
  const lines = stderr.split('\n').filter((line) => line !== '');
  const named = lines.flatMap((line) => /^lfu: (\S+): \S/.exec(line)?.[1] ?? []);
  const isNamed = (path: string): boolean =>
    named.some((name) => name === '.' || path === name || path.startsWith(`${name}/`)) ||
    // what could not be removed after a change, which is told by its own name
    (isOurs(path) && named.length > 0);
  const unnamed = differing.filter((line) => !isNamed(line.split(' ', 1)[0] ?? ''));
  const problems = unnamed.map((line) => `not told: ${line}`);
  if (status !== (lines.length > 0 ? 1 : 0))
    problems.push(`it ended with ${String(status ?? signal)}`);
  if (/defect|\n +at /.test(stderr)) problems.push(`it says: ${stderr}`);
  if (named.length > 0 && !stderr.includes(`(${SAID[call.name] ?? call.name})`)) {
    problems.push(`it does not say what failed: ${stderr}`);
  }
  return problems;
}

/** Names under which people know them. */
const SAID: Readonly<Record<string, string>> = { renameat: 'renameat2', pwrite64: 'write' };

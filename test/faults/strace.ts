/**
 * Dying or failing at one chosen system call. A first run under strace(1) tells which calls change
 * something below the site root, by name and count; later runs are killed, or refused, at one of them.
 *
 * strace counts the calls of one name in one thread. What changes the disk is done by the main thread,
 * so a call is known by its name and its number there, and every run checks in its own log that it was
 * hit where the first run was. Where other threads change something, too, it is never the same one that
 * does it: such a call is hit in the first thread that comes to that number.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One call that changes something below the site root. */
export interface SystemCall {
  readonly name: string;
  /** Whether another thread than the main one has made it. */
  readonly elsewhere?: true;
  /** Its number, from 1, among the calls of that name; those on the path, where there is one. */
  readonly number: number;
  /** Of what opens a file, the directory or the name: the interpreter opens files too, now more, now less. */
  readonly path?: string;
  /** As strace shows it, what differs from run to run taken out. */
  readonly shown: string;
  /** Whether it did what it was asked to, in the first run. */
  readonly succeeded: boolean;
}

/** A command line to be run again and again. */
export interface Run {
  readonly words: readonly [string, ...string[]];
  /** Below it calls count. */
  readonly root: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Makes the site what it is to be when the command starts. */
  readonly prepare: () => void;
  /** Calls that are tampered with in each run, `renameat2:error=EINVAL`; then none is picked that opens. */
  readonly always?: readonly string[];
  /** Whether other threads than the main one change something; without, theirs are not looked at. */
  readonly threads?: true;
}

/** What became of a run. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls that make names durable: nothing is different before and after them but for the disk's own. */
const SYNCS: ReadonlySet<string> = new Set([
  'fsync',
  'fdatasync',
  'syncfs',
  'sync',
  'sync_file_range',
]);
const WRITES: readonly string[] =
  'write pwrite64 writev pwritev pwritev2 copy_file_range sendfile splice'.split(' ');
const OPENS: readonly string[] = 'open openat openat2 creat'.split(' ');
const OTHERS: readonly string[] = `mkdir mkdirat mknod mknodat unlink unlinkat rmdir rename renameat
  renameat2 link linkat symlink symlinkat chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat
  utime utimes futimesat utimensat truncate ftruncate fallocate setxattr lsetxattr fsetxattr
  removexattr lremovexattr fremovexattr`.split(/\s+/);
const TRACED = [...OPENS, ...WRITES, ...OTHERS, ...SYNCS];

/** Whether a call makes only durable what is there already. */
export function isSync({ name }: SystemCall): boolean {
  return SYNCS.has(name);
}

/** @throws Error telling what is missing on this machine */
export function requireStrace(): void {
  const { error, stdout } = spawnSync('strace', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) {
    throw new Error('these tests need strace: apt-get install strace', { cause: error });
  }
  if (!/version (?:5\.[3-9]|5\.\d\d|[6-9]|\d\d)/.test(stdout))
    throw new Error(`strace is too old: ${stdout}`);
  if (process.getuid?.() !== 0) {
    throw new Error('these tests need root: owners are changed, file systems mounted');
  }
  const traced = spawnSync('strace', ['-o', '/dev/null', '-e', 'trace=none', 'true']);
  if (traced.status !== 0) {
    throw new Error(
      `strace may trace nothing here (in a container: --cap-add SYS_PTRACE): ${traced.stderr.toString()}`,
    );
  }
}

/** Runs a command to its end under strace. @returns its calls that change the site, in their order */
export async function recordCalls(run: Run): Promise<readonly SystemCall[]> {
  // unknown names are passed over: not every architecture has all of them
  const { ended, log } = await trace(
    run,
    TRACED.map((name) => `?${name}`),
  );
  if (ended.status !== 0) throw new Error(`${run.words.join(' ')}: ${ended.stderr}`);
  const main = callsOf(callsOfMainThread(log), run.root);
  if (run.threads !== true) return main;
  const known = new Map<string, SystemCall>();
  for (const lines of callsOfOtherThreads(log)) {
    for (const call of callsOf(lines, run.root)) {
      const { name, number, path = '' } = call;
      known.set(`${name} ${number} ${path}`, { ...call, elsewhere: true });
    }
  }
  return [...main, ...known.values()];
}

/** Those of one thread that change something below `root`, numbered. */
function callsOf(lines: Iterable<string>, root: string): SystemCall[] {
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  for (const line of lines) {
    const name = nameOf(line);
    const path = openedOn(line);
    const kind = `${name} ${path ?? ''}`;
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    if (!changes(line, root)) continue;
    calls.push({
      name,
      number,
      ...(path !== undefined && { path }),
      shown: timeless(line, root),
      succeeded: !/\) += -1 /.test(line),
    });
  }
  return calls;
}

/** Runs a command again and kills it just before it enters `call`. */
export function killedAt(run: Run, call: SystemCall): Promise<Ended> {
  return tamper(run, call, 'signal=KILL');
}

/** Runs a command again; a signal reaches it just before it enters `call`. */
export function signalledAt(run: Run, call: SystemCall, signal: string): Promise<Ended> {
  return tamper(run, call, `signal=${signal}`);
}

/** Runs a command again; the system refuses `call` with `errno`. */
export function refusedAt(run: Run, call: SystemCall, errno: string): Promise<Ended> {
  return tamper(run, call, `error=${errno}`);
}

/** Runs a command; from the `number`th on the system refuses all calls of that name. */
export async function refusedFrom(
  run: Run,
  { name, number }: Pick<SystemCall, 'name' | 'number'>,
  errno: string,
): Promise<Ended> {
  const injected = ['-e', `inject=${name}:error=${errno}:when=${number}+`];
  return (await trace(run, [name], injected)).ended;
}

/** `123 calls of 17 names: 12 fsync, …` */
export function countText(calls: readonly SystemCall[]): string {
  const counts = new Map<string, number>();
  for (const { name } of calls) counts.set(name, (counts.get(name) ?? 0) + 1);
  const each = [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
  return `${calls.length} calls of ${counts.size} names: ${each}`;
}

async function tamper(run: Run, call: SystemCall, how: string): Promise<Ended> {
  const { name, number, path } = call;
  const paths = path === undefined ? [] : ['-P', path];
  if (call.elsewhere === true) {
    const injected = ['-e', `inject=${name}:${how}:when=${number}`, ...paths];
    return (await trace(run, [name], injected)).ended;
  }
  let hit: string | undefined;
  for (const offset of name === 'write' || run.threads === true ? MOVED : [0]) {
    const at = Math.max(1, number + offset);
    const injected = ['-e', `inject=${name}:${how}:when=${at}`, ...paths];
    const { ended, log } = await trace(run, [name], injected, run.threads === true);
    hit = callsOfMainThread(log).filter((line) => nameOf(line) === name)[at - 1];
    if (hit !== undefined && sameCall(timeless(hit, run.root), call.shown)) return ended;
  }
  throw new Error(`${name} number ${number} was ${call.shown} and is now ${String(hit)}`);
}

/**
 * Where else a call may have got to. Contents of files are written at an offset, by pwrite64; logs are
 * appended to by write, as the interpreter writes to its own pipes, now once more, now once less. Beside
 * threads that copy, how often the main one opens a directory depends on how far they have come.
 */
const MOVED = [0, 0, -1, 1, 0, 2, -1, 1, 0, -2, 2, 1, -1, 0];

let logs = 0;

/** Runs a command in its prepared site under strace. */
async function trace(
  run: Run,
  names: readonly string[],
  options: readonly string[] = [],
  mainThreadOnly = false,
): Promise<{ readonly ended: Ended; readonly log: string }> {
  run.prepare();
  logs += 1;
  const file = join(dirname(run.root), `strace-${logs}`);
  const always = run.always ?? [];
  const traced = [...names, ...always.map((each) => each.replace(/:.*/, ''))].join(',');
  // stops at no other calls, but sends no signals either
  const quick = options.some((each) => each.includes('signal=')) ? [] : ['--seccomp-bpf'];
  // numbers of calls are those of the one thread then
  const followed = mainThreadOnly ? [] : ['-f', ...quick];
  const words = [...followed, '-y', '-s', '300', '-o', file, '-e', `trace=${traced}`];
  words.push(...always.flatMap((each) => ['-e', `inject=${each}`]), ...options);
  const ended = await runCommand('strace', [...words, ...run.words], {
    ...(run.env !== undefined && { env: run.env }),
  });
  const log = readFileSync(file, 'utf8');
  rmSync(file);
  return { ended, log };
}

/** Runs a program to its end; standard input is empty. */
export function runCommand(
  program: string,
  words: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly uid?: number; readonly gid?: number } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      ...options,
      // nothing else: what a developer has set for the interpreter would cost time
      env: { PATH: process.env['PATH'], HOME: '/', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({ status, signal, stdout, stderr });
    });
  });
}

/** The calls that the first process's first thread entered, halves of a line put together or not. */
function callsOfMainThread(text: string): readonly string[] {
  return callsByThread(text).get(mainThread(text)) ?? [];
}

function callsOfOtherThreads(text: string): readonly (readonly string[])[] {
  const main = mainThread(text);
  return [...callsByThread(text)].filter(([thread]) => thread !== main).map(([, calls]) => calls);
}

/** Children and other threads end before it; undefined where only it was looked at. */
function mainThread(text: string): string | undefined {
  const last = text.slice(text.lastIndexOf('\n', text.length - 2) + 1);
  return /^(\d+) +\+\+\+ .*\n$/m.exec(last)?.[1];
}

function callsByThread(text: string): ReadonlyMap<string | undefined, readonly string[]> {
  const threads = new Map<string | undefined, string[]>();
  for (const line of text.split('\n')) {
    const [, thread, call] = /^(?:(\d+) +)?(\w+\(.*)$/.exec(line) ?? [];
    if (call === undefined) continue;
    const calls = threads.get(thread);
    if (calls === undefined) threads.set(thread, [call]);
    else calls.push(call);
  }
  return threads;
}

/** The directory that a file is opened in; its name where the directory has another name each time. */
function openedOn(line: string): string | undefined {
  const [, directory, name] = /^openat\(\d+<([^>]*)>, "([^"]*)"/.exec(line) ?? [];
  return directory?.includes('/.xhier-') === true ? name : directory;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf('('));
}

function changes(line: string, root: string): boolean {
  const name = nameOf(line);
  if (OPENS.includes(name) && name !== 'creat' && !/O_(?:CREAT|TRUNC|TMPFILE)/.test(line)) {
    return false;
  }
  // what a script says comes in as many pieces as it likes, one time and the next
  if (name === 'write' && line.includes('/.admin/log/')) return false;
  // chmod and attributes go by the name of an open file
  if (/^\w+\("\/proc\/self\/fd\//.test(line)) return true;
  return line.includes(`<${root}/`) || line.includes(`"${root}/`) || line.includes(`<${root}>`);
}

/** Without numbers of files and processes, names of transactions, hashes, and contents. */
function timeless(line: string, root: string): string {
  return line
    .replace(/(?: <unfinished \.\.\.>|\) += .*)$/, '')
    .replace(/^((?:p?write\w*)\([^>]*>, ).*$/, '$1')
    .replaceAll(root, '')
    .replaceAll(/\b\d+</g, '<')
    .replaceAll(/(\/proc\/self\/fd\/)\d+/g, '$1')
    .replaceAll(/\b[0-9a-z]{8}-[0-9a-z]+\b/g, 'ID')
    .replaceAll(/\.(lfu|new)-[0-9a-f]{16}\b/g, '.$1-ID')
    .replaceAll(/[0-9a-f]{64}/g, 'HASH')
    .replaceAll(/\b\d{8}T\d{6}\.\d{3}Z\b/g, 'TIME');
}

/** strace cuts a line where it was killed, so the beginning decides. */
function sameCall(now: string, before: string): boolean {
  return now.startsWith(before) || before.startsWith(now);
}

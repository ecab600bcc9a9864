/**
 * A package's `Install` script: with a clean environment, as an account that is not root unless the
 * package says so, within a time limit, its output kept; and its opposite, when all comes to nothing.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  b,
  bytes,
  fromBuffer,
  printable,
  split,
  toBuffer,
  toText,
  type Bytes,
} from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { readAt } from '../files/content.ts';
import { closeOnExec } from '../files/descriptors.ts';
import { errnoOf } from '../files/error.ts';
import { statAt } from '../files/stat.ts';
import type { ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import { architecture } from '../site/arch.ts';
import { packagePath, softwarePath } from '../site/site.ts';
import { CONFIG_KEYS } from '../site/config-keys.ts';
import { shipped } from './resources.ts';
import { identityFor, startAs } from './script/account.ts';
import type { AnswerBook } from './script/answer-book.ts';
import { conversation } from './script/conversation.ts';
import { demandSuccess } from './script/judge.ts';
import { endProcessesNow, GRACE, MARK, marked } from './script/processes.ts';
import { runToEnd, type Script } from './script/run.ts';
import { TERMINAL, terminals } from './script/start.ts';
import type { Fact } from './script/transcript-text.ts';
import { openTranscript } from './script/transcript.ts';

export interface ScriptOptions {
  /** What is typed when scripts ask. */
  readonly answers?: AnswerBook | undefined;
  /** Seconds, for a package that does not say. */
  readonly timeout: number;
  /** How many transcripts are kept for a package and action. */
  readonly keep: number;
  /** Whether it is run even when what it says cannot be kept. */
  readonly unrecorded?: boolean;
  /** Told each second of a script that runs. */
  readonly onRunning?: OnRunning | undefined;
}

/** For whoever waits: which script, for how many seconds by now, and its last line. */
export type OnRunning = (run: ScriptRun, seconds: number, line: Bytes) => void;

/** As where nothing is configured. */
export const SCRIPT_DEFAULTS: ScriptOptions = {
  timeout: CONFIG_KEYS['script-timeout'].default,
  keep: CONFIG_KEYS['keep-transcripts'].default,
};

/** Whether a package has a script to run: one that is still the skeleton's has nothing to do. */
export function hasScript(host: Host, directory: Bytes): boolean {
  const place = host.walker.tryLocate(scriptPath(directory), { follow: true });
  const found = place === undefined ? undefined : statAt(place.dir, place.name);
  if (place === undefined || found?.type !== 'f') return false;
  return found.size > MOST_OF_SKELETON || !isSkeleton(readAt(place.dir, place.name));
}

/** Whether a script is the template as `xh mkpkg` fills it in, for whatever name. */
function isSkeleton(script: Bytes): boolean {
  const template = fromBuffer(readFileSync(toBuffer(join(shipped('templates'), INSTALL_TEMPLATE))));
  const [before = b``, after = b``] = split(template, '@NAME@');
  if (!script.startsWith(before) || !script.endsWith(after)) return false;
  const name = script.slice(before.length, script.length - after.length);
  return script.length > before.length + after.length && !name.includes('\n');
}

const INSTALL_TEMPLATE = b`package/.admin/Install`;
const MOST_OF_SKELETON = 65_536;

/** A mark for the scripts of one transaction: by it, what they have left is found after a kill. */
export function newMark(): string {
  return randomUUID();
}

/**
 * Makes sure, before any of them is run, that scripts have what they need of this host.
 * @throws XhError E_NO_ACCOUNT, E_RUN_AS, E_NO_PTY
 */
export function checkScripts(host: Host, runs: readonly ScriptRun[], options: ScriptOptions): void {
  const needs = runs.map((run) => needsOf(host, run, options));
  if (needs.some(({ terminal }) => terminal)) terminals();
}

/**
 * Runs `Install ACTION` and waits for its end.
 * @returns its transcript, as inside the site
 * @throws XhError E_SCRIPT with the end of its output, E_SCRIPT_ASKS, E_ANSWERS_LEFT, E_INTERRUPTED
 *   (exit 130); nothing else has been done then
 */
export async function runScript(
  host: Host,
  run: ScriptRun,
  options: ScriptOptions,
): Promise<Bytes> {
  const { program, terminal, timeout } = needsOf(host, run, options);
  const transcript = openTranscript(host.walker, run, options);
  const answers = options.answers?.answersFor(run);
  const talk = terminal ? conversation(answers ?? []) : undefined;
  const script: Script = {
    ...program,
    timeout,
    transcript,
    mark: run.mark ?? '',
    ...(talk && { conversation: talk }),
  };
  const told = setInterval(() => {
    options.onRunning?.(run, transcript.elapsed(), transcript.last().at(-1) ?? b``);
  }, 1000);
  try {
    writeHead(run, script);
    const ending = await runToEnd(script);
    demandSuccess(run, { ...script, ending, answers: options.answers?.file });
    return transcript.path;
  } finally {
    clearInterval(told);
    transcript.close();
  }
}

/**
 * Runs the opposite of scripts whose transaction was interrupted by a kill, last one first, when what
 * they have left is ended. A failure is in the transcript only.
 */
export function undoScripts(host: Host, scripts: readonly ScriptRun[]): void {
  const marks = new Set(scripts.map(({ mark }) => mark).filter((mark) => mark !== undefined));
  for (const mark of marks) endProcessesNow(() => marked(mark), { grace: GRACE });
  for (const run of scripts.toReversed()) {
    try {
      if (hasScript(host, run.package)) runHere(host, opposite(run));
    } catch (error) {
      // why it is taken back matters more than what is wrong with the package meanwhile
      if (!(error instanceof XhError)) throw error;
    }
  }
}

/** The same package's script, the other way round. */
export function opposite({ package: directory, action, mark = newMark() }: ScriptRun): ScriptRun {
  return { package: directory, action: action === 'install' ? 'uninstall' : 'install', mark };
}

/** Runs a script while nothing else goes on, without a terminal. */
function runHere(host: Host, run: ScriptRun): void {
  const { program, timeout } = needsOf(host, run, SCRIPT_DEFAULTS);
  const transcript = openTranscript(host.walker, run, { ...SCRIPT_DEFAULTS, unrecorded: true });
  const output = transcript.fd ?? 'ignore';
  try {
    writeHead(run, { ...program, timeout, transcript, mark: '' });
    closeOnExec();
    const { status, signal, error } = startAs(program.identity, () =>
      spawnSync(program.program, [...program.arguments], {
        cwd: program.cwd,
        env: program.env,
        detached: true,
        stdio: ['ignore', output, output],
        timeout: timeout * 1000,
        killSignal: 'SIGKILL',
      } as Parameters<typeof spawnSync>[2]),
    );
    endProcessesNow(() => marked(run.mark ?? ''), { grace: 0 });
    const how = error === undefined ? `with ${signal ?? status}` : `not: ${errnoOf(error) ?? ''}`;
    transcript.facts(['ended', `${how} after ${transcript.elapsed().toFixed(3)} s`]);
  } finally {
    transcript.close();
  }
}

interface Needs {
  readonly program: Omit<Script, 'timeout' | 'transcript' | 'mark' | 'conversation'>;
  readonly terminal: boolean;
  readonly timeout: number;
}

function needsOf(host: Host, run: ScriptRun, options: ScriptOptions): Needs {
  const { site } = host;
  const directory = packagePath(site, run.package);
  const { lines, values } = readPackage(site, run.package).options;
  const { 'run-as': runAs, owner, version } = values;
  const identity = identityFor(site, { package: run.package, runAs, owner });
  const name = toText(identity.name);
  return {
    timeout: lines.has('timeout') ? values.timeout : options.timeout,
    terminal: values.pty || options.answers?.answersFor(run) !== undefined,
    program: {
      program: toText(join(directory, b`.admin/Install`)),
      arguments: [run.action],
      cwd: toText(directory),
      identity,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: toText(identity.home),
        LOGNAME: name,
        USER: name,
        // not the account's own: that of nobody is one that runs nothing
        SHELL: '/bin/sh',
        LANG: 'C.UTF-8',
        TMPDIR: '/tmp',
        XH_ROOT: toText(site.root),
        XH_PACKAGE: toText(run.package),
        XH_VERSION: version === undefined ? '' : toText(version),
        XH_ARCH: toText(architecture()),
        XH_SOFTWARE: toText(softwarePath(site)),
        XH_ACTION: run.action,
        [MARK]: run.mark ?? '',
      },
    },
  };
}

/** What the transcript begins with: everything that was given to the script. */
function writeHead(run: ScriptRun, script: Script): void {
  const { identity, transcript, conversation: talk } = script;
  const { name, uid, gid, groups } = identity;
  const { cols, rows, name: type } = TERMINAL;
  transcript.facts(
    ['package', printable(run.package)],
    ['command', printable(bytes([script.program, ...script.arguments].join(' ')))],
    ['started', new Date().toISOString()],
    ['directory', printable(bytes(script.cwd))],
    ['account', `${printable(name)} (user ${uid}, group ${gid}, groups ${groups.join(' ')})`],
    ['terminal', talk === undefined ? 'none' : `${cols}x${rows}, TERM=${type}`],
    ['time limit', `${script.timeout} s`],
    ...Object.entries(script.env).map(([variable, value]): Fact => [
      'environment',
      printable(bytes(`${variable}=${value}`)),
    ]),
  );
}

function scriptPath(directory: Bytes): Bytes {
  return b`/software/${directory}/.admin/Install`;
}

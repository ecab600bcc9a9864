/**
 * One command of a build, run to its end in a process group of its own. All that it says goes to the
 * log; Ctrl-C reaches the whole group, so that make removes what it has half made.
 */
import { spawn } from 'node:child_process';
import { bytes, fromBuffer, printable, split, toText, type Bytes } from '../bytes/bytes.ts';
import type { Log } from '../files/workspace.ts';
import { EXIT, XhError } from '../message/error.ts';
import { singleQuoted } from '../message/shell.ts';
import type { Step } from './build-system.ts';

export interface RunOptions {
  /** Of all steps; the step's own come on top. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Takes what the command says, as it comes. */
  readonly onOutput?: (text: Buffer) => void;
}

/** What is shown when a build fails, and kept for it. */
const SHOWN_LINES = 20;
const TAIL = 16_384;
/** Milliseconds that a group has to end by itself. */
const PATIENCE = 5000;

/**
 * Runs a step.
 * @returns all that it said, up to `keep` bytes of it
 * @throws XhError E_BUILD with the end of its output; E_NO_TOOL when its program is not there;
 *   E_INTERRUPTED (exit 130)
 */
export async function runStep(step: Step, options: RunOptions, keep = TAIL): Promise<Bytes> {
  const { log, onOutput } = options;
  log.write(`$ cd ${toText(step.cwd)} && ${commandText(step)}\n`);
  const said: Buffer[] = [];
  let size = 0;
  const ending = await ended(step, options, (piece) => {
    log.write(piece);
    onOutput?.(piece);
    said.push(piece);
    size += piece.length;
    while (said[0] !== undefined && size - said[0].length > keep) {
      size -= said[0].length;
      said.shift();
    }
  });
  const output = fromBuffer(Buffer.concat(said));
  if (ending.interrupted) {
    throw new XhError('E_INTERRUPTED', `${words(step)} was interrupted; the package is as it was`, {
      exit: EXIT.interrupted,
      place: { file: log.path },
    });
  }
  if (ending.error !== undefined) throw notStarted(step, ending.error);
  if (ending.status !== 0) throw failed(step, ending, output, log);
  return output;
}

/** A step as a person would type it: for the log, and for --dry-run. */
export function commandText({ argv, env }: Pick<Step, 'argv' | 'env'>): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
  return [...variables, ...argv.map(quoted)].join(' ');
}

/** For sh; what is an option with a value is quoted behind its sign only. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const sign = /^[\w.-]+=/.exec(word)?.[0] ?? '';
  return `${sign}${singleQuoted(word.slice(sign.length))}`;
}

interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
  readonly interrupted: boolean;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function ended(
  step: Step,
  { environment }: RunOptions,
  take: (piece: Buffer) => void,
): Promise<Ending> {
  return new Promise((resolve) => {
    const [program, ...rest] = step.argv;
    // what is installed is for everybody, whatever the user's own files are
    const umask = process.umask(0o022);
    const child = spawn(program, rest, {
      cwd: toText(step.cwd),
      env: { ...environment, ...step.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.umask(umask);
    let interrupted = false;
    let patience: NodeJS.Timeout | undefined;
    const tell = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // it has ended already
      }
    };
    const interrupt = (): void => {
      tell(interrupted ? 'SIGKILL' : 'SIGINT');
      interrupted = true;
      patience ??= setTimeout(() => {
        tell('SIGKILL');
      }, PATIENCE);
    };
    const finish = (ending: Omit<Ending, 'interrupted'>): void => {
      clearTimeout(patience);
      for (const signal of SIGNALS) process.off(signal, interrupt);
      resolve({ ...ending, interrupted });
    };
    for (const signal of SIGNALS) process.on(signal, interrupt);
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => {
      finish({ status: null, signal: null, error });
    });
    let exited: Omit<Ending, 'interrupted'> | undefined;
    child.once('exit', (status, signal) => {
      exited = { status, signal };
      // what it leaves running goes with it, and would else hold the output open
      tell('SIGKILL');
    });
    child.once('close', (status, signal) => {
      finish(exited ?? { status, signal });
    });
  });
}

function words({ argv }: Step): string {
  return argv.slice(0, 2).join(' ');
}

function notStarted(step: Step, error: Error): XhError {
  const [program] = step.argv;
  const code = 'code' in error ? String(error.code) : error.message;
  return new XhError('E_NO_TOOL', `${program} could not be run (${code})`, {
    remedy:
      code === 'ENOENT'
        ? `install ${program}; commands are looked for where every build finds them, not in your PATH: --env PATH hands yours over`
        : `look at ${program}: who may run it, and its first line`,
    cause: error,
  });
}

function failed(step: Step, { status, signal }: Ending, output: Bytes, { path }: Log): XhError {
  const how = signal === null ? `ended with ${status}` : `was killed by ${signal}`;
  const lines = split(output, '\n').filter((line) => line !== '');
  const shown = lines.slice(-SHOWN_LINES).map((line) => `\n    | ${printable(line)}`);
  return new XhError(
    'E_BUILD',
    `${words(step)} ${how}; the package is as it was${shown.join('')}`,
    {
      place: { file: path },
      remedy: `the whole log is in ${printable(path)}`,
    },
  );
}

/** So that a path that is not text never becomes another one by accident. */
export function isText(path: Bytes): boolean {
  return bytes(toText(path)) === path;
}

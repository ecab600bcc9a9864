/**
 * One program run to its end: in a process group of its own, with a time limit that its children
 * cannot outlive, without standard input or on a terminal of its own, its output in a file.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { spawn as spawnOnTerminal } from '@lydell/node-pty';
import type { Bytes } from '../bytes/bytes.ts';
import { writeAll } from '../files/content.ts';
import { XhError } from '../message/error.ts';

export interface ScriptProcess {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whom it runs as; as ourselves when not given. */
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Seconds. */
  readonly timeout: number;
  /** Takes what it says: an open file, and its path for messages. */
  readonly output: { readonly fd: number; readonly path: Bytes };
  /** Whether it runs on a terminal. */
  readonly terminal: boolean;
}

export interface Ending {
  readonly status?: number | null;
  readonly signal?: string | null;
  /** It could not be started. */
  readonly error?: Error;
  /** Why we have ended it. */
  readonly ended?: 'late' | 'interrupted';
}

/** Runs it and waits; what it leaves running goes with it. @throws XhError E_NO_PTY */
export async function runToEnd(script: ScriptProcess): Promise<Ending> {
  const start = script.terminal ? await startOnTerminal(script) : startWithoutInput(script);
  return new Promise<Ending>((resolve) => {
    let ended: Ending['ended'];
    const running = start((ending) => {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, interrupted);
      if (running.pid !== undefined) killGroup(running.pid);
      resolve({ ...ending, ...(ended !== undefined && { ended }) });
    });
    const end = (why: Ending['ended']): void => {
      ended ??= why;
      if (running.pid !== undefined) killTree(running.pid);
    };
    const timer = setTimeout(() => {
      end('late');
    }, script.timeout * 1000);
    // the script's group does not get the terminal's Ctrl-C: it ends with us
    const interrupted = (): void => {
      end('interrupted');
    };
    for (const signal of SIGNALS) process.on(signal, interrupted);
  });
}

/** Ends a process with all that is in its group. */
export function killGroup(pid: number): void {
  kill(-pid);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Starts the program; `done` is told its end, once, later. */
type Start = (done: (ending: Ending) => void) => { readonly pid: number | undefined };

function startWithoutInput(script: ScriptProcess): Start {
  return (done) => {
    const { program, cwd, env, account, output } = script;
    const child = spawn(program, [...script.arguments], {
      cwd,
      env,
      ...account,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    child.once('error', (error) => {
      done({ error });
    });
    child.once('exit', (status, signal) => {
      done({ status, signal });
    });
    return { pid: child.pid };
  };
}

async function startOnTerminal(script: ScriptProcess): Promise<Start> {
  const terminal = await terminals();
  return (done) => {
    const { program, cwd, env, account, output } = script;
    const child = terminal.spawn(program, [...script.arguments], {
      cwd,
      env: { ...env, TERM: 'dumb' },
      ...account,
      cols: 80,
      rows: 24,
      encoding: null,
    });
    // bytes, since the encoding is null
    child.onData((data: string | Uint8Array) => {
      writeAll(output.fd, output.path, typeof data === 'string' ? Buffer.from(data) : data, null);
    });
    child.onExit(({ exitCode, signal }) => {
      done(signal === undefined || signal === 0 ? { status: exitCode } : { signal: `${signal}` });
    });
    return { pid: child.pid };
  };
}

async function terminals(): Promise<{ readonly spawn: typeof spawnOnTerminal }> {
  try {
    return await import('@lydell/node-pty');
  } catch (error) {
    throw new XhError('E_NO_PTY', 'a terminal for the script cannot be had on this host', {
      remedy:
        "install the optional dependency @lydell/node-pty, or take 'pty' out of .admin/Options",
      cause: error,
    });
  }
}

/** The group, and children that have made groups of their own. */
function killTree(pid: number): void {
  const below = descendants(pid);
  killGroup(pid);
  for (const each of below) kill(each);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

/** By the parents that /proc knows; where there is no /proc, none. */
function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of namesIn('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [...(children.get(pid) ?? [])];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** proc(5): `PID (COMMAND) STATE PPID …`; the command may have anything in it. */
function parentOf(pid: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

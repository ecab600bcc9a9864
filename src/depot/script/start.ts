/**
 * Starting a script: without standard input, its two streams in pipes; or on a terminal of its own.
 * Either way in a session of its own, with nothing open but these, as the account that it runs as.
 */
import { spawn } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { spawn as spawnOnTerminal } from '@lydell/node-pty';
import { toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { closeOnExec, duplicate, openPipe } from '../../files/descriptors.ts';
import { errnoOf } from '../../files/error.ts';
import { XhError } from '../../message/error.ts';
import { startAs, type Identity } from './account.ts';
import type { Stream } from './transcript-text.ts';

export interface Program {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly identity: Identity;
}

/** How the program itself has ended. */
export type ProgramEnd =
  | { readonly how: 'status'; readonly status: number }
  | { readonly how: 'signal'; readonly signal: string }
  /** It was not started: `errno` as execve(2) says. */
  | { readonly how: 'not started'; readonly errno: string };

export interface Running {
  readonly pid: number | undefined;
  readonly ended: Promise<ProgramEnd>;
  /** Waits for what it has said and was not read yet, not for those who hold its streams open. */
  drained(): Promise<void>;
  /** The terminal's name, and how to type there. */
  readonly terminal?: { readonly name: string; type(keys: Bytes): void };
}

/** Takes what is said, as it comes. */
export type Listener = (stream: Stream, content: Uint8Array) => void;

/** Terminals are of this size, and as simple as they come: programs ask in lines then. */
export const TERMINAL = { name: 'dumb', cols: 80, rows: 24 } as const;

/** Starts a program without standard input or terminal. */
export function startOnPipes(program: Program, listen: Listener): Running {
  closeOnExec();
  const { uid, gid, other } = program.identity;
  const owner = other ? { uid, gid } : undefined;
  // whom the streams belong to may open them again: /dev/stderr
  const pipes = { out: openPipe(owner), err: openPipe(owner) };
  const child = startOr(
    () =>
      startAs(program.identity, () =>
        spawn(program.program, [...program.arguments], {
          cwd: program.cwd,
          env: program.env,
          detached: true,
          stdio: ['ignore', pipes.out.write, pipes.err.write],
        }),
      ),
    () => {
      for (const { read, write } of [pipes.out, pipes.err]) [read, write].forEach(closeSync);
    },
  );
  const reading = (['out', 'err'] as const).map((stream) => {
    closeSync(pipes[stream].write);
    const { sock, idle } = readFrom(pipes[stream].read, (content) => {
      listen(stream, content);
    });
    return { sock, idle };
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once('error', (error) => {
      const errno = 'code' in error ? String(error.code) : error.message;
      resolve({ how: 'not started', errno });
    });
    child.once('exit', (status, signal) => {
      resolve(signal === null ? { how: 'status', status: status ?? 0 } : { how: 'signal', signal });
    });
  });
  return {
    pid: child.pid,
    ended,
    async drained() {
      // what came before that may be waiting to be read still
      const from = performance.now();
      await drained(() => reading.every(({ sock, idle }) => sock.closed || idle(from) > QUIET));
      for (const { sock } of reading) sock.destroy();
    },
  };
}

function startOr<T>(start: () => T, otherwise: () => void): T {
  try {
    return start();
  } catch (error) {
    otherwise();
    throw error;
  }
}

/** Milliseconds: who has said nothing for so long, his last words have been read; and at the longest. */
const QUIET = 100;
const LONGEST = 2000;

async function drained(done: () => boolean): Promise<void> {
  const started = performance.now();
  while (!done() && performance.now() - started < LONGEST) await setTimeout(5);
}

interface Reading {
  readonly sock: Socket;
  /** Milliseconds since something came, or from a time on. */
  idle(from: number): number;
}

function readFrom(fd: number, listen: (content: Uint8Array) => void): Reading {
  const sock = new Socket({ fd, readable: true, writable: false });
  let last = performance.now();
  sock.on('data', (content: Buffer) => {
    last = performance.now();
    listen(content);
  });
  // whatever it is, nothing more can be read
  sock.on('error', () => sock.destroy());
  return { sock, idle: (from) => performance.now() - Math.max(last, from) };
}

type Terminals = { readonly spawn: typeof spawnOnTerminal };

/** What makes terminals. @throws XhError E_NO_PTY where there is nothing that does */
export function terminals(): Terminals {
  try {
    return createRequire(import.meta.url)('@lydell/node-pty') as Terminals;
  } catch (error) {
    throw new XhError('E_NO_PTY', 'a terminal for the script cannot be had on this host', {
      remedy:
        "install the optional dependency: npm install @lydell/node-pty; or take 'pty' out of .admin/Options, where the script does without",
      cause: error,
    });
  }
}

/** Starts a program on a terminal of its own. */
export function startOnTerminal(terminal: Terminals, program: Program, listen: Listener): Running {
  closeOnExec();
  let first: Uint8Array | undefined;
  const child = startAs(program.identity, () =>
    terminal.spawn(program.program, [...program.arguments], {
      ...TERMINAL,
      cwd: program.cwd,
      env: program.env,
      encoding: null,
    }),
  );
  const { fd, ptsName } = child as unknown as { readonly fd: number; readonly ptsName: string };
  // the end is told when it has not all been read, where this process is slow
  const rest = duplicate(fd);
  let ending: ((end: ProgramEnd) => void) | undefined;
  const ended = new Promise<ProgramEnd>((resolve) => {
    ending = resolve;
  });
  const hear = (content: Uint8Array): void => {
    first ??= content;
    listen('tty', content);
  };
  // bytes, since the encoding is null
  child.onData((data: string | Uint8Array) => {
    hear(typeof data === 'string' ? Buffer.from(data) : data);
  });
  child.onExit(({ exitCode, signal }) => {
    pull(rest, hear);
    const errno = exitCode === 1 && first !== undefined ? notStarted(first) : undefined;
    if (errno !== undefined) ending?.({ how: 'not started', errno });
    else if (signal === undefined || signal === 0) ending?.({ how: 'status', status: exitCode });
    else ending?.({ how: 'signal', signal: signalName(signal) });
  });
  return {
    pid: child.pid,
    ended,
    async drained() {
      await drainedInto(rest, hear);
      closeSync(rest);
    },
    terminal: {
      name: ptsName,
      type(keys) {
        // it takes bytes, whatever its types say
        child.write(toBuffer(keys) as unknown as string);
      },
    },
  };
}

/** Reads what a terminal still has, until nobody else has it open or nothing comes any more. */
async function drainedInto(fd: number, hear: (content: Uint8Array) => void): Promise<void> {
  let last = performance.now();
  await drained(() => {
    const before = last;
    const more = pull(fd, (content) => {
      last = performance.now();
      hear(content);
    });
    return !more || (last === before && performance.now() - last > QUIET);
  });
}

/** Reads what is there by now, in reason. @returns whether more may come */
function pull(fd: number, hear: (content: Uint8Array) => void): boolean {
  const buffer = Buffer.alloc(1 << 16);
  for (let i = 0; i < MOST_PIECES; i++) {
    const length = readNow(fd, buffer);
    if (length === undefined) return true;
    if (length === 0) return false;
    hear(Buffer.from(buffer.subarray(0, length)));
  }
  return true;
}

const MOST_PIECES = 256;

/** How many bytes came; undefined when there are none yet, 0 at the end, which a terminal tells as an error. */
function readNow(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    return errnoOf(error) === 'EAGAIN' ? undefined : 0;
  }
}

/** The child has only its words to tell why there is no program: `chdir(2) failed.: Permission denied`. */
function notStarted(said: Uint8Array): string | undefined {
  const [, why = ''] =
    /^(?:chdir\(2\)|execvp\(3\)) failed\.: ([^\r\n]*)\r\n$/.exec(Buffer.from(said).toString()) ??
    [];
  return ERRNOS[why];
}

/** strerror(3), of those that execve(2) and chdir(2) are likely to fail with. */
const ERRNOS: Readonly<Record<string, string>> = {
  'Permission denied': 'EACCES',
  'No such file or directory': 'ENOENT',
  'Exec format error': 'ENOEXEC',
  'Text file busy': 'ETXTBSY',
};

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, each]) => each === number)?.[0] ?? `${number}`;
}

/**
 * One step as a program of its own: what goes wrong in it, however badly, is the end of that step alone,
 * and one that hangs (a mount that is gone) can be left behind.
 */
import { spawn } from 'node:child_process';

export interface ChildOptions {
  /** The program and its first words: node and the file of xh. */
  readonly program: readonly [string, ...string[]];
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds after which it is ended. */
  readonly timeout: number;
  /** Ends it, too. */
  readonly signal?: AbortSignal;
}

export interface Ended {
  /** Undefined when it was killed, or could not be run, or left behind. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it was ended. */
  readonly stopped?: 'late' | 'interrupted';
  /** It does not end: it hangs in the kernel, with this number. */
  readonly left?: number;
  /** Why it could not be run. */
  readonly error?: string;
}

/** Runs it to its end. Never throws for what it does. */
export function runChild(words: readonly string[], options: ChildOptions): Promise<Ended> {
  const { program, environment, timeout, signal } = options;
  return new Promise((resolve) => {
    const [command, ...before] = program;
    const child = spawn(command, [...before, ...words], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = collector(MOST_OUTPUT);
    const err = collector(MOST_ERRORS);
    child.stdout.on('data', out.take);
    child.stderr.on('data', err.take);
    let stopped: Ended['stopped'];
    const timers: NodeJS.Timeout[] = [];
    const finish = (rest: Pick<Ended, 'status'> & Partial<Ended>): void => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      // what is left behind is not waited for at our own end either
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve({ stdout: out.text(), stderr: err.text(), ...(stopped && { stopped }), ...rest });
    };
    const stop = (why: 'late' | 'interrupted'): void => {
      if (stopped !== undefined) return;
      stopped = why;
      // it settles what it is at, and may take a while for that
      child.kill('SIGTERM');
      timers.push(
        setTimeout(() => child.kill('SIGKILL'), PATIENCE),
        setTimeout(() => {
          finish({ status: undefined, ...(child.pid !== undefined && { left: child.pid }) });
        }, PATIENCE + LAST),
      );
    };
    const interrupt = (): void => {
      stop('interrupted');
    };
    timers.push(
      setTimeout(() => {
        stop('late');
      }, timeout),
    );
    signal?.addEventListener('abort', interrupt);
    if (signal?.aborted === true) interrupt();
    child.once('error', (error) => {
      finish({ status: undefined, error: error.message });
    });
    child.once('close', (status) => {
      finish({ status: status ?? undefined });
    });
  });
}

/** Milliseconds. */
const PATIENCE = 60_000;
const LAST = 5000;
const MOST_OUTPUT = 64 * 2 ** 20;
const MOST_ERRORS = 2 ** 20;

/** The beginning of what is said, up to so many bytes. */
function collector(most: number): { take: (piece: Buffer) => void; text: () => string } {
  const pieces: Buffer[] = [];
  let size = 0;
  return {
    take(piece) {
      if (size < most) pieces.push(piece);
      size += piece.length;
    },
    text: () => Buffer.concat(pieces).subarray(0, most).toString('utf8'),
  };
}

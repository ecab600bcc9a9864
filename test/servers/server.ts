/**
 * Servers as Debian has them, for tests: each is started in the foreground with files of its own, is
 * ready when it listens, and ends with whoever has started it, also when that is killed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Where a server is to listen; a free port of the loopback by default. */
export interface Listening {
  readonly address?: string;
  readonly port?: number;
  /** Words before the command, as `ip netns exec NAME`: where it runs. */
  readonly within?: readonly string[];
}

export interface RunningServer {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** What it has said on standard output and error. */
  log(): string;
  /** Returns when it has ended; at once and without a word to anybody with SIGKILL. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export interface Command {
  readonly words: readonly string[];
  /** For its log. */
  readonly directory: string;
  readonly name: string;
  /** The account that it runs as, where it may not be root. */
  readonly user?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** @throws Error with what it has said, when it ends at once or does not listen */
export async function startServer(
  { words, directory, name, user, environment }: Command,
  { address, port, within }: Required<Listening>,
): Promise<RunningServer> {
  const file = join(directory, `${name}.out`);
  const out = openSync(file, 'a');
  const account = user === undefined ? [] : ['--reuid', user, '--regid', user, '--clear-groups'];
  // without a parent it would go on for ever
  const [command = '', ...rest] = [...within, 'setpriv', '--pdeathsig=KILL', ...account, ...words];
  const server = spawn(command, rest, {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...environment },
  });
  closeSync(out);
  const log = (): string => readFileSync(file, 'utf8');
  await listens(server, { address, port, within, name, log });
  return {
    address,
    port,
    url: `http://${address}:${port}`,
    pid: server.pid ?? 0,
    log,
    async end(signal = 'SIGTERM') {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill(signal);
      await Promise.race([ended, setTimeout(PATIENCE, undefined, { ref: false })]);
      if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL');
    },
  };
}

/** Fills in what is not given. */
export async function listeningAt(where: Listening): Promise<Required<Listening>> {
  const { address = '127.0.0.1', port = await freePort(), within = [] } = where;
  return { address, port, within };
}

/** A port of the loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(
  server: ChildProcess,
  where: Required<Listening> & { readonly name: string; readonly log: () => string },
): Promise<void> {
  const { address, port, within, name, log } = where;
  const trial = ['bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
  const [command = '', ...words] = [...within, ...trial];
  for (let waited = 0; waited < PATIENCE; waited += PAUSE) {
    if (server.exitCode !== null) {
      throw new Error(`${name} has ended with ${server.exitCode}:\n${log()}`);
    }
    if (spawnSync(command, words, { stdio: 'ignore' }).status === 0) return;
    await setTimeout(PAUSE);
  }
  server.kill('SIGKILL');
  throw new Error(`${name} does not listen at ${address}:${port}:\n${log()}`);
}

/** Milliseconds. */
const PATIENCE = 10_000;
const PAUSE = 20;

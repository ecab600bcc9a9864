/**
 * Hosts of a network of their own: each is a network namespace with an address on a bridge, a host name
 * and a site root. All of it is gone when the test is, also when that was killed: then the next test
 * that makes a network takes away what is left.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Ran } from '../e2e/xh.ts';
import { freePort, startServer, type RunningServer } from '../servers/server.ts';

export interface Network {
  /** For files that belong to no host. */
  readonly directory: string;
  host(name: string, options?: HostOptions): NetworkHost;
  /** Takes everything away, whatever still runs there. */
  end(): void;
}

export interface HostOptions {
  /** What `uname -m` says there, as setarch(8) can make it say: `i686`. */
  readonly machine?: string;
  /** Of `/etc/xhier.toml`. */
  readonly configuration?: string;
}

export interface NetworkHost {
  readonly name: string;
  readonly address: string;
  /** Its site root. */
  readonly root: string;
  /** Of its own, for files of servers. */
  readonly directory: string;
  /** Words before a command that is to run there. */
  readonly within: readonly string[];
  configure(text: string): void;
  /** Runs a program of dist/ there, with its site root, to the end. */
  xh(...words: readonly string[]): Promise<Ran>;
  /** The same; throws with what it has said when it does not succeed. */
  xhDone(...words: readonly string[]): Promise<Ran>;
  /** Starts one that goes on. */
  start(...words: readonly string[]): ChildProcess;
  run(command: string, ...words: readonly string[]): Promise<Ran>;
  /** Starts a script of this directory as a server, at a free port. */
  serve(script: string, ...words: readonly string[]): Promise<RunningServer>;
  /** Starts `xh serve --store`, at a free port or this one. */
  feed(port?: number): Promise<RunningServer>;
  /** Takes its cable out, or puts it in. */
  plug(isIn: boolean): void;
}

/** @throws Error when this is not run as root, or the kernel has no network namespaces */
export function makeNetwork(): Network {
  sweep();
  const prefix = `${PREFIX}${process.pid}-`;
  const directory = mkdtempSync(join(tmpdir(), prefix));
  // for accounts of servers
  execFileSync('chmod', ['711', directory]);
  const bridge = `${prefix}${made++}-net`;
  ip('netns', 'add', bridge);
  ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
  ip('-n', bridge, 'link', 'set', 'bridge', 'up');
  const namespaces = [bridge];
  function end(): void {
    process.removeListener('exit', end);
    for (const each of namespaces.toReversed()) removeNamespace(each);
    rmSync(directory, { recursive: true, force: true });
  }
  process.once('exit', end);
  return {
    directory,
    end,
    host(name, options = {}) {
      const namespace = `${bridge}-${name}`;
      const number = namespaces.push(namespace) - 1;
      return makeHost(
        { name, namespace, bridge, number, directory: join(directory, name) },
        options,
      );
    },
  };
}

interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly bridge: string;
  readonly number: number;
  readonly directory: string;
}

function makeHost(place: Place, { machine, configuration = '' }: HostOptions): NetworkHost {
  const { namespace, bridge, number, directory } = place;
  const address = `${NETWORK}.${number}`;
  const cable = `cable${number}`;
  ip('netns', 'add', namespace);
  const ends = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace];
  ip('-n', bridge, 'link', 'add', cable, ...ends);
  ip('-n', bridge, 'link', 'set', cable, 'master', 'bridge', 'up');
  ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  const root = join(directory, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0"; exec "$@"', place.name];
  const within = ['ip', 'netns', 'exec', namespace, ...named];
  if (machine !== undefined) within.push('setarch', machine);
  const environment = { ...process.env, XH_ROOT: root, NO_COLOR: '1' };

  function start(...words: readonly string[]): ChildProcess {
    const [command = '', ...rest] = [...within, ...words];
    return spawn(command, rest, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  const host: NetworkHost = {
    name: place.name,
    address,
    root,
    directory,
    within,
    configure(text) {
      writeFileSync(join(root, 'etc/xhier.toml'), text);
    },
    xh: (...words) => ranToItsEnd(start(XH, ...words)),
    async xhDone(...words) {
      const ran = await host.xh(...words);
      if (ran.status === 0) return ran;
      throw new Error(
        `${place.name}: xh ${words.join(' ')} ended with ${ran.status}:\n${ran.stderr}${ran.stdout}`,
      );
    },
    start: (...words) => start(XH, ...words),
    run: (command, ...words) => ranToItsEnd(start(command, ...words)),
    async serve(script, ...words) {
      const where = { address, port: await freePort(), within };
      const file = join(import.meta.dirname, script);
      const command = [process.execPath, file, address, String(where.port), ...words];
      return startServer({ words: command, directory, name: script }, where);
    },
    async feed(given) {
      const port = given ?? (await freePort());
      const command = [XH, 'serve', '--store', '--listen', `${address}:${port}`];
      const name = 'xh-serve';
      return startServer(
        { words: command, directory, name, environment },
        { address, port, within },
      );
    },
    plug(isIn) {
      ip('-n', bridge, 'link', 'set', cable, isIn ? 'up' : 'down');
    },
  };
  host.configure(configuration);
  return host;
}

async function ranToItsEnd(child: ChildProcess): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (piece: string) => (said[name] += piece));
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...said };
}

/** What networks of tests that were killed have left. */
function sweep(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) {
    const [namespace = ''] = line.split(' ');
    if (isOrphan(namespace)) removeNamespace(namespace);
  }
  for (const name of readdirSync(tmpdir())) {
    if (isOrphan(name)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Whether it was made by a test that is no more. */
function isOrphan(name: string): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const pid = Number.parseInt(name.slice(PREFIX.length), 10);
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

function removeNamespace(namespace: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter(Boolean).map(Number)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
  spawnSync('ip', ['netns', 'delete', namespace]);
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const PREFIX = 'xhier-net-';
/** For tests of networks (RFC 2544). */
const NETWORK = '198.18.0';
let made = 0;

/** Debian's sshd on a free port of the loopback, with accounts that get in by keys made for the test. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { listeningAt, startServer, type Listening } from './server.ts';

export interface Sshd {
  readonly address: string;
  readonly port: number;
  /** The account that the keys open: that of the test. */
  readonly user: string;
  /** A file for the client's `UserKnownHostsFile`: it knows this server. */
  readonly knownHosts: string;
  /** Options for ssh(1) by which a client gets in with a key, and reads nothing of the user's own. */
  clientOptions(key: SshKey): string[];
  /** Lets a key in; with a command it runs that one whatever is asked for. */
  allow(key: SshKey, command?: string): void;
  /** Takes all keys away again. */
  allowNobody(): void;
  /** What the server has said, for a test that fails. */
  log(): string;
  /** Ends it, with all its connections. */
  end(): Promise<void>;
}

export interface SshKey {
  /** The file with the private key. */
  readonly file: string;
  readonly public: string;
}

export interface SshdOptions extends Listening {
  /** More lines of its configuration. */
  readonly settings?: readonly string[];
}

/** @param directory for its files; the caller's to remove */
export async function startSshd(directory: string, options: SshdOptions = {}): Promise<Sshd> {
  const { settings = [] } = options;
  const listening = await listeningAt(options);
  const { address, port } = listening;
  mkdirSync(directory, { recursive: true });
  // where it locks itself in, as Debian's unit makes it
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const at = (name: string): string => join(directory, name);
  const hostKey = makeSshKey(directory, 'host_key');
  const authorized = at('authorized_keys');
  writeFileSync(authorized, '', { mode: 0o600 });
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}`,
      `ListenAddress ${address}`,
      `HostKey ${hostKey.file}`,
      `AuthorizedKeysFile ${authorized}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'LogLevel VERBOSE',
      'MaxStartups 100',
      // shells of sessions read nothing of the user's own
      `SetEnv HOME=${directory}`,
      ...settings,
      '',
    ].join('\n'),
  );
  const words = ['/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')];
  const server = await startServer({ words, directory, name: 'sshd' }, listening);
  const knownHosts = at('known_hosts');
  const name = port === 22 ? address : `[${address}]:${port}`;
  writeFileSync(knownHosts, `${name} ${hostKey.public}\n`);
  return {
    address,
    port,
    user: userInfo().username,
    knownHosts,
    clientOptions(key) {
      const settled = [
        'IdentitiesOnly=yes',
        'IdentityAgent=none',
        `UserKnownHostsFile=${knownHosts}`,
        'GlobalKnownHostsFile=none',
      ];
      return ['-F', 'none', '-i', key.file, ...settled.flatMap((option) => ['-o', option])];
    },
    allow(key, command) {
      // nothing but the quote is quoted there
      const quoted = command?.replaceAll('"', String.raw`\"`);
      const confined = quoted === undefined ? '' : `command="${quoted}",restrict `;
      appendFileSync(authorized, `${confined}${key.public}\n`);
    },
    allowNobody() {
      writeFileSync(authorized, '', { mode: 0o600 });
    },
    log: server.log,
    async end() {
      // what serves a connection goes on when the one that listens has ended
      const sessions = childrenOf(server.pid);
      await server.end();
      for (const pid of sessions) kill(pid);
    },
  };
}

/** Makes a key without a passphrase, unless it is there: of a server that has been there before. */
export function makeSshKey(directory: string, name: string): SshKey {
  const file = join(directory, name);
  if (!existsSync(file)) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  }
  return { file, public: readFileSync(`${file}.pub`, 'latin1').trim() };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** All that a process has started. */
function childrenOf(pid: number): number[] {
  let names: string;
  try {
    names = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  } catch {
    return [];
  }
  const children = names.split(' ').filter(Boolean).map(Number);
  return children.flatMap((each) => [...childrenOf(each), each]);
}

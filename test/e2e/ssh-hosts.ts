/** Several hosts on this machine: sites of their own behind one sshd, each opened by a key of its own. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeSshKey, startSshd, type Sshd, type SshKey } from '../servers/sshd.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

export interface SshHosts {
  readonly directory: string;
  /** The site that distributes. */
  readonly master: string;
  readonly server: Sshd;
  /** The site of a host. */
  root(name: string): string;
  /** Options of ssh by which a host is reached. */
  sshOptions(name: string): string[];
  /** The table of a host for the configuration of whoever distributes to it. */
  table(name: string, more?: readonly string[]): string;
  /** A host with a site of its own; again, another way to it. */
  add(name: string, how?: HostHow): void;
  /** `xh receive` of a host, as its key runs it. */
  receive(name: string, options?: string): string;
  end(): Promise<void>;
}

export interface HostHow {
  /** Options of `xh receive`; else `--allow '*'`. */
  readonly receive?: string;
  /** What its key is confined to, instead. */
  readonly command?: string;
  /** Lines of its xhier.toml, before any table. */
  readonly config?: readonly string[];
}

export async function startSshHosts(): Promise<SshHosts> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ssh-hosts-')));
  // others have to get at the sites in it
  chmodSync(directory, 0o755);
  const server = await startSshd(join(directory, 'sshd'));
  const root = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(join(path, 'etc'), { recursive: true });
    return path;
  };
  const keys = new Map<string, SshKey>();
  const commands = new Map<string, string>();
  const receive = (name: string, options = "--allow '*'"): string =>
    `'${process.execPath}' '${XH}' receive --root '${root(name)}' ${options}`;
  const sshOptions = (name: string): string[] => [
    `IdentityFile=${join(directory, `key-${name}`)}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `UserKnownHostsFile=${server.knownHosts}`,
    'GlobalKnownHostsFile=none',
  ];
  return {
    directory,
    receive,
    master: root('master'),
    server,
    root,
    sshOptions,
    table(name, more = []) {
      return [
        `[hosts."${name}"]`,
        `address = "${server.address}"`,
        `port = ${server.port}`,
        `user = "${server.user}"`,
        `options = ${JSON.stringify(sshOptions(name))}`,
        ...more,
        '',
      ].join('\n');
    },
    add(name, { receive: options, command, config = [] } = {}) {
      if (!keys.has(name)) keys.set(name, makeSshKey(directory, `key-${name}`));
      const lines = [`status-name = "${name}"`, ...config, ''];
      writeFileSync(join(root(name), 'etc/xhier.toml'), lines.join('\n'));
      commands.set(name, command ?? receive(name, options));
      server.allowNobody();
      for (const [each, key] of keys) server.allow(key, commands.get(each));
    },
    async end() {
      await server.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

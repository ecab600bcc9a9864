/**
 * A host of a test's own: accounts, groups and netgroups in the files where every program looks for
 * them, a name, and programs in the PATH. Commands run in a mount namespace in which /etc is a copy
 * with these; nothing else on the machine sees it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freshTrees, lfuCommand, toRun, type Run, type Trees } from './trees.ts';

export interface HostOptions {
  /** Accounts, each with a group of its own name and number. */
  readonly users?: Readonly<Record<string, number>>;
  /** Netgroups and the users in them. */
  readonly netgroups?: Readonly<Record<string, readonly string[]>>;
  readonly name?: string;
  /** Shell scripts that commands find in their PATH. */
  readonly programs?: Readonly<Record<string, string>>;
}

export interface Host extends Trees {
  /** Runs a shell script on this host, in `directory`. */
  on(script: string): string;
  /** Changes who is in a netgroup. */
  setNetgroup(name: string, users: readonly string[]): void;
  /** `lfu WORDS` on this host, in `directory`. */
  run(...words: readonly string[]): Run;
}

/** A host with two trees. */
export function freshHost(options: HostOptions = {}): Host {
  const trees = freshTrees();
  const { directory } = trees;
  const etc = join(directory, '.etc');
  const bin = join(directory, '.bin');
  execFileSync('cp', ['-a', '/etc', etc]);
  const users = Object.entries(options.users ?? {});
  append(join(etc, 'passwd'), users, (name, id) => `${name}:x:${id}:${id}::/nonexistent:/bin/sh`);
  append(join(etc, 'group'), users, (name, id) => `${name}:x:${id}:`);
  execFileSync('sed', ['-i', '/^netgroup:/d; $a netgroup: files', join(etc, 'nsswitch.conf')]);
  const netgroups = new Map(Object.entries(options.netgroups ?? {}));
  const writeNetgroups = (): void => {
    const lines = [...netgroups].map(
      ([name, members]) => `${[name, ...members.map((user) => `(,${user},)`)].join(' ')}\n`,
    );
    writeFileSync(join(etc, 'netgroup'), lines.join(''));
  };
  writeNetgroups();
  mkdirSync(bin);
  for (const [name, script] of Object.entries(options.programs ?? {})) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const enter = `mount --make-rprivate /; mount --bind "$1" /etc; hostname "$2"; shift 2; exec "$@"`;
  const inside = (command: readonly string[]) =>
    spawnSync(
      'unshare',
      ['-mu', 'sh', '-euc', enter, 'sh', etc, options.name ?? 'slave', ...command],
      {
        cwd: directory,
        encoding: 'latin1',
        env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
      },
    );
  return {
    ...trees,
    on(script) {
      const { status, stdout, stderr } = inside(['sh', '-euc', script]);
      if (status !== 0) throw new Error(`${script}: ${stderr}`);
      return stdout;
    },
    setNetgroup(name, members) {
      netgroups.set(name, members);
      writeNetgroups();
    },
    run: (...words) => toRun(inside(lfuCommand(...words))),
  };
}

/** Makes files of the master, each owned by the account named before the colon. */
export function plantOwned(host: Host, entries: readonly string[]): void {
  const script = entries.map((entry) => {
    const [owner = 'root', path = ''] = entry.split(':');
    if (path.endsWith('/')) return `mkdir -p "${path}"; chown ${owner}: "${path}"`;
    return `mkdir -p "${dirname(path)}"; echo "${entry}" > "${path}"; chown ${owner}: "${path}"`;
  });
  host.on(script.join('\n'));
}

/** What a tree has, a line each: type, owner, path, and where a link leads. */
export function objectsOf(host: Host, tree = 'slave'): readonly string[] {
  const found = host.on(`cd ${tree}; find . -mindepth 1 -printf '%y %u %P %l\\n'`);
  const lines = found.split('\n').map((line) => line.trimEnd());
  return lines.filter((line) => line !== '').toSorted();
}

function append(
  file: string,
  entries: readonly (readonly [string, number])[],
  line: (name: string, id: number) => string,
): void {
  const text = entries.map(([name, id]) => `${line(name, id)}\n`).join('');
  writeFileSync(file, text, { flag: 'a' });
}

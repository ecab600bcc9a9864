/** Masters for tests: trees whose files belong to accounts of the test's own. Needs root for chown. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from '../site.ts';

export const LFCK = resolve(import.meta.dirname, '../../dist/lfck.cjs');

/** Accounts that no system has. */
export const UID = { root: 0, tex: 5001, emacs: 5002, x11: 5003, jane: 6001, joe: 6002 } as const;
export type Account = keyof typeof UID;

/** What stands at a path: whose it is, and what it is, a file of `size` bytes unless said. */
export interface Planted {
  readonly owner?: Account | number;
  readonly size?: number;
  readonly mode?: number;
  readonly directory?: true;
  /** Another path of the master, which it is a second name of. */
  readonly sameAs?: string;
  /** A symbolic link to it. */
  readonly target?: string;
  readonly content?: string;
  /** For mknod(1): `c 1 3`, `p`. */
  readonly node?: string;
}

export interface Master {
  readonly path: string;
  /** The options with which lfck knows the accounts. */
  readonly etc: readonly string[];
  plant(things: Readonly<Record<string, Planted | Account>>): void;
  at(path: string): string;
}

/** An empty directory with accounts and netgroups in `etc`, homes in `home`. */
export function freshMaster(netgroups = NETGROUPS): Master {
  const path = temporaryDirectory('lfck');
  chmodSync(path, 0o755);
  const at = (below: string): string => join(path, below);
  mkdirSync(at('etc'));
  const passwd = Object.entries(UID).map(
    ([name, uid]) => `${name}:x:${uid}:50::${at(`home/${name}`)}:/bin/false\n`,
  );
  writeFileSync(at('etc/passwd'), passwd.join(''));
  writeFileSync(at('etc/netgroup'), netgroups);
  return {
    path,
    etc: ['--etc', at('etc')],
    at,
    plant(things) {
      for (const [name, thing] of Object.entries(things)) {
        plantOne(at(name), typeof thing === 'string' ? { owner: thing } : thing, at);
      }
      // blocks are allocated late
      execFileSync('sync', ['-f', path]);
    },
  };
}

const NETGROUPS =
  'packages (,tex,) (,emacs,) (,x11,)\nnsu_tex (,jane,)\nnsu_x11 (,joe,)\nnsu_emacs (,joe,)\n';

function plantOne(path: string, thing: Planted, at: (below: string) => string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (thing.directory) mkdirSync(path, { recursive: true });
  else if (thing.sameAs !== undefined) linkSync(at(thing.sameAs), path);
  else if (thing.target !== undefined) symlinkSync(thing.target, path);
  else if (thing.node !== undefined) execFileSync('mknod', [path, ...thing.node.split(' ')]);
  else writeFileSync(path, thing.content ?? Buffer.alloc(thing.size ?? 10, 'x'));
  const { owner } = thing;
  if (owner !== undefined) {
    const uid = typeof owner === 'number' ? owner : UID[owner];
    lchownSync(path, uid, 50);
  }
  if (thing.mode !== undefined) chmodSync(path, thing.mode);
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as a user without a terminal would. */
export function lfck(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Ran {
  return spawnSync(process.execPath, [LFCK, ...words], {
    encoding: 'utf8',
    input: '',
    maxBuffer: 1 << 28,
    env: { ...process.env, XH_ROOT: '', NO_COLOR: '1', ...environment },
  });
}

export interface Figures {
  readonly own: number;
  readonly exported: number;
  readonly total: number;
}
export interface Row extends Figures {
  readonly owner: string;
  readonly uid: number;
  readonly package?: boolean;
  readonly objects: number;
  readonly architectures: readonly (Figures & { readonly architecture: string })[];
}
export interface SuspectRow {
  readonly path: string;
  readonly names?: readonly string[];
  readonly type: string;
  readonly mode: string;
  readonly bytes: number;
  readonly owner: string;
  readonly uid: number;
  readonly suspected: { readonly owner: string; readonly uid: number } | null;
  readonly evidence: readonly {
    readonly kind: string;
    readonly owner: string | null;
    readonly text: string;
  }[];
  readonly fix?: { readonly outcome: string; readonly why?: string };
}
export interface Report {
  readonly usage: { readonly owners: readonly Row[]; readonly totals: Row };
  readonly suspects?: readonly SuspectRow[];
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** What it says with `--json`. */
export function report(words: readonly string[], environment?: NodeJS.ProcessEnv): Report {
  const ran = lfck([...words, '--json'], environment);
  if (ran.stdout === '') throw new Error(`lfck ended with ${ran.status}:\n${ran.stderr}`);
  return JSON.parse(ran.stdout) as Report;
}

/** By path below the master: whom each suspect is suspected to be of, and by what. */
export function suspicions(master: Master, words: readonly string[]): Record<string, string> {
  const { suspects = [] } = report([...master.etc, ...words]);
  return Object.fromEntries(
    suspects.map(({ path, suspected, evidence }) => [
      path.slice(master.path.length + 1),
      `${suspected?.owner ?? '?'}${evidence.map(({ kind }) => ` ${kind}`).join('')}`,
    ]),
  );
}

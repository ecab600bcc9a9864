/** The shells that showpath runs under and those that users have, and how tests run them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { b, fromBuffer, toBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { scratch } from './hosts.ts';

export const SHOWPATH = join(import.meta.dirname, '../../src/showpath/showpath.sh');

/** Shells that may be a host's `sh`, by name; the value is what runs a script. */
export const SCRIPT_SHELLS = {
  dash: () => [program('dash')],
  'bash as sh': () => [asSh('bash')],
  bash: () => [program('bash')],
  'busybox ash': () => [program('busybox'), 'ash'],
  mksh: () => [program('mksh')],
  ksh93: () => [program('ksh93')],
  'zsh as sh': () => [asSh('zsh')],
} as const;
export type ScriptShell = keyof typeof SCRIPT_SHELLS;
export const SCRIPT_SHELL_NAMES = Object.keys(SCRIPT_SHELLS) as ScriptShell[];

const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  'bsd-csh': 'csh',
  ksh93: 'ksh93u+m',
};

/** Absolute path of a shell. @throws when it is not installed, saying what to install. */
export function program(name: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v -- "$1"', 'sh', name], {
      encoding: 'utf8',
    }).trim();
  } catch {
    throw new Error(
      `these tests need ${name}: apt-get install ${DEBIAN_PACKAGES[name] ?? name} (or what your system calls it)`,
    );
  }
}

/** The shell under the name `sh`, which makes it keep to POSIX. */
function asSh(name: string): string {
  const link = join(scratch(), 'sh');
  symlinkSync(program(name), link);
  return link;
}

export interface Ran {
  readonly code: number | null;
  readonly out: Bytes;
  readonly err: Bytes;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let scripts: string | undefined;
let count = 0;

/** Runs `script`, as bytes, with an interpreter that reads it from standard input; the environment is `env` alone. */
export function runScript(
  interpreter: readonly string[],
  script: Bytes,
  options: RunOptions = {},
): Ran {
  const [file = '', ...args] = interpreter;
  // a file and not Node's pipe, which is a socket: fish reads none
  scripts ??= scratch();
  const path = join(scripts, String(count++));
  writeFileSync(path, toBuffer(script));
  const input = openSync(path, 'r');
  const { status, stdout, stderr } = spawnSync(file, args, {
    stdio: [input, 'pipe', 'pipe'],
    cwd: options.cwd ?? '/',
    env: { PATH: '/usr/bin:/bin', HOME: scripts, ...options.env },
    maxBuffer: 1 << 28,
  });
  closeSync(input);
  return { code: status, out: fromBuffer(stdout), err: fromBuffer(stderr) };
}

/** One run of showpath, under `shell`. Arguments are bytes, which Node itself could not pass on. */
export function showpath(
  shell: ScriptShell,
  args: readonly Bytes[],
  options: RunOptions = {},
): Ran {
  return runScript(['/bin/sh'], b`exec ${command(shell, args)}\n`, options);
}

/** The command of {@link showpath}, for scripts. */
export function command(shell: ScriptShell, args: readonly Bytes[]): Bytes {
  return [...interpreterOf(shell), SHOWPATH as Bytes, ...args].map(word).join(' ') as Bytes;
}

/** A word for any Bourne shell, csh without `!`, and fish without quotes in it. */
export function word(text: Bytes | string): Bytes {
  return `'${text.replaceAll("'", String.raw`'\''`)}'` as Bytes;
}

const interpreters = new Map<ScriptShell, readonly Bytes[]>();

function interpreterOf(shell: ScriptShell): readonly Bytes[] {
  const known = interpreters.get(shell) ?? (SCRIPT_SHELLS[shell]() as readonly string[]);
  interpreters.set(shell, known as readonly Bytes[]);
  return known as readonly Bytes[];
}

/**
 * A package's `Install` script: run with a clean environment, as an account that is not root unless
 * the package says so, in a process group of its own that ends with it, its output kept.
 */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { closeSync, fstatSync, readFileSync, readSync } from 'node:fs';
import {
  b,
  bytes,
  fromBuffer,
  printable,
  split,
  toBuffer,
  toText,
  type Bytes,
} from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { readAt } from '../files/content.ts';
import { errnoOf } from '../files/error.ts';
import { createAt, openFileAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import { architecture } from '../site/arch.ts';
import type { User } from '../site/accounts.ts';
import { demandAccount } from '../site/site-accounts.ts';
import { packagePath, softwarePath } from '../site/site.ts';
import { shipped } from './resources.ts';
import { killGroup, runToEnd, type Ending, type ScriptProcess } from './script-process.ts';

const LOG = b`/.software/local/.admin/log`;
/** Lines of a transcript that are shown when a script fails, out of so many bytes at its end. */
const SHOWN = 20;
const TAIL = 16_384;

/** Whether a package has a script to run: one that is still the skeleton's has nothing to do. */
export function hasScript(host: Host, directory: Bytes): boolean {
  const place = host.walker.tryLocate(scriptPath(directory), { follow: true });
  const found = place === undefined ? undefined : statAt(place.dir, place.name);
  if (place === undefined || found?.type !== 'f') return false;
  return found.size > MOST_OF_SKELETON || !isSkeleton(readAt(place.dir, place.name));
}

/** Whether a script is the template as `xh mkpkg` fills it in, for whatever name. */
function isSkeleton(script: Bytes): boolean {
  const template = fromBuffer(readFileSync(toBuffer(join(shipped('templates'), INSTALL_TEMPLATE))));
  const [before = b``, after = b``] = split(template, '@NAME@');
  if (!script.startsWith(before) || !script.endsWith(after)) return false;
  const name = script.slice(before.length, script.length - after.length);
  return script.length > before.length + after.length && !name.includes('\n');
}

const INSTALL_TEMPLATE = b`package/.admin/Install`;
const MOST_OF_SKELETON = 65_536;

/**
 * Runs `Install ACTION` and waits for its end.
 * @throws XhError E_SCRIPT with the end of its output, E_INTERRUPTED (exit 130); nothing else has
 *   been done then
 */
export async function runScript(host: Host, run: ScriptRun): Promise<void> {
  const call = prepare(host, run);
  try {
    const ending = await runToEnd({ ...call.process, output: call.transcript });
    judge(host, run, { ...call, ending });
  } finally {
    closeSync(call.transcript.fd);
  }
}

/** Runs the opposite of scripts whose transaction is taken back; a failure is noted in the log only. */
export function undoScripts(host: Host, scripts: readonly ScriptRun[]): void {
  for (const { package: directory, action } of scripts.toReversed()) {
    try {
      undoScript(host, { package: directory, action: opposite(action) });
    } catch (error) {
      // why it is taken back matters more than what is wrong with the package meanwhile
      if (!(error instanceof XhError)) throw error;
    }
  }
}

function undoScript(host: Host, run: ScriptRun): void {
  if (!hasScript(host, run.package)) return;
  const { process: script, transcript } = prepare(host, run);
  const { pid } = spawnSync(script.program, [...script.arguments], {
    cwd: script.cwd,
    env: script.env,
    ...script.account,
    detached: true,
    stdio: ['ignore', transcript.fd, transcript.fd],
    timeout: script.timeout * 1000,
    killSignal: 'SIGKILL',
  } as SpawnSyncOptions);
  if (pid > 0) killGroup(pid);
  closeSync(transcript.fd);
}

function opposite(action: ScriptRun['action']): ScriptRun['action'] {
  return action === 'install' ? 'uninstall' : 'install';
}

interface ScriptCall {
  readonly process: Omit<ScriptProcess, 'output'>;
  readonly transcript: { readonly fd: number; readonly path: Bytes };
}

function prepare(host: Host, run: ScriptRun): ScriptCall {
  const { site } = host;
  const directory = packagePath(site, run.package);
  const options = readPackage(site, run.package).options.values;
  const account = accountFor(host, run, options['run-as'], options.owner);
  return {
    transcript: openTranscript(host, run),
    process: {
      program: toText(join(directory, b`.admin/Install`)),
      arguments: [run.action],
      timeout: options.timeout,
      terminal: options.pty,
      cwd: toText(directory),
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: toText(account?.home ?? b`/`),
        LANG: 'C.UTF-8',
        XH_ROOT: toText(site.root),
        XH_PACKAGE: toText(run.package),
        XH_VERSION: options.version === undefined ? '' : toText(options.version),
        XH_ARCH: toText(architecture()),
        XH_SOFTWARE: toText(softwarePath(site)),
        XH_ACTION: run.action,
      },
      ...(account !== undefined && { account: { uid: account.uid, gid: account.gid } }),
    },
  };
}

/** Whom the script runs as: `run-as`, else the owner, else nobody; only root can choose. */
function accountFor(
  host: Host,
  run: ScriptRun,
  runAs: Bytes | undefined,
  owner: Bytes | undefined,
): User | undefined {
  const self = process.geteuid?.();
  if (self === 0) {
    const account = demandAccount(host.site, runAs ?? owner ?? b`nobody`);
    // root's files are no reason to run as root: that takes a word of its own
    return account.uid === 0 && runAs === undefined ? demandAccount(host.site, b`nobody`) : account;
  }
  if (runAs !== undefined && demandAccount(host.site, runAs).uid !== self) {
    throw new XhError(
      'E_RUN_AS',
      `${printable(run.package)}: its Install script runs as ${printable(runAs)}, which only root may choose`,
      { exit: EXIT.notPermitted, remedy: 'run the command as root' },
    );
  }
  return undefined;
}

function openTranscript(host: Host, run: ScriptRun): { readonly fd: number; readonly path: Bytes } {
  const place = host.walker.locate(b`${LOG}/x`);
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  let name = b``;
  for (let i = 0; ; i++) {
    name = b`${run.package}.${bytes(run.action)}.${bytes(stamp)}${i === 0 ? b`` : b`.${i}`}`;
    if (statAt(place.dir, name) === undefined) break;
  }
  return { fd: createAt(place.dir, name, 0o600), path: b`${LOG}/${name}` };
}

function judge(host: Host, run: ScriptRun, call: ScriptCall & { readonly ending: Ending }): void {
  const { ending } = call;
  if (ending.ended === undefined && ending.error === undefined && ending.status === 0) return;
  const { path } = call.transcript;
  const script = `${printable(run.package)}: .admin/Install ${run.action}`;
  if (ending.ended === 'interrupted') {
    throw new XhError('E_INTERRUPTED', `${script} was interrupted; nothing else was done`, {
      exit: EXIT.interrupted,
      place: { file: path },
    });
  }
  const { error } = ending;
  const remedy =
    error === undefined
      ? `the whole transcript is in ${printable(path)}`
      : notStarted(errnoOf(error), printable(bytes(call.process.program)));
  throw new XhError(
    'E_SCRIPT',
    `${script} ${how(ending, call)}; nothing else was done${tail(host, path)}`,
    {
      place: { file: path },
      remedy,
    },
  );
}

function how({ ended, error, signal, status }: Ending, call: ScriptCall): string {
  if (ended === 'late') return `did not end within ${call.process.timeout} s and was killed`;
  if (error !== undefined) return `could not be run (${errnoOf(error) ?? error.message})`;
  return typeof signal === 'string' ? `was killed by ${signal}` : `ended with ${status}`;
}

/** Why a program does not start: execve(2). */
function notStarted(errno: string | undefined, program: string): string {
  switch (errno) {
    case 'EACCES':
      return `chmod +x ${program}, and let the account that it runs as ('run-as' in .admin/Options) come there`;
    case 'ENOENT':
      return 'look at its first line: the interpreter that it names is not on this host';
    case 'ENOEXEC':
      return "it needs a first line that names its interpreter: '#!/bin/sh'";
    default:
      return `look at ${program}`;
  }
}

/** The last lines that the script said. */
function tail(host: Host, path: Bytes): string {
  const place = host.walker.locate(path);
  const fd = openFileAt(place.dir, place.name);
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, TAIL));
    const length = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const lines = split(fromBuffer(buffer.subarray(0, length)), '\n').filter((line) => line !== '');
    return lines
      .slice(-SHOWN)
      .map((line) => `\n    | ${printable(line)}`)
      .join('');
  } finally {
    closeSync(fd);
  }
}

function scriptPath(directory: Bytes): Bytes {
  return b`/software/${directory}/.admin/Install`;
}

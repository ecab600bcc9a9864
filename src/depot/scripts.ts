/**
 * A package's `Install` script: run with a clean environment, as an account that is not root unless
 * the package says so, in a process group of its own that ends with it, its output kept.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { b, bytes, printable, toBuffer, toText, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { createAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import { architecture } from '../site/arch.ts';
import type { User } from '../site/accounts.ts';
import { demandAccount } from '../site/site-accounts.ts';
import { packagePath, softwarePath } from '../site/site.ts';

const LOG = b`/.software/local/.admin/log`;
/** Lines of a transcript that are shown when a script fails. */
const SHOWN = 20;

/** Whether a package has a script to run. */
export function hasScript(host: Host, directory: Bytes): boolean {
  return host.walker.stat(scriptPath(directory), { follow: true })?.type === 'f';
}

/**
 * Runs `Install ACTION` and waits for its end.
 * @throws XhError E_SCRIPT with the end of its output; nothing else has been done then
 */
export async function runScript(host: Host, run: ScriptRun): Promise<void> {
  const call = prepare(host, run);
  const { transcript } = call;
  const ended = await new Promise<Ending>((resolve) => {
    const child = spawn(call.program, [run.action], {
      ...call.spawn,
      stdio: ['ignore', transcript.fd, transcript.fd],
    });
    let late = false;
    const end = (): void => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, call.timeout * 1000);
    // the script's group does not get the terminal's Ctrl-C: it ends with us
    const interrupted = (): void => {
      end();
      process.exit(EXIT.interrupted);
    };
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const settle = (ending: Ending): void => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      end();
      resolve({ ...ending, late });
    };
    child.once('error', (error) => {
      settle({ error });
    });
    child.once('exit', (status, signal) => {
      settle({ status, signal });
    });
  });
  closeSync(transcript.fd);
  judge(run, call, ended);
}

/** Runs the opposite of scripts whose transaction is taken back; a failure is noted in the log only. */
export function undoScripts(host: Host, scripts: readonly ScriptRun[]): void {
  for (const { package: directory, action } of scripts.toReversed()) {
    if (!hasScript(host, directory)) continue;
    const opposite = action === 'install' ? 'uninstall' : 'install';
    const call = prepare(host, { package: directory, action: opposite });
    const { pid } = spawnSync(call.program, [opposite], {
      ...call.spawn,
      stdio: ['ignore', call.transcript.fd, call.transcript.fd],
      timeout: call.timeout * 1000,
      killSignal: 'SIGKILL',
    });
    if (pid > 0) killGroup(pid);
    closeSync(call.transcript.fd);
  }
}

interface Ending {
  readonly status?: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly error?: Error;
  readonly late?: boolean;
}

interface ScriptCall {
  readonly program: string;
  readonly timeout: number;
  readonly transcript: { readonly fd: number; readonly path: Bytes };
  readonly spawn: {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly detached: true;
    readonly uid?: number;
    readonly gid?: number;
  };
}

function prepare(host: Host, run: ScriptRun): ScriptCall {
  const { site } = host;
  const directory = packagePath(site, run.package);
  const options = readPackage(site, run.package).options.values;
  const account = accountFor(host, run, options['run-as'], options.owner);
  return {
    program: toText(join(directory, b`.admin/Install`)),
    timeout: options.timeout,
    transcript: openTranscript(host, run),
    spawn: {
      cwd: toText(directory),
      detached: true,
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
      ...(account !== undefined && { uid: account.uid, gid: account.gid }),
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
  if (self === 0) return demandAccount(host.site, runAs ?? owner ?? b`nobody`);
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

function judge(run: ScriptRun, call: ScriptCall, ended: Ending): void {
  if (ended.error === undefined && ended.status === 0) return;
  const how =
    ended.late === true
      ? `did not end within ${call.timeout} s and was killed`
      : ended.error !== undefined
        ? `could not be run (${ended.error.message})`
        : typeof ended.signal === 'string'
          ? `was killed by ${ended.signal}`
          : `ended with ${ended.status}`;
  const { path } = call.transcript;
  throw new XhError(
    'E_SCRIPT',
    `${printable(run.package)}: .admin/Install ${run.action} ${how}; nothing else was done${tail(call)}`,
    {
      place: { file: path },
      remedy: `the whole transcript is in ${printable(path)}; 'timeout', 'run-as' and 'pty' in .admin/Options change how it runs`,
    },
  );
}

/** The last lines that the script said. */
function tail(call: ScriptCall): string {
  const root = call.spawn.env['XH_ROOT'] ?? '/';
  const path = join(bytes(root), call.transcript.path);
  const lines = readFileSync(toBuffer(path), 'latin1').trimEnd().split('\n').slice(-SHOWN);
  return lines
    .filter((line) => line !== '')
    .map((line) => `\n    | ${printable(line as Bytes)}`)
    .join('');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // all of it has ended already
  }
}

function scriptPath(directory: Bytes): Bytes {
  return b`/software/${directory}/.admin/Install`;
}

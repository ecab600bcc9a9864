/**
 * A build that was sent, run to its end in the background: by the account that builds here, within its
 * time, all that it says in a log. What became of it is written down for whoever asks.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { b, toText } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { closeDir } from '../../files/dir.ts';
import { beginLog } from '../../files/workspace.ts';
import { EXIT, unlessRefused, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { identityFor, startAs, type Identity } from '../script/account.ts';
import { claimJob, finishJob, jobPath, LOG, SOURCE } from './jobs.ts';
import type { BuildOrder } from './request.ts';

export interface Building {
  readonly site: Site;
  readonly config: Config;
  /** Node and the file of xh. */
  readonly program: readonly [string, ...string[]];
}

/** Builds. @throws XhError E_SDIST_RUNS (5) when somebody does already */
export async function runBuild({ site, config, program }: Building, id: string): Promise<void> {
  const job = claimJob(site, id);
  if (job === undefined) {
    throw new XhError('E_SDIST_RUNS', `the build ${id} runs already`, { exit: EXIT.locked });
  }
  try {
    const log = beginLog(join(jobPath(site, id), LOG));
    const { name, version, directory, target, words } = job.order;
    const builder = builderOf(site, config, job.order);
    // people who work there come first
    setPriority(10);
    const [command, ...before] = program;
    const asked = version === undefined ? name : b`${name}@${version}`;
    const child = startAs(builder, () =>
      spawn(
        command,
        [
          ...before,
          `--root=${toText(site.root)}`,
          'make',
          target,
          ...words,
          `--directory=${toText(join(jobPath(site, id), SOURCE))}`,
          `--package=${toText(asked)}`,
          ...(directory === name ? [] : ['--versioned']),
        ],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          detached: true,
          cwd: '/',
          env: environmentOf(builder),
        },
      ),
    );
    let size = 0;
    const take = (piece: Buffer): void => {
      size += piece.length;
      if (size <= LARGEST_LOG) unlessRefused(() => log.write(piece));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const outcome = await endOf(child, config.values['sdist.timeout']);
    if (size > LARGEST_LOG) {
      unlessRefused(() => log.write(`\n[the log was cut here: ${size} bytes]\n`));
    }
    log.close();
    finishJob(job.dir, { ...outcome, ended: Date.now() });
  } catch (error) {
    if (error instanceof XhError) {
      finishJob(job.dir, { status: null, problem: error.message, ended: Date.now() });
    }
    throw error;
  } finally {
    closeDir(job.dir);
  }
}

const LARGEST_LOG = 256 * 2 ** 20;
/** Milliseconds that a build has to end by itself. */
const PATIENCE = 30_000;

interface ProcessEnd {
  readonly status: number | null;
  readonly problem?: string;
}

/**
 * How a process ends.
 * @param timeout seconds, after which it is ended, with all that it has started
 */
export async function endOf(child: ChildProcess, timeout?: number): Promise<ProcessEnd> {
  let problem: string | undefined;
  const tell = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // it has ended
    }
  };
  const timers: NodeJS.Timeout[] = [];
  if (timeout !== undefined) {
    const late = setTimeout(() => {
      problem = `it was ended after ${timeout} s, the time for a build`;
      tell('SIGTERM');
      timers.push(
        setTimeout(() => {
          tell('SIGKILL');
        }, PATIENCE),
      );
    }, timeout * 1000);
    timers.push(late);
  }
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
    const killed = signal === null ? undefined : `killed by ${signal}`;
    const why = problem ?? killed;
    return { status, ...(why !== undefined && { problem: why }) };
  } catch (error) {
    return { status: null, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** The environment of what builds: nothing of who receives is its business. */
export function environmentOf({ name, home }: Identity): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, TZ } = process.env;
  return {
    PATH: PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: toText(home),
    USER: toText(name),
    LOGNAME: toText(name),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    ...(TMPDIR !== undefined && { TMPDIR }),
    ...(TZ !== undefined && { TZ }),
  };
}

/**
 * Who builds: where root receives, the account that the site names for it.
 * @throws XhError E_SDIST_ACCOUNT (exit 3), E_NO_ACCOUNT
 */
export function builderOf(site: Site, config: Config, { directory }: BuildOrder): Identity {
  const account = config.values['sdist.account'];
  if (process.geteuid?.() === 0 && account === undefined) {
    throw new XhError(
      'E_SDIST_ACCOUNT',
      'builds that are sent to root are built by nobody, until the site says by whom',
      {
        exit: EXIT.refused,
        remedy:
          "on that host, name an account in /etc/xhier.toml: [sdist] account = 'builder'; or receive builds as one that is not root",
      },
    );
  }
  return identityFor(site, { package: directory, runAs: account, owner: undefined });
}

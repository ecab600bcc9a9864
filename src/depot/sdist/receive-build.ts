/**
 * The far side of `xh sdist`, on a master: takes sources, has them built in the background, and tells how
 * builds stand. What is built is what somebody sends, so it is built by an account that the site names,
 * and by root only when the site says so.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hostname, setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { b, bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { closeDir } from '../../files/dir.ts';
import { beginLog } from '../../files/workspace.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { architecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { identityFor, startAs, type Identity } from '../script/account.ts';
import {
  claimJob,
  finishJob,
  jobPath,
  LOG,
  prepareJob,
  readJobs,
  removeExpired,
  SOURCE,
} from './jobs.ts';
import { answerLine, parseOrder, type Answer, type BuildOrder } from './request.ts';

export interface FarSide {
  readonly site: Site;
  readonly config: Config;
  /** Node and the file of xh. */
  readonly program: readonly [string, ...string[]];
  readonly input: Readable;
  readonly print: (line: string) => void;
}

/** What a master can be asked for. */
export const FAR_WORDS = ['build', 'jobs', 'run'] as const;

/**
 * Does what the words say: `build`, with an order and an archive behind it on the input; `jobs [PKG…]`;
 * `run ID`, which this side calls by itself. What goes wrong is answered, too.
 */
export async function receiveBuild(
  far: FarSide,
  [word, ...rest]: readonly string[],
): Promise<ExitCode> {
  try {
    switch (word) {
      case 'build':
        answer(far, await takeBuild(far));
        return EXIT.done;
      case 'jobs':
        answer(far, {
          ...ourselves(),
          say: 'jobs',
          jobs: readJobs(far.site, rest.map(bytes)),
        });
        return EXIT.done;
      case 'run':
        return await runJob(far, rest[0] ?? '');
      default:
        throw new XhError(
          'E_USAGE',
          `xh sdist --receive does not know '${printable(bytes(word ?? ''))}'`,
          { exit: EXIT.usage, remedy: 'have the same version of xhier on both hosts' },
        );
    }
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    const { code, message, remedy } = error;
    answer(far, { say: 'error', code, message, ...(remedy !== undefined && { remedy }) });
    return error.exit;
  }
}

/** The words that a client asked for, where its key is confined to `xh sdist --receive`: never `run`. */
export function askedBySsh(original: string | undefined): readonly string[] {
  const [, words] = /\bsdist --receive ([\x20-\x7e]{1,4000})$/.exec(original ?? '') ?? [];
  const [word = '', ...rest] = (words ?? '').split(' ').filter((each) => each !== '');
  return word === 'run' ? [] : [word, ...rest];
}

function answer({ print }: FarSide, said: Answer): void {
  print(answerLine(said).trimEnd());
}

function ourselves(): { readonly host: string; readonly architecture: string } {
  return { host: hostname(), architecture: printable(architecture()) };
}

async function takeBuild(far: FarSide): Promise<Answer> {
  const { site, config, input, program } = far;
  const order = parseOrder(await firstLine(input));
  const builder = builderOf(site, config, order);
  removeExpired(site, config.values['sdist.keep-days'], Date.now());
  const coming = prepareJob(site, order, builder.other ? builder : undefined);
  if (coming !== undefined) {
    try {
      await unpack(input, coming.source, builder);
    } catch (error) {
      coming.drop();
      throw error;
    }
    coming.arrive();
    const [command, ...words] = program;
    const child = spawn(
      command,
      [...words, '--root', toText(site.root), 'sdist', '--receive', 'run', order.id],
      { stdio: 'ignore', detached: true, cwd: '/' },
    );
    child.on('error', () => undefined);
    child.unref();
  } else input.destroy();
  return { ...ourselves(), say: 'begun', id: order.id };
}

/**
 * Who builds: where root receives, the account that the site names for it.
 * @throws XhError E_SDIST_ACCOUNT (exit 3), E_NO_ACCOUNT
 */
function builderOf(site: Site, config: Config, { directory }: BuildOrder): Identity {
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

/** As the account that builds, which gets to write nowhere else. */
async function unpack(input: Readable, source: Bytes, builder: Identity): Promise<void> {
  const child = startAs(builder, () =>
    spawn('tar', ['-x', '--no-same-owner', '-f', '-'], {
      cwd: toText(source),
      stdio: ['pipe', 'ignore', 'pipe'],
      env: environmentOf(builder),
    }),
  );
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(0, 4000);
  });
  const ended = endOf(child);
  // it may have ended before all has come: what it says tells why
  await pipeline(input, child.stdin).catch(() => undefined);
  const { status, problem } = await ended;
  if (status === 0) return;
  const first = said.split('\n')[0] ?? '';
  throw new XhError(
    'E_SDIST_UNPACK',
    `the sources could not be unpacked: ${printable(first as Bytes) || (problem ?? `tar ended with ${String(status)}`)}`,
    { remedy: 'the connection broke off, or that host has no room: send it again' },
  );
}

async function runJob(far: FarSide, id: string): Promise<ExitCode> {
  const { site, config, program } = far;
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
          ...['--root', toText(site.root), 'make', target, ...words],
          ...['-C', toText(join(jobPath(site, id), SOURCE)), '--package', toText(asked)],
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
      if (size <= LARGEST_LOG) log.write(piece);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const outcome = await endOf(child, config.values['sdist.timeout']);
    if (size > LARGEST_LOG) log.write(`\n[the log was cut here: ${size} bytes]\n`);
    log.close();
    finishJob(job.dir, { ...outcome, ended: Date.now() });
    return EXIT.done;
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

/** @param timeout seconds, after which it is ended, with all that it has started */
async function endOf(child: ChildProcess, timeout?: number): Promise<ProcessEnd> {
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

/** Nothing of who receives is the builder's business. */
function environmentOf({ name, home }: Identity): NodeJS.ProcessEnv {
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

/** The first line of what comes; the rest stays where it is. @throws XhError E_SDIST_ORDER */
async function firstLine(input: Readable): Promise<string> {
  let line = Buffer.alloc(0);
  for (;;) {
    const piece = input.read() as Buffer | null;
    if (piece === null) {
      if (input.readableEnded || input.destroyed) break;
      await Promise.race([once(input, 'readable'), once(input, 'end')]);
      continue;
    }
    line = Buffer.concat([line, piece]);
    const end = line.indexOf('\n');
    if (end >= 0) {
      input.unshift(line.subarray(end + 1));
      return line.subarray(0, end).toString('utf8');
    }
    if (line.length > LONGEST_ORDER) break;
  }
  throw new XhError('E_SDIST_ORDER', 'no order of a build has come', {
    exit: EXIT.usage,
    remedy: 'this is the far side of xh sdist: it is called by ssh',
  });
}

const LONGEST_ORDER = 1 << 20;

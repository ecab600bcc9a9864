/**
 * The far side of `xh sdist`, on a master: takes sources, has them built in the background, and tells how
 * builds stand. What is built is what somebody sends, so it is built by an account that the site names,
 * and by root only when the site says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { architecture } from '../../site/arch.ts';
import { startAs, type Identity } from '../script/account.ts';
import { prepareJob, readJobs, removeExpired } from './jobs.ts';
import { answerLine, parseOrder, type Answer } from './request.ts';
import { builderOf, endOf, environmentOf, runBuild, type Building } from './run-build.ts';

export interface FarSide extends Building {
  readonly input: Readable;
  readonly print: (line: string) => void;
}

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
        await runBuild(far, rest[0] ?? '');
        return EXIT.done;
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

/** Whether a client asks for this far side, by a key that is confined to another command. */
export function isSdist(original: string | undefined): boolean {
  return /^(?:\/[A-Za-z0-9_./-]{0,1000})?xh sdist --receive /.test(original ?? '');
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
      await unpack(input, { ...order, source: coming.source }, builder);
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

/** As the account that builds, which gets to write nowhere else. */
async function unpack(
  input: Readable,
  { source, size }: { readonly source: Bytes; readonly size: number },
  builder: Identity,
): Promise<void> {
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
  let came = 0;
  const counted = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      came += piece.length;
      yield piece;
    }
  };
  await pipeline(input, counted, child.stdin).catch(() => undefined);
  const { status, problem } = await ended;
  if (status === 0 && came === size) return;
  if (status === 0) {
    throw new XhError('E_SDIST_CUT', `the sources have not come whole: ${came} bytes of ${size}`, {
      remedy: 'the connection broke off: send it again',
    });
  }
  const first = said.split('\n')[0] ?? '';
  throw new XhError(
    'E_SDIST_UNPACK',
    `the sources could not be unpacked: ${printable(first as Bytes) || (problem ?? `tar ended with ${String(status)}`)}`,
    { remedy: 'the connection broke off, or that host has no room: send it again' },
  );
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

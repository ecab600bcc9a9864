/** `xh sdist`: sources to the architecture masters, and what became of them there. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join as joinText } from 'node:path';
import { Readable } from 'node:stream';
import { toBuffer, toText, type Bytes } from '../../bytes/bytes.ts';
import { withScratchDirectory } from '../../files/scratch.ts';
import { userName } from '../../host/lock.ts';
import { XhError } from '../../message/error.ts';
import { askMaster, type NoAnswer } from './ask.ts';
import type { Master, Masters } from './masters.ts';
import { orderLine, type Answer, type BuildJob, type BuildOrder } from './request.ts';
import type { SdistSources } from './sources.ts';

/** What one master has said. */
export interface MasterAnswer<T> {
  readonly master: Master;
  readonly answer: T | NoAnswer | Extract<Answer, { say: 'error' }>;
}

export interface SendOptions {
  readonly target: string;
  readonly words: readonly string[];
  /** Masters at a time. */
  readonly jobs: number;
  /** Seconds for each. */
  readonly timeout: number;
  readonly onAnswer?: (answer: MasterAnswer<Begun>) => void;
}

export type Begun = Extract<Answer, { say: 'begun' }>;
export type Jobs = Extract<Answer, { say: 'jobs' }>;

/** The order of a build, with a number of its own. */
export function orderFor(
  { package: of }: SdistSources,
  { target, words }: Pick<SendOptions, 'target' | 'words'>,
  now = new Date(),
): Omit<BuildOrder, 'size'> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return {
    id: `${time}-${randomBytes(4).toString('hex')}`,
    ...of,
    target,
    words,
    from: `${userName()}@${hostname()}`,
  };
}

/**
 * Sends the sources to every master, which begins to build at once.
 * @throws XhError E_SDIST_PACK when they cannot be packed; what a master does is in its answer
 */
export async function sendSources(
  sources: SdistSources,
  order: Omit<BuildOrder, 'size'>,
  { masters, options }: Masters,
  { jobs, timeout, onAnswer }: SendOptions,
): Promise<readonly MasterAnswer<Begun>[]> {
  return withScratchDirectory(async (directory) => {
    const archive = joinText(directory, 'source.tar');
    await pack(sources, archive);
    const whole = { ...order, size: statSync(archive).size };
    return atATime(jobs, masters, async (master) => {
      const answer = await askMaster(
        master,
        { words: 'build', timeout, content: () => Readable.from(message(whole, archive)) },
        options,
      );
      const told: MasterAnswer<Begun> =
        answer.say === 'jobs' ? { master, answer: UNEXPECTED } : { master, answer };
      onAnswer?.(told);
      return told;
    });
  });
}

/** Asks every master how the builds of some packages stand; of all, when none is named. */
export async function collectBuilds(
  packages: readonly Bytes[],
  { masters, options }: Masters,
  { jobs, timeout }: Pick<SendOptions, 'jobs' | 'timeout'>,
): Promise<readonly MasterAnswer<Jobs>[]> {
  const words = ['jobs', ...packages.map(toText)].join(' ');
  return atATime(jobs, masters, async (master) => {
    const answer = await askMaster(master, { words, timeout }, options);
    return answer.say === 'begun' ? { master, answer: UNEXPECTED } : { master, answer };
  });
}

/** The newest build of each package on each master, of those that answer. */
export function newestJobs(
  answers: readonly MasterAnswer<Jobs>[],
): ReadonlyMap<string, ReadonlyMap<Master, BuildJob>> {
  const found = new Map<string, Map<Master, BuildJob>>();
  for (const { master, answer } of answers) {
    if (answer.say !== 'jobs') continue;
    // the newest is the first
    for (const job of answer.jobs.toReversed()) {
      const of = found.get(job.directory) ?? new Map<Master, BuildJob>();
      found.set(job.directory, of.set(master, job));
    }
  }
  return found;
}

const UNEXPECTED: NoAnswer = {
  say: 'none',
  code: 'E_SDIST_ANSWER',
  message: 'it has answered something else than it was asked',
  remedy: 'have the same version of xhier on both hosts',
};

async function* message(order: BuildOrder, archive: string): AsyncGenerator<Buffer> {
  yield Buffer.from(orderLine(order));
  for await (const piece of createReadStream(archive)) yield piece as Buffer;
}

/** By tar(1): names are bytes, and whose the files are here is nobody's business there. */
async function pack({ source, listing }: SdistSources, archive: string): Promise<void> {
  const child = spawn(
    'tar',
    [
      '--create',
      `--file=${archive}`,
      '--format=pax',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--no-recursion',
      '--null',
      '--verbatim-files-from',
      '--files-from=-',
    ],
    {
      cwd: toText(source),
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    },
  );
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString()).slice(0, 4000);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(
    Buffer.concat([...listing.keys()].map((path) => toBuffer(`./${path}\0` as Bytes))),
  );
  let why: string | undefined;
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    if (status === 0) return;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new XhError(
    'E_SDIST_PACK',
    `the source cannot be packed: ${why ?? said.trim().split('\n')[0] ?? ''}`,
    {
      place: { file: source },
      remedy: 'files that change meanwhile, or that you may not read, cannot be sent',
    },
  );
}

/** Works on `items`, so many at a time; the results in their order. */
async function atATime<T, R>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}

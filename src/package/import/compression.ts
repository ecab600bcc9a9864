/**
 * Decompression as a stream: gzip by Node, the others by the programs that every distribution has.
 * The form is told by the first bytes, since names of files lie.
 */
import { spawn } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { unreadable } from './findings.ts';

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'lzma';

/** How what begins with `start` is compressed; six bytes are enough. */
export function compressionOf(start: Buffer): Compression {
  const text = start.toString('latin1', 0, 13);
  for (const [compression, magic] of MAGIC) if (text.startsWith(magic)) return compression;
  return 'none';
}

/** lzma has no real magic: properties byte, then a dictionary size that is a power of two. */
const MAGIC: readonly (readonly [Compression, string])[] = [
  ['gzip', '\x1f\x8b'],
  ['xz', '\xfd7zXZ\0'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['bzip2', 'BZh'],
  ['lzma', '\x5d\0\0'],
];

/**
 * The bytes that `input` is a compressed form of; `path` for messages.
 * @throws XhError E_COMPRESSED when damaged or cut off, E_PROGRAM_MISSING when a program is not there
 */
export async function* decompress(
  input: AsyncIterable<Buffer>,
  compression: Compression,
  path: Bytes,
): AsyncGenerator<Buffer> {
  if (compression === 'none') yield* input;
  else if (compression === 'gzip') yield* gunzip(input, path);
  else yield* throughProgram(input, PROGRAMS[compression], path);
}

interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Name of the package that has it, in most distributions. */
  readonly package: string;
}

const PROGRAMS: Readonly<Record<Exclude<Compression, 'none' | 'gzip'>, Program>> = {
  // the limit is far above what `xz -9` needs
  xz: { command: 'xz', arguments: ['-dcq', '-M', '1GiB'], package: 'xz-utils' },
  lzma: { command: 'xz', arguments: ['-dcq', '-M', '1GiB'], package: 'xz-utils' },
  zstd: { command: 'zstd', arguments: ['-dcq'], package: 'zstd' },
  bzip2: { command: 'bzip2', arguments: ['-dcq'], package: 'bzip2' },
};

const GUNZIP_PIECE = 2 ** 18;

async function* gunzip(input: AsyncIterable<Buffer>, path: Bytes): AsyncGenerator<Buffer> {
  const stream = createGunzip({ chunkSize: GUNZIP_PIECE });
  const feeding = feed(input, stream);
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throwIfOurs(await feeding);
    throw unreadable('E_COMPRESSED', path, `cannot be decompressed: ${(error as Error).message}`);
  } finally {
    stream.destroy();
    await feeding;
  }
}

async function* throughProgram(
  input: AsyncIterable<Buffer>,
  program: Program,
  path: Bytes,
): AsyncGenerator<Buffer> {
  const child = spawn(program.command, program.arguments, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const ended = new Promise<number | string | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString('latin1')).slice(0, 1000);
  });
  const feeding = feed(input, child.stdin);
  try {
    try {
      yield* child.stdout as AsyncIterable<Buffer>;
    } catch {
      // how the program ended says more
    }
    const result = await ended;
    throwIfOurs(await feeding);
    if (result instanceof Error) throw missing(program, path, result);
    if (result !== 0) {
      const said = complaint.split('\n')[0] || `exit ${result}`;
      throw unreadable(
        'E_COMPRESSED',
        path,
        `cannot be decompressed: ${program.command} says ${printable(said as Bytes)}`,
      );
    }
  } finally {
    child.kill('SIGKILL');
    await feeding;
    await ended;
  }
}

/** Writes all of `input` to `sink`; resolves with what went wrong, never rejects. */
function feed(input: AsyncIterable<Buffer>, sink: Writable): Promise<unknown> {
  return pipeline(Readable.from(input, { objectMode: false }), sink).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** An error of the input is told as it is; that a decompressor closed its input early is not one. */
function throwIfOurs(error: unknown): void {
  if (error instanceof XhError) throw error;
}

function missing(program: Program, path: Bytes, cause: Error): XhError {
  return new XhError(
    'E_PROGRAM_MISSING',
    `${printable(path)} is compressed with ${program.command}, which cannot be run: ${cause.message}`,
    {
      place: { file: path },
      remedy: `install ${program.command} (package ${program.package})`,
      cause,
    },
  );
}

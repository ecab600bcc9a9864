/**
 * npm modules, fetched by npm itself with all that they need into a directory of our own, from which
 * they are imported like any installed prefix. The module's own archive is checked as strictly as any
 * other before npm unpacks it, and none of its scripts is run unless somebody says so.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { b, bytes, fromBuffer, printable, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import { beginningOf } from '../files/forgiving.ts';
import { withScratchDirectory } from '../files/scratch.ts';
import { EXIT, XhError } from '../message/error.ts';
import { unreadable } from '../package/import/findings.ts';
import { readManifest } from '../package/import/npm-manifest.ts';
import { checkSoftware } from '../package/import/refusals.ts';
import type { ImportedSoftware } from '../package/import/source.ts';
import { openSoftware } from '../package/import/sources.ts';

/** Software to import, and what people call it. */
export interface StagedSource {
  readonly path: Bytes;
  readonly label: Bytes;
}

export interface StageOptions {
  /** The scripts of modules are run while they are installed. */
  readonly allowScripts: boolean;
  /** Told before something that takes a while. */
  readonly onFetch?: (spec: string) => void;
}

const NPM = b`npm:`;

/** Whether a source is named for npm to fetch: `npm:NAME`. */
export function isNpmRequest(source: Bytes): boolean {
  return source.startsWith(NPM);
}

/**
 * Calls `work` with the sources as they can be imported: what npm has to fetch stands, as long as
 * `work` takes, in a directory that is gone afterwards.
 * @throws XhError E_NPM_FETCH, E_PROGRAM_MISSING; ImportRefused for an archive that is not to be taken
 */
export async function withStagedSources<T>(
  sources: readonly Bytes[],
  options: StageOptions,
  work: (staged: readonly StagedSource[]) => Promise<T>,
): Promise<T> {
  async function stageFrom(index: number, staged: readonly StagedSource[]): Promise<T> {
    const source = sources[index];
    if (source === undefined) return work(staged);
    const label = isNpmRequest(source) ? source : basename(source);
    if (!isNpmRequest(source) && !(await isNpmArchive(source))) {
      return stageFrom(index + 1, [...staged, { path: source, label }]);
    }
    const watch = watchForInterruption();
    return withScratchDirectory(async (directory) => {
      const path = await fetched(source, { ...options, directory, watch }).finally(watch.end);
      return stageFrom(index + 1, [...staged, { path, label }]);
    });
  }
  return stageFrom(0, []);
}

/** An archive that `npm pack` has made: what it holds is below `package`. */
async function isNpmArchive(source: Bytes): Promise<boolean> {
  if (isNpmRequest(source) || !/\.t(?:ar\.)?gz$/i.test(source)) return false;
  if (!existsSync(Buffer.from(source, 'latin1'))) return false;
  const { entries } = await openSoftware(source);
  return entries.some(({ path }) => path === 'package/package.json');
}

interface Fetching extends StageOptions {
  /** Where npm works and leaves what it has fetched. */
  readonly directory: string;
  readonly watch: Watch;
}

/** @returns the prefix into which npm has installed it */
async function fetched(source: Bytes, options: Fetching): Promise<Bytes> {
  const { directory } = options;
  const spec = isNpmRequest(source) ? specOf(slice(source, NPM.length)) : toText(source);
  options.onFetch?.(spec);
  const scripts = `--ignore-scripts=${options.allowScripts ? 'false' : 'true'}`;
  const common = [
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
    // what npm keeps for the user is not ours to fill, unless he says where
    ...(process.env['npm_config_cache'] === undefined ? ['--cache', join(directory, 'cache')] : []),
  ];
  let archive = isNpmRequest(source) ? undefined : source;
  if (archive === undefined) {
    // never with scripts: those of a module are not yet looked at
    await npm(
      ['pack', '--ignore-scripts', '--pack-destination', directory, ...common, '--', spec],
      spec,
      options,
    );
    const [file] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
    if (file === undefined) throw failed(spec, 'npm pack has left no archive');
    archive = bytes(join(directory, file));
  }
  const packed = { ...(await openSoftware(archive)), path: source };
  checkSoftware(packed);
  demandManifest(packed);
  const prefix = join(directory, 'prefix');
  const words = ['install', '--global', '--prefix', prefix, scripts, '--install-links', ...common];
  await npm([...words, '--', toText(archive)], spec, options);
  return bytes(prefix);
}

/** What npm would only stumble on later. @throws XhError E_NPM (exit 2) */
function demandManifest(packed: ImportedSoftware): void {
  const file = packed.entries.find(
    (entry) => entry.type === 'file' && entry.path === `${packed.base}/package.json`,
  );
  const content = file?.type === 'file' ? packed.read(file) : undefined;
  const manifest = readManifest(fromBuffer(content ?? Buffer.alloc(0)));
  if ('fault' in manifest) {
    throw unreadable('E_NPM', packed.path, manifest.fault, 'it is no npm module: get another one');
  }
}

/** A path is the user's, from where he stands; everything else npm understands by itself. */
function specOf(given: Bytes): string {
  const spec = toText(given);
  if (spec === '' || spec.startsWith('-') || /[\p{Cc}]/u.test(spec)) {
    throw new XhError('E_USAGE', `'npm:${printable(given)}' names no npm module`, {
      exit: EXIT.usage,
      remedy: "write for example 'npm:cowsay' or 'npm:cowsay@^1.5'",
    });
  }
  return /^\.{0,2}\//.test(spec) || spec === '.' || spec === '..' ? resolve(spec) : spec;
}

/** Milliseconds that npm may take. */
const TIMEOUT = 30 * 60_000;

/** Runs npm. @throws XhError when it fails, or somebody interrupts */
async function npm(
  words: readonly string[],
  spec: string,
  { directory, watch: { signal } }: Fetching,
): Promise<void> {
  signal.throwIfAborted();
  const [program, ...before] = npmCommand();
  const ended = await new Promise<{ readonly error?: Error }>((done) => {
    let complaint = '';
    const child = spawn(program, [...before, ...words], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
    });
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    child.stderr.on('data', (text: Buffer) => {
      complaint = (complaint + text.toString('utf8')).slice(-20_000);
    });
    child.once('error', (error) => {
      done({ error });
    });
    child.once('close', (code, end) => {
      signal.removeEventListener('abort', stop);
      const said = complaint.trim() || `npm ended with ${code ?? end ?? ''}`;
      done(code === 0 ? {} : { error: failed(spec, said) });
    });
  });
  signal.throwIfAborted();
  if (ended.error === undefined) return;
  if (ended.error instanceof XhError) throw ended.error;
  throw new XhError('E_PROGRAM_MISSING', `npm cannot be run: ${ended.error.message}`, {
    remedy: 'install npm (it comes with Node.js, or as the package npm)',
    cause: ended.error,
  });
}

interface Watch {
  /** Aborted, with what is to be told, when somebody interrupts. */
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** What ends npm as well, and with it what it has begun. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function watchForInterruption(): Watch {
  const controller = new AbortController();
  const interrupted = (signal: string): void => {
    const details = { exit: EXIT.interrupted };
    const message = `interrupted (${signal}): nothing has been changed`;
    controller.abort(new XhError('E_INTERRUPTED', message, details));
  };
  for (const signal of SIGNALS) process.on(signal, interrupted);
  return {
    signal: controller.signal,
    end() {
      for (const signal of SIGNALS) process.off(signal, interrupted);
    },
  };
}

/**
 * The npm beside our Node.js, run by this very Node.js, so that neither has to be on the path; or the
 * one that is.
 */
function npmCommand(): readonly [string, ...string[]] {
  const beside = join(dirname(process.execPath), 'npm');
  if (!existsSync(beside)) return ['npm'];
  const start = toText(fromBuffer(beginningOf(bytes(beside), 100)?.content ?? Buffer.alloc(0)));
  return /^#!.*\bnode\b/.test(start) ? [process.execPath, realpathSync(beside)] : [beside];
}

/** What npm has said, without its prefixes, and without where it keeps its log. */
function failed(spec: string, complaint: string): XhError {
  const lines = complaint
    .split('\n')
    .map((line) =>
      line.replace(/^npm (?:error|ERR!) ?/, '').replace(/^(?:[0-9]{3}|notarget)(?: |$)/, ''),
    )
    .map((line) => printable(bytes(line.trim())))
    .filter((line) => line !== '' && !UNHELPFUL.test(line));
  const said = [...new Set(lines)].slice(0, 4).join('\n    ');
  return new XhError('E_NPM_FETCH', `npm could not fetch ${spec}: ${said}`, {
    remedy:
      'see whether the name is right and the registry can be reached: npm view NAME, npm ping',
  });
}

/** What npm says of everything. */
const UNHELPFUL =
  /^(?:npm warn|code |errno |syscall |A complete log|Note that you can|tarball, folder|In most cases you)/i;

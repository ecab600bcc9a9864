/**
 * Sources of Debian packages as their authors published them, fetched once with apt and kept below the
 * system's temporary directory. Which servers they come from is the machine's own affair: its entries
 * for binary packages are taken as entries for sources, in a configuration of the tests' own.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CACHE = join(tmpdir(), 'xhier-sources');

/** Fetches what of the sources is not there yet. @throws Error when apt cannot get them */
export function fetchDebianSources(names: readonly string[]): void {
  const missing = names.filter((name) => !existsSync(join(CACHE, name)));
  if (missing.length === 0) return;
  mkdirSync(CACHE, { recursive: true });
  // in a directory of its own first: other suites may be looking for the same
  const work = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    const options = aptOptions(work);
    // a server that has no sources is no reason to do without those of the others
    run(work, 'apt-get', [...options, 'update'], { mayFail: true });
    for (const name of missing) {
      mkdirSync(join(work, name));
      run(join(work, name), 'apt-get', [...options, 'source', '--download-only', name]);
      unpack(join(work, name), name);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies the sources of a package below `into`. @returns the directory, `NAME-VERSION` */
export function debianSource(name: string, into: string): string {
  const kept = join(CACHE, name);
  const directory = readdirSync(kept)[0] ?? '';
  cpSync(join(kept, directory), join(into, directory), {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
  return join(into, directory);
}

function unpack(work: string, name: string): void {
  const description = readdirSync(work).find((file) => file.endsWith('.dsc')) ?? 'no .dsc';
  const unpacked = join(work, 'unpacked');
  mkdirSync(unpacked);
  const version = /_([^-]+)/.exec(description)?.[1] ?? '';
  const directory = join(unpacked, `${name}-${version.replace(/^\d+:/, '')}`);
  run(work, 'dpkg-source', ['--no-check', '--skip-patches', '-x', description, directory]);
  if (!existsSync(join(CACHE, name))) renameSync(unpacked, join(CACHE, name));
}

/** apt with lists of sources, which few machines have, beside the machine's own. */
function aptOptions(work: string): string[] {
  const parts = join(work, 'parts');
  mkdirSync(parts);
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  mkdirSync(join(work, 'cache'));
  for (const [i, file] of sourceFiles().entries()) {
    const text = readFileSync(file, 'utf8')
      .replaceAll(/^Types:.*$/gm, 'Types: deb-src')
      .replaceAll(/^deb /gm, 'deb-src ');
    writeFileSync(join(parts, `${i}.${file.endsWith('.list') ? 'list' : 'sources'}`), text);
  }
  const settings = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${parts}`,
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'APT::Sandbox::User=',
  ];
  return ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
}

function sourceFiles(): string[] {
  const parts = '/etc/apt/sources.list.d';
  const others = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [
    '/etc/apt/sources.list',
    ...others.filter((path) => /\.(?:list|sources)$/.test(path)),
  ].filter((path) => existsSync(path));
}

function run(
  cwd: string,
  program: string,
  words: readonly string[],
  { mayFail = false }: { readonly mayFail?: boolean } = {},
): void {
  const { status, stderr, error } = spawnSync(program, words, {
    cwd,
    encoding: 'utf8',
    timeout: 100_000,
  });
  if (status === 0 || mayFail) return;
  throw new Error(
    `these tests need sources from Debian, and ${program} failed: ${error?.message ?? stderr.trim()}; ` +
      `they need Debian's apt, dpkg-dev and a network, or the sources in ${CACHE}`,
  );
}

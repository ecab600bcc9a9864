#!/usr/bin/env node
/**
 * Builds dist/: each program bundled into one CommonJS file, because start-up is what users feel,
 * the library likewise, the sh form of showpath with its version filled in, the manual and the
 * completion of shells, and, where there is a C compiler, lfu's native library.
 *
 *     node scripts/build.mjs [--types] [--force] [DIR]
 *
 * Does nothing when everything in dist/ is newer than every input. An entry whose source is not
 * there is skipped with a line on standard error. Exit 1 when an entry does not build.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { buildNative } from './build-native.mjs';
import { makeCodeCache } from './code-cache.mjs';

const HERE = resolve(import.meta.dirname, '..');

/** Loaded at run time from node_modules: native code cannot be bundled, and what few commands need is not. */
const EXTERNAL = ['koffi', '@lydell/node-pty', '@nats-io/*', 'aws4fetch'];

/** @typedef {{ path: string, content: string }} MadeFile */
/** @typedef {{ source: string, output: string, kind: 'program' | 'library' | 'sh' | 'types' | 'files', part?: true }} Entry */

/** @type {readonly Entry[]} */
const ENTRIES = [
  { source: 'src/cli/xh.ts', output: 'dist/xh.cjs', kind: 'program' },
  { source: 'src/cli/dispatch.ts', output: 'dist/xh-commands.cjs', kind: 'library', part: true },
  { source: 'src/cli/dispatch.ts', output: 'dist/xh-hosts.cjs', kind: 'library', part: true },
  { source: 'src/cli/list-alone.ts', output: 'dist/xh-list.cjs', kind: 'library' },
  { source: 'src/cli/code-cache.ts', output: 'dist/code-cache.cjs', kind: 'program' },
  { source: 'src/cli/lfu.ts', output: 'dist/lfu.cjs', kind: 'program' },
  { source: 'src/cli/lfu-dispatch.ts', output: 'dist/lfu-commands.cjs', kind: 'library' },
  { source: 'src/cli/lfck.ts', output: 'dist/lfck.cjs', kind: 'program' },
  { source: 'src/cli/lfck-run.ts', output: 'dist/lfck-commands.cjs', kind: 'library' },
  { source: 'src/cli/showpath.ts', output: 'dist/showpath.cjs', kind: 'program' },
  { source: 'src/showpath/showpath.sh', output: 'dist/showpath', kind: 'sh' },
  { source: 'src/index.ts', output: 'dist/index.cjs', kind: 'library' },
  { source: 'src/manual/generate.ts', output: 'dist/man', kind: 'files' },
  { source: 'src/completion/generate.ts', output: 'dist/completion', kind: 'files' },
];

/** @type {Entry} */
const TYPES = { source: 'src/index.ts', output: 'dist/types/index.d.ts', kind: 'types' };

/** Whatever may change what is built, besides src/ itself. */
const OTHER_INPUTS = [
  'package.json',
  'tsconfig.json',
  'tsconfig.types.json',
  'scripts/build.mjs',
  'node_modules/.package-lock.json',
];

/**
 * Builds what is out of date below `root`.
 *
 * @param {{ root?: string, types?: boolean, force?: boolean }} [options]
 * @returns {Promise<boolean>} whether everything that has a source is now built
 */
export async function build({ root = HERE, types = false, force = false } = {}) {
  const entries = types ? [...ENTRIES, TYPES] : ENTRIES;
  const present = entries.filter((entry) => existsSync(join(root, entry.source)));
  removeOrphans(root, entries);
  if (!buildNative(root)) say('no C compiler: lfu will do without its native library');
  if (!force && isFresh(root, present)) return true;

  // Taken before anything is read, less the coarseness of file times: a source that is saved
  // while it is being built is then newer than the result.
  const started = Date.now() / 1000 - 0.01;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  let complete = true;
  for (const entry of entries) {
    if (!present.includes(entry)) {
      // The types have the library's source, which has been named already.
      if (entry.kind !== 'types') say(`${entry.source} is not there: ${entry.output} not built`);
    } else if (!(await buildEntry(root, entry, version))) {
      complete = false;
    } else {
      utimesSync(join(root, entry.output), started, started);
    }
  }
  if (complete) makeCodeCache(root);
  return complete;
}

/** @param {string} root @param {readonly Entry[]} entries */
function removeOrphans(root, entries) {
  for (const entry of entries) {
    if (existsSync(join(root, entry.source))) continue;
    rmSync(join(root, entry.output), { recursive: true, force: true });
  }
}

/** @param {string} root @param {readonly Entry[]} entries */
function isFresh(root, entries) {
  const oldestOutput = Math.min(...entries.map((entry) => modified(join(root, entry.output))));
  const inputs = OTHER_INPUTS.map((path) => modified(join(root, path)));
  return oldestOutput > Math.max(newestBelow(join(root, 'src')), ...inputs);
}

/** Milliseconds; directories count too, since a file taken away shows only there. @param {string} path */
function newestBelow(path) {
  let newest = modified(path);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestBelow(child) : modified(child));
  }
  return newest;
}

/** Milliseconds; before everything when the file is not there. @param {string} path */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}

/** @param {string} root @param {Entry} entry @param {string} version */
async function buildEntry(root, entry, version) {
  switch (entry.kind) {
    case 'sh':
      return buildShell(root, entry, version);
    case 'types':
      return buildTypes(root);
    case 'files':
      return buildFiles(root, entry, version);
    default:
      return bundle(root, entry, version);
  }
}

/** @param {string} root @param {Entry} entry @param {string} version */
async function bundle(root, entry, version) {
  const code = await bundled(root, entry, version);
  if (code === undefined) return false;
  if (entry.kind === 'program') install(root, entry.output, `#!/usr/bin/env node\n${code}`, 0o755);
  else install(root, entry.output, `${buildLine(code)}\n${code}`, 0o644);
  return true;
}

/**
 * The files that a module of the sources makes: it exports `generate`. What an earlier build made and
 * this one does not goes.
 *
 * @param {string} root @param {Entry} entry @param {string} version
 */
async function buildFiles(root, entry, version) {
  const code = await bundled(root, entry, version);
  if (code === undefined) return false;
  const path = join(root, entry.source);
  const module = { exports: {} };
  const scope = ['module', 'exports', 'require', '__filename', '__dirname'];
  const run = compileFunction(code, scope, { filename: path });
  run(module, module.exports, createRequire(path), path, dirname(path));
  const { generate } = /** @type {{ generate: (about: object) => Promise<MadeFile[]> }} */ (
    module.exports
  );
  const files = await generate({ version, date: sourceDate(root) });
  for (const made of files) install(root, join(entry.output, made.path), made.content, 0o644);
  const names = new Set(files.map((made) => made.path));
  const output = join(root, entry.output);
  mkdirSync(output, { recursive: true });
  for (const name of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    // not the file that another build is just about to put in its place
    if (names.has(name) || /\.\d+\.new$/.test(name)) continue;
    const stat = statSync(join(output, name), { throwIfNoEntry: false });
    if (stat?.isFile() === true) rmSync(join(output, name), { force: true });
  }
  return true;
}

/** The day of the newest source, or what SOURCE_DATE_EPOCH says. @param {string} root */
function sourceDate(root) {
  const { SOURCE_DATE_EPOCH } = process.env;
  const seconds = Number(SOURCE_DATE_EPOCH ?? newestBelow(join(root, 'src')) / 1000);
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** The code of a bundle; undefined when it does not build. @param {string} root @param {Entry} entry @param {string} version */
async function bundled(root, entry, version) {
  const esbuild = await import('esbuild');
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [entry.source],
      write: false,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      external: EXTERNAL,
      plugins: entry.part === true ? [commandsOf(root, entry)] : [],
      // import() knows no way from what V8 has compiled before (ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING)
      supported: { 'dynamic-import': false },
      // Less to parse at every start; names stay as they are, for stack traces.
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: 'eof',
      logLevel: 'warning',
      // First the directive: after any other statement it would mean nothing.
      banner: {
        js: "'use strict';\nconst import_meta_url = 'file://' + encodeURI(__filename).replace(/[?#]/g, encodeURIComponent);",
      },
      define: {
        XHIER_VERSION: JSON.stringify(version),
        XH_HOST_COMMANDS: JSON.stringify(hostCommands(root)),
        ...(entry.part === true && { XH_PART: JSON.stringify(basename(entry.output)) }),
        // A CommonJS file has no import.meta; these say the same of the bundle.
        'import.meta.url': 'import_meta_url',
        'import.meta.dirname': '__dirname',
        'import.meta.filename': '__filename',
      },
    });
    return (outputFiles[0]?.text ?? '').replace(/^#!.*\n/, '');
  } catch (error) {
    // esbuild has printed what is wrong with the sources, and where.
    if (error instanceof Error && 'errors' in error) return undefined;
    throw error;
  }
}

/**
 * The commands for many hosts, which are a file of their own, as `src/cli/commands.ts` has them.
 *
 * @param {string} root
 */
function hostCommands(root) {
  const table = join(root, 'src/cli/commands.ts');
  const text = existsSync(table) ? readFileSync(table, 'utf8') : '';
  return [...text.matchAll(/name: '([^']+)',\s+group: MANY,/g)].map(([, name = '']) => name);
}

/**
 * Leaves out what the other part of `xh` has: it is loaded from there (`src/cli/part.ts`).
 *
 * @param {string} root @param {Entry} entry @returns {import('esbuild').Plugin}
 */
function commandsOf(root, entry) {
  const hosts = new Set(hostCommands(root));
  const isHosts = basename(entry.output) === 'xh-hosts.cjs';
  return {
    name: 'commands of one part',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/commands\// }, ({ path, importer }) => {
        if (basename(importer) !== 'commands.ts') return undefined;
        return hosts.has(basename(path, '.ts')) === isHosts ? undefined : { path, external: true };
      });
    },
  };
}

/** By which a compiled form is known to belong to this very code. @param {string} code */
function buildLine(code) {
  return `// build ${createHash('sha256').update(code).digest('hex').slice(0, 32)}`;
}

/** @param {string} root @param {Entry} entry @param {string} version */
function buildShell(root, entry, version) {
  const script = readFileSync(join(root, entry.source), 'utf8');
  install(root, entry.output, script.replaceAll('@VERSION@', version), 0o755);
  return true;
}

/** The declarations, made beside their place so that no file of an earlier build stays. @param {string} root */
function buildTypes(root) {
  const types = join(root, 'dist/types');
  const fresh = `${types}.${process.pid}`;
  const tsc = join(HERE, 'node_modules/.bin/tsc');
  const run = spawnSync(tsc, ['-p', 'tsconfig.types.json', '--outDir', fresh], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (run.status === 0) {
    // What they describe is CommonJS, whatever the package's own type is.
    writeFileSync(join(fresh, 'package.json'), '{ "type": "commonjs" }\n');
    rmSync(types, { recursive: true, force: true });
    renameSync(fresh, types);
  }
  rmSync(fresh, { recursive: true, force: true });
  return run.status === 0;
}

/**
 * In one step, so that a program that is being started is never half written.
 *
 * @param {string} root @param {string} output @param {string} content @param {number} mode
 */
function install(root, output, content, mode) {
  const path = join(root, output);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}.new`, content, { mode });
  renameSync(`${path}.${process.pid}.new`, path);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`build: ${line}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const words = process.argv.slice(2);
  const root = words.find((word) => !word.startsWith('-'));
  const complete = await build({
    root: resolve(root ?? HERE),
    types: words.includes('--types'),
    force: words.includes('--force'),
  });
  if (!complete) process.exitCode = 1;
}

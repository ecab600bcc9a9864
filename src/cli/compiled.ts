/**
 * Loading a part of a program, if possible as V8 has compiled it before: compiling is most of what a
 * short command costs. What was compiled stands beside the part, made at build and at installation by
 * `code-cache.ts`; without it, or with one that is damaged or of another build, Node or processor, the
 * part is compiled anew and works as well.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** A part that has been read, and the exports it has made; it is not in Node's cache of modules. */
export interface Loaded {
  readonly exports: unknown;
  /** What stands in the compiled form's file: everything that was compiled up to now. */
  readonly compiledForm: () => Buffer;
}

/** The exports of the CommonJS file `path`. */
export function loadCompiled(path: string): unknown {
  const source = readFileSync(path);
  const form = contentOf(compiledPath(path), source);
  return form === undefined ? createRequire(path)(path) : load(path, source, form).exports;
}

/** Runs the part at `path`, compiling it. */
export function loadAnew(path: string): Loaded {
  return load(path, readFileSync(path));
}

/** Where the compiled form of a part stands. */
export function compiledPath(path: string): string {
  return `${path}.cache`;
}

function load(path: string, source: Buffer, cachedData?: Buffer): Loaded {
  // wrapped as Node wraps a module, in its first line, so that lines in stack traces are right
  const text = `(function (exports, require, module, __filename, __dirname) {${source.toString()}\n})`;
  const script = new Script(text, {
    filename: path,
    ...(cachedData !== undefined && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  const run = script.runInThisContext() as (...scope: readonly unknown[]) => void;
  run(module.exports, createRequire(path), module, path, dirname(path));
  return {
    get exports() {
      return module.exports;
    },
    compiledForm() {
      const data = script.createCachedData();
      return Buffer.concat([Buffer.from(`${label(source, data)}\n`), data]);
    },
  };
}

/** What V8 wrote, when it is whole and belongs to `source`: V8 itself would run, or trip over, either. */
function contentOf(path: string, source: Buffer): Buffer | undefined {
  const file = read(path);
  if (file === undefined) return undefined;
  const end = file.indexOf('\n');
  const data = file.subarray(end + 1);
  return file.toString('latin1', 0, Math.max(end, 0)) === label(source, data) ? data : undefined;
}

/** The build that the source names in its first line, the engine, and the form's own hash. */
function label(source: Buffer, data: Buffer): string {
  const build = source.toString('latin1', 0, source.indexOf('\n'));
  const hash = createHash('sha256').update(data).digest('hex');
  return `${build} ${process.versions.v8} ${process.arch} ${hash}`;
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

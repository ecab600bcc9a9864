/** What the build makes of a small project: does it run, is it current, what is said when not. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../scripts/build.mjs');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'build-'));
  write('package.json', '{ "name": "small", "version": "1.2.3", "type": "module" }');
  write('tsconfig.json', readFileSync(join(SCRIPT, '../../tsconfig.json'), 'utf8'));
  write('tsconfig.types.json', readFileSync(join(SCRIPT, '../../tsconfig.types.json'), 'utf8'));
  write('src/cli/xh.ts', "process.stdout.write('first\\n');\n");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function build(...options: string[]): { status: number | null; said: string } {
  const run = spawnSync(process.execPath, [SCRIPT, ...options, root], { encoding: 'utf8' });
  expect(run.stdout).toBe('');
  return { status: run.status, said: run.stderr };
}

function runs(program: string, ...words: string[]): string {
  return execFileSync(join(root, 'dist', program), words, { encoding: 'utf8' });
}

test('a program runs as a command, from anywhere, and knows its version and place', () => {
  write('src/message/version.ts', readFileSync(versionSource(), 'utf8'));
  write(
    'src/cli/xh.ts',
    "import { version } from '../message/version.ts';\n" +
      'function isStrict() { return this === undefined; }\n' +
      'console.log(JSON.stringify([version, import.meta.dirname, import.meta.url, isStrict()]));\n',
  );
  expect(build().status).toBe(0);
  const dist = join(root, 'dist');
  expect(JSON.parse(runs('xh.cjs'))).toEqual(['1.2.3', dist, `file://${dist}/xh.cjs`, true]);
});

function versionSource(): string {
  return join(SCRIPT, '../../src/message/version.ts');
}

test('a command that is not asked for costs nothing: its module is never evaluated', () => {
  write('src/cli/one.ts', "console.log('one is loaded');\nexport const one = () => 'one';\n");
  write(
    'src/cli/xh.ts',
    "if (process.argv[2] === 'one') void import('./one.ts').then((m) => console.log(m.one()));\n",
  );
  build();
  expect(runs('xh.cjs')).toBe('');
  expect(runs('xh.cjs', 'one')).toBe('one is loaded\none\n');
});

test('native code is not bundled and not loaded before it is needed', () => {
  write('src/files/calls.ts', "import koffi from 'koffi';\nexport const x = koffi;\n");
  write('src/cli/xh.ts', "if (process.argv[2] === 'now') void import('../files/calls.ts');\n");
  build();
  expect(runs('xh.cjs')).toBe('');
  const needed = spawnSync(join(root, 'dist/xh.cjs'), ['now'], { encoding: 'utf8' });
  expect(needed.stderr).toContain("Cannot find module 'koffi'");
});

test('showpath is the sh program with the version in it, executable', () => {
  write('src/showpath/showpath.sh', "#!/bin/sh\necho 'showpath @VERSION@'\n");
  build();
  expect(runs('showpath')).toBe('showpath 1.2.3\n');
});

test('the library is imported and required, and its types are there when asked for', () => {
  symlinkSync(join(SCRIPT, '../../node_modules'), join(root, 'node_modules')); // types of Node
  write('src/farm/plan.ts', 'export interface Plan {\n  readonly links: number;\n}\n');
  write(
    'src/index.ts',
    "export type { Plan } from './farm/plan.ts';\nexport function count(): number {\n  return 3;\n}\n",
  );
  expect(build('--types').status).toBe(0);
  const library = join(root, 'dist/index.cjs');
  const code = `import { count } from ${JSON.stringify(library)}; console.log(count());`;
  const words = ['--input-type=module', '-e', code];
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('3\n');
  const use = `require(${JSON.stringify(library)}).count()`;
  expect(execFileSync(process.execPath, ['-p', use], { encoding: 'utf8' })).toBe('3\n');
  expect(readFileSync(join(root, 'dist/types/index.d.ts'), 'utf8')).toContain('count(): number');
  expect(existsSync(join(root, 'dist/types/farm/plan.d.ts'))).toBe(true);
});

test('what is up to date is left alone, what changed or went is built again', () => {
  write('src/message/word.ts', "export const word = 'one\\n';\n");
  write(
    'src/cli/xh.ts',
    "import { word } from '../message/word.ts';\nprocess.stdout.write(word);\n",
  );
  build();
  const before = statSync(join(root, 'dist/xh.cjs'), { bigint: true });
  expect(build()).toEqual({ status: 0, said: '' });
  expect(statSync(join(root, 'dist/xh.cjs'), { bigint: true }).ino).toBe(before.ino);
  expect(build('--force').status).toBe(0);
  expect(statSync(join(root, 'dist/xh.cjs'), { bigint: true }).ino).not.toBe(before.ino);

  write('src/message/word.ts', "export const word = 'two\\n';\n");
  build();
  expect(runs('xh.cjs')).toBe('two\n');

  rmSync(join(root, 'src/message/word.ts'));
  const broken = build();
  expect(broken.status).toBe(1);
  expect(broken.said).toContain('src/cli/xh.ts:1');
});

test('a program whose source is not there is named, and its old form removed', () => {
  write('src/cli/lfck.ts', '');
  build();
  expect(existsSync(join(root, 'dist/lfck.cjs'))).toBe(true);
  rmSync(join(root, 'src/cli/lfck.ts'));
  const { status, said } = build();
  expect(status).toBe(0);
  expect(said).toContain('src/cli/lfck.ts is not there: dist/lfck.cjs not built\n');
  expect(existsSync(join(root, 'dist/lfck.cjs'))).toBe(false);
});

test('one broken program does not keep the others from being built', () => {
  write('src/cli/lfu.ts', 'export const = ;\n');
  write('src/cli/lfck.ts', "process.stdout.write('lfck\\n');\n");
  const { status, said } = build();
  expect(status).toBe(1);
  expect(said).toContain('src/cli/lfu.ts:1:13');
  expect(runs('xh.cjs')).toBe('first\n');
  expect(runs('lfck.cjs')).toBe('lfck\n');
});

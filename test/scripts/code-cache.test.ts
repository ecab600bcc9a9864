/** Programs load what V8 compiled before, and are never led astray by it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const TOP = join(import.meta.dirname, '../..');
const PART = 'dist/xh-commands.cjs';
const CACHE = `${PART}.cache`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'code-cache-'));
  cpSync(join(TOP, 'dist'), join(root, 'dist'), { recursive: true });
  symlinkSync(join(TOP, 'node_modules'), join(root, 'node_modules'));
  // the tests start while another run may build
  execFileSync(process.execPath, [join(root, 'dist/code-cache.cjs')], { stdio: 'ignore' });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** What `xh help exit-codes` says. */
function help(): string {
  const run = spawnSync(join(root, 'dist/xh.cjs'), ['help', 'exit-codes'], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
  return run.stdout;
}

/** Changes one word of the part, and leaves its length as it is. */
function change(build: (line: string) => string): void {
  const path = join(root, PART);
  const [line = '', ...rest] = readFileSync(path, 'utf8').split('\n');
  const code = rest.join('\n').replaceAll('locked by another command', 'LOCKED by another command');
  writeFileSync(path, `${build(line)}\n${code}`);
}

test('the compiled form is what runs: without compiling, a change of the source is not seen', () => {
  change((line) => line);
  expect(help()).toContain('locked by another command');
});

test('another build does not run the compiled form of the last one, whatever its length', () => {
  change((line) => line.replace(/\w$/, (last) => (last === '0' ? '1' : '0')));
  expect(help()).toContain('LOCKED by another command');
});

test.each([
  ['missing', (path: string) => rmSync(path)],
  ['empty', (path: string) => truncateSync(path)],
  ['cut off', (path: string) => truncateSync(path, 20_000)],
  [
    'damaged',
    (path: string) => {
      const content = readFileSync(path);
      content.fill(0x5a, 20_000, 21_000);
      writeFileSync(path, content);
    },
  ],
])('a compiled form that is %s is done without', (_, spoil) => {
  spoil(join(root, CACHE));
  expect(help()).toContain('locked by another command');
});

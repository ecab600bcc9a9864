/** Setting up a fresh clone: what a first `npm test` does, and that the second has nothing to do. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const INSTALLING = 'setup: installing what package-lock.json lists (npm ci)';

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'clone-'));
  cpSync(join(import.meta.dirname, '../../scripts'), join(clone, 'scripts'), { recursive: true });
  mkdirSync(join(clone, 'src'));
  writeProject(['inner']);
});
afterEach(() => {
  rmSync(clone, { recursive: true });
});

/** Its dependencies are packages inside the clone, so that nothing is fetched from anywhere. */
function writeProject(names: readonly string[]): void {
  const project: Record<string, unknown> = { name: 'small', version: '1.0.0' };
  project['dependencies'] = Object.fromEntries(names.map((name) => [name, `file:${name}`]));
  const packages: Record<string, unknown> = { '': project };
  for (const name of names) {
    mkdirSync(join(clone, name), { recursive: true });
    writeFileSync(join(clone, name, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
    packages[name] = { version: '1.0.0' };
    packages[`node_modules/${name}`] = { resolved: name, link: true };
  }
  const lock = { name: 'small', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
  writeFileSync(join(clone, 'package.json'), JSON.stringify(project));
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
}

function setUp(
  env: NodeJS.ProcessEnv = {},
  ...words: string[]
): { status: number | null; lines: string[] } {
  const run = spawnSync(process.execPath, [join(clone, 'scripts/setup.mjs'), ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(run.stdout).toBe('');
  const lines = run.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('build: '));
  return { status: run.status, lines };
}

test('a fresh clone is installed once, and then there is nothing to do', () => {
  expect(setUp()).toEqual({ status: 0, lines: [INSTALLING] });
  expect(existsSync(join(clone, 'node_modules/inner/package.json'))).toBe(true);
  expect(setUp()).toEqual({ status: 0, lines: [] });
});

test('NODE_ENV=production does not leave out what builds and tests', () => {
  expect(setUp({ NODE_ENV: 'production' }).status).toBe(0);
  expect(setUp({ NODE_ENV: 'production' })).toEqual({ status: 0, lines: [] });
});

test('packages that went away, or another lock file, are installed again', () => {
  setUp();
  rmSync(join(clone, 'node_modules'), { recursive: true });
  expect(setUp().lines).toEqual([INSTALLING]);
  writeProject(['inner', 'second']);
  expect(setUp().lines).toEqual([INSTALLING]);
  expect(existsSync(join(clone, 'node_modules/second/package.json'))).toBe(true);
});

test('what somebody installed with npm himself is not installed again', () => {
  const run = spawnSync('npm', ['install'], { cwd: clone });
  expect(run.status).toBe(0);
  expect(setUp()).toEqual({ status: 0, lines: [] });
});

test('when npm fails, its words are shown and what to do, and the set-up fails', () => {
  writeFileSync(join(clone, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }');
  const { status, lines } = setUp();
  expect(status).toBe(1);
  expect(lines[0]).toBe(INSTALLING);
  expect(lines.join('\n')).toContain('in sync');
  expect(lines.at(-1)).toBe(
    'setup: npm ci failed (above); once its cause is gone, run `npm run setup`',
  );
});

test('what the tests lack and nobody may install is named with its cost, and fails nothing', () => {
  setUp();
  const { status, lines } = setUp({ PATH: join(clone, 'no-commands') }, '--tests');
  expect(status).toBe(0);
  expect(lines).toContain(
    'setup: no strace: tests will fail that need it (failing or dying at every system call)',
  );
  expect(lines.at(-1)).toMatch(/^setup: to have them: apt-get install .*\bstrace\b/);
});

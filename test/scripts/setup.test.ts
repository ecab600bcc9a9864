/** Setting up a fresh clone: what a first `npm test` does, and that the second has nothing to do. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const INSTALLING = 'setup: installing what package-lock.json lists (npm ci)';

let clone: string;
beforeEach(() => {
  // A clone that depends on one package inside it, so that nothing is fetched from anywhere.
  clone = mkdtempSync(join(tmpdir(), 'clone-'));
  cpSync(join(import.meta.dirname, '../../scripts'), join(clone, 'scripts'), { recursive: true });
  mkdirSync(join(clone, 'src'));
  mkdirSync(join(clone, 'inner'));
  writeFileSync(join(clone, 'inner/package.json'), '{ "name": "inner", "version": "1.0.0" }');
  writeProject('1.0.0');
});
afterEach(() => {
  rmSync(clone, { recursive: true });
});

function writeProject(version: string): void {
  const project = { name: 'small', version, dependencies: { inner: 'file:inner' } };
  const lock = {
    name: 'small',
    version,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': project,
      inner: { version: '1.0.0' },
      'node_modules/inner': { resolved: 'inner', link: true },
    },
  };
  writeFileSync(join(clone, 'package.json'), JSON.stringify(project));
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
}

function setUp(env: NodeJS.ProcessEnv = {}): { status: number | null; lines: string[] } {
  const run = spawnSync(process.execPath, [join(clone, 'scripts/setup.mjs')], {
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
  writeFileSync(join(clone, 'inner/package.json'), '{ "name": "inner", "version": "1.1.0" }');
  const lock = join(clone, 'package-lock.json');
  const changed = spawnSync('npm', ['install', '--package-lock-only'], { cwd: clone });
  expect(changed.status).toBe(0);
  expect(existsSync(lock)).toBe(true);
  expect(setUp().lines).toEqual([INSTALLING]);
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

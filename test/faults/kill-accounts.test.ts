/** Accounts are four files: killed between any two, a host has all of an account or nothing of it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makePackage } from '../depot/packages.ts';
import { xhDone } from '../e2e/xh.ts';
import { freshSite } from '../site.ts';
import { requireStrace } from './strace.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const FILES = ['passwd', 'shadow', 'group', 'gshadow'];

beforeAll(requireStrace);

function site(): string {
  const root = freshSite().path;
  mkdirSync(join(root, 'etc'), { recursive: true });
  spawnSync('cp', ['-p', ...FILES.map((name) => `/etc/${name}`), join(root, 'etc')]);
  makePackage(root, 'foo', {
    'export/group': 'foo:x::\n',
    'export/passwd': 'foo:x::::/nonexistent:\n',
  });
  return root;
}

/** Which of the files have the account. */
function having(root: string): readonly string[] {
  return FILES.filter((name) => /^foo:/m.test(readFileSync(join(root, 'etc', name), 'latin1')));
}

/** Installs and is killed just before a call with this number. @returns whether it was */
function killedAt(root: string, call: string, number: number): boolean {
  const inject = `inject=${call}:signal=KILL:when=${number}`;
  const words = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
  const ran = spawnSync('strace', [
    ...words,
    process.execPath,
    XH,
    '--root',
    root,
    'install',
    'foo',
  ]);
  return ran.signal === 'SIGKILL';
}

test('an install that is killed while it prepares leaves nothing of an account', () => {
  const root = site();
  expect(killedAt(root, 'fsync', 3)).toBe(true);
  expect(having(root)).toEqual([]);
  xhDone(root, 'recover');
  expect(having(root)).toEqual([]);
});

test('one that is killed at any rename leaves all of it, and uninstall takes all of it out', () => {
  let number = 1;
  for (; ; number++) {
    const root = site();
    const killed = killedAt(root, 'renameat2', number);
    // the next command settles it
    if (killed) xhDone(root, 'recover');
    expect(having(root), `killed at rename ${number}`).toEqual(FILES);
    if (killed) continue;
    xhDone(root, 'uninstall', 'foo');
    expect(having(root)).toEqual([]);
    break;
  }
  expect(number).toBeGreaterThan(FILES.length);
}, 120_000);

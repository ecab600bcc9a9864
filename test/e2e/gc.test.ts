/** `xh gc`: what is kept for going back goes in time, and never what is still needed. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { preferred } from '../depot/operations.ts';
import { command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
let etc = '';
let admin = '';
beforeEach(() => {
  root = freshSite().path;
  etc = join(root, 'etc');
  admin = join(root, '.software/local/.admin');
  copySystemFiles(root, 'services');
  writeFiles(root, { 'etc/motd': 'stock\n' });
  makePackage(root, 'clock', {
    'bin/clock': command('1'),
    'export/services': 'clock 4711/tcp\n',
    'export/replace/etc/motd': 'clock\n',
  });
  makePackage(root, 'other', {
    '.admin/Options': 'run-as = root\n',
    '.admin/Install': '#!/bin/sh\necho done\n',
    'bin/other': command('o'),
    'export/services': 'other 4801/udp\n',
  });
});

/** Five generations, of which the host is what the last one made it: `clock` is installed. */
function fiveGenerations(): ReturnType<typeof snapshot>[] {
  return [
    ['install', 'clock'],
    ['install', 'other'],
    ['uninstall', 'other'],
    ['install', 'other'],
    ['uninstall', 'other'],
  ].map((words) => {
    xhDone(root, ...words);
    return snapshot(root);
  });
}

interface Freed {
  readonly generations: readonly number[];
  readonly oldest: number;
  readonly contents: number;
  readonly transcripts: number;
  readonly bytes: number;
}

function freed(...words: readonly string[]): Freed {
  return JSON.parse(xhDone(root, 'gc', '--json', ...words).stdout) as Freed;
}

/** Moves the times of generations so many days back. */
function age(days: number, numbers: readonly number[]): void {
  for (const number of numbers) {
    const file = join(admin, `generations/${number}.json`);
    const then = new Date(Date.now() - days * 86_400_000).toISOString();
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"time":"[^"]*"/, `"time":"${then}"`));
  }
}

describe('a collection', () => {
  test('frees what only old generations need, says how much, and a second one has nothing to do', () => {
    fiveGenerations();
    const objects = readdirSync(join(admin, 'objects')).length;
    const before = snapshot(root);
    const told = xhDone(root, 'gc', '--keep', '2', '--dry-run').stderr;
    expect(told).toMatch(
      /^would be collected: 3 generations, \d+ kept files?, \d+ transcripts?; .* would be free\n/,
    );
    expect(told).toContain('one can go back to generation 3: see xh history\n');
    const planned = freed('--keep', '2', '--dry-run');
    expect(readdirSync(join(admin, 'objects'))).toHaveLength(objects);
    const done = freed('--keep', '2');
    expect(done).toEqual(planned);
    expect(done).toMatchObject({ generations: [1, 2, 3], oldest: 4 });
    expect(done.bytes).toBeGreaterThan(0);
    expect(readdirSync(join(admin, 'objects'))).toHaveLength(objects - done.contents);
    expect(snapshot(root)).toEqual(before);
    expect(xhDone(root, 'gc', '--keep', '2').stderr).toMatch(/^nothing to collect\n/);
    // and makes no generation
    expect(xhDone(root, 'history').stdout.trimEnd().split('\n')).toHaveLength(5);
  });

  test('leaves every kept generation to be gone back to, and says which are not', () => {
    const states = fiveGenerations();
    xhDone(root, 'gc', '--keep', '2');
    const far = xh(root, 'rollback', '1');
    expect(far).toMatchObject({
      status: 1,
      stderr:
        'xh: what going back to generation 1 needs was collected (xh gc)\n' +
        '    → generations 3 to 5 can be gone back to: see xh history\n',
    });
    expect(xh(root, 'rollback', '0').status).toBe(1);
    for (const number of [4, 3, 5]) {
      xhDone(root, 'rollback', String(number));
      expect(without(snapshot(root))).toEqual(without(states[number - 1]));
    }
  });

  test('never takes what an uninstall needs: the stock file that a package displaced comes back', () => {
    const services = readFileSync(join(etc, 'services'), 'utf8');
    fiveGenerations();
    xhDone(root, 'gc', '--keep', '1');
    expect(readlinkSync(join(etc, 'motd'))).toContain('/software/clock/');
    xhDone(root, 'uninstall', 'clock');
    expect(readFileSync(join(etc, 'motd'), 'utf8')).toBe('stock\n');
    expect(readFileSync(join(etc, 'services'), 'utf8')).toBe(services);
    xhDone(root, 'rollback');
    expect(readlinkSync(join(etc, 'motd'))).toContain('/software/clock/');
  });

  test('leaves who did what, when and why, and to which files', () => {
    fiveGenerations();
    const before = xhDone(root, 'history').stdout;
    xhDone(root, 'gc', '--keep', '1');
    expect(xhDone(root, 'history').stdout).toBe(before);
    const one = xhDone(root, 'history', '1').stdout;
    expect(one).toMatch(/\ncommand {3}xh install clock\n/);
    expect(one).toMatch(/\ncollected \d{4}-.*not known any more/);
    expect(one).toContain('\nedit /etc/services\ntake /etc/motd');
    expect(xhDone(root, 'history', '--file', '/etc/motd').stdout).toMatch(/^ {3}1 .*\n$/);
  });

  test('takes contents that nothing refers to, and nothing that is not its own', () => {
    fiveGenerations();
    const stray = join(admin, 'objects', 'f'.repeat(64));
    writeFileSync(stray, 'nobody needs it\n');
    writeFileSync(join(admin, 'objects/README'), 'mine\n');
    writeFileSync(join(admin, 'log/lfu.log'), 'a log\n');
    utimesSync(join(admin, 'log/lfu.log'), 0, 0);
    expect(freed()).toMatchObject({ generations: [], contents: 1, transcripts: 0 });
    expect(existsSync(stray)).toBe(false);
    expect(readFileSync(join(admin, 'objects/README'), 'utf8')).toBe('mine\n');
    expect(freed('--keep', '1').transcripts).toBeGreaterThan(0);
    expect(existsSync(join(admin, 'log/lfu.log'))).toBe(true);
  });

  test('keeps so many generations, and so many days, as the configuration says', () => {
    writeFiles(root, { 'etc/xhier.toml': 'keep-generations = 2\nkeep-days = 10\n' });
    fiveGenerations();
    expect(freed('--dry-run').generations).toEqual([]);
    age(11, [1, 2]);
    expect(freed('--dry-run').generations).toEqual([1, 2]);
    age(11, [3, 4, 5]);
    expect(freed().generations).toEqual([1, 2, 3]);
    expect(freed('--keep', '1').generations).toEqual([4]);
    for (const keep of ['0', '-1', 'x', '1.5']) {
      expect(xh(root, 'gc', `--keep=${keep}`).status).toBe(2);
    }
  });

  test('does nothing at all when it cannot know what a generation needs', () => {
    fiveGenerations();
    writeFileSync(join(admin, 'generations/3.json'), '{');
    const before = readdirSync(join(admin, 'objects'));
    const ran = xh(root, 'gc', '--keep', '1');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('generations/3.json');
    expect(readdirSync(join(admin, 'objects'))).toEqual(before);
  });

  test('of a site without generations has nothing to do', () => {
    expect(xhDone(root, 'gc').stderr).toBe('nothing to collect\n');
  });
});

describe('without being asked', () => {
  const manyGenerations = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      await preferred({ root: bytes(root) }, 'clock', i % 2 === 0 ? 'clock' : 'other');
    }
  };

  test('a command collects what is beyond all limits, and nothing before that', async () => {
    writeFiles(root, { 'etc/xhier.toml': 'keep-generations = 2\n' });
    await manyGenerations();
    age(31, [1, 2, 3, 4, 5, 6, 7]);
    const told = xhDone(root, 'prefer', 'clock', 'clock', '--verbose').stderr;
    expect(told).toContain('collected what generations 1 to 7 had kept');
    expect(xhDone(root, 'history', '7').stdout).toMatch(/\ncollected /);
    xhDone(root, 'rollback', '7');
    expect(xh(root, 'rollback', '6').status).toBe(1);
  });

  test('unless the site wants to do that by hand; what cannot be collected is no failure', async () => {
    writeFiles(root, { 'etc/xhier.toml': 'keep-generations = 1\nkeep-days = 0\ngc = "manual"\n' });
    await manyGenerations();
    xhDone(root, 'rollback', '0');
    writeFiles(root, { 'etc/xhier.toml': 'keep-generations = 1\nkeep-days = 0\n' });
    writeFileSync(join(admin, 'generations/3.json'), '{');
    const ran = xhDone(root, 'prefer', 'clock', 'other');
    expect(ran.stderr).toContain('warning: old generations were not collected');
    expect(ran.stderr).toMatch(/\n +→ .*xh gc\n/);
  });
});

/** Without the times in receipts. */
function without(found: ReturnType<typeof snapshot> | undefined): [string, string][] {
  return [...(found ?? [])].filter(([path]) => !path.includes('/receipts/'));
}

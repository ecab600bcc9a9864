/** What people see who wait: how far a command has come, on a terminal, and nothing of it elsewhere. */
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMeter, createProgress, progressText } from '../../src/cli/progress.ts';
import { outputStyles } from '../../src/cli/terminal.ts';
import { command, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { xhDone } from './xh.ts';

const XH = join(import.meta.dirname, '../../dist/xh.cjs');
const CLEAR = '\r\u001b[K';
const PLAIN = outputStyles('never');

/** A site with a package whose Install takes more than a second, and one that is not slow. */
function slowSite(): string {
  const { path } = freshSite();
  const install = `#!/bin/sh\nsleep 1.3\n`;
  makePackage(path, 'slow', {
    'bin/slow': command('slow'),
    '.admin/Install': install,
    '.admin/Options': `run-as = ${userInfo().username}\n`,
  });
  makePackage(path, 'swift', { 'bin/swift': command('swift') });
  return path;
}

function onTerminal(root: string, line: string, environment: object = {}): string {
  return spawnSync('script', ['-qefc', `stty cols 70 rows 24; "${XH}" ${line}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], XH_ROOT: root, TERM: 'xterm', NO_COLOR: '1', ...environment },
    encoding: 'utf8',
  }).stdout;
}

test('a command of more than a second says how far it is, and takes that away again', () => {
  const text = onTerminal(slowSite(), 'install slow swift');
  const drawn = text.split(CLEAR);
  expect(drawn.length).toBeGreaterThan(1);
  for (const line of drawn.slice(0, -1)) {
    expect(line).toMatch(
      /^(?:(?:planning|writing) {2}.*\d+% {2}\d+ of \d+ (?:packages|changes)|slow: .*Install install {2}0:0\d)/,
    );
    expect(line.length).toBeLessThan(70);
  }
  expect(drawn.at(-1)).toMatch(/^(?:note: .*\r\n)?installed slow, swift \(generation 1\)/);
});

test.each([
  ['--quiet', 'install slow swift --quiet', {}],
  ['a dumb terminal', 'install slow swift', { TERM: 'dumb' }],
  ['a command that is quick', 'install swift', {}],
])('there is nothing of it with %s', (_what, line, environment) => {
  const text = onTerminal(slowSite(), line, environment);
  expect(text).not.toContain('%');
  expect(text).not.toContain('\u001b');
});

test('nor in a pipe, a file, or the mail of cron', () => {
  const { stdout, stderr } = xhDone(slowSite(), 'install', 'slow', 'swift');
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^installed slow, swift \(generation 1\)[^\n]*\n/);
  expect(stderr).not.toContain('\r');
});

test('nothing is drawn in the first second, and then not more than ten times in one', async () => {
  const drawn: string[] = [];
  const show = createProgress(
    PLAIN,
    (line) => drawn.push(line),
    () => 80,
  );
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 900) {
    show({ doing: 'reading', unit: 'files', done: done++, total: 1e9 });
    if (done % 1000 === 0) await setTimeout(1);
  }
  expect(drawn).toEqual([]);
  while (performance.now() - start < 1600) {
    show({ doing: 'reading', unit: 'files', done: done++, total: 1e9 });
    if (done % 1000 === 0) await setTimeout(1);
  }
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.length).toBeLessThanOrEqual((performance.now() - start) / 100);
  expect(drawn[0]).toMatch(/^reading {2}.* of 1,000,000,000 files/);
});

test('what is being done stands before it, as far as there is room', () => {
  const meter = createMeter();
  meter.take({ doing: 'writing', unit: 'objects', done: 0, total: 2000 }, 0);
  const reading = meter.take({ doing: 'writing', unit: 'objects', done: 500, total: 2000 }, 5);
  const shown = [100, 60, 45, 30, 10].map((width) => progressText(reading, width, PLAIN));
  expect(shown).toEqual([
    'writing  [#####---------------]   25%  500 of 2,000 objects  100/s  0:15 left',
    'writing   25%  500 of 2,000 objects  100/s  0:15 left',
    ' 25%  500 of 2,000 objects  100/s  0:15 left',
    ' 25%  100/s  0:15 left',
    ' 25%',
  ]);
});

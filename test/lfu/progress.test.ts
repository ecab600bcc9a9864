/** How far a run is, in a line at a terminal: what it says, how wide it is, that it goes away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesText, clockText, durationText, numberText } from '../../src/cli/figures.ts';
import { asProgress } from '../../src/cli/lfu-progress.ts';
import { createMeter, progressText, type Reading } from '../../src/cli/progress.ts';
import type { Styles } from '../../src/cli/terminal.ts';
import type { Progress } from '../../src/lfu/options.ts';
import type { LfuChange } from '../../src/lfu/plan/change.ts';
import { createTally } from '../../src/lfu/tally.ts';
import { freshTrees, lfuCommand, type Trees } from './trees.ts';

const as = (text: string): string => text;
const PLAIN: Styles = { bold: as, dim: as, red: as, green: as, yellow: as, cyan: as };
const GIB = 2 ** 30;

function applying(done: number, total: number, bytes: number, totalBytes: number): Progress {
  return { phase: 'apply', done, total, bytes, totalBytes };
}

describe('the line', () => {
  /** Half of ten thousand changes after fifty seconds, at a steady pace. */
  function halfway(): Reading {
    const meter = createMeter();
    let reading: Reading | undefined;
    for (let second = 0; second <= 50; second++) {
      reading = meter.take(
        asProgress(applying(second * 100, 10_000, (second * GIB) / 25, 4 * GIB)),
        1000 + second,
      );
    }
    return reading as Reading;
  }

  test.each([
    [
      120,
      '[##########----------]   50%  5,000 of 10,000 changes  2.0 GiB of 4.0 GiB  41 MiB/s  0:50 left',
    ],
    [90, ' 50%  5,000 of 10,000 changes  2.0 GiB of 4.0 GiB  41 MiB/s  0:50 left'],
    [60, ' 50%  2.0 GiB of 4.0 GiB  41 MiB/s  0:50 left'],
    [30, ' 50%  41 MiB/s  0:50 left'],
    [16, ' 50%  0:50 left'],
    [8, ' 50%'],
    [3, ''],
  ])('fits %i columns', (width, text) => {
    expect(progressText(halfway(), width, PLAIN)).toBe(text);
  });

  test('of a comparison says how many objects there have been, and how many a second', () => {
    const meter = createMeter();
    meter.take(asProgress({ phase: 'scan', objects: 1_000_000 }), 10);
    const reading = meter.take(asProgress({ phase: 'scan', objects: 1_400_000 }), 12);
    expect(progressText(reading, 80, PLAIN)).toBe('comparing  1,400,000 objects  200,000/s');
    expect(progressText(reading, 30, PLAIN)).toBe('comparing  1,400,000 objects');
    expect(progressText(reading, 20, PLAIN)).toBe('1,400,000 objects');
  });

  test('of changes without contents says how many there are a second', () => {
    const meter = createMeter();
    meter.take(asProgress(applying(0, 100, 0, 0)), 0);
    const reading = meter.take(asProgress(applying(20, 100, 0, 0)), 2);
    expect(progressText(reading, 80, PLAIN)).toBe(
      '[####----------------]   20%  20 of 100 changes  10/s  0:08 left',
    );
  });

  test('follows the pace of the last seconds, not of the whole run', () => {
    const meter = createMeter();
    let reading: Reading | undefined;
    for (let second = 0; second <= 40; second++) {
      const bytes = second <= 20 ? second * 100e6 : 2000e6 + (second - 20) * 1e6;
      reading = meter.take(asProgress(applying(0, 1, bytes, 4000e6)), second);
    }
    expect(reading?.byteRate).toBeCloseTo(1e6, -4);
  });

  test('is never wider than the terminal, whatever the figures', () => {
    const amount = fc.nat({ max: 1e12 });
    const progress = fc.oneof(
      amount.map((objects): Progress => ({ phase: 'scan', objects })),
      fc.tuple(amount, amount, amount, amount).map((n) => applying(...n)),
    );
    fc.assert(
      fc.property(
        fc.array(progress, { minLength: 1 }),
        fc.integer({ min: 0, max: 200 }),
        (all, width) => {
          const meter = createMeter();
          for (const [second, each] of all.entries()) {
            const reading = meter.take(asProgress(each), second);
            expect(progressText(reading, width, PLAIN).length).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});

test('holes are nothing to copy: a file counts by what is in it', () => {
  const told: Progress[] = [];
  const tally = createTally({ progress: (progress) => told.push(progress) });
  const sparse = { kind: 'copy', fill: false, from: { stat: { size: 1e12, blocks: 2048 } } };
  const filled = { kind: 'copy', fill: true, from: { stat: { size: 3 << 20, blocks: 8 } } };
  const changes = [sparse, filled] as unknown as readonly LfuChange[];
  const plan = {
    changes,
    phases: [changes],
    removals: 0,
    objects: { master: 2, slave: 0 },
    doubted: 0,
  };
  tally.planned(plan, false);
  tally.copied(1 << 19);
  for (const change of changes) tally.changed(change);
  expect(told).toEqual([
    applying(0, 2, 1 << 19, 4 << 20),
    applying(1, 2, 1 << 20, 4 << 20),
    applying(2, 2, 4 << 20, 4 << 20),
  ]);
  expect(tally.result(undefined)).toMatchObject({ changes: 2, bytes: 1e12 + (3 << 20) });
});

describe('at a terminal', () => {
  /** Runs lfu on a terminal of 70 columns. */
  async function onTerminal(trees: Trees, environment: object, ...options: readonly string[]) {
    const command = lfuCommand(...options, trees.master, trees.slave)
      .map((word) => `'${word}'`)
      .join(' ');
    const script = `stty cols 70 rows 24; ${command}`;
    const child = spawn('script', ['-qefc', script, '/dev/null'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...environment },
    });
    let text = '';
    child.stdout.on('data', (some: Buffer) => (text += some.toString('latin1')));
    const start = performance.now();
    const [status] = (await once(child, 'close')) as [number];
    return { status, text, seconds: (performance.now() - start) / 1000 };
  }

  /** Takes three seconds at SLOW. */
  function slowTrees(): Trees {
    const trees = freshTrees();
    trees.sh('for i in 1 2 3 4 5 6; do head -c 500000 /dev/urandom > master/f$i; done');
    return trees;
  }
  const SLOW = ['--bwlimit', '1000000'] as const;
  const CLEAR = '\r\u001b[K';

  test('the line is drawn over itself, at most ten times a second, and cleared at the end', async () => {
    const trees = slowTrees();
    const { status, text, seconds } = await onTerminal(trees, { NO_COLOR: '1' }, ...SLOW);
    expect(status).toBe(0);
    const drawn = text.split(CLEAR);
    const end = drawn.pop();
    expect(end).toMatch(/^lfu: 7 changes in [0-9.]+ s: 6 copied \(2\.9 MiB\), 1 made; 6 objects/);
    expect(drawn.length).toBeGreaterThan(5);
    expect(drawn.length).toBeLessThanOrEqual(seconds * 10);
    for (const line of drawn) {
      expect(line).toMatch(
        /^ *\d+%  (?:\d of 7 changes  )?[0-9.]+ \w+ of 2\.9 MiB  [0-9.]+ \w+\/s  0:0\d left$/,
      );
      expect(line.length).toBeLessThan(70);
    }
    expect(trees.difference()).toBe('');
  });

  test('lines of changes stand above it', async () => {
    const { text } = await onTerminal(slowTrees(), { NO_COLOR: '1' }, '-i', ...SLOW);
    for (const line of text.split('\r\n')) {
      // what stood on its line has been cleared before it was written
      expect(line.split(CLEAR).at(-1)).toMatch(
        /^(?:|copy f new f\d|make d new \.|lfu: 7 changes .*)$/,
      );
    }
  });

  test.each([
    ['-q', {}, ['-q']],
    ['--json', {}, ['--json']],
    ['a dumb terminal', { TERM: 'dumb' }, []],
  ] as const)('there is none with %s', async (_what, environment, options) => {
    const { text } = await onTerminal(slowTrees(), environment, ...SLOW, ...options);
    expect(text).not.toContain('%');
    expect(text).not.toContain('\u001b');
  });

  test('colours are as --color and NO_COLOR say', async () => {
    const all = await Promise.all([
      onTerminal(slowTrees(), {}, ...SLOW),
      onTerminal(slowTrees(), {}, ...SLOW, '--color=never'),
      onTerminal(slowTrees(), { NO_COLOR: '1' }, ...SLOW),
      onTerminal(slowTrees(), { NO_COLOR: '1' }, ...SLOW, '--color=always'),
    ]);
    expect(all.map(({ text }) => text.includes('\u001b[36m'))).toEqual([true, false, false, true]);
  });
});

test('figures are as people read them', () => {
  expect([0, 999, 1000, 1234567].map(numberText)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect(
    [0, 1, 999, 1000, 1024 ** 2 - 1, 1024 ** 2, 9.96 * 1024, 1.5 * GIB, 2 ** 60].map(bytesText),
  ).toEqual([
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1.0 KiB',
    '1.0 MiB',
    '1.0 MiB',
    '10 KiB',
    '1.5 GiB',
    '1,024 PiB',
  ]);
  expect([0.4, 7, 59.6, 750, 11_100].map(clockText)).toEqual([
    '0:00',
    '0:07',
    '1:00',
    '12:30',
    '3:05:00',
  ]);
  expect([0.034, 0.999, 3.44, 59, 750, 11_100].map(durationText)).toEqual([
    '0.03 s',
    '1.0 s',
    '3.4 s',
    '59 s',
    '12:30 min',
    '3:05:00 h',
  ]);
});

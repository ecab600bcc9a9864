/**
 * Trees that live: random edits of the master and of the slave, a run, further edits. After each run
 * the slave is what the master is, object by object, and what rsync makes of it. Few names and few
 * values, so that everything meets everything.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { changeLines } from '../../src/lfu/line.ts';
import type { LfuOptions } from '../../src/lfu/options.ts';
import { runLfu } from '../../src/lfu/run.ts';
import { startEditor, startJudge } from './judge.ts';

/** As edit-tree.py has them; each takes from it what it needs. */
interface Edit {
  readonly do: string;
  readonly path: readonly string[];
  readonly other: readonly string[];
  readonly size: number;
  readonly time: number;
  readonly mode: number;
  readonly owner: number;
  readonly letter: string;
}

/** What is to happen often stands there often. */
const EDITS = `file file file directory link pipe device join join join
  overwrite remove move change change mark allow`.split(/\s+/);

const path = fc.array(fc.constantFrom('a', 'b', 'c.so'), { maxLength: 3 });

/** Equal size and time are taken for equal contents, so other contents need another size or letter. */
function edits(letters: readonly string[]): fc.Arbitrary<readonly Edit[]> {
  const edit = fc.record({
    do: fc.constantFrom(...EDITS),
    path,
    other: path,
    size: fc.constantFrom(0, 1, 2, 5000, 20_000),
    time: fc.nat(3),
    mode: fc.constantFrom(0o644, 0o755, 0o4711, 0o1000),
    owner: fc.nat(1),
    letter: fc.constantFrom(...letters),
  });
  return fc.array(edit, { maxLength: 14 });
}

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-random-')));
const [master, slave, reference] = ['master', 'slave', 'reference'].map((name) =>
  join(directory, name),
) as [string, string, string];
const judge = startJudge();
const editTree = startEditor();
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['by size and time', 'yes', ['x']],
  ['by size and time', 'no', ['x']],
  ['by contents', 'yes', ['x', 'y']],
  ['by contents', 'no', ['x', 'y']],
] as const)(
  'whatever happens to both trees, a run makes the slave what the master is, %s (native: %s)',
  async (how, native, letters) => {
    vi.stubEnv('XHIER_NATIVE', native);
    const checksum = how === 'by contents';
    const rounds = fc.array(fc.record({ ours: edits(letters), theirs: edits(letters) }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        execFileSync('rm', ['-rf', master, slave]);
        for (const { ours, theirs } of all) {
          await editTree(master, [...ours, NOT_EMPTY]);
          await editTree(slave, theirs);
          const planned = await run({ checksum, dryRun: true });
          const done = await run({ checksum });
          expect(done).toEqual({ lines: planned.lines, problems: [] });
          expect(await judge('differences', master, slave)).toBe('');
          copyByRsync();
          expect(await judge('differences', reference, slave, 'data')).toBe('');
          expect(await run({ checksum })).toEqual({ lines: [], problems: [] });
        }
      }),
      { numRuns: 25 },
    );
  },
);

/** A master without anything is taken for one that is not mounted. */
const NOT_EMPTY: Partial<Edit> = {
  do: 'file',
  path: ['not-empty'],
  size: 0,
  time: 0,
  mode: 0o644,
  owner: 0,
  letter: 'x',
};

/** From nothing, since rsync leaves names joined that have been parted; holes are its own affair. */
function copyByRsync(): void {
  execFileSync('rm', ['-rf', reference]);
  execFileSync('rsync', ['-aHAX', '--delete', '--modify-window=-1', `${master}/`, `${reference}/`]);
}

interface Said {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

async function run(options: Partial<LfuOptions>): Promise<Said> {
  const lines: string[] = [];
  const problems: string[] = [];
  const result = await runLfu({
    ...options,
    master: bytes(master),
    slave: bytes(slave),
    report: {
      changed: (change) => lines.push(...changeLines(change)),
      problem: (problem) => problems.push(`${problem.path}: ${problem.message}`),
    },
  });
  expect(result.exit).toBe(problems.length === 0 ? 0 : 1);
  return { lines, problems };
}

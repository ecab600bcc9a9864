/**
 * Any tree is made faithful to any other, in one run, and the next finds nothing to do. Random small
 * trees of few names, so that everything meets everything: types in each other's place, hard links
 * across directories, equal and different contents, times, modes and owners.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { changeLines } from '../../src/lfu/line.ts';
import type { LfuOptions } from '../../src/lfu/options.ts';
import { runLfu } from '../../src/lfu/run.ts';
import { difference } from './trees.ts';

interface Planted {
  readonly path: readonly string[];
  readonly type: 'f' | 'd' | 'l' | 'p' | 'h';
  readonly content: number;
  readonly time: number;
  readonly mode: number;
  readonly owner: number;
  /** Which of the objects before it a hard link is made to. */
  readonly linked: number;
}

const planted: fc.Arbitrary<Planted> = fc.record({
  path: fc.array(fc.constantFrom('a', 'b', 'c.so'), { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom('f', 'f', 'f', 'd', 'l', 'p', 'h', 'h', 'h'),
  content: fc.nat(2),
  time: fc.nat(1),
  mode: fc.constantFrom(0o644, 0o755, 0o4711),
  owner: fc.nat(1),
  linked: fc.nat(5),
});
const tree = fc.array(planted, { maxLength: 12 });

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-random-')));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
const master = join(directory, 'master');
const slave = join(directory, 'slave');

test('any slave becomes what the master is', async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, async (ours, theirs) => {
      plant(master, ours);
      writeFileSync(join(master, 'not-empty'), '');
      plant(slave, theirs);
      const planned = await run({ dryRun: true });
      const first = await run({});
      expect(first.problems).toEqual([]);
      expect(first.lines).toEqual(planned.lines);
      expect(difference(master, slave)).toBe('');
      expect((await run({})).lines).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test('any slave becomes what the master is when contents are compared', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (ours) => {
      plant(master, ours);
      writeFileSync(join(master, 'not-empty'), '');
      plant(slave, ours);
      expect((await run({ checksum: true })).problems).toEqual([]);
      expect(difference(master, slave)).toBe('');
      expect((await run({ checksum: true })).lines).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

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

/** Makes the tree; what cannot be made, since something is in the way, is left out. */
function plant(root: string, objects: readonly Planted[]): void {
  execFileSync('rm', ['-rf', root]);
  mkdirSync(root);
  const made: string[] = [];
  for (const object of objects) {
    const path = join(root, ...object.path);
    const parent = dirname(path);
    if (!canHold(object.path, root) || isThere(path)) continue;
    mkdirSync(parent, { recursive: true });
    switch (object.type) {
      case 'f':
        // equal size and time are taken for equal contents, so other contents have another size
        writeFileSync(path, 'x'.repeat(object.content));
        break;
      case 'd':
        mkdirSync(path);
        break;
      case 'l':
        symlinkSync(`target${object.content}`, path);
        break;
      case 'p':
        execFileSync('mkfifo', [path]);
        break;
      case 'h': {
        const other = made[object.linked];
        if (other === undefined || lstatSync(other).isDirectory()) continue;
        linkSync(other, path);
        made.push(path);
        continue;
      }
    }
    lchownSync(path, object.owner, object.owner);
    if (object.type !== 'l') chmodSync(path, object.mode);
    made.push(path);
    const time = new Date(object.time * 1_000_000 + 1_500_000_000_000);
    lutimesSync(path, time, time);
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether all names above the last are directories below `root`, or can become some. */
function canHold(path: readonly string[], root: string): boolean {
  let at = root;
  for (const name of path.slice(0, -1)) {
    at = join(at, name);
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (!found.isDirectory()) return false;
  }
  return true;
}

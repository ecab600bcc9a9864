/**
 * Plans are the same whoever looks at the trees: native threads or nobody but us; and whatever stands
 * for the master: the tree itself, or an index of it.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { changeLines } from '../../src/lfu/line.ts';
import type { LfuOptions } from '../../src/lfu/options.ts';
import { compileRules, type RuleSet } from '../../src/lfu/rules/evaluator.ts';
import { systemSources } from '../../src/lfu/rules/sources.ts';
import { runLfu } from '../../src/lfu/run.ts';
import { scanMaster } from '../../src/lfu/scan-master.ts';
import { XhError } from '../../src/message/error.ts';
import { anyRules, plantLists } from '../lfu/any-rules.ts';
import { plant, someRules, twoTrees } from '../lfu/plant.ts';

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pair-scan-')));
const master = join(directory, 'master');
const slave = join(directory, 'slave');
const index = join(directory, 'index');
plantLists(directory);
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const someOptions = fc.record({
  checksum: fc.boolean(),
  noOwner: fc.boolean(),
  oneFileSystem: fc.boolean(),
  jobs: fc.constantFrom(1, 2, 5),
});

test.each([
  ['few rules', someRules.map((rules) => rules.join('\n')), 30],
  ['any rules', anyRules, 60],
])('plans are the same with threads, without them and by an index: %s', async (_, rules, runs) => {
  await fc.assert(
    fc.asyncProperty(twoTrees, rules, someOptions, async ({ ours, theirs }, script, options) => {
      const compiled = compile(script);
      plant(master, ours);
      writeFileSync(join(master, 'not-empty'), '');
      plant(slave, theirs);
      const live = await plan(compiled, options);
      expect(await alone(() => plan(compiled, options))).toEqual(live);
      await scan();
      const indexed = { ...options, index: bytes(index) };
      expect(await plan(compiled, indexed)).toEqual(live);
      expect(await alone(() => plan(compiled, indexed))).toEqual(live);
      await alone(scan);
      expect(await plan(compiled, indexed)).toEqual(live);
    }),
    { numRuns: runs },
  );
});

/** Without the native library. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  vi.stubEnv('XHIER_NATIVE', 'no');
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

async function scan(): Promise<void> {
  await scanMaster({
    master: bytes(master),
    file: bytes(index),
    problem: ({ path, message }) => {
      throw new Error(`${path}: ${message}`);
    },
  });
}

/** Rules that contradict themselves are no rules. */
function compile(script: string): RuleSet {
  const netgroupFiles = [bytes(join(directory, 'netgroup'))];
  const sources = systemSources({ arch: bytes('x'), netgroupFiles, host: bytes('h') });
  const file = bytes(join(directory, 'rules'));
  try {
    return compileRules({ file, text: bytes(script) }, sources);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    return fc.pre(false) as never;
  }
}

async function plan(rules: RuleSet, options: Partial<LfuOptions>) {
  const lines: string[] = [];
  const problems: string[] = [];
  const examined: string[] = [];
  const { exit, objects } = await runLfu({
    ...options,
    rules,
    master: bytes(master),
    slave: bytes(slave),
    dryRun: true,
    report: {
      changed: (change) => lines.push(...changeLines(change)),
      problem: (problem) => problems.push(`${problem.path}: ${problem.message}`),
      examined: (path) => examined.push(path),
    },
  });
  // whichever directory came first
  return { exit, objects, lines, problems: problems.toSorted(), examined: examined.toSorted() };
}

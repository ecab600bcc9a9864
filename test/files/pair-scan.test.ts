/** The native scan is quicker than looking at every directory oneself, and otherwise the same. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { changeLines } from '../../src/lfu/line.ts';
import type { LfuOptions } from '../../src/lfu/options.ts';
import { runLfu } from '../../src/lfu/run.ts';
import { compileRules } from '../../src/lfu/rules/evaluator.ts';
import { systemSources } from '../../src/lfu/rules/sources.ts';
import { plant, someRules, twoTrees } from '../lfu/plant.ts';

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pair-scan-')));
const master = join(directory, 'master');
const slave = join(directory, 'slave');
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('plans are the same with it and without it, whatever the trees and the rules', async () => {
  await fc.assert(
    fc.asyncProperty(
      twoTrees,
      someRules,
      fc.record({ checksum: fc.boolean(), noOwner: fc.boolean(), oneFileSystem: fc.boolean() }),
      async ({ ours, theirs }, rules, options) => {
        plant(master, ours);
        writeFileSync(join(master, 'not-empty'), '');
        plant(slave, theirs);
        const quick = await plan(rules, options);
        vi.stubEnv('XHIER_NATIVE', 'no');
        const slow = await plan(rules, options);
        vi.unstubAllEnvs();
        expect(quick).toEqual(slow);
      },
    ),
    { numRuns: 60 },
  );
});

async function plan(rules: readonly string[], options: Partial<LfuOptions>) {
  const lines: string[] = [];
  const problems: string[] = [];
  const examined: string[] = [];
  const sources = systemSources({ arch: bytes('x'), netgroupFiles: [], host: bytes('h') });
  const { exit, objects } = await runLfu({
    ...options,
    rules: compileRules({ file: bytes('-e'), text: bytes(rules.join('\n')) }, sources),
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

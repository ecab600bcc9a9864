#!/usr/bin/env node
/**
 * Losses of power in every state that the simulation knows instead of in some, a hundred second ones,
 * and very long sequences of commands with rollbacks between. Takes a quarter of an hour and more;
 * words are handed on to vitest, as `-t 'an install'`. XHIER_SEED repeats a run.
 *
 *     node test/soak/power-loss.mjs [WORD...]
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const TESTS = ['test/faults/power-loss.test.ts', 'test/e2e/rollback.property.test.ts'];

const { status } = spawnSync(
  join(ROOT, 'node_modules/.bin/vitest'),
  ['run', '--testTimeout=3600000', ...TESTS, ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, XHIER_SOAK: '1' } },
);
process.exitCode = status ?? 1;

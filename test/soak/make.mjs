#!/usr/bin/env node
/**
 * `xh make` on many sources from Debian, each for two architectures at the same time. Takes half an
 * hour and fetches some 20 MB; words are handed on to vitest, as `-t nano`.
 *
 *     node test/soak/make.mjs [WORD...]
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

const { status } = spawnSync(
  join(ROOT, 'node_modules/.bin/vitest'),
  ['run', 'test/e2e/make-sources.test.ts', '--testTimeout=1200000', ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, XHIER_SOAK: '1' } },
);
process.exitCode = status ?? 1;

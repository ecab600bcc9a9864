#!/usr/bin/env node
/**
 * The fault tests of lfu at every call instead of at some: killed, refused, unreadable, with every
 * errno. Takes a quarter of an hour and more; words are handed on to vitest, as `-t 'killed'`.
 *
 *     node test/soak/lfu-faults.mjs [WORD...]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const tests = readdirSync(join(ROOT, 'test/faults')).filter((name) =>
  /^lfu-.*\.test\.ts$/.test(name),
);

const { status } = spawnSync(
  join(ROOT, 'node_modules/.bin/vitest'),
  ['run', ...tests.map((name) => `test/faults/${name}`), ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, XHIER_SOAK: '1' } },
);
process.exitCode = status ?? 1;

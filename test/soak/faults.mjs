#!/usr/bin/env node
/**
 * The fault tests at every call instead of at some: killed, refused, unreadable, with every errno. Takes
 * an hour; words are handed on to vitest, as `lfu-` for those of lfu alone, or `-t 'killed'`.
 *
 *     node test/soak/faults.mjs [WORD...]
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const words = process.argv.slice(2);
const files = words.filter(
  (word) => !word.startsWith('-') && words[words.indexOf(word) - 1] !== '-t',
);

const { status } = spawnSync(
  join(ROOT, 'node_modules/.bin/vitest'),
  [
    'run',
    ...(files.length === 0 ? ['test/faults/'] : files.map((name) => `test/faults/${name}`)),
    ...words.filter((word) => !files.includes(word)),
    '--exclude',
    '**/power-loss*',
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, XHIER_SOAK: '1' } },
);
process.exitCode = status ?? 1;

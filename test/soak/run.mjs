#!/usr/bin/env node
/**
 * The long tests: one of them by its name, or all of them one after the other. Further words are
 * handed on.
 *
 *     node test/soak/run.mjs [faults | make | power-loss] [WORD...]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const HERE = import.meta.dirname;
const names = readdirSync(HERE)
  .filter((name) => name.endsWith('.mjs') && name !== basename(import.meta.filename))
  .map((name) => name.slice(0, -'.mjs'.length))
  .toSorted();
const [first, ...rest] = process.argv.slice(2);
const one = names.find((name) => name === first);

for (const name of one === undefined ? names : [one]) {
  const words = one === undefined ? process.argv.slice(2) : rest;
  const { status } = spawnSync(process.execPath, [join(HERE, `${name}.mjs`), ...words], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}

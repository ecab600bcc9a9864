#!/usr/bin/env node
/**
 * Every check of form, all of them even when one fails: types, oxlint, prettier, and the rules of
 * check-imports.mjs. Exit 1 when any failed, and the last line says which.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');

/** @type {readonly (readonly [name: string, command: string, ...words: string[]])[]} */
const CHECKS = [
  ['types', join(BIN, 'tsc'), '--noEmit'],
  ['types of scripts', join(BIN, 'tsc'), '--noEmit', '-p', 'scripts'],
  ['oxlint', join(BIN, 'oxlint')],
  ['prettier', join(BIN, 'prettier'), '--check', '--log-level=warn', '.'],
  ['imports and names', process.execPath, 'scripts/check-imports.mjs'],
];

if (existsSync(BIN)) {
  const failed = CHECKS.filter(([name, command, ...words]) => {
    const { status, error } = spawnSync(command, words, { cwd: ROOT, stdio: ['ignore', 2, 2] });
    if (error !== undefined) process.stderr.write(`lint: ${name}: ${error.message}\n`);
    return status !== 0;
  });
  const names = failed.map(([name]) => name).join(', ');
  process.stderr.write(names === '' ? 'lint: all well\n' : `lint: failed: ${names}\n`);
  process.exitCode = names === '' ? 0 : 1;
} else {
  process.stderr.write('lint: nothing is installed yet: run `npm run setup` first\n');
  process.exitCode = 1;
}

/**
 * Has the programs in dist/ make their compiled forms, which they load instead of compiling
 * themselves at every start. Without them they start a little later, so nothing fails here.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @param {string} root @returns {boolean} whether they are made */
export function makeCodeCache(root) {
  const program = join(root, 'dist/code-cache.cjs');
  if (!existsSync(program)) return false;
  return spawnSync(process.execPath, [program], { stdio: ['ignore', 'ignore', 2] }).status === 0;
}

/**
 * Before any test: dist/ as the sources are now, so that tests which run the programs run what is
 * in front of them. Does nothing when dist/ is up to date.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export default function buildPrograms(): void {
  const build = join(import.meta.dirname, '../scripts/build.mjs');
  execFileSync(process.execPath, [build], { stdio: ['ignore', 'inherit', 'inherit'] });
}

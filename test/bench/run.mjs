#!/usr/bin/env node
/**
 * All benchmarks, or those that are named: `npm run bench`, `npm run bench -- startup`. Everything is
 * timed in this one run, on this machine, as ratios.
 */
import { build } from '../../scripts/build.mjs';
import { startup } from './startup.mjs';

const BENCHMARKS = { startup };

await build();
const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(2);
}
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (named.length === 0 || named.includes(name)) benchmark();
}

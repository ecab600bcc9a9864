#!/usr/bin/env node
/**
 * All benchmarks, or those that are named: `npm run bench`, `npm run bench -- startup`; numbers
 * are sizes, `npm run bench -- lfu 10000`. Everything is timed in this one run, on this machine, as ratios.
 */
import { build } from '../../scripts/build.mjs';
import { farm } from './farm.mjs';
import { lfu } from './lfu.mjs';
import { search } from './search.mjs';
import { showpath } from './showpath.mjs';
import { startup } from './startup.mjs';
import { benchStore } from './store.mjs';
import { verify } from './verify.mjs';

const BENCHMARKS = { startup, showpath, farm, lfu, search, verify, store: benchStore };

await build();
const words = process.argv.slice(2);
const named = words.filter((word) => !/^\d+$/.test(word));
const numbers = words.filter((word) => /^\d+$/.test(word));
const unknown = named.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(2);
}
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (named.length === 0 || named.includes(name)) await benchmark(numbers);
}

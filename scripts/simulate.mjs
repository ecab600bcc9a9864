#!/usr/bin/env node
/**
 * How long until every host of a large site has a fix, and what the server that has the store bears
 * meanwhile: without caches, with one level of them, with two; found by polling, or told.
 *
 *     node scripts/simulate.mjs [--hosts N] [--down PART] [--seed N] [--parameters FILE] [--json]
 *
 * The assumptions are in doc/simulation.md, the figures in simulation-parameters.json, where each has
 * the place it comes from.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { simulate } from './simulation.mjs';

/** @typedef {import('./simulation.mjs').Outcome} Outcome */

const NEWS = /** @type {const} */ (['nightly', 'hourly', 'notice']);

/** How many caches, for so many hosts: a lower one for a hundred hosts, an upper one for ten lower ones. */
const TOPOLOGIES = [
  { name: 'no caches', caches: () => [] },
  { name: 'one level', caches: (/** @type {number} */ hosts) => [Math.ceil(hosts / 100)] },
  {
    name: 'two levels',
    caches: (/** @type {number} */ hosts) => [Math.ceil(hosts / 1000), Math.ceil(hosts / 100)],
  },
];

function main() {
  const { values } = parseArgs({
    options: {
      hosts: { type: 'string', default: '10000' },
      down: { type: 'string', default: '0.01' },
      seed: { type: 'string', default: '1' },
      parameters: {
        type: 'string',
        default: join(import.meta.dirname, 'simulation-parameters.json'),
      },
      json: { type: 'boolean', default: false },
    },
  });
  const parameters = readParameters(values.parameters);
  const [hosts, down, seed] = [values.hosts, values.down, values.seed].map(Number);
  if (
    hosts === undefined ||
    down === undefined ||
    seed === undefined ||
    !(hosts >= 1 && hosts <= 1e6 && down >= 0 && down <= 1 && Number.isInteger(seed))
  ) {
    console.error('--hosts is 1 to 1000000, --down a part from 0 to 1, --seed a whole number');
    process.exit(2);
  }
  const runs = NEWS.flatMap((news) =>
    TOPOLOGIES.map(({ name, caches }) => {
      const outcome = simulate({ hosts, caches: caches(hosts), news, down, seed }, parameters);
      return { news, caches: name, ...figures(outcome) };
    }),
  );
  if (values.json) {
    console.log(JSON.stringify({ hosts, down, seed, parameters, runs }, undefined, 2));
    return;
  }
  console.log(
    `${hosts.toLocaleString('en')} hosts, ${down * 100} % of them down; until the fix is there:`,
  );
  console.log('');
  print([
    ['', '', '50 %', '95 %', '99 %', '100 %', 'requests', 'MB', 'busiest minute', 'turned away'],
    ...runs.map((run) => [
      run.news,
      run.caches,
      ...[run.half, run.most, run.nearly, run.all].map(duration),
      run.requests.toLocaleString('en'),
      Math.round(run.bytes / 1e6).toLocaleString('en'),
      `${Math.round(run.busiest * 100)} %`,
      run.turnedAway.toLocaleString('en'),
    ]),
  ]);
  console.log('');
  console.log(
    'Requests and bytes: at the server that has the store, until all hosts have the fix.',
  );
}

/** @param {Outcome} outcome */
function figures({ arrivals, origin, fetches, turnedAway }) {
  const at = (/** @type {number} */ part) => arrivals[Math.ceil(arrivals.length * part) - 1] ?? NaN;
  const { requests, bytes, busiest, fastest } = origin;
  return {
    half: at(0.5),
    most: at(0.95),
    nearly: at(0.99),
    all: at(1),
    requests,
    bytes,
    busiest,
    fastest,
    fetches,
    turnedAway,
  };
}

/** @param {string} file @returns {import('./simulation.mjs').Parameters} */
export function readParameters(file) {
  /** @type {Record<string, { value: number }>} */
  const read = JSON.parse(readFileSync(file, 'utf8'));
  return /** @type {any} */ (
    Object.fromEntries(Object.entries(read).map(([name, { value }]) => [name, value]))
  );
}

/** @param {number} seconds */
function duration(seconds) {
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** @param {readonly (readonly string[])[]} rows */
function print(rows) {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
}

main();

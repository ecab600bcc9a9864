/** The simulator of large sites: what holds whatever the figures are, and what theory says of a queue. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createClock,
  createRandom,
  createStation,
  simulate,
  type Outcome,
  type Parameters,
  type Scenario,
} from '../../scripts/simulation.mjs';

const PARAMETERS: Parameters = {
  recordRequests: 20,
  recordBytes: 20_000,
  fixRequests: 10,
  fixBytes: 1_000_000,
  fixObjects: 100,
  serverSecondsPerRequest: 1e-4,
  cacheSecondsPerRequest: 2e-4,
  originBandwidth: 1e8,
  cacheBandwidth: 1e8,
  hostBandwidth: 1e7,
  connections: 800,
  connectionsPerPull: 8,
  roundTrip: 0.002,
  pullSeconds: 0.3,
  objectsPerSecond: 5000,
  retrySeconds: 5,
  noticeSeconds: 0.1,
  noticeJitter: 60,
  noticeMissed: 0.01,
  noticePoll: 21_600,
  downSeconds: 7200,
};
const SCENARIO: Scenario = { hosts: 1000, caches: [], news: 'hourly', down: 0.01, seed: 7 };

const run = (scenario: Partial<Scenario> = {}, parameters: Partial<Parameters> = {}): Outcome =>
  simulate({ ...SCENARIO, ...scenario }, { ...PARAMETERS, ...parameters });

const scenarios = fc.record({
  hosts: fc.integer({ min: 1, max: 300 }),
  caches: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
  news: fc.constantFrom('nightly' as const, 'hourly' as const, 'notice' as const),
  down: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.integer(),
});

test('every host gets the fix, once and whole; each cache asks for it once at most', () => {
  fc.assert(
    fc.property(scenarios, fc.integer({ min: 8, max: 100 }), (scenario, connections) => {
      const { arrivals, delivered, fetches, origin } = run(scenario, { connections });
      expect(arrivals).toHaveLength(scenario.hosts);
      expect([...arrivals].toSorted((one, other) => one - other)).toEqual(arrivals);
      expect(delivered).toBe(scenario.hosts * PARAMETERS.fixBytes);
      const cached = scenario.caches.reduce((sum, count) => sum + count, 0);
      expect(fetches).toBeLessThanOrEqual(cached);
      // what hosts ask is answered by the server, but for what caches have
      const fixes =
        cached === 0 ? scenario.hosts : Math.min(scenario.hosts, scenario.caches[0] ?? 0);
      const { recordRequests, fixRequests, recordBytes, fixBytes } = PARAMETERS;
      expect(origin.requests).toBeLessThanOrEqual(
        scenario.hosts * recordRequests + fixes * fixRequests,
      );
      expect(origin.bytes).toBeGreaterThanOrEqual(scenario.hosts * recordBytes + fixBytes);
      expect(origin.busiest).toBeLessThanOrEqual(1 + 1e-9);
    }),
    { numRuns: 60 },
  );
});

test('the same seed is the same run, another one is another', () => {
  expect(run()).toEqual(run());
  expect(run({ seed: 8 }).arrivals).not.toEqual(run().arrivals);
});

test('each level of caches takes load off the server', () => {
  const [none, one, two] = [[], [100], [10, 100]].map((caches) => run({ caches, news: 'notice' }));
  expect(one?.origin.bytes).toBeLessThan(none?.origin.bytes ?? 0);
  expect(two?.origin.bytes).toBeLessThan(one?.origin.bytes ?? 0);
  // exactly: all hosts, a hundred caches, ten
  const { recordBytes, fixBytes } = PARAMETERS;
  const contents = [none, one, two].map(
    (each) => ((each?.origin.bytes ?? 0) - 1000 * recordBytes) / fixBytes,
  );
  expect(contents).toEqual([1000, 100, 10]);
});

describe('what can be said without simulating', () => {
  test('who polls every hour has it after half an hour, half of them', () => {
    const { arrivals } = run({ hosts: 4000, down: 0 });
    expect((arrivals[1999] ?? 0) / 1800).toBeCloseTo(1, 1);
    expect(arrivals.at(-1)).toBeLessThan(3600 + 5);
  });

  test('a server sends no faster than its line, and is not idle while all want it at once', () => {
    const { arrivals, origin } = run(
      { hosts: 2000, news: 'notice', down: 0 },
      { noticeJitter: 0, noticeMissed: 0, connections: 1e9 },
    );
    const least = origin.bytes / PARAMETERS.originBandwidth;
    expect(arrivals.at(-1)).toBeGreaterThan(least);
    // besides: its process's part, and what the last host does by itself
    const { fixBytes, hostBandwidth, fixObjects, objectsPerSecond } = PARAMETERS;
    const process = origin.requests * PARAMETERS.serverSecondsPerRequest;
    const own = fixBytes / hostBandwidth + fixObjects / objectsPerSecond;
    expect(arrivals.at(-1)).toBeLessThan(least + process + own + 1);
  });

  test('no host has it before it is up', () => {
    const { arrivals } = run({ down: 1, hosts: 2000 });
    expect((arrivals[999] ?? 0) / (PARAMETERS.downSeconds / 2)).toBeCloseTo(1, 1);
  });

  test.each([0.3, 0.6, 0.8])('a queue is as long as theory has it (M/D/1, load %f)', (load) => {
    const clock = createClock();
    const station = createStation(clock, { secondsPerRequest: 1, bandwidth: Infinity });
    const random = createRandom(load * 1000);
    const served = 60_000;
    let waited = 0;
    let arrival = 0;
    for (let i = 0; i < served; i++) {
      arrival -= Math.log(1 - random()) / load;
      const came = arrival;
      clock.at(came, () => {
        station.serve(1, 0, () => {
          waited += clock.now() - came - 1;
        });
      });
    }
    clock.run();
    // Pollaczek and Khinchin: the mean wait, in units of the service
    const theory = load / (2 * (1 - load));
    expect(waited / served / theory).toBeGreaterThan(0.93);
    expect(waited / served / theory).toBeLessThan(1.07);
  });
});

describe('simulate.mjs', () => {
  const simulated = (...words: readonly string[]) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../scripts/simulate.mjs'), ...words],
      {
        encoding: 'utf8',
      },
    );

  test('prints a row for each way of hearing of it and each way of caching, and as JSON', () => {
    const { stdout, stderr, status } = simulated('--hosts', '500');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(
      stdout.match(/^ +(?:nightly|hourly|notice) +(?:no caches|one level|two levels) /gm),
    ).toHaveLength(9);
    const { runs } = JSON.parse(simulated('--hosts', '500', '--json').stdout) as {
      readonly runs: readonly { readonly all: number; readonly half: number }[];
    };
    expect(runs).toHaveLength(9);
    for (const each of runs) expect(each.all).toBeGreaterThanOrEqual(each.half);
  });

  test('says what it wants to know', () => {
    const { stderr, status } = simulated('--down', '2');
    expect(status).toBe(2);
    expect(stderr).toMatch(/--down a part from 0 to 1/);
  });
});

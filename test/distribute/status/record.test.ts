/** What a host writes down of itself, and what is made of a record that somebody has damaged. */
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import {
  LARGEST_RECORD,
  parseHostRecord,
  recordText,
  type HostRecord,
  type PackageOutcome,
} from '../../../src/distribute/status/host-record.ts';
import {
  nextRecord,
  ownRecord,
  recordOutcomes,
  shownRecord,
} from '../../../src/distribute/status/record.ts';
import { loadConfig } from '../../../src/site/config.ts';
import type { Site } from '../../../src/site/site.ts';
import { freshSite } from '../../site.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00.000Z');

function own(site: Site): HostRecord {
  const read = ownRecord(site);
  if (read === undefined || !('record' in read)) throw new Error('no record');
  return read.record;
}

function named(site: Site & { path: string }, name = 'argus'): Site & { path: string } {
  writeFileSync(join(site.path, 'etc/xhier.toml'), `status-name = "${name}"\n`);
  return site;
}

describe('recordOutcomes', () => {
  test('a package is known with its revision, its version, and since when', () => {
    const site = named(freshSite());
    const config = loadConfig(site);
    const outcome = { package: b`gcc`, revision: 41, version: b`12.2`, result: 'updated' };
    recordOutcomes(site, [outcome], { config, now: START, reached: true });
    const since = new Date(START).toISOString();
    expect(own(site)).toMatchObject({ host: 'argus', reached: since });
    expect(own(site).packages).toEqual([{ ...outcome, since, time: since }]);
  });

  test('since when it is so does not move while nothing changes', () => {
    const site = named(freshSite());
    const config = loadConfig(site);
    const write = (day: number, outcome: Omit<PackageOutcome, 'package'>): string => {
      const outcomes = [{ package: b`gcc`, ...outcome }];
      const { packages } = recordOutcomes(site, outcomes, { config, now: START + day * DAY });
      return packages[0]?.since.slice(0, 10) ?? '';
    };
    expect(write(0, { revision: 40, result: 'new' })).toBe('2026-03-01');
    expect(write(1, { revision: 40, result: 'current' })).toBe('2026-03-01');
    expect(write(2, { wanted: 41, result: 'unreachable' })).toBe('2026-03-03');
    expect(write(3, { wanted: 42, result: 'unreachable', message: 'other' })).toBe('2026-03-03');
    expect(own(site).packages[0]).toMatchObject({ revision: 40, wanted: 42, message: 'other' });
    expect(write(4, { revision: 42, result: 'updated' })).toBe('2026-03-05');
    expect(own(site).packages[0]).not.toHaveProperty('wanted');
  });

  test('packages that were not looked at stay as they were, and what is removed goes', () => {
    const site = named(freshSite());
    const config = loadConfig(site);
    const two = ['b', 'a'].map((name) => ({ package: bytes(name), revision: 1, result: 'new' }));
    recordOutcomes(site, two, { config, now: START });
    recordOutcomes(site, [{ package: b`a`, result: 'removed' }], { config, now: START });
    expect(own(site).packages.map((each) => each.package)).toEqual(['b']);
  });

  test('that no store answers is dated from the first time', () => {
    const site = named(freshSite());
    const config = loadConfig(site);
    const reach = (day: number, reached?: boolean): HostRecord =>
      recordOutcomes(site, [], {
        config,
        now: START + day * DAY,
        ...(reached !== undefined && { reached }),
        ...(reached === false && { message: 'no route' }),
      });
    reach(0, true);
    reach(1, false);
    // an install asks no store
    reach(2);
    expect(reach(3, false)).toMatchObject({
      reached: '2026-03-01T00:00:00.000Z',
      alone: { since: '2026-03-02T00:00:00.000Z', message: 'no route' },
    });
    expect(reach(4, true).alone).toBeUndefined();
  });

  test('the number grows with every record, also when the clock goes back or the record is lost', () => {
    const site = named(freshSite());
    const config = loadConfig(site);
    const write = (now: number): number => recordOutcomes(site, [], { config, now }).serial;
    const first = write(START);
    const second = write(START - 100 * DAY);
    expect(second).toBe(first + 1);
    writeFileSync(join(site.path, '.software/local/.admin/status.json'), 'half a reco');
    expect(write(START + DAY)).toBeGreaterThan(second);
  });

  test('readable for all whatever the umask is, and nothing half written is left', () => {
    const site = named(freshSite());
    const before = process.umask(0o077);
    try {
      recordOutcomes(site, [], { config: loadConfig(site) });
    } finally {
      process.umask(before);
    }
    const file = join(site.path, '.software/local/.admin/status.json');
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readFileSync(file, 'utf8')).toMatch(/^\{.*\}\n$/);
  });

  test('a very long message is cut, and the record can be read', () => {
    const site = named(freshSite());
    const message = 'x'.repeat(100_000);
    const outcomes = [{ package: b`gcc`, result: 'failed', message }];
    recordOutcomes(site, outcomes, { config: loadConfig(site) });
    expect(own(site).packages[0]?.message).toHaveLength(500);
  });
});

describe('a record on the disk that is none', () => {
  const cases: readonly (readonly [string, (file: string) => void])[] = [
    ['empty', (file) => writeFileSync(file, '')],
    ['cut off', (file) => writeFileSync(file, '{"format":1,"host":')],
    ['very deep', (file) => writeFileSync(file, '['.repeat(500_000))],
    ['very large', (file) => writeFileSync(file, Buffer.alloc(LARGEST_RECORD + 5, 0x20))],
    ['of another version', (file) => writeFileSync(file, '{"format":2}')],
    ['a directory', (file) => mkdirSync(file)],
    ['a link to nowhere', (file) => symlinkSync('/nowhere', file)],
  ];
  for (const [what, make] of cases) {
    test(`${what}: nothing breaks, and what is printed says that there is none`, () => {
      const site = named(freshSite());
      const file = join(site.path, '.software/local/.admin/status.json');
      mkdirSync(dirname(file), { recursive: true });
      make(file);
      const read = ownRecord(site);
      expect(read === undefined || 'problem' in read).toBe(true);
      expect(shownRecord(site, loadConfig(site))).toMatchObject({ host: 'argus', serial: 0 });
    });
  }

  test('nobody may read it: nothing breaks', () => {
    const site = named(freshSite());
    recordOutcomes(site, [], { config: loadConfig(site) });
    chmodSync(join(site.path, '.software/local/.admin/status.json'), 0);
    expect(() => ownRecord(site)).not.toThrow();
  });
});

describe('parseHostRecord', () => {
  const time = fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString());
  const outcome = fc.record(
    {
      package: fc.stringMatching(/^[a-z][a-z0-9.+-]{0,20}$/).map(bytes),
      revision: fc.integer({ min: 1, max: 1e6 }),
      version: fc.stringMatching(/^[0-9a-z.]{1,10}$/).map(bytes),
      result: fc.constantFrom('current', 'updated', 'frozen', 'refused', 'failed', 'removed'),
      message: fc.string({ unit: 'binary', maxLength: 600 }),
      frozenUntil: time,
      wanted: fc.integer({ min: 1, max: 1e6 }),
    },
    { requiredKeys: ['package', 'result'] },
  );

  test('reads back whatever was written', () => {
    fc.assert(
      fc.property(fc.array(fc.array(outcome, { maxLength: 8 }), { maxLength: 5 }), (rounds) => {
        let record: HostRecord | undefined;
        for (const [i, outcomes] of rounds.entries()) {
          record = nextRecord(record, outcomes, { host: 'argus', now: START + i });
        }
        if (record !== undefined) expect(parseHostRecord(recordText(record))).toEqual({ record });
      }),
    );
    expect.hasAssertions();
  });

  test('who pulls all that is for it forgets what it once could not ask about, and nothing else', () => {
    const host = 'argus';
    const cutOff = [
      { package: b`gcc`, revision: 3, result: 'unreachable' },
      { package: b`lab`, result: 'unreachable', message: 'no answer' },
      { package: b`tex`, result: 'refused' },
      { package: b`own`, result: 'installed' },
    ];
    const before = nextRecord(undefined, cutOff, { host, now: START, reached: true });
    const now = START + DAY;
    const outcomes = [{ package: b`tex`, result: 'refused' }];
    const after = nextRecord(before, outcomes, { host, now, reached: true, all: true });
    expect(after.packages.map((each) => each.package)).toEqual(['gcc', 'own', 'tex']);
    expect(after.packages[2]?.since).toBe(before.packages[3]?.since);
    const away = nextRecord(before, [], { host, now, reached: false, all: true });
    expect(away.packages).toEqual(before.packages);
  });

  test('any text at all is a record or a problem', () => {
    const record = recordText(
      nextRecord(undefined, [{ package: b`gcc`, revision: 1, result: 'new' }], {
        host: 'argus',
        now: START,
        reached: false,
      }),
    );
    const damaged = fc
      .tuple(fc.nat(record.length), fc.nat(20), fc.string({ maxLength: 10 }))
      .map(([at, cut, put]) => record.slice(0, at) + put + record.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), damaged), (text) => {
        const read = parseHostRecord(text);
        expect('record' in read || read.problem.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('hosts and packages are only such names as can be no path', () => {
    const base = nextRecord(undefined, [{ package: b`gcc`, result: 'new' }], {
      host: 'a',
      now: START,
    });
    const text = recordText(base);
    for (const host of ['../x', 'a/b', '', '.x', 'a..b', 'x\n', '*', '>']) {
      expect(parseHostRecord(text.replace('"host":"a"', `"host":${JSON.stringify(host)}`))).toEqual(
        {
          problem: 'names no host',
        },
      );
    }
    expect(parseHostRecord(text.replace('"gcc"', '"../gcc"'))).toHaveProperty('problem');
  });
});

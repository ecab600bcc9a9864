/** What maintenance plans: which logs are rolled, and when a host begins. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { planLogs, type LogFile } from '../../../src/depot/maintenance/logs.ts';
import { splayOf } from '../../../src/depot/maintenance/splay.ts';
import {
  checkFindings,
  distributeFindings,
  doctorFindings,
  errorText,
  pullFindings,
  verifyFindings,
} from '../../../src/depot/maintenance/step-findings.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 3, 17);
const limits = { size: 1000, age: 0, keep: 3, days: 0 };

function log(name: string, size: number, days = 0): LogFile {
  return { path: bytes(`/l/${name}`), size, modified: NOW - days * DAY };
}

function plan(files: readonly LogFile[], more: Partial<typeof limits> = {}): readonly string[] {
  return planLogs(files, { ...limits, ...more }, NOW).map(({ op, file }) => `${op} ${file.path}`);
}

describe('logs', () => {
  test('are rolled when they are large, and old files are not logs', () => {
    expect(plan([log('a', 1000), log('a.1', 5000), log('b', 999), log('c.1', 2000)])).toEqual([
      'roll /l/a',
      'roll /l/c.1',
    ]);
  });

  test('are rolled when their time has come, but never when they are empty', () => {
    const files = [
      log('a', 1),
      log('a.1', 1, 7),
      log('b', 1),
      log('b.1', 1, 6),
      log('c', 0),
      log('d', 1),
    ];
    expect(plan(files, { age: 7 })).toEqual(['roll /l/a', 'roll /l/d']);
  });

  test('that somebody else rolls and keeps more of are left alone', () => {
    const files = ['a', 'a.1', 'a.2', 'a.3', 'a.4'].map((name) => log(name, 2000));
    expect(plan(files)).toEqual(['leave /l/a']);
    expect(plan(files, { keep: 4 })).toEqual(['roll /l/a']);
  });

  test('that are old go only where the site says so, and never one that is written to', () => {
    const files = [log('a', 1, 900), log('a.1', 1, 30), log('a.2', 1, 90), log('b.gz', 5000, 900)];
    expect(plan(files)).toEqual([]);
    expect(plan(files, { days: 31 })).toEqual(['remove /l/a.2']);
  });

  test('whatever there is, nothing but an old file of a log is removed, and each file is named once', () => {
    const name = fc.constantFrom('a', 'a.1', 'a.2', 'a.1.1', 'b', 'b.7', 'c.gz', 'd.0', 'e.9999');
    const file = fc.record({ name, size: fc.nat(3000), days: fc.nat(100) });
    const files = fc.uniqueArray(file, { selector: ({ name: key }) => key });
    fc.assert(
      fc.property(files, fc.nat(50), fc.integer({ min: 1, max: 4 }), (some, days, keep) => {
        const all = some.map((each) => log(each.name, each.size, each.days));
        const changes = planLogs(all, { size: 1000, age: 0, keep, days }, NOW);
        expect(new Set(changes.map(({ file: { path } }) => path)).size).toBe(changes.length);
        for (const {
          op,
          file: { path },
        } of changes) {
          if (op !== 'remove') continue;
          expect(all.some((each) => path.startsWith(`${each.path}.`))).toBe(true);
        }
      }),
    );
  });
});

describe('hosts', () => {
  test('spread over the time that they are given, each always at its own', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `host${index}.example.org`);
    const waits = names.map((name) => splayOf(name, 3600));
    expect(names.map((name) => splayOf(name.toUpperCase(), 3600))).toEqual(waits);
    expect(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait < 3600)).toBe(true);
    // six spans of ten minutes, about as many in each
    const spans = Array.from(
      { length: 6 },
      (_, span) => waits.filter((wait) => Math.floor(wait / 600) === span).length,
    );
    expect(Math.min(...spans)).toBeGreaterThan(100);
    expect(splayOf('any', 0)).toBe(0);
  });
});

describe('what commands have said', () => {
  const nobody = (): [] => [];

  test('is read whatever it is', () => {
    const odd = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) =>
        JSON.stringify({
          findings: value,
          differences: value,
          outcomes: value,
          hosts: value,
          lags: value,
          refused: value,
        }),
      ),
      fc.jsonValue().map((value) =>
        JSON.stringify({
          findings: [value],
          differences: [value],
          outcomes: [value],
          hosts: [value],
          lags: [value],
          refused: [value],
        }),
      ),
    );
    fc.assert(
      fc.property(odd, (output) => {
        for (const read of [
          doctorFindings,
          verifyFindings,
          checkFindings,
          pullFindings,
          distributeFindings,
        ]) {
          for (const { text, severity } of read(output, nobody))
            expect(text.length * severity.length).toBeGreaterThan(0);
        }
        expect(typeof errorText(output).text).toBe('string');
      }),
    );
  });

  test('makes one finding of many differences of a package', () => {
    const differences = Array.from({ length: 30 }, (_, index) => ({
      kind: 'changed',
      path: `/software/foo/${index}`,
      package: 'foo',
    }));
    const found = verifyFindings(JSON.stringify({ differences }), () => [b`ann@example.org`]);
    expect(found.length).toBe(1);
    expect(found[0]?.text.split('\n').length).toBe(22);
    expect(found[0]?.text).toContain('in 30 places');
    expect(found[0]?.text).toContain('and 10 more');
  });

  test('tells whoever makes a package which architectures lack it, and whoever keeps the host who was not served', () => {
    const output = JSON.stringify({
      refused: [],
      hosts: [
        {
          host: 'web1',
          served: false,
          outcomes: [],
          reason: { message: 'it is down', remedy: 'start it' },
        },
        {
          host: 'web2',
          served: false,
          outcomes: [
            { package: 'foo', result: 'failed', message: 'no room' },
            { package: 'bar', result: 'current' },
          ],
        },
        { host: 'web3', served: true, outcomes: [] },
      ],
      lags: [{ package: 'foo', architecture: 'linux-aarch64', is: 'older', seconds: 5 }],
    });
    const found = distributeFindings(output, () => [b`ann@example.org`]);
    expect(found.map(({ to, text, remedy }) => [to.join(), text, remedy])).toEqual([
      ['', 'web1 has not got all that it should: it is down', 'start it'],
      [
        '',
        'web2 has not got all that it should\nfoo (failed): no room',
        'xh distribute --retry web2',
      ],
      [
        'ann@example.org',
        'the files of foo for linux-aarch64 are older than the shared ones',
        'xh sdist foo -m install --to linux-aarch64',
      ],
    ]);
  });

  test('keeps what to do apart from what is wrong', () => {
    expect(errorText('xh: no room\n    → xh gc\n')).toEqual({ text: 'no room', remedy: 'xh gc' });
  });
});

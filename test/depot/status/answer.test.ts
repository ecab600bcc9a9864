/** Who lacks what, since when, and why: told from records of every kind. */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { hostFindings } from '../../../src/depot/status/alarms.ts';
import { answerFor, type Published, type Question } from '../../../src/depot/status/answer.ts';
import { gatherRecords, type HeardHost } from '../../../src/distribute/status/gather.ts';
import {
  recordText,
  type HostRecord,
  type PackageOutcome,
} from '../../../src/distribute/status/host-record.ts';
import { nextRecord } from '../../../src/distribute/status/record.ts';
import { targetOf } from '../../../src/package/targets.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const GCC: Published = { package: b`gcc`, revision: 41, published: NOW - 10 * HOUR };

interface Told {
  /** Hours ago. */
  readonly ago?: number;
  readonly reached?: boolean;
  readonly message?: string;
  readonly before?: HostRecord;
}

function recordOf(
  host: string,
  outcomes: readonly Omit<PackageOutcome, 'package'>[],
  { ago = 1, reached = true, message, before }: Told = {},
): HostRecord {
  const named = outcomes.map((each) => ({ package: b`gcc`, ...each }));
  return nextRecord(before, named, {
    host,
    now: NOW - ago * HOUR,
    reached,
    ...(message !== undefined && { message }),
  });
}

function heard(record: HostRecord): HeardHost {
  return { host: record.host, record, heard: Date.parse(record.time), via: 'a test', refusals: [] };
}

function ask(records: readonly HostRecord[], more: Partial<Question> = {}): Question {
  return {
    published: [GCC],
    heard: records.map(heard),
    known: [],
    now: NOW,
    patience: 72 * HOUR,
    ...more,
  };
}

/** HOST STATE REVISION AGE MESSAGE of those that lack gcc. */
function lacks(question: Question): readonly unknown[] {
  const gcc = answerFor(question).packages.find((each) => each.package === 'gcc');
  return (gcc?.hosts ?? []).map(({ host, state, revision, since, message }) => [
    host,
    state,
    revision,
    since === undefined ? undefined : (NOW - since) / HOUR,
    message,
  ]);
}

describe('why a host lacks a revision', () => {
  test('frozen, refused, failed, since it was so first', () => {
    for (const result of ['frozen', 'refused', 'failed', 'unreachable']) {
      const before = recordOf('argus', [{ revision: 40, wanted: 41, result }], { ago: 5 });
      const outcome = { wanted: 41, result, message: 'why' };
      const now = recordOf('argus', [outcome], { ago: 1, before });
      expect(lacks(ask([now]))).toEqual([['argus', result, 40, 5, 'why']]);
    }
  });

  test('it has not pulled since', () => {
    const record = recordOf('argus', [{ revision: 40, result: 'current' }], { ago: 20 });
    expect(lacks(ask([record]))).toEqual([['argus', 'behind', 40, 10, undefined]]);
  });

  test('it has pulled, from a store that is behind itself', () => {
    const record = recordOf('argus', [{ revision: 40, result: 'current' }]);
    expect(lacks(ask([record]))).toEqual([
      ['argus', 'behind', 40, 10, 'its store still has revision 40'],
    ]);
  });

  test('no store answers it: since the first time, whatever was written down of the package', () => {
    const before = recordOf('argus', [{ revision: 40, result: 'current' }], { ago: 20 });
    const first = recordOf('argus', [], { ago: 9, reached: false, message: 'no route', before });
    const now = recordOf('argus', [], {
      ago: 1,
      reached: false,
      message: 'no route',
      before: first,
    });
    expect(lacks(ask([now]))).toEqual([['argus', 'unreachable', 40, 9, 'no route']]);
  });

  test('nothing was heard of it for long', () => {
    const record = recordOf('argus', [{ revision: 40, result: 'refused' }], { ago: 100 });
    expect(lacks(ask([record]))).toEqual([['argus', 'silent', 40, 100, undefined]]);
  });

  test('nothing was ever heard of it, and why not', async () => {
    const known = [{ host: 'argus' }, { host: 'zeus' }];
    const found = [{ host: 'argus', problem: 'No route to host' }];
    const source = { name: 'ssh', read: () => Promise.resolve({ found, problems: [] }) };
    const { hosts } = await gatherRecords([source], { now: NOW });
    expect(lacks(ask([], { known, heard: hosts }))).toEqual([
      ['argus', 'unknown', undefined, undefined, 'No route to host'],
      ['zeus', 'unknown', undefined, undefined, undefined],
    ]);
  });

  test('a host that has it is silent only on the whole, and one that has more lacks nothing', () => {
    const old = recordOf('argus', [{ revision: 41, result: 'current' }], { ago: 100 });
    const more = recordOf('zeus', [{ revision: 42, result: 'current' }]);
    const answer = answerFor(ask([old, more]));
    expect(answer.packages).toMatchObject([{ meant: 2, lacking: 0 }]);
    expect(answer.hosts).toMatchObject([{ silent: true }, { silent: false }]);
  });
});

describe('who is meant', () => {
  const targets = [targetOf(bytes('web*'))].filter((each) => each !== undefined);

  test('a host that pulls and does not name the package does not want it', () => {
    const record = recordOf('argus', [], { ago: 1 });
    expect(answerFor(ask([record])).packages).toMatchObject([{ meant: 0 }]);
  });

  test('one that has not pulled since it was published may', () => {
    const record = recordOf('argus', [], { ago: 20 });
    expect(lacks(ask([record]))).toEqual([['argus', 'behind', undefined, 10, undefined]]);
    expect(lacks(ask([record], { published: [{ ...GCC, targets }] }))).toEqual([]);
  });

  test('hosts of the inventory, as far as the targets say', () => {
    const known = [{ host: 'argus' }, { host: 'web1' }];
    expect(lacks(ask([], { known, published: [{ ...GCC, targets }] }))).toEqual([
      ['web1', 'unknown', undefined, undefined, undefined],
    ]);
  });

  test('where no store tells, the newest that a host has is what those that have it should have', () => {
    const records = [
      recordOf('argus', [{ revision: 41, result: 'current' }]),
      recordOf('web1', [{ revision: 40, result: 'current' }]),
      recordOf('zeus', []),
    ];
    const { packages } = answerFor(ask(records, { published: [], known: [{ host: 'new' }] }));
    expect(packages).toMatchObject([{ revision: 41, meant: 2, lacking: 1 }]);
  });
});

test('one package and one host can be asked about alone', () => {
  const records = ['a', 'b'].map((host) => recordOf(host, [{ revision: 41, result: 'new' }]));
  const emacs: Published = { package: b`emacs`, revision: 7, published: NOW };
  const question = ask(records, { published: [GCC, emacs] });
  expect(answerFor({ ...question, package: b`gcc` }).packages).toHaveLength(1);
  const one = answerFor({ ...question, host: 'a', every: true });
  expect(one.hosts).toMatchObject([{ host: 'a', lacking: 1 }]);
  expect(one.packages.map(({ hosts }) => hosts.map(({ state }) => state))).toEqual([
    ['behind'],
    ['has'],
  ]);
});

test('alarms: of hosts that are silent, not believed, or have refused; of none that is merely slow', () => {
  const silent = recordOf('argus', [{ revision: 40, result: 'current' }], { ago: 100 });
  const refused = recordOf('web1', [{ revision: 40, result: 'refused', message: 'expired' }]);
  const slow = recordOf('web2', [{ revision: 40, result: 'current' }], { ago: 20 });
  const refusal = { via: '/net', message: 'it says that it is argus', remedy: 'look' };
  const liar: HeardHost = { host: 'mallory', refusals: [{ ...refusal, kind: 'name' }] };
  const question = ask([silent, refused, slow]);
  const findings = hostFindings(answerFor({ ...question, heard: [...question.heard, liar] }));
  expect(findings.map(({ code, key }) => [code, key])).toEqual([
    ['status.silent', 'status.silent argus'],
    ['status.silent', 'status.silent mallory'],
    ['status.name', 'status.name mallory /net'],
    ['status.refused', 'status.refused web1'],
  ]);
});

test('ten thousand hosts are answered for, and every host is counted once', () => {
  const base = recordOf('x', [{ revision: 41, result: 'current' }]);
  const records = Array.from({ length: 10_000 }, (_, i) => ({
    ...base,
    host: `host${i}`,
    packages: base.packages.map((each) => ({ ...each, revision: i % 100 === 0 ? 40 : 41 })),
  }));
  expect(answerFor(ask(records)).packages).toMatchObject([{ meant: 10_000, lacking: 100 }]);
});

test('whatever hosts say, each is in one state, and what is counted adds up', async () => {
  const outcome = fc.record({
    package: fc.constantFrom(...['gcc', 'emacs', 'tex'].map(bytes)),
    revision: fc.integer({ min: 1, max: 45 }),
    result: fc.constantFrom('current', 'frozen', 'refused', 'failed', 'unreachable', 'odd'),
  });
  const host = fc.record({
    outcomes: fc.uniqueArray(outcome, { maxLength: 3, selector: (each) => each.package }),
    ago: fc.integer({ min: -5, max: 200 }),
    reached: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(host, { maxLength: 6 }), async (hosts) => {
      const found = hosts.map(({ outcomes, ago, reached }, i) => {
        const options = { host: `h${i}`, now: NOW - ago * HOUR, reached };
        return { host: `h${i}`, text: recordText(nextRecord(undefined, outcomes, options)) };
      });
      const source = { name: 'x', read: () => Promise.resolve({ found, problems: [] }) };
      const gathering = await gatherRecords([source], { now: NOW });
      const answer = answerFor(ask([], { heard: gathering.hosts, every: true }));
      expect(answer.hosts).toHaveLength(hosts.length);
      for (const { hosts: standings, meant, lacking } of answer.packages) {
        expect(standings).toHaveLength(meant);
        expect(standings.filter(({ state }) => state !== 'has')).toHaveLength(lacking);
        expect(new Set(standings.map((each) => each.host)).size).toBe(meant);
      }
    }),
  );
});

/** Findings on their way to people: grouping, folding, patterns, letters. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { identityOf, inOrder, SEVERITIES, type Finding } from '../../src/report/finding.ts';
import { fold, type KnownFinding } from '../../src/report/fold.ts';
import { groupByRecipient } from '../../src/report/group.ts';
import { parseKnown, printKnown } from '../../src/report/known.ts';
import { letterOf } from '../../src/report/letter.ts';
import { mailMessage } from '../../src/report/message.ts';
import { composeReport } from '../../src/report/report.ts';
import { parseConfig } from '../../src/site/config.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 3, 17);
const options = { now: NOW, remindDays: 7 };

const anyBytes = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((units) => Buffer.from(units).toString('latin1') as Bytes);
const someText = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const finding: fc.Arbitrary<Finding> = fc.record(
  {
    subject: fc.constantFrom('host', 'package'),
    package: anyBytes,
    to: fc.array(fc.constantFrom(b`ann@example.org`, b`bob@example.org`, b`root`), {
      maxLength: 2,
    }),
    severity: fc.constantFrom(...SEVERITIES),
    code: fc.constantFrom('E_ONE', 'E_TWO'),
    text: someText,
    remedy: someText,
    key: someText,
  },
  { requiredKeys: ['subject', 'to', 'severity', 'code', 'text'] },
);
const findings = fc.array(finding, { maxLength: 12 });

function aFinding(text: string, more: Partial<Finding> = {}): Finding {
  return { subject: 'host', to: [], severity: 'problem', code: 'E_X', text, ...more };
}

function once(all: readonly Finding[]): readonly Finding[] {
  return [...new Map(all.map((each) => [identityOf(each), each])).values()];
}

describe('grouping', () => {
  test('everybody gets each finding that concerns him once, the most important first', () => {
    fc.assert(
      fc.property(findings, (all) => {
        const groups = groupByRecipient(all, b`host@example.org`);
        for (const [address, group] of groups) {
          expect(new Set(group.map(identityOf)).size).toBe(group.length);
          expect(group).toEqual(group.toSorted(inOrder));
          for (const each of group) {
            expect(each.to.length === 0 ? [b`host@example.org`] : each.to).toContain(address);
          }
        }
        for (const each of all) {
          for (const address of each.to.length === 0 ? [b`host@example.org`] : each.to) {
            expect(groups.get(address)?.map(identityOf)).toContain(identityOf(each));
          }
        }
      }),
    );
  });

  test('what is found twice with different weight is told with the greater', () => {
    const groups = groupByRecipient(
      [
        aFinding('disk', { severity: 'note' }),
        aFinding('disk'),
        aFinding('disk', { severity: 'warning' }),
      ],
      b`root`,
    );
    expect(groups.get(b`root`)?.map(({ severity }) => severity)).toEqual(['problem']);
  });
});

describe('folding', () => {
  test('each finding is new or unchanged, and each known one is found again or gone', () => {
    fc.assert(
      fc.property(findings, findings, fc.nat(20), (before, now, days) => {
        const then = fold(once(before), [], { now: NOW - days * DAY, remindDays: 7 });
        expect(then.fresh.length).toBe(once(before).length);
        const { fresh, unchanged, gone, known } = fold(once(now), then.known, options);
        const ids = (some: readonly KnownFinding[]): string[] =>
          some.map((each) => identityOf(each.finding)).toSorted();
        expect([...ids(fresh), ...ids(unchanged)].toSorted()).toEqual(
          once(now).map(identityOf).toSorted(),
        );
        expect(ids(known)).toEqual(once(now).map(identityOf).toSorted());
        const found = new Set(once(now).map(identityOf));
        expect(ids(gone)).toEqual(
          once(before)
            .map(identityOf)
            .filter((id) => !found.has(id))
            .toSorted(),
        );
        // told twice in a row there is nothing to tell
        const again = fold(once(now), known, { ...options, now: NOW + 1000 });
        expect([...again.fresh, ...again.gone]).toEqual([]);
      }),
    );
  });

  test('a problem that stays is told in full again after a week, with when it began; a note is not', () => {
    const all = [aFinding('full'), aFinding('old kernel', { severity: 'note' })];
    const first = fold(all, [], { now: NOW - 8 * DAY, remindDays: 7 });
    const later = fold(all, first.known, options);
    expect(later.fresh.map(({ finding: { text }, since }) => [text, since])).toEqual([
      ['full', NOW - 8 * DAY],
    ]);
    expect(fold(all, first.known, { ...options, remindDays: 0 }).fresh).toEqual([]);
  });

  test('figures that change are no news where the finding says what makes it the same', () => {
    const before = fold([aFinding('3 % free', { key: 'room' })], [], options);
    const now = fold([aFinding('2 % free', { key: 'room' })], before.known, options);
    expect(now.fresh).toEqual([]);
    expect(now.known[0]?.finding.text).toBe('2 % free');
  });

  test('a clock that was set back does not silence anything', () => {
    const before = fold([aFinding('full')], [], { now: NOW + 400 * DAY, remindDays: 7 });
    expect(fold([aFinding('full')], before.known, options).fresh.length).toBe(1);
  });
});

describe('what is remembered', () => {
  test('reads back as it was', () => {
    fc.assert(
      fc.property(findings, (all) => {
        const { known } = fold(once(all), [], options);
        const state = new Map([[b`ann@example.org`, known]]);
        expect(parseKnown(printKnown(state))).toEqual(state);
      }),
    );
  });

  test('damaged, it counts as nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, fc.json().map(bytes)), (content) => {
        expect(parseKnown(content)).toBeInstanceOf(Map);
      }),
    );
    expect(parseKnown(b`{"format":1,"told":[{"to":"a","findings":[null,{"text":1}]}]}`)).toEqual(
      new Map([[b`a`, []]]),
    );
  });
});

describe('letters', () => {
  const how = {
    to: b`ann@example.org`,
    host: 'h1',
    title: 'maintenance',
    now: NOW,
    showAll: 'xh maintenance --last',
  };

  test('nothing new and nothing gone is no letter', () => {
    const { known } = fold([aFinding('full')], [], options);
    expect(
      letterOf(fold([aFinding('full')], known, { ...options, now: NOW + 1 }), how),
    ).toBeUndefined();
    expect(letterOf(fold([], [], options), how)).toBeUndefined();
  });

  test('what is new stands in full, what is as it was in a line, what has gone is said', () => {
    const old = aFinding('the disk is full', { remedy: 'xh gc' });
    const { known } = fold([old, aFinding('gone by now')], [], { ...options, now: NOW - DAY });
    const letter = letterOf(
      fold(
        [
          old,
          aFinding('bad link\n/software/foo/bin/foo', {
            subject: 'package',
            package: b`foo`,
            severity: 'warning',
            remedy: 'xh install foo',
          }),
        ],
        known,
        options,
      ),
      how,
    );
    expect(letter?.subject).toBe('h1: maintenance: 1 warning');
    expect(letter?.body.replace(/\d{4}-\d\d-\d\d( \d\d:\d\d)?/g, 'DATE')).toBe(`h1, DATE

1 warning
  foo: bad link [E_X]
    /software/foo/bin/foo
    → xh install foo

Gone since last time: 1 problem
  gone by now

As before: 1 problem, the oldest since DATE.
  → xh maintenance --last shows them
`);
  });

  test('whatever others have said drives no terminal', () => {
    const { known } = fold([aFinding('\u001b[2Jgone\rby now')], [], options);
    const letter = letterOf(
      fold([aFinding('a\u202eb\n\u0007c', { remedy: 'd\u001b[0m' })], known, options),
      how,
    );
    expect(letter?.body).toMatch(/^[^\p{Cc}\p{Cf}]*$/mu);
    expect(letter?.body.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(letter?.body).toContain('\\e[2Jgone\\rby now');
  });

  test('when the last problem has gone, that is told', () => {
    const { known } = fold([aFinding('full')], [], { ...options, now: NOW - DAY });
    expect(letterOf(fold([], known, options), how)?.subject).toBe(
      'h1: maintenance: all is well again',
    );
  });

  test("a message is what another program's reader takes it for", () => {
    const letter = {
      to: [b`ann@example.org`, b`bob@example.org`],
      subject: 'vm: 3 × größer → '.repeat(6),
      body: `ein Übel\n${'x'.repeat(2000)}\n.\nFrom here\n`,
    };
    const reader =
      'import sys,json,email,email.policy\n' +
      'm=email.message_from_binary_file(sys.stdin.buffer,policy=email.policy.default)\n' +
      'print(json.dumps([m["to"],m["subject"],m.get_content(),[str(d) for d in m.defects]]))';
    const read = spawnSync('python3', ['-c', reader], { input: mailMessage(letter) });
    expect(JSON.parse(read.stdout.toString())).toEqual([
      'ann@example.org, bob@example.org',
      letter.subject,
      letter.body,
      [],
    ]);
  });

  test('a message has the subject and body that were given, and no header of somebody else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (subject, body) => {
        const text = mailMessage({ to: [b`ann@example.org`], subject, body });
        const [head = '', ...rest] = text.split('\n\n');
        const names = head
          .split('\n')
          .filter((line) => !line.startsWith(' '))
          .map((line) => line.split(':')[0]);
        expect(names).toEqual([
          'To',
          'Subject',
          'Auto-Submitted',
          'MIME-Version',
          'Content-Type',
          'Content-Transfer-Encoding',
        ]);
        const content = rest.join('\n\n');
        const decoded = head.endsWith('base64')
          ? Buffer.from(content, 'base64').toString()
          : content;
        expect(decoded).toBe(Buffer.from(body).toString());
        expect(head.split('\n').every((line) => line.length < 200 || !subject.length)).toBe(true);
      }),
    );
  });
});

describe('a report', () => {
  const config = parseConfig(
    b`xhier.toml`,
    bytes('maintainer = "ops@example.org"\n[report]\ndrop = ["*tape*"]\nwait = ["disk *"]\n'),
  );
  const how = {
    config,
    host: 'h1',
    title: 'maintenance',
    showAll: 'xh maintenance --last',
    now: NOW,
  };

  test('leaves out what the site has no interest in, and makes notes of what can wait', () => {
    const composed = composeReport(
      [aFinding('no tape today'), aFinding('disk sda is warm'), aFinding('fire')],
      new Map(),
      how,
    );
    expect(composed.dropped).toBe(1);
    expect(composed.letters.map(({ to, subject }) => [...to, subject])).toEqual([
      ['ops@example.org', 'h1: maintenance: 1 problem, 1 note'],
    ]);
  });

  test('goes to each maintainer by himself', () => {
    const composed = composeReport(
      [
        aFinding('a'),
        aFinding('b', { subject: 'package', package: b`foo`, to: [b`ann@example.org`] }),
      ],
      new Map(),
      how,
    );
    expect(composed.letters.map(({ to }) => to)).toEqual([
      ['ops@example.org'],
      ['ann@example.org'],
    ]);
  });
});

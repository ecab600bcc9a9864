import * as fc from 'fast-check';
import semver from 'semver';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { isAny, parseRange, readRange, satisfies } from '../../src/package/range.ts';

test.each<[string, string, boolean]>([
  // semver, as semver has it
  ['1.2.3', '^1.2', true],
  ['2.0.0', '^1.2', false],
  ['2.0.0-beta.1', '>=1', false],
  ['2.0.0-beta.1', '>=2.0.0-beta.0', true],
  ['2.0.0-beta.1', '^1', false],
  ['2.0.0-beta.1', '*', true],
  ['1.5.0', '1.2 - 1.9', true],
  ['3.0.0', '1.x || 3.x', true],
  ['1.2.3+build', '1.2.3', true],
  // fewer numbers
  ['1.2', '>=1.2.0', true],
  ['1.2', '^1.0', true],
  ['1', '1.x', true],
  ['v1.4', '~1.4', true],
  // more
  ['1.2.3.4', '>=1.2.3', true],
  ['1.2.3.4', '=1.2.3', false],
  ['1.2.3.4', '>=1.2.3.5', false],
  ['1.2.3.4', '~1.2.3', true],
  // packaging does not count against plain numbers
  ['5.2.15-2+b2', '5.2.15', true],
  ['5.2.15-2+b2', '>=5.2', true],
  ['5.2.15-2+b2', '^5.2', true],
  ['5.2.15-2+b2', '>5.2.15', false],
  ['5.2.15-2+b2', '<=5.2.15', true],
  ['2.54.7+dfsg-1', '2.54.7', true],
  // unless the operand has some
  ['5.2.15-2+b2', '>=5.2.15-2', true],
  ['5.2.15-2+b2', '>=5.2.15-3', false],
  ['5.2.15-2+b2', '<<5.2.15-3', true],
  ['5.2.15', '>=5.2.15-1', false],
  ['5.2.15-2', '>>5.2.15', true],
  ['2.54.7+dfsg-2', '>=2.54.7+dfsg-1 <2.54.7+dfsg-3', true],
  // what is before its numbers, and what is after
  ['5.2.15~rc1', '>=5.2.15', false],
  ['5.2.15~rc1', '>=5.2', true],
  ['1.1.1w', '>=1.1.1', true],
  ['1.1.1w', '=1.1.1', false],
  ['2.0~rc1', '^1', false],
  ['2.0~rc1', '^2', false],
  // epochs
  ['1:2.0', '>=3', true],
  ['1:2.0', '<3', false],
  ['1:2.0', '>=1:1.9', true],
  ['2.0', '>=1:1.0', false],
  ['1:2.0-1', '1:1.0 - 1:3.0', true],
  // dates, and what has no number in front
  ['20240701', '>=20240101', true],
  ['20240701123456789', '>=20240701123456788', true],
  ['unstable', '=unstable', true],
  ['unstable', '*', true],
])('%s in %s: %s', (version, range, expected) => {
  expect(satisfies(bytes(version), parseRange(bytes(range)))).toBe(expected);
});

test('a package without a version is in the range of all versions only', () => {
  expect(satisfies(undefined, parseRange(bytes('*')))).toBe(true);
  expect(satisfies(undefined, parseRange(bytes('>=0.1')))).toBe(false);
});

test.each([
  ['^1.2.3.4', "expected a semver version after '^'", 1],
  ['>=', 'expected a version after it', 0],
  ['(>= 1.2)', 'expected a range without parentheses', 0],
  ['>=1, <2', "expected a blank between comparisons, not ','", 0],
  ['>=1 || foo', 'expected a version: it has no number', 7],
  ['>=1 <2$3', "expected a version: it contains '$'", 5],
  ['1.2 - ..', "expected a version: it begins with '.'", 6],
  [' '.repeat(1001), 'longer than 1000 bytes', 1000],
])('%j is refused at its place: %s', (text, problem, at) => {
  expect(readRange(bytes(text))).toMatchObject({ problem, at });
});

test('a range on the command line that is none says how to write one', () => {
  expect(() => parseRange(bytes('>=1/2'))).toThrow(
    expect.objectContaining({ name: 'XhError', code: 'E_RANGE', exit: 2 }),
  );
});

const number = fc.nat(4);
const release = fc.tuple(number, number, number).map((parts) => parts.join('.'));
const partial = fc.oneof(
  release,
  fc.tuple(number, number).map((parts) => parts.join('.')),
  number.map(String),
  fc.constantFrom('1.x', '2.*', 'x'),
);
const comparator = fc
  .tuple(fc.constantFrom('', '<', '<=', '=', '>=', '>', '^', '~', '>= '), partial)
  .map((parts) => parts.join(''));
const semverRange = fc
  .array(
    fc.oneof(
      fc.array(comparator, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')),
      fc.tuple(partial, partial).map((ends) => ends.join(' - ')),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((parts) => parts.join(' || '));

test('releases are in semver ranges exactly when semver says so, packaged or not', () => {
  fc.assert(
    fc.property(
      release,
      semverRange,
      fc.constantFrom('', '-1', '-2+b1', '+dfsg-1'),
      (version, text, packaging) => {
        const range = parseRange(bytes(text));
        const expected = semver.satisfies(version, text);
        expect([version, text, satisfies(bytes(version + packaging), range)]).toEqual([
          version,
          text,
          expected,
        ]);
      },
    ),
    { numRuns: 2000 },
  );
});

test('any text is a range, or has a problem inside it', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(...'0123.~^<>=|-+*xv :,()a\xe9\t'.split('')),
        maxLength: 40,
      }),
      (text) => {
        expect(['in', 'out', 'problem']).toContain(outcome(text as Bytes));
      },
    ),
    { numRuns: 3000 },
  );
});

function outcome(text: Bytes): string {
  const range = readRange(text);
  if ('problem' in range) {
    return range.at <= text.length && range.length > 0 ? 'problem' : 'problem outside';
  }
  // as it is kept, it reads back as the same
  if (isAny(parseRange(range.text)) !== isAny(range)) return 'kept as something else';
  return satisfies(bytes('1.2.3'), range) || satisfies(bytes('1:2~x-3'), range) ? 'in' : 'out';
}

test('a packaged version whose upstream ends with a word is no prerelease', () => {
  const range = (text: string) => parseRange(bytes(text));
  for (const text of ['>=2.1.8-stable', '>=2.1.8', '^2.1.8', '<2.2']) {
    expect(satisfies(b`2.1.12-stable-8+deb12u1`, range(text)), text).toBe(true);
    expect(satisfies(b`2.1.12-stable-8`, range(text)), text).toBe(true);
  }
  expect(satisfies(b`2.1.7-stable-8`, range('>=2.1.8-stable'))).toBe(false);
  expect(satisfies(b`2.1.12-rc-8`, range('>=2.1.8'))).toBe(false);
  expect(satisfies(b`2.1.12-stable`, range('>=2.1.8'))).toBe(false);
});

import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import semver from 'semver';
import { expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { compareDebian } from '../../src/package/debian-version.ts';
import { compareVersions, isSemver } from '../../src/package/versions.ts';

/** Ascending, in Debian's order. */
const DEBIAN = `
0~~ 0~~a 0~ 0 0a 0.4-1 0.04-8+b1 0.270 0.17029-2 1~rc1 1 1-0.1 1-1 1.0~beta1~svn1245 1.0~beta1
1.0 1.0-1 1.0-1+b1 1.0-1.1 1.0-2 1.0-10 1.0+dfsg-1 1.0.4-3 1.0.git20240101-1 1.3.3+ds-1 1.3.4-1 2.4+20151223.gitfa8646d.1-2+b2
2.38.1-5+deb12u2 2.38.1-5+deb12u3 2.54.7+dfsg-1~deb12u1 2.54.7+dfsg-1 3.0pl1-162 3.3a-3 3.06-4 3.7-1
5.9.20210829.0-1 59c-28+deb12u1 20230710~deb12u1 20230710 1:0.1 1:1.2.3-1 2:1.1.5-1 2:1.2.3-1
`
  .trim()
  .split(/\s+/)
  .map((each) => bytes(each));

/** Ascending, in ours. */
const OURS = `
0.9 v1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1
1.0.0~rc2 1.0.0 1.0.0-1 1.0.0-1+b1 1.0.0-10 1.0.0a 1.0.0+build v1.0.1 1.0.1.1 1.2-rc1 1.2 1.2-1 1.2.0 1.10
2024.07.01 git20240101 1:0.5
`
  .trim()
  .split(/\s+/)
  .map((each) => bytes(each));

const sign = (order: number): number => Math.sign(order);

test.each([
  ['Debian', DEBIAN, compareDebian],
  ['our', OURS, compareVersions],
])('%s order holds for every pair of the table', (_, table, compare) => {
  for (const [i, a] of table.entries()) {
    for (const [j, c] of table.entries()) {
      expect([a, c, sign(compare(a, c))]).toEqual([a, c, sign(i - j)]);
    }
  }
});

test('Debian versions are in the same order in ours', () => {
  for (let i = 1; i < DEBIAN.length; i++) {
    const [a, c] = [DEBIAN[i - 1] ?? bytes(''), DEBIAN[i] ?? bytes('')];
    expect([a, c, sign(compareVersions(a, c))]).toEqual([a, c, -1]);
  }
});

test('versions that mean the same are equal', () => {
  for (const [a, c] of [
    ['1.0', '1.00'],
    ['1.0', '1.0-0'],
    ['0:1.0', '1.0'],
    ['1.0.0', 'v1.0.0'],
  ] as const) {
    expect(compareVersions(bytes(a), bytes(c))).toBe(0);
  }
});

const part = fc.constantFrom(
  '0',
  '1',
  '9',
  '10',
  '007',
  'a',
  'rc',
  '~',
  '+',
  '.',
  '-',
  'dfsg',
  'Z',
);
const debian = fc
  .tuple(
    fc.constantFrom('', '0:', '1:', '12:'),
    fc.nat(20),
    fc.array(part, { maxLength: 6 }),
    fc.constantFrom('', '-1', '-0.1', '-2+b1', '-1~bpo1'),
  )
  .map(([epoch, first, rest, revision]) => bytes(`${epoch}${first}${rest.join('')}${revision}`))
  // dpkg wants a revision after a hyphen
  .filter((version) => !version.endsWith('-'));
const anything = fc.oneof(
  debian,
  fc
    .string({ unit: fc.constantFrom(...'0129.~+-:avR\xe9'.split('')), maxLength: 8 })
    .map((text) => text as Bytes),
);

test('dpkg has the same order, on versions of this host and made-up ones', () => {
  const made = fc.sample(fc.tuple(debian, debian), { numRuns: 200, seed: 1991 });
  const pairs = [...made, ...DEBIAN.slice(1).map((each, i) => [DEBIAN[i] ?? each, each] as const)];
  const installed = spawnSync('dpkg-query', ['-W', '-f', '${Version}\n'], { encoding: 'utf8' });
  const real = (installed.stdout ?? '')
    .split('\n')
    .filter(Boolean)
    .slice(0, 200)
    .map((each) => bytes(each));
  pairs.push(...real.slice(1).map((each, i) => [real[i] ?? each, each] as const));
  const answers = dpkgCompares(pairs);
  // without dpkg the tables above have to do
  for (const [i, answer] of answers.entries()) {
    const [a, c] = pairs[i] ?? [bytes(''), bytes('')];
    expect([a, c, sign(compareDebian(a, c))]).toEqual([a, c, answer]);
  }
  expect([0, pairs.length]).toContain(answers.length);
});

/** -1, 0, 1 for each pair; nothing where there is no dpkg. */
function dpkgCompares(pairs: readonly (readonly [Bytes, Bytes])[]): number[] {
  const script = `command -v dpkg >/dev/null || exit 0
while read -r a b; do
  if dpkg --compare-versions "$a" lt "$b"; then echo -1
  elif dpkg --compare-versions "$a" eq "$b"; then echo 0
  else echo 1; fi
done 2>/dev/null`;
  const input = pairs.map(([a, c]) => `${a} ${c}\n`).join('');
  const { stdout } = spawnSync('sh', ['-c', script], { input, encoding: 'latin1' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

test('ours is a total order over anything', () => {
  fc.assert(
    fc.property(anything, anything, anything, (a, c, e) => {
      expect(compareVersions(a, a)).toBe(0);
      expect(sign(compareVersions(a, c))).toBe(-sign(compareVersions(c, a)) + 0);
      const [low, middle, high] = [a, c, e].toSorted(compareVersions) as [Bytes, Bytes, Bytes];
      expect(compareVersions(low, middle)).toBeLessThanOrEqual(0);
      expect(compareVersions(middle, high)).toBeLessThanOrEqual(0);
      expect(compareVersions(low, high)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 3000 },
  );
});

test('Debian order is a total order, too, and ours where nothing looks like a prerelease', () => {
  fc.assert(
    fc.property(debian, debian, debian, (a, c, e) => {
      const [low, middle, high] = [a, c, e].toSorted(compareDebian) as [Bytes, Bytes, Bytes];
      expect(compareDebian(low, middle)).toBeLessThanOrEqual(0);
      expect(compareDebian(low, high)).toBeLessThanOrEqual(0);
      expect(compareDebian(middle, high)).toBeLessThanOrEqual(0);
      // nor has a dot before what is neither number nor word, which nobody writes
      fc.pre(![a, c].some((each) => /^[\d:]*\d(?:\.\d+)*-[A-Za-z]|\.(?![0-9A-Za-z])/.test(each)));
      expect([a, c, sign(compareVersions(a, c))]).toEqual([a, c, sign(compareDebian(a, c))]);
    }),
    { numRuns: 3000 },
  );
});

const identifier = fc.oneof(
  fc.nat(12).map(String),
  fc.constantFrom('alpha', 'beta', 'rc', 'x7', 'a-b', 'Z', 'rc10', 'rc9'),
);
const semantic = fc
  .tuple(
    fc.tuple(fc.nat(3), fc.nat(12), fc.nat(3)),
    fc.constantFrom('alpha', 'beta', 'rc', 'rc10', 'rc9', 'a-b'),
    fc.array(identifier, { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([release, first, more, isRelease]) =>
    bytes(`${release.join('.')}${isRelease ? '' : `-${[first, ...more].join('.')}`}`),
  );

test('semver versions are in the order of semver', () => {
  fc.assert(
    fc.property(semantic, semantic, (a, c) => {
      expect([isSemver(a), isSemver(c)]).toEqual([true, true]);
      expect([a, c, sign(compareVersions(a, c))]).toEqual([a, c, semver.compare(a, c)]);
    }),
    { numRuns: 2000 },
  );
});

test('what is called semver here is semver', () => {
  fc.assert(
    fc.property(anything, (version) => {
      expect(isSemver(version) && semver.valid(version) === null).toBe(false);
    }),
    { numRuns: 2000 },
  );
  for (const no of [
    '1.2',
    'v1.2.3',
    '1.2.3-1',
    '01.2.3',
    '1.2.3.4',
    '1.2.3-a..b',
    '1.2.3-rc.01',
    '',
  ]) {
    expect([no, isSemver(bytes(no))]).toEqual([no, false]);
  }
});

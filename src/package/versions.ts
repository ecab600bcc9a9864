/**
 * The order of versions: semver's for semver, Debian's for everything else, and one total order
 * over both, so that any set of versions can be sorted.
 *
 * A version is an epoch (0 when it has none), the dotted numbers that it begins with, and the
 * rest. Numbers are compared first, a missing one as 0 (that is semver's coercion). Where they are
 * equal, prereleases as semver writes them (`-` and a letter: `1.2.0-rc.1`) come before everything
 * else, in semver's order; everything else is in Debian's. `-` and a digit is a packaging revision
 * (`5.2.15-2`, `2.1.12-stable-8`), as all distributions write it, although semver's grammar would call
 * it a prerelease; and what follows a `+` counts (`1.2.3+deb12u1`), although semver ignores it.
 */
import { slice, type Bytes } from '../bytes/bytes.ts';
import { compareDebian, compareNumbers } from './debian-version.ts';

/** Negative, 0 or positive; a total order. */
export function compareVersions(a: Bytes, c: Bytes): number {
  const left = shapeOf(a);
  const right = shapeOf(c);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    left.rank - right.rank ||
    compareReleases(left.release, right.release) ||
    compareStages(left, right) ||
    compareDebian(left.plain, right.plain)
  );
}

/**
 * How `version` stands to plain dotted numbers, as the operand of a range: what packaging added to
 * it (`-2`, `+dfsg`) does not count, so that `5.2.15-2` is 5.2.15, while `5.2.15~rc1` is before it
 * and `5.2.15a` after it. With `numbersOnly` nothing but the numbers counts.
 */
export function compareToNumbers(version: Bytes, numbers: Bytes, numbersOnly = false): number {
  const shape = shapeOf(version);
  const order =
    compareNumbers(shape.epoch, '0') ||
    shape.rank ||
    compareReleases(shape.release, numbers.split('.'));
  if (order !== 0 || numbersOnly) return order;
  if (shape.prerelease !== undefined || shape.rest.startsWith('~')) return -1;
  return /^(?:$|[-+])/.test(shape.rest) ? 0 : 1;
}

/** Whether `version` is semver through and through: three numbers, then `-letter…` and `+…` at most. */
export function isSemver(version: Bytes): boolean {
  const shape = shapeOf(version);
  return (
    SEMVER_RELEASE.test(slice(version, 0, version.length - shape.rest.length)) &&
    (shape.prerelease === undefined
      ? /^(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/.test(shape.rest)
      : shape.prerelease
          .split('.')
          .every((id) => /^(?:0|[1-9]\d{0,14}|\d*[A-Za-z-][0-9A-Za-z-]*)$/.test(id)))
  );
}

const SEMVER_RELEASE = /^(?:(?:0|[1-9]\d{0,14})(?:\.(?!$)|$)){3}$/;

interface Shape {
  readonly epoch: string;
  /** -1 before, 1 after those that begin with a digit. */
  readonly rank: -1 | 0 | 1;
  readonly release: readonly string[];
  /** What follows the release. */
  readonly rest: string;
  /** Of `-rc.1+build`: `rc.1`. */
  readonly prerelease?: string;
  /** The version without a leading `v`. */
  readonly plain: Bytes;
}

function shapeOf(version: Bytes): Shape {
  const plain = /^v\d/.test(version) ? slice(version, 1) : version;
  const epoch = /^\d+(?=:)/.exec(plain)?.[0];
  const body = epoch === undefined ? plain : slice(plain, epoch.length + 1);
  const release = /^\d+(?:\.\d+)*/.exec(body)?.[0] ?? '';
  const rest = body.slice(release.length);
  const stage = /^-([A-Za-z][0-9A-Za-z.-]*)(?:\+[0-9A-Za-z.-]*)?$/.exec(rest)?.[1];
  const prerelease = stage !== undefined && isPackaged(stage) ? undefined : stage;
  return {
    epoch: epoch ?? '0',
    rank: release !== '' || rest === '' ? 0 : rest.startsWith('~') ? -1 : 1,
    release:
      release === '' ? [] : [...release.split('.'), ...(/^\.[A-Za-z]/.test(rest) ? [WORD] : [])],
    rest,
    ...(prerelease !== undefined && release !== '' && { prerelease }),
    plain,
  };
}

/**
 * A word that tells of no stage, with a packaging revision after it: `2.1.12-stable-8` is what a
 * distribution made of `2.1.12-stable`, and in `>=2.1.8` for everybody who depends on it.
 */
function isPackaged(stage: string): boolean {
  return /-\d+$/.test(stage) && !/^(?:a|alpha|b|beta|c|dev|m|pre|preview|rc)(?![a-z])/i.test(stage);
}

/** A word in place of a number (`1.0.git2024`) is after every number, as Debian has it. */
const WORD = 'word';

function compareReleases(a: readonly string[], c: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, c.length); i++) {
    const left = a[i] ?? '0';
    const right = c[i] ?? '0';
    const order = Number(left === WORD) - Number(right === WORD) || compareNumbers(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

/** Prereleases before the rest, in the order of semver 2.0.0, section 11. */
function compareStages(a: Shape, c: Shape): number {
  if (a.prerelease === undefined || c.prerelease === undefined) {
    return Number(c.prerelease !== undefined) - Number(a.prerelease !== undefined);
  }
  const left = a.prerelease.split('.');
  const right = c.prerelease.split('.');
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareIdentifiers(a: string, c: string): number {
  const isNumber = /^\d+$/.test(a);
  if (isNumber !== /^\d+$/.test(c)) return isNumber ? -1 : 1;
  return isNumber ? compareNumbers(a, c) : a < c ? -1 : a > c ? 1 : 0;
}

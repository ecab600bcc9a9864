/**
 * Version ranges: semver's (`^1.2`, `>=1.2 <3`, `1.x || 2.x`, `1.2 - 1.9`), and comparisons with
 * any version at all (`>=1:2.0~rc1`, `<<5.2.15-2`), which are Debian's.
 *
 * A version that is semver is matched by semver itself, prerelease rule included: `2.0.0-beta.1`
 * is in `^2.0.0-beta` but not in `>=1`. Any other version is compared with each operand: with one
 * that is plain numbers by the version's own numbers, with any other one as `compareVersions` does.
 */
import semver from 'semver';
import { concat, printable, slice, trim, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { packageNameProblem, versionProblem } from './name.ts';
import { compareToNumbers, compareVersions, isSemver } from './versions.ts';

export interface VersionRange {
  readonly text: Bytes;
  /** One of them has to match with all its comparators. */
  readonly alternatives: readonly (readonly Comparator[])[];
  /** The same range for versions that are semver; absent when an operand is not. */
  readonly semver?: semver.Range;
}

/** `OP OPERAND`. */
export interface Comparator {
  readonly op: '<' | '<=' | '=' | '>=' | '>';
  readonly operand: Bytes;
  /**
   * What of the version is compared: all of it; its numbers, packaging set aside; or the numbers
   * only, so that `<2.0.0-0`, the end of `^1`, is before every prerelease of 2.0.0.
   */
  readonly by: 'version' | 'numbers' | 'numbers-only';
}

/** What is wrong with a range; offset and length in its text. */
export interface RangeProblem {
  readonly problem: string;
  readonly at: number;
  readonly length: number;
  readonly hint?: string;
}

/** Whether `version` is in `range`. A package without a version is only in the range of all. */
export function satisfies(version: Bytes | undefined, range: VersionRange): boolean {
  if (isAny(range)) return true;
  if (version === undefined) return false;
  if (range.semver !== undefined && isSemver(version)) return range.semver.test(version);
  return range.alternatives.some((all) => all.every((each) => holds(version, each)));
}

/** Whether every version is in it. */
export function isAny(range: VersionRange): boolean {
  return range.alternatives.some((all) => all.length === 0);
}

/** A range that is right. @throws XhError `E_RANGE` (exit 2) */
export function parseRange(text: Bytes): VersionRange {
  const range = readRange(text);
  if (!('problem' in range)) return range;
  throw new XhError('E_RANGE', `'${printable(text)}' is no version range: ${range.problem}`, {
    exit: EXIT.usage,
    remedy: range.hint ?? "write for example '^1.2', '>=1.2 <3' or '1.2 || 2.x'",
  });
}

/** A longer range is a mistake. */
const MAX_LENGTH = 1000;

/** The range that `text` says, or what is wrong with it. Never throws. */
export function readRange(text: Bytes): VersionRange | RangeProblem {
  if (text.length > MAX_LENGTH) {
    return { problem: `longer than ${MAX_LENGTH} bytes`, at: MAX_LENGTH, length: 1 };
  }
  const alternatives: (readonly Comparator[])[] = [];
  let allSemver = true;
  let at = 0;
  for (const part of text.split('||') as Bytes[]) {
    const read = readAlternative(part, at);
    if ('problem' in read) return read;
    alternatives.push(read.comparators);
    allSemver &&= read.isSemver;
    at += part.length + 2;
  }
  const whole = allSemver ? semverRange(trim(text)) : undefined;
  return { text: trim(text), alternatives, ...(whole !== undefined && { semver: whole }) };
}

interface Read {
  readonly comparators: readonly Comparator[];
  readonly isSemver: boolean;
}

/** Comparators that all have to hold. */
function readAlternative(text: Bytes, at: number): Read | RangeProblem {
  const tokens = tokensOf(text);
  const [first, second, third] = tokens;
  if (second?.text === '-' && first !== undefined && third !== undefined && tokens.length === 3) {
    return readHyphen(text, [first, third], at);
  }
  const comparators: Comparator[] = [];
  let allSemver = true;
  for (const token of tokens) {
    const read = readToken(token, at);
    if ('problem' in read) return read;
    comparators.push(...read.comparators);
    allSemver &&= read.isSemver;
  }
  return { comparators, isSemver: allSemver };
}

/** `A - B`: from A to B, both included. */
function readHyphen(text: Bytes, ends: readonly [Token, Token], at: number): Read | RangeProblem {
  const range = ends.some((end) => isForDebian(end.text)) ? undefined : semverRange(trim(text));
  if (range !== undefined) return { comparators: fromSemver(range), isSemver: true };
  for (const end of ends) {
    const problem = versionProblem(end.text);
    if (problem !== undefined) return badVersion(end, at, problem);
  }
  const [low, high] = ends;
  return {
    comparators: [debianComparator('>=', low.text), debianComparator('<=', high.text)],
    isSemver: false,
  };
}

interface Token {
  readonly text: Bytes;
  /** Offset in the alternative. */
  readonly at: number;
}

/** Words; an operator that stands alone is taken together with the next one. */
function tokensOf(text: Bytes): readonly Token[] {
  const tokens: Token[] = [];
  let operator: Token | undefined;
  for (const match of text.matchAll(/[^ \t\r\n]+/g)) {
    const word = match[0] as Bytes;
    if (operator !== undefined) {
      tokens.push({ text: concat(operator.text, word), at: operator.at });
      operator = undefined;
    } else if (OPERATOR.exec(word)?.[0] === word) operator = { text: word, at: match.index };
    else tokens.push({ text: word, at: match.index });
  }
  if (operator !== undefined) tokens.push(operator);
  return tokens;
}

const OPERATOR = /^(?:<<|>>|<=|>=|==|~>|[<>=^~])/;

function readToken(token: Token, at: number): Read | RangeProblem {
  const sign = OPERATOR.exec(token.text)?.[0] ?? '';
  const operand = slice(token.text, sign.length);
  const problem = wrongNotation(token, operand, at);
  if (problem !== undefined) return problem;
  if (sign !== '<<' && sign !== '>>' && !isForDebian(operand)) {
    const range = semverRange(concat((sign === '==' ? '=' : sign) as Bytes, operand));
    // what semver calls invalid, 1.2.3.4 for example, is compared as Debian does
    if (range !== undefined) return { comparators: fromSemver(range), isSemver: sign !== '==' };
  }
  const bad = versionProblem(operand);
  if (bad !== undefined)
    return badVersion({ ...token, text: operand, at: token.at + sign.length }, at, bad);
  // a bare word is rather a second name than a version
  if (sign === '' && !/\d/.test(operand)) return badVersion(token, at, 'it has no number');
  switch (sign) {
    case '^':
    case '~':
    case '~>':
      return {
        problem: `expected a semver version after '${sign}'`,
        at: at + token.at + sign.length,
        length: operand.length,
        hint: `write '>=${operand}', perhaps with an upper bound`,
      };
    case '<<':
      return { comparators: [{ op: '<', operand, by: 'version' }], isSemver: false };
    case '>>':
      return { comparators: [{ op: '>', operand, by: 'version' }], isSemver: false };
    default:
      return {
        comparators: [debianComparator(sign === '==' ? '=' : sign, operand)],
        isSemver: false,
      };
  }
}

/** Ranges as other systems write them. */
function wrongNotation(token: Token, operand: Bytes, at: number): RangeProblem | undefined {
  const place = { at: at + token.at, length: token.text.length };
  if (operand === '') return { problem: 'expected a version after it', ...place };
  if (/[()]/.test(token.text)) {
    return { problem: 'expected a range without parentheses', ...place, hint: "write '>=1.2'" };
  }
  if (token.text.includes(',')) {
    return {
      problem: "expected a blank between comparisons, not ','",
      ...place,
      hint: "write '>=1.2 <3'",
    };
  }
  return undefined;
}

function badVersion(token: Token, at: number, problem: string): RangeProblem {
  return {
    problem: `expected a version: ${problem}`,
    at: at + token.at,
    length: Math.max(1, token.text.length),
    ...(packageNameProblem(token.text) === undefined && /^[A-Za-z]/.test(token.text)
      ? { hint: 'one package a line' }
      : {}),
  };
}

/** Operands that semver would read as something else: a revision, a build that counts. */
function isForDebian(operand: Bytes): boolean {
  return operand.includes('+') || /^v?\d+(?:\.\d+)*-\d(?!$)|^v?\d+(?:\.\d+)*-[1-9]$/.test(operand);
}

function debianComparator(sign: string, operand: Bytes): Comparator {
  const op = sign === '<' || sign === '<=' || sign === '>=' || sign === '>' ? sign : '=';
  return { op, operand, by: /^\d+(?:\.\d+)*$/.test(operand) ? 'numbers' : 'version' };
}

function semverRange(text: Bytes): semver.Range | undefined {
  try {
    return new semver.Range(text);
  } catch {
    return undefined;
  }
}

/** The comparators of a range without `||`. */
function fromSemver(range: semver.Range): readonly Comparator[] {
  return (range.set[0] ?? [])
    .filter((each) => each.value !== '')
    .map((each) => {
      const operand = each.semver.version as Bytes;
      const op = each.operator === '' ? '=' : each.operator;
      if (operand.endsWith('-0')) {
        return { op, operand: slice(operand, 0, -2), by: 'numbers-only' };
      }
      return { op, operand, by: operand.includes('-') ? 'version' : 'numbers' };
    });
}

function holds(version: Bytes, { op, operand, by }: Comparator): boolean {
  const order =
    by === 'version'
      ? compareVersions(version, operand)
      : compareToNumbers(version, operand, by === 'numbers-only');
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
  }
}

/**
 * The order of Debian versions, `[EPOCH:]UPSTREAM[-REVISION]`, from deb-version(7): what versions
 * are compared by when they are not semver.
 */
import { type Bytes } from '../bytes/bytes.ts';

/** Negative, 0 or positive, as `dpkg --compare-versions` orders them. */
export function compareDebian(a: Bytes, c: Bytes): number {
  const left = parts(a);
  const right = parts(c);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

/** Decimal digits of any length by their value. */
export function compareNumbers(a: string, c: string): number {
  const left = a.replace(/^0+/, '');
  const right = c.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

interface Parts {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

function parts(version: string): Parts {
  const epoch = /^\d+(?=:)/.exec(version)?.[0];
  const rest = epoch === undefined ? version : version.slice(epoch.length + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: epoch ?? '0',
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

/** Runs of other characters and runs of digits take turns, each pair compared in its own way. */
function comparePart(a: string, c: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < c.length) {
    const iEnd = runEnd(a, i, isNoDigit);
    const jEnd = runEnd(c, j, isNoDigit);
    const words = compareWords(a.slice(i, iEnd), c.slice(j, jEnd));
    if (words !== 0) return words;
    i = runEnd(a, iEnd, isDigit);
    j = runEnd(c, jEnd, isDigit);
    const numbers = compareNumbers(a.slice(iEnd, i), c.slice(jEnd, j));
    if (numbers !== 0) return numbers;
  }
  return 0;
}

function compareWords(a: string, c: string): number {
  for (let k = 0; k < Math.max(a.length, c.length); k++) {
    const difference = weight(a, k) - weight(c, k);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `~` before the end, the end before letters, letters before everything else. */
function weight(word: string, at: number): number {
  if (at >= word.length) return 0;
  const unit = word.charCodeAt(at);
  if (unit === 0x7e) return -1;
  return /[A-Za-z]/.test(word[at] ?? '') ? unit : unit + 256;
}

function runEnd(text: string, from: number, belongs: (unit: number) => boolean): number {
  let end = from;
  while (end < text.length && belongs(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isNoDigit(unit: number): boolean {
  return !isDigit(unit);
}

/** The amounts that tests compare with: times such as `2wks` or an ISO date, sizes, counts. */
import type { Bytes } from '../../bytes/bytes.ts';
import { didYouMean } from '../../message/nearest.ts';
import { problem, quoted, type Problem } from './finding.ts';

/** What a number is compared with. */
export interface Amount {
  /** For `<`, `<=`, `>`, `>=`. */
  readonly value: number;
  /** For `=`: times are equal in the unit that was written, so that `3days` is any moment of that day. */
  equals(actual: number): boolean;
  /** What is equal lies from here… */
  readonly least: number;
  /** … to here. */
  readonly most: number;
}

/** An age in seconds at the time `now` (seconds since the epoch). */
export function parseAge(text: Bytes, now: number): Amount | Problem {
  const found = DURATION.exec(text);
  if (found !== null) {
    const [, count = '', word = ''] = found;
    const unit = UNITS[word.toLowerCase()];
    if (unit !== undefined) {
      const whole = Number(count);
      const value = whole * unit;
      const equals = (age: number): boolean => Math.floor(age / unit) === whole;
      return { value, equals, least: value, most: value + unit };
    }
    return /^m$/i.test(word)
      ? problem('E_RULE_TIME', "'m' may be minutes or months", `write ${count}min or ${count}mon`)
      : problem('E_RULE_TIME', `${quoted(word as Bytes)} is not a unit of time`, unitHint(word));
  }
  const date = DATE.exec(text);
  if (date === null) {
    return problem('E_RULE_TIME', `${quoted(text)} is not a time`, TIME_HINT);
  }
  const moment = parseDate(date);
  if (moment === undefined) return problem('E_RULE_TIME', `there is no date ${quoted(text)}`);
  const value = now - moment.start;
  const least = value - moment.unit;
  return { value, equals: (age) => age <= value && age > least, least, most: value };
}

/** A size in bytes; `k`, `M`, `G` and `T` are powers of 1024. */
export function parseSize(text: Bytes): Amount | Problem {
  const found = SIZE.exec(text);
  if (found === null) {
    return problem(
      'E_RULE_SIZE',
      `${quoted(text)} is not a size`,
      'write bytes, or 10k, 10M, 10G, 10T',
    );
  }
  const [, count = '', suffix = ''] = found;
  const value =
    Number(count) * 1024 ** (suffix === '' ? 0 : 1 + 'kmgt'.indexOf(suffix.toLowerCase()));
  if (Number.isSafeInteger(value)) return exactly(value);
  return problem('E_RULE_SIZE', `${quoted(text)} is larger than any file`);
}

export function parseCount(text: Bytes): Amount | Problem {
  if (/^[0-9]{1,15}$/.test(text)) return exactly(Number(text));
  return problem('E_RULE_VALUE', `${quoted(text)} is not a number`);
}

function exactly(value: number): Amount {
  return { value, equals: (actual) => actual === value, least: value, most: value };
}

function unitHint(word: string): string {
  return didYouMean(word, Object.keys(UNITS)) ?? TIME_HINT;
}

/** Seconds since the epoch, and how long what was written lasts; local time unless it says otherwise. */
function parseDate(
  found: RegExpExecArray,
): { readonly start: number; readonly unit: number } | undefined {
  const [, year, month, day, hour = '0', minute = '0', second, zone] = found;
  const parts = [year, month, day, hour, minute, second ?? '0'].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = parts;
  const utc = new Date(0);
  utc.setUTCFullYear(y, m - 1, d);
  utc.setUTCHours(h, min, s);
  // a 30th of February rolls over
  if (utc.getUTCMonth() !== m - 1 || utc.getUTCDate() !== d || h > 23 || min > 59 || s > 59) {
    return undefined;
  }
  const unit = found[4] === undefined ? 86_400 : second === undefined ? 60 : 1;
  if (zone === undefined) {
    const local = new Date(2000, 0, 1);
    local.setFullYear(y, m - 1, d);
    local.setHours(h, min, s, 0);
    return { start: local.getTime() / 1000, unit };
  }
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  const ahead =
    offset === null
      ? 0
      : (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -60 : 60);
  return { start: utc.getTime() / 1000 - ahead, unit };
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Seconds; a month is 30 days, a year 365. */
const UNITS: Readonly<Record<string, number>> = Object.assign(
  Object.create(null) as Record<string, number>,
  ...Object.entries({
    's sec secs second seconds': 1,
    'min mins minute minutes': MINUTE,
    'h hr hrs hour hours': HOUR,
    'd day days': DAY,
    'w wk wks week weeks': 7 * DAY,
    'mon mons month months': 30 * DAY,
    'y yr yrs year years': 365 * DAY,
  }).map(([words, seconds]) => Object.fromEntries(words.split(' ').map((word) => [word, seconds]))),
) as Readonly<Record<string, number>>;

const DURATION = /^([0-9]{1,9}) ?([A-Za-z]+)$/;
const SIZE = /^([0-9]{1,15})([kKmMgGtT]?)$/;
const DATE =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$/;
const TIME_HINT =
  'write a number with a unit (90s 15min 8hrs 3days 2wks 6mon 1yr) or a date such as 2024-01-31';

/**
 * When a crontab line runs: the five fields and the `@` words of Debian's cron 3.0pl1. What that
 * cron accepts without ever running it (`5-1`) or reads otherwise than it looks (`1-2-3`) is refused.
 */
import { printable, slice, type Bytes } from '../bytes/bytes.ts';
import { didYouMean } from '../message/nearest.ts';

export interface ScheduleProblem {
  /** Offset in the field. */
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names of the numbers from `low` on. */
  readonly names: readonly string[];
}

export const FIELDS: readonly Field[] = [
  { name: 'minute', low: 0, high: 59, names: [] },
  { name: 'hour', low: 0, high: 23, names: [] },
  { name: 'day of month', low: 1, high: 31, names: [] },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  {
    name: 'day of week',
    low: 0,
    high: 7,
    names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
  },
];

const NICKNAMES: readonly string[] = [
  '@reboot',
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
];

/** What is wrong with an `@` word, if anything. */
export function checkNickname(word: Bytes): ScheduleProblem | undefined {
  if (NICKNAMES.includes(word)) return undefined;
  return {
    offset: 0,
    length: word.length,
    message: `cron knows no '${printable(word)}'`,
    hint: didYouMean(word.toLowerCase(), NICKNAMES) ?? NICKNAMES.join(' '),
  };
}

/** What is wrong with one of the five fields: lists of `*`, `N`, `N-M`, the ranges with `/STEP`. */
export function checkField(text: Bytes, field: Field): ScheduleProblem | undefined {
  let offset = 0;
  for (const part of text.split(',')) {
    const found = checkPart(part as Bytes, field, text);
    if (found) return { ...found, offset: offset + found.offset };
    offset += part.length + 1;
  }
  return undefined;
}

function checkPart(part: Bytes, field: Field, whole: Bytes): ScheduleProblem | undefined {
  const slash = part.indexOf('/');
  const range = slash < 0 ? part : slice(part, 0, slash);
  if (part === '') return problem(0, 1, `an empty part in the ${field.name} '${printable(whole)}'`);
  const dash = range.indexOf('-');
  if (range !== '*') {
    const from = slice(range, 0, dash < 0 ? undefined : dash);
    const low = numberOf(from, field);
    if (typeof low === 'string') return problem(0, from.length, low, hintFor(from, field));
    if (dash >= 0) {
      const to = slice(range, dash + 1);
      const high = numberOf(to, field);
      if (typeof high === 'string') return problem(dash + 1, to.length, high, hintFor(to, field));
      if (high < low) {
        return problem(
          0,
          range.length,
          `the range ${printable(range)} runs backwards: cron would never run it`,
          field.high === 7 && high === 0
            ? `${low}-7`
            : `${low}-${field.high === 7 ? 6 : field.high},${field.low}-${high}`,
        );
      }
    } else if (slash >= 0) {
      return problem(
        slash,
        part.length - slash,
        'a step needs a range or * before it',
        `${low}-${field.high}${slice(part, slash)}`,
      );
    }
  }
  if (slash >= 0) {
    const step = slice(part, slash + 1);
    if (!/^0*[1-9][0-9]{0,3}$/.test(step)) {
      return problem(slash + 1, step.length, `'${printable(step)}' is no step`, '1 or more');
    }
  }
  return undefined;
}

function problem(offset: number, length: number, message: string, hint?: string): ScheduleProblem {
  return { offset, length: Math.max(1, length), message, hint };
}

/** The number that `text` says, or what is wrong with it. */
function numberOf(text: Bytes, field: Field): number | string {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return field.low + named;
  if (!/^[0-9]{1,9}$/.test(text)) return `'${printable(text)}' is no ${field.name}`;
  const number = Number(text);
  if (number >= field.low && number <= field.high) return number;
  return `${printable(text)} is no ${field.name}`;
}

function hintFor(text: Bytes, field: Field): string {
  const short = field.names.find((name) => text.toLowerCase().startsWith(name));
  if (short !== undefined) return `write '${short}'`;
  const names = field.names.length > 0 ? `, or ${field.names[0]} to ${field.names.at(-1)}` : '';
  return `${field.low} to ${field.high}${names}`;
}

/**
 * Regular expressions on names and paths: JavaScript's, in Unicode mode, always against the whole
 * text, on characters rather than bytes (see characters.ts). What people write by habit works too: a
 * needless backslash before punctuation, POSIX classes such as `[[:digit:]]`, `]` first in a class.
 *
 * Nothing guards against patterns that take exponential time, such as `(a+)+b`: names are short,
 * and the author of a rule has nobody else's run to spoil.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { didYouMean } from '../../message/nearest.ts';
import { characters } from './characters.ts';
import { isProblem, problem, type Problem } from './finding.ts';
import { byteShapes, type Shape } from './shape.ts';
import { regexpShapes } from './regexp-shape.ts';

export interface Pattern {
  matches(text: Bytes): boolean;
  /** What every match looks like: it has one of these shapes. */
  readonly shapes: readonly Shape<Bytes>[];
}

/** The pattern that matches when `expression` matches the whole of a text. */
export function compileRegexp(expression: Bytes): Pattern | Problem {
  const source = translate(characters(expression));
  if (isProblem(source)) return source;
  let whole: RegExp;
  try {
    // by itself first: `a)(b` must not become right by being wrapped
    void new RegExp(source.text, FLAGS);
    whole = new RegExp(`^(?:${source.text})$`, FLAGS);
    // some limits are only found when it is used, and separately for wide characters
    whole.test('');
    whole.test('\u0100');
  } catch (error) {
    return problem('E_RULE_PATTERN', `not a regular expression: ${reason(error)}`, HINT);
  }
  const shapes = byteShapes(regexpShapes(source.text));
  if (shapes.every((shape) => shape.exact)) return literalPattern(shapes);
  return { matches: (text) => whole.test(characters(text)), shapes };
}

/** The pattern that matches the exact texts of `shapes`. */
export function literalPattern(shapes: readonly Shape<Bytes>[]): Pattern {
  const texts = new Set<Bytes>(shapes.map((shape) => shape.prefix));
  const [only] = texts;
  return {
    matches: texts.size === 1 ? (text) => text === only : (text) => texts.has(text),
    shapes,
  };
}

/** `expression` as JavaScript's Unicode mode wants it. */
function translate(expression: string): { readonly text: string } | Problem {
  let text = '';
  let at = 0;
  while (at < expression.length) {
    const c = expression.charAt(at);
    if (c === '\\') {
      const pair = translateEscape(expression.charAt(at + 1), false);
      if (typeof pair !== 'string') return pair;
      text += pair;
      at += 2;
    } else if (c === '[') {
      const found = translateClass(expression, at);
      if ('problem' in found) return found;
      text += found.text;
      at = found.end;
    } else {
      text += c === ']' ? '\\]' : c;
      at++;
    }
  }
  return { text };
}

function translateEscape(c: string, inClass: boolean): string | Problem {
  if (c === '<' || c === '>') {
    return problem('E_RULE_PATTERN', `'\\${c}' is not supported`, "write '\\b' for a word's edge");
  }
  if (/[\^$\\.*+?()[\]{}|/]/.test(c) || (inClass && c === '-')) return `\\${c}`;
  // Unicode mode has no escapes of other punctuation, and they mean the character itself
  return /^[!-/:-@[-`{-~ ]$/.test(c) || c > '\x7f' ? c : `\\${c}`;
}

/** The class that begins at `start`, and where it ends; an unclosed one is left to RegExp to refuse. */
function translateClass(
  expression: string,
  start: number,
): { readonly text: string; readonly end: number } | Problem {
  let text = '[';
  let at = start + 1;
  if (expression.charAt(at) === '^') {
    text += '^';
    at++;
  }
  if (expression.charAt(at) === ']') {
    text += '\\]';
    at++;
  }
  while (at < expression.length) {
    const c = expression.charAt(at);
    const named = c === '[' ? posixName(expression, at) : undefined;
    if (named !== undefined) {
      const members = POSIX_CLASSES[named];
      if (members === undefined) {
        const hint = didYouMean(named, Object.keys(POSIX_CLASSES));
        return problem('E_RULE_PATTERN', `unknown character class '[:${named}:]'`, hint);
      }
      text += members;
      at += named.length + 4;
    } else if (c === '\\') {
      const pair = translateEscape(expression.charAt(at + 1), true);
      if (typeof pair !== 'string') return pair;
      text += pair;
      at += 2;
    } else {
      text += c;
      at++;
      if (c === ']') break;
    }
  }
  return { text, end: at };
}

/** `digit` where `[:digit:]` stands at `at`. */
function posixName(expression: string, at: number): string | undefined {
  POSIX.lastIndex = at;
  return POSIX.exec(expression)?.[1];
}

/** What RegExp says, without the expression, which is longer than what was written. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = message.slice(message.lastIndexOf(': ') + 1).trim();
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** `.` matches a new line too: names may contain it. */
const FLAGS = 'su';
const HINT = "'name~GLOB' takes shell patterns; quotes keep ( ) | { } together";
const POSIX = /\[:([a-z]{1,10}):\]/y;
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '\\p{L}\\p{Nl}\\p{Nd}',
  alpha: '\\p{L}\\p{Nl}',
  blank: ' \\t',
  cntrl: '\\p{Cc}',
  digit: '0-9',
  graph: '!-~\\u00a1-\\u{10ffff}',
  lower: '\\p{Ll}',
  print: ' -~\\u00a1-\\u{10ffff}',
  punct: '\\p{P}$+<=>^`|~',
  space: '\\s',
  upper: '\\p{Lu}',
  xdigit: '0-9A-Fa-f',
};

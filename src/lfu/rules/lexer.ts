/**
 * The words of the rule language. What ends a value depends on where it stands (a test's regular
 * expression, an action's command), so the parser asks for the token that it expects instead of
 * being handed one; every function here takes a cursor and moves it.
 *
 * Scripts are byte strings: only ASCII white space separates, and every other byte is just a byte.
 */
import { slice, type Bytes } from '../../bytes/bytes.ts';
import { problem, type Problem } from './finding.ts';
import {
  OPERATORS,
  type Operator,
  type Part,
  type Quote,
  type ScriptText,
  type Span,
  type Value,
  type Word,
} from './syntax.ts';

export interface Cursor {
  readonly script: ScriptText;
  /** The next byte. */
  offset: number;
  readonly report: (at: Span, found: Problem) => void;
}

/** The byte at the cursor, `''` at the end. */
export function peek(cursor: Cursor): string {
  return cursor.script.text.charAt(cursor.offset);
}

export function spanFrom(cursor: Cursor, start: number): Span {
  return { script: cursor.script, start, end: cursor.offset };
}

/** White space and comments; whether a line ended among them. */
export function skipBlank(cursor: Cursor): boolean {
  const start = cursor.offset;
  match(cursor, BLANK);
  while (match(cursor, COMMENT) !== '') match(cursor, BLANK);
  return cursor.script.text.slice(start, cursor.offset).includes('\n');
}

/** The key of a test, or the name of an action; undefined when there is none. */
export function takeWord(cursor: Cursor): Word | undefined {
  const start = cursor.offset;
  const text = match(cursor, WORD);
  return text === '' ? undefined : { text, span: spanFrom(cursor, start) };
}

export function takeOperator(cursor: Cursor): Operator | undefined {
  const text = match(cursor, OPERATOR);
  return OPERATORS.find((operator) => operator === text);
}

/**
 * The value of a test or of a statement: a bare word or a string, with `@` before it for a list
 * when `lists` is set. Reports and returns undefined when there is none.
 */
export function takeValue(cursor: Cursor, lists: boolean): Value | undefined {
  const start = cursor.offset;
  const list = lists && peek(cursor) === '@';
  if (list) cursor.offset++;
  const quote = quoteAt(cursor);
  const parts = quote === 'bare' ? takeBare(cursor) : takeString(cursor, quote);
  if (parts === undefined) return undefined;
  if (quote === 'bare' && parts.length === 0) {
    cursor.report(spanFrom(cursor, start), MISSING_VALUE);
    return undefined;
  }
  if (quote !== 'bare' && !AFTER_STRING.test(peek(cursor))) {
    cursor.report(here(cursor), GLUED);
    match(cursor, BARE);
  }
  return { quote, list, parts, span: spanFrom(cursor, start) };
}

/**
 * The value of an action: a word or a string like any other, or everything up to `;`, `}` or the end
 * of the line, in which quotes protect as they do in sh.
 */
export function takeActionValue(cursor: Cursor): Value | undefined {
  const start = cursor.offset;
  const quote = quoteAt(cursor);
  if (quote !== 'bare') {
    const parts = takeString(cursor, quote);
    if (parts === undefined) return undefined;
    const value: Value = { quote, list: false, parts, span: spanFrom(cursor, start) };
    match(cursor, SPACE);
    const alone = AFTER_ACTION.test(peek(cursor));
    cursor.offset = alone ? value.span.end : start;
    if (alone) return value;
  }
  const end = endOfWords(cursor);
  if (end === start) {
    cursor.report(here(cursor), MISSING_VALUE);
    return undefined;
  }
  const several = /[ \t]|^["']/.test(cursor.script.text.slice(start, end));
  const parts = takeParts(cursor, end, 'words');
  return { quote: several ? 'words' : 'bare', list: false, parts, span: spanFrom(cursor, start) };
}

/** Moves to the next of `stops`, or to the end; strings are not looked into. */
export function skipTo(cursor: Cursor, stops: string): void {
  const { text } = cursor.script;
  while (cursor.offset < text.length && !stops.includes(text.charAt(cursor.offset))) {
    cursor.offset++;
  }
}

/** The single byte at the cursor. */
export function here(cursor: Cursor): Span {
  return { script: cursor.script, start: cursor.offset, end: cursor.offset + 1 };
}

function takeBare(cursor: Cursor): Part[] {
  const start = cursor.offset;
  match(cursor, BARE);
  const end = cursor.offset;
  cursor.offset = start;
  return takeParts(cursor, end, 'bare');
}

function takeString(cursor: Cursor, quote: 'double' | 'single'): Part[] | undefined {
  const { script, offset: start } = cursor;
  const end = endOfString(script.text, start);
  if (end === undefined) {
    match(cursor, LINE);
    cursor.report({ script, start, end: start + 1 }, UNCLOSED);
    return undefined;
  }
  cursor.offset = start + 1;
  const parts =
    quote === 'single'
      ? textParts(slice(script.text, start + 1, end - 1))
      : takeParts(cursor, end - 1, 'double');
  cursor.offset = end;
  return parts;
}

/** After the string that begins at `start`; undefined when it does not end on its line. */
function endOfString(text: Bytes, start: number): number | undefined {
  const quote = text.charAt(start);
  // a loop, since one regular expression with alternatives overflows its stack on long strings
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === quote) return at + 1;
    if (c === '\\' && quote === '"') at++;
    if (text.charAt(at) === '\n') return undefined;
  }
  return undefined;
}

/** Where an unquoted action value ends: at `;`, `}`, a comment or the end of the line. */
function endOfWords(cursor: Cursor): number {
  const { text } = cursor.script;
  let at = cursor.offset;
  let last = at;
  while (at < text.length && !ENDS_WORDS.includes(text.charAt(at))) {
    const c = text.charAt(at);
    const opens = at === cursor.offset || BEFORE_QUOTE.test(text.charAt(at - 1));
    if (c === '#' && opens) break;
    // a quote that does not close on its line is an apostrophe
    const protectedTo =
      c === '$'
        ? endOf(VARIABLE_OR_BRACED, text, at)
        : c === '\\'
          ? endOf(ESCAPED, text, at)
          : opens && (c === '"' || c === "'")
            ? endOfString(text, at)
            : undefined;
    at = protectedTo ?? at + 1;
    if (c !== ' ' && c !== '\t') last = at;
  }
  return last;
}

/** Where the match of `pattern` (sticky) that begins at `at` ends. */
function endOf(pattern: RegExp, text: Bytes, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/**
 * The text up to `end`, with its `$NAME` taken out. A backslash protects a `$`; it goes only where
 * it stands before one of the four characters that a double-quoted string escapes, so that a
 * regular expression needs no doubled backslashes.
 */
function takeParts(cursor: Cursor, end: number, quote: Exclude<Quote, 'single'>): Part[] {
  const { text } = cursor.script;
  const parts: Part[] = [];
  let literal = '';
  while (cursor.offset < end) {
    const start = cursor.offset;
    const c = text.charAt(start);
    if (c === '\\' && start + 1 < end) {
      const pair = text.slice(start, start + 2);
      literal += (quote === 'double' ? ESCAPES[pair] : undefined) ?? pair;
      cursor.offset += 2;
      continue;
    }
    const variable = c === '$' ? variableAt(cursor, end, quote) : undefined;
    if (variable === undefined) {
      literal += c;
      cursor.offset++;
      continue;
    }
    parts.push(...textParts(literal as Bytes), variable);
    literal = '';
  }
  parts.push(...textParts(literal as Bytes));
  return parts;
}

function variableAt(cursor: Cursor, end: number, quote: Quote): Part | undefined {
  const start = cursor.offset;
  const found = match(cursor, quote === 'bare' ? VARIABLE : VARIABLE_OR_BRACED);
  if (found === '' || cursor.offset > end) {
    cursor.offset = start;
    return undefined;
  }
  const name = found.replace(/[${}]/g, '');
  return { kind: 'variable', name, span: spanFrom(cursor, start) };
}

function textParts(text: Bytes): Part[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}

function quoteAt(cursor: Cursor): 'double' | 'single' | 'bare' {
  const c = peek(cursor);
  return c === '"' ? 'double' : c === "'" ? 'single' : 'bare';
}

/** What `pattern` (sticky) matches at the cursor, which moves behind it; `''` when it does not. */
function match(cursor: Cursor, pattern: RegExp): Bytes {
  pattern.lastIndex = cursor.offset;
  const found = pattern.exec(cursor.script.text)?.[0] ?? '';
  cursor.offset += found.length;
  return found as Bytes;
}

// JavaScript's \s would take the byte A0, which is part of many UTF-8 characters
const BLANK = /[ \t\r\n\f\v]*/y;
const SPACE = /[ \t]*/y;
const COMMENT = /#[^\n]*/y;
const LINE = /[^\n]*/y;
const WORD = /[^ \t\r\n\f\v=;{}|&()<>!~"'#]+/y;
const OPERATOR = /!=|!~|<=|>=|[=~<>]/y;
const BARE = /[^ \t\r\n\f\v|&{});]+/y;
const VARIABLE = /\$[A-Za-z_][A-Za-z0-9_]*/y;
const VARIABLE_OR_BRACED = /\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})/y;
const AFTER_STRING = /^[ \t\r\n\f\v|&{});]?$/;
const AFTER_ACTION = /^[;}\r\n#]?$/;
const ESCAPED = /\\[^\r\n]/y;
const ENDS_WORDS = ';}\n\r|&{)';
/** A quote or a `#` within a word is just a character. */
const BEFORE_QUOTE = /[ \t=:,("'`]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\"': '"',
  '\\\\': '\\',
  '\\n': '\n',
  '\\t': '\t',
};

const MISSING_VALUE = problem(
  'E_RULE_VALUE',
  'a value is missing',
  'write one, in quotes when it begins with # or contains blanks or any of | & { } ) ;',
);
const GLUED = problem('E_RULE_SYNTAX', 'white space is missing after the string');
const UNCLOSED = problem(
  'E_RULE_STRING',
  'the string is not closed on its line',
  'a string ends on the line where it begins; \\n in "…" is a new line',
);

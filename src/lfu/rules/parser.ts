/**
 * Rule scripts to syntax trees. The parser never gives up: after an error it goes on at the next
 * place that looks like a beginning, so that one run names all mistakes.
 */
import type { Diagnostic } from '../../message/diagnostic.ts';
import { finding, problem, type Problem } from './finding.ts';
import { meantJoin } from './habits.ts';
import {
  here,
  peek,
  skipBlank,
  skipTo,
  spanFrom,
  takeOperator,
  takeValue,
  takeWord,
  type Cursor,
} from './lexer.ts';
import { parseBlock } from './parse-block.ts';
import { parseCondition } from './parse-condition.ts';
import type { ArmNode, ChainNode, Item, ScriptText } from './syntax.ts';

export interface Parsed {
  readonly items: readonly Item[];
  /** In the order of the script; empty when all of it was understood. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The syntax tree of `script`, as far as it can be made out. Never throws. */
export function parseScript(script: ScriptText): Parsed {
  const diagnostics: Diagnostic[] = [];
  const cursor: Cursor = {
    script,
    offset: script.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0,
    report(at, found) {
      if (diagnostics.length < MOST) diagnostics.push(finding(at, found));
      else cursor.offset = script.text.length;
    },
  };
  const items: Item[] = [];
  const nul = script.text.indexOf('\0');
  if (nul >= 0) cursor.report({ script, start: nul, end: nul + 1 }, NUL);
  while ((skipBlank(cursor), peek(cursor) !== '')) {
    const item = parseItem(cursor);
    if (item !== undefined) items.push(item);
  }
  return { items, diagnostics };
}

function parseItem(cursor: Cursor): Item | undefined {
  const c = peek(cursor);
  if (c === ';' || c === '}') {
    cursor.report(here(cursor), c === ';' ? STRAY_SEMICOLON : STRAY_BRACE);
    cursor.offset++;
    return undefined;
  }
  const start = cursor.offset;
  const word = takeWord(cursor);
  skipBlank(cursor);
  const isTest = takeOperator(cursor) !== undefined;
  cursor.offset = word?.span.end ?? start;
  if (word !== undefined && !isTest) {
    if (word.text === 'include') return parseInclude(cursor, start);
    if (word.text === 'set') return parseSet(cursor, start);
    if (word.text === 'else') {
      cursor.report(word.span, STRAY_ELSE);
      return undefined;
    }
  }
  cursor.offset = start;
  return parseChain(cursor);
}

function parseInclude(cursor: Cursor, start: number): Item | undefined {
  skipBlank(cursor);
  const path = takeValue(cursor, false);
  if (!endStatement(cursor, path !== undefined) || path === undefined) return undefined;
  return { kind: 'include', path, span: spanFrom(cursor, start) };
}

function parseSet(cursor: Cursor, start: number): Item | undefined {
  skipBlank(cursor);
  const name = takeWord(cursor);
  if (name === undefined || !VARIABLE_NAME.test(name.text)) {
    cursor.report(name?.span ?? here(cursor), BAD_NAME);
    endStatement(cursor, false);
    return undefined;
  }
  skipBlank(cursor);
  if (peek(cursor) === '=') cursor.offset++;
  skipBlank(cursor);
  const value = takeValue(cursor, false);
  if (!endStatement(cursor, value !== undefined) || value === undefined) return undefined;
  return { kind: 'set', name, value, span: spanFrom(cursor, start) };
}

/** `include` and `set` end at `;` or with their line; anything else there is reported and skipped. */
function endStatement(cursor: Cursor, report: boolean): boolean {
  const end = cursor.offset;
  const newLine = skipBlank(cursor);
  const c = peek(cursor);
  if (c === ';') cursor.offset++;
  if (c === ';' || c === '' || newLine) {
    if (c !== ';') cursor.offset = end;
    return true;
  }
  if (report) cursor.report(here(cursor), MORE_VALUES);
  skipTo(cursor, ';\n');
  return false;
}

function parseChain(cursor: Cursor): ChainNode | undefined {
  const start = cursor.offset;
  const arms: ArmNode[] = [];
  for (;;) {
    const arm = parseArm(cursor, arms.length > 0);
    if (arm !== undefined) arms.push(arm);
    const end = cursor.offset;
    skipBlank(cursor);
    const word = takeWord(cursor);
    if (word?.text !== 'else') {
      cursor.offset = end;
      break;
    }
    if (arm !== undefined && arm.condition === undefined) {
      cursor.report(word.span, ELSE_AFTER_ELSE);
    }
    skipBlank(cursor);
  }
  return arms.length === 0 ? undefined : { kind: 'chain', arms, span: spanFrom(cursor, start) };
}

/** One `condition { … }`; `{ … }` alone where `optional`. */
function parseArm(cursor: Cursor, optional: boolean): ArmNode | undefined {
  const start = cursor.offset;
  if (peek(cursor) === '{') {
    if (!optional) cursor.report(here(cursor), NO_CONDITION);
    const actions = parseBlock(cursor);
    return optional ? { actions, span: spanFrom(cursor, start) } : undefined;
  }
  const condition = parseCondition(cursor);
  skipBlank(cursor);
  if (peek(cursor) !== '{') {
    if (condition !== undefined) {
      cursor.report(here(cursor), expectedBlock(cursor));
    }
    skipTo(cursor, '{};');
    if (peek(cursor) !== '{') {
      cursor.offset++;
      skipActions(cursor);
      return undefined;
    }
  }
  const actions = parseBlock(cursor);
  return condition && { condition, actions, span: spanFrom(cursor, start) };
}

/** The rest of a line on which actions stand without braces, and no further rule begins. */
function skipActions(cursor: Cursor): void {
  const start = cursor.offset;
  skipTo(cursor, '{\n');
  if (peek(cursor) === '{') cursor.offset = start;
}

function expectedBlock(cursor: Cursor): Problem {
  const c = peek(cursor);
  const start = cursor.offset;
  const word = takeWord(cursor)?.text ?? c;
  cursor.offset = start;
  if (c === ')') {
    return problem(
      'E_RULE_SYNTAX',
      "')' without '('",
      "a value that contains ')' is put in quotes",
    );
  }
  return problem(
    'E_RULE_SYNTAX',
    "'{', '&' or '|' is expected here",
    c === ''
      ? undefined
      : (meantJoin(word) ??
          'actions stand between { and }; a value that contains blanks is put in quotes'),
  );
}

const BYTE_ORDER_MARK = '\xef\xbb\xbf';
/** A file that is no script at all need not be read to its end. */
const MOST = 50;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const NUL = problem('E_RULE_SYNTAX', 'a NUL byte cannot stand in a script');
const STRAY_SEMICOLON = problem('E_RULE_SYNTAX', "';' without an action", 'remove it');
const STRAY_BRACE = problem('E_RULE_SYNTAX', "'}' without '{'");
const STRAY_ELSE = problem('E_RULE_SYNTAX', "'else' without a rule before it");
const ELSE_AFTER_ELSE = problem(
  'E_RULE_SYNTAX',
  "'else' after an 'else' without a condition",
  'the one before it applies to everything',
);
const NO_CONDITION = problem(
  'E_RULE_SYNTAX',
  'a condition is missing',
  "name~'*' is true of every object",
);
const BAD_NAME = problem(
  'E_RULE_VARIABLE',
  'a variable name is expected here',
  'set NAME VALUE, NAME of letters, digits and _',
);
const MORE_VALUES = problem(
  'E_RULE_SYNTAX',
  'one value is expected',
  'a value that contains blanks is put in quotes',
);

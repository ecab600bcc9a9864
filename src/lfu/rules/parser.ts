/**
 * Rule scripts to syntax trees. The parser never gives up: after an error it goes on at the next
 * place that looks like a beginning, so that one run names all mistakes.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Diagnostic } from '../../message/diagnostic.ts';
import { finding, problem, quoted, type Problem } from './finding.ts';
import {
  here,
  peek,
  skipBlank,
  skipTo,
  spanFrom,
  takeActionValue,
  takeOperator,
  takeValue,
  takeWord,
  type Cursor,
} from './lexer.ts';
import type {
  ActionNode,
  ArmNode,
  ChainNode,
  Condition,
  Item,
  ScriptText,
  Span,
  TestNode,
} from './syntax.ts';

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
  const condition = parseOr(cursor, 0);
  skipBlank(cursor);
  if (peek(cursor) !== '{') {
    if (condition !== undefined) {
      cursor.report(here(cursor), expectedBlock(cursor));
    }
    skipTo(cursor, '{};');
    if (peek(cursor) !== '{') {
      cursor.offset++;
      return undefined;
    }
  }
  const actions = parseBlock(cursor);
  return condition && { condition, actions, span: spanFrom(cursor, start) };
}

function parseOr(cursor: Cursor, depth: number): Condition | undefined {
  return parseOperands(cursor, 'or', '|', () =>
    parseOperands(cursor, 'and', '&', () => parseUnary(cursor, depth)),
  );
}

function parseOperands(
  cursor: Cursor,
  kind: 'and' | 'or',
  sign: '&' | '|',
  parseOperand: () => Condition | undefined,
): Condition | undefined {
  const start = cursor.offset;
  const operands: Condition[] = [];
  for (;;) {
    const operand = parseOperand();
    if (operand === undefined) return undefined;
    operands.push(operand);
    const end = cursor.offset;
    skipBlank(cursor);
    if (peek(cursor) !== sign) {
      cursor.offset = end;
      const [first] = operands;
      return operands.length === 1 ? first : { kind, operands, span: spanFrom(cursor, start) };
    }
    cursor.offset++;
    if (peek(cursor) === sign) {
      cursor.report(
        { script: cursor.script, start: cursor.offset - 1, end: cursor.offset + 1 },
        problem('E_RULE_SYNTAX', `'${sign}${sign}' is not an operator`, `write '${sign}'`),
      );
      cursor.offset++;
    }
    skipBlank(cursor);
  }
}

function parseUnary(cursor: Cursor, depth: number): Condition | undefined {
  const start = cursor.offset;
  const c = peek(cursor);
  if (c !== '!' && c !== '(') return parseTest(cursor);
  if (depth >= DEEPEST) {
    cursor.report(here(cursor), TOO_DEEP);
    return undefined;
  }
  cursor.offset++;
  skipBlank(cursor);
  if (c === '!') {
    const operand = parseUnary(cursor, depth + 1);
    return operand && { kind: 'not', operand, span: spanFrom(cursor, start) };
  }
  const inner = parseOr(cursor, depth + 1);
  if (inner === undefined) return undefined;
  skipBlank(cursor);
  if (peek(cursor) === ')') {
    cursor.offset++;
    return inner;
  }
  cursor.report({ script: cursor.script, start, end: start + 1 }, UNCLOSED_PAREN);
  return undefined;
}

function parseTest(cursor: Cursor): TestNode | undefined {
  const start = cursor.offset;
  const key = takeWord(cursor);
  if (key === undefined) {
    cursor.report(here(cursor), EXPECTED_TEST);
    return undefined;
  }
  skipBlank(cursor);
  const operator = takeOperator(cursor);
  if (operator === undefined) {
    cursor.report(key.span, noOperator(cursor, key.span, key.text));
    return undefined;
  }
  if (operator === '=' && peek(cursor) === '=') {
    cursor.report(here(cursor), DOUBLE_EQUALS);
    cursor.offset++;
  }
  skipBlank(cursor);
  const value = takeValue(cursor, true);
  return value && { kind: 'test', key, operator, value, span: spanFrom(cursor, start) };
}

/** The actions between braces; the cursor stands on the opening one. */
function parseBlock(cursor: Cursor): ActionNode[] {
  const open = here(cursor);
  cursor.offset++;
  const actions: ActionNode[] = [];
  for (;;) {
    skipBlank(cursor);
    const c = peek(cursor);
    if (c === '') {
      cursor.report(open, UNCLOSED_BRACE);
      return actions;
    }
    if (c === '}') {
      cursor.offset++;
      return actions;
    }
    if (c === ';') {
      cursor.offset++;
      continue;
    }
    const result = parseAction(cursor);
    if (result === 'end of block') return actions;
    if (result !== undefined) actions.push(result);
  }
}

function parseAction(cursor: Cursor): ActionNode | 'end of block' | undefined {
  const start = cursor.offset;
  const word = takeWord(cursor);
  if (word === undefined) {
    cursor.report(here(cursor), EXPECTED_ACTION);
    cursor.offset++;
    skipTo(cursor, ';}\n');
    return undefined;
  }
  const end = cursor.offset;
  skipBlank(cursor);
  const equals = peek(cursor) === '=';
  if (equals) {
    cursor.offset++;
    skipBlank(cursor);
  }
  if (!equals && (peek(cursor) === ';' || peek(cursor) === '}' || peek(cursor) === '')) {
    if (peek(cursor) === '') cursor.offset = end;
    return { word, span: { script: cursor.script, start, end } };
  }
  const value = isCondition(cursor) ? undefined : takeActionValue(cursor);
  const span = spanFrom(cursor, start);
  const newLine = skipBlank(cursor);
  const c = peek(cursor);
  if ('|&{)<>!~'.includes(c) && c !== '') {
    return wrongEnd(cursor, word.span, start, value !== undefined && !newLine);
  }
  if (value === undefined) {
    skipTo(cursor, ';}\n');
    return undefined;
  }
  if (c !== ';' && c !== '}' && c !== '') {
    // only a new line or another value stands here
    cursor.report({ ...span, start: span.end, end: span.end + 1 }, NO_SEMICOLON);
  }
  return { word, value, span };
}

/** Whether what follows an action's word is an operator, so that a new rule was meant. */
function isCondition(cursor: Cursor): boolean {
  return '<>!~|&{)'.includes(peek(cursor)) && peek(cursor) !== '';
}

/** Something that ends no action: the block was not closed, or a value wants quotes. */
function wrongEnd(
  cursor: Cursor,
  word: Span,
  start: number,
  afterValue: boolean,
): 'end of block' | undefined {
  const c = peek(cursor);
  // `owner=x {` inside a block is the next rule's beginning
  const probe: Cursor = { script: cursor.script, offset: start, report: () => undefined };
  const condition = parseOr(probe, 0);
  skipBlank(probe);
  if (condition !== undefined && peek(probe) === '{') {
    cursor.report(word, MISSING_BRACE);
    cursor.offset = start;
    return 'end of block';
  }
  cursor.report(
    here(cursor),
    afterValue
      ? problem('E_RULE_SYNTAX', `'${c}' ends a value`, 'put the whole value in quotes')
      : problem('E_RULE_SYNTAX', `'${c}' cannot stand here`),
  );
  skipTo(cursor, ';}\n');
  return undefined;
}

function noOperator(cursor: Cursor, key: Span, text: Bytes): Problem {
  const before = cursor.script.text.charAt(key.start - 1);
  if (before === '|' || before === '&') {
    return problem(
      'E_RULE_SYNTAX',
      `${quoted(text)} is not a test`,
      `a value that contains '${before}' is put in quotes; type letters are joined: type=fd`,
    );
  }
  return problem(
    'E_RULE_SYNTAX',
    `an operator is missing after ${quoted(text)}`,
    'a test is KEY OP VALUE, such as owner=root or age>2wks',
  );
}

function expectedBlock(cursor: Cursor): Problem {
  const c = peek(cursor);
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
    c === '' ? undefined : 'a value that contains blanks is put in quotes',
  );
}

const BYTE_ORDER_MARK = '\xef\xbb\xbf';
/** Far more than anybody writes, far less than the stack holds. */
const DEEPEST = 100;
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
const EXPECTED_TEST = problem(
  'E_RULE_SYNTAX',
  'a test is expected here',
  'a test is KEY OP VALUE, such as owner=root or age>2wks',
);
const EXPECTED_ACTION = problem('E_RULE_SYNTAX', "an action or '}' is expected here");
const DOUBLE_EQUALS = problem('E_RULE_OPERATOR', "'==' is not an operator", "write '='");
const UNCLOSED_PAREN = problem('E_RULE_SYNTAX', "'(' is not closed");
const UNCLOSED_BRACE = problem('E_RULE_SYNTAX', "'{' is not closed");
const MISSING_BRACE = problem('E_RULE_SYNTAX', "'}' is missing before this rule");
const NO_SEMICOLON = problem('E_RULE_SYNTAX', "';' is missing after the action");
const TOO_DEEP = problem('E_RULE_SYNTAX', `conditions are nested more than ${DEEPEST} deep`);
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

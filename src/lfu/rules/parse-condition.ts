/** Conditions of rules: `&` binds closer than `|`, `!` closest. */
import type { Bytes } from '../../bytes/bytes.ts';
import { problem, quoted, type Problem } from './finding.ts';
import { meantBeginning } from './habits.ts';
import {
  here,
  peek,
  skipBlank,
  spanFrom,
  takeOperator,
  takeValue,
  takeWord,
  type Cursor,
} from './lexer.ts';
import type { Condition, Span, TestNode } from './syntax.ts';

/** The condition at the cursor; undefined when there is none, which has been reported then. */
export function parseCondition(cursor: Cursor): Condition | undefined {
  return parseOr(cursor, 0);
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
    meantBeginning(text) ?? 'a test is KEY OP VALUE, such as owner=root or age>2wks',
  );
}

/** Far more than anybody writes, far less than the stack holds. */
const DEEPEST = 100;
const EXPECTED_TEST = problem(
  'E_RULE_SYNTAX',
  'a test is expected here',
  'a test is KEY OP VALUE, such as owner=root or age>2wks',
);
const DOUBLE_EQUALS = problem('E_RULE_OPERATOR', "'==' is not an operator", "write '='");
const UNCLOSED_PAREN = problem('E_RULE_SYNTAX', "'(' is not closed");
const TOO_DEEP = problem('E_RULE_SYNTAX', `conditions are nested more than ${DEEPEST} deep`);

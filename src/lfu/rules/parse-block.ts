/** The part of a rule between braces: actions, and what is said when they do not end as they should. */
import { problem } from './finding.ts';
import {
  here,
  peek,
  skipBlank,
  skipTo,
  spanFrom,
  takeActionValue,
  takeWord,
  type Cursor,
} from './lexer.ts';
import { parseCondition } from './parse-condition.ts';
import type { ActionNode, Span } from './syntax.ts';

/** The actions between braces; the cursor stands on the opening one. */
export function parseBlock(cursor: Cursor): ActionNode[] {
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
  const condition = parseCondition(probe);
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

const EXPECTED_ACTION = problem('E_RULE_SYNTAX', "an action or '}' is expected here");
const UNCLOSED_BRACE = problem('E_RULE_SYNTAX', "'{' is not closed");
const MISSING_BRACE = problem('E_RULE_SYNTAX', "'}' is missing before this rule");
const NO_SEMICOLON = problem('E_RULE_SYNTAX', "';' is missing after the action");

/** Conditions checked: every key and operator known, every value understood. */
import { didYouMean } from '../../message/nearest.ts';
import { findAction } from './actions.ts';
import { isProblem, problem, quoted, type Problem } from './finding.ts';
import { meantTest } from './habits.ts';
import { ask, besideScript, readList, report, resolve, type Reading } from './reading.ts';
import type { Condition, TestNode, Word } from './syntax.ts';
import {
  TESTS,
  findTest,
  type CompiledTest,
  type PositiveOperator,
  type TestKind,
} from './tests.ts';

export interface CheckedTest {
  readonly kind: 'test';
  readonly test: CompiledTest;
  readonly family: TestKind;
  /** `!=` or `!~`. */
  readonly negated: boolean;
  readonly node: TestNode;
}

export type CheckedCondition =
  | CheckedTest
  | { readonly kind: 'not'; readonly operand: CheckedCondition }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly CheckedCondition[] };

export function checkCondition(node: Condition, reading: Reading): CheckedCondition {
  switch (node.kind) {
    case 'test':
      return checkTest(node, reading) ?? FAILED;
    case 'not':
      return { kind: 'not', operand: checkCondition(node.operand, reading) };
    default:
      return {
        kind: node.kind,
        operands: node.operands.map((operand) => checkCondition(operand, reading)),
      };
  }
}

function checkTest(node: TestNode, reading: Reading): CheckedTest | undefined {
  const { key, value } = node;
  const family = findTest(key.text);
  if (family === undefined) {
    report(reading, key.span, unknownTest(key));
    return undefined;
  }
  const negated = node.operator.startsWith('!');
  const operator = (negated ? node.operator.slice(1) : node.operator) as PositiveOperator;
  if (!family.operators.includes(operator)) {
    report(reading, node.span, badOperator(node, family));
    return undefined;
  }
  const text = resolve(value, reading, [])?.constant;
  if (text === undefined) return undefined;
  if (value.list && !family.lists) {
    const found = problem(
      'E_RULE_VALUE',
      `${family.key}= takes no @ list`,
      `owner=@… takes netgroups`,
    );
    report(reading, value.span, found);
    return undefined;
  }
  const { sources } = reading;
  const asked = ask(reading, value.span, () =>
    family.compile({
      operator,
      text,
      list: value.list,
      sources,
      readList: (path) => readList(besideScript(path, node.span.script), reading),
      warn: (found) => report(reading, value.span, found, 'warning'),
    }),
  );
  if (asked === undefined) return undefined;
  const test = asked.answer;
  if (isProblem(test)) {
    report(reading, value.span, test);
    return undefined;
  }
  return { kind: 'test', test, family, negated, node };
}

function unknownTest({ text }: Word): Problem {
  const words = TESTS.map((test) => test.key);
  const hint =
    findAction(text) === undefined
      ? (meantTest(text) ?? didYouMean(text, words))
      : `'${text}' is an action: it stands between { and }`;
  return problem(
    'E_RULE_TEST',
    `unknown test ${quoted(text)}`,
    hint ?? `the tests are ${words.join(' ')}`,
  );
}

function badOperator(node: TestNode, family: TestKind): Problem {
  const all = family.operators.flatMap((op) =>
    op === '=' ? ['=', '!='] : op === '~' ? ['~', '!~'] : [op],
  );
  return problem(
    'E_RULE_OPERATOR',
    `${family.key} cannot be tested with '${node.operator}'`,
    `it knows ${all.join(' ')}`,
  );
}

/** In place of a test that was not understood; the rules are not evaluated then. */
const FAILED: CheckedCondition = { kind: 'or', operands: [] };

/** Why an object is treated as it is: which rules applied, which tests decided, what came of it. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { placeText, type Place } from '../../message/error.ts';
import type { CheckedArm } from './checker.ts';
import type { CheckedCondition } from './check-condition.ts';
import type { Decision } from './decision.ts';
import type { RuleSet } from './evaluator.ts';
import { placeOf } from './finding.ts';
import type { RuleObject } from './object.ts';
import { spanText, type Span } from './syntax.ts';

export interface Explanation {
  readonly object: RuleObject;
  /** All chains, in their order. */
  readonly chains: readonly ChainExplanation[];
  readonly decision: Decision;
}

export interface ChainExplanation {
  readonly place: Required<Place>;
  /** The arms that were tried, to the one that matched. */
  readonly arms: readonly ArmExplanation[];
  /** Which of them matched. */
  readonly matched?: number;
}

export interface ArmExplanation {
  readonly place: Required<Place>;
  /** As written; `else` for one without a condition. */
  readonly condition: string;
  readonly actions: readonly string[];
  readonly matched: boolean;
  /** The tests without which the answer would be another; none for an `else`. */
  readonly because: readonly TestExplanation[];
}

export interface TestExplanation {
  readonly place: Required<Place>;
  readonly test: string;
  readonly result: boolean;
  /** What the object has. */
  readonly actual: string;
}

/** How `rules` come to their decision on `object`. */
export function explainDecision(rules: RuleSet, object: RuleObject): Explanation {
  const chains = rules.chains.map((chain): ChainExplanation => {
    const arms: ArmExplanation[] = [];
    for (const arm of chain.arms) {
      arms.push(explainArm(arm, rules, object));
      if (arms.at(-1)?.matched === true) break;
    }
    const last = arms.length - 1;
    return {
      place: placeOf(chain.node.span),
      arms,
      ...(arms[last]?.matched === true && { matched: last }),
    };
  });
  return { object, chains, decision: rules.decideByTrial(object) };
}

/** A part of an explanation for people: what it is about, and the lines beside that. */
export interface Section {
  readonly label: string;
  readonly lines: readonly string[];
}

/** The rules that applied and why, what came of them; those that did not apply only with `all`. */
export function explanationSections(
  explanation: Explanation,
  options: { readonly all?: boolean } = {},
): readonly Section[] {
  const { chains, decision } = explanation;
  const shown = chains.filter(({ matched }) => matched !== undefined || options.all === true);
  const silent = chains.length - shown.length;
  const sections = shown
    .flatMap(({ arms }) => arms)
    .filter(({ matched }) => matched || options.all === true)
    .map(armSection);
  const others =
    silent === chains.length
      ? `none of ${silent}`
      : silent === 1
        ? '1 other does not'
        : `${silent} others do not`;
  return [
    ...sections,
    ...(silent > 0 ? [{ label: 'rules', lines: [`${others} apply`] }] : []),
    { label: 'so', lines: [decisionText(decision)] },
  ];
}

function armSection({ place, condition, matched, actions, because }: ArmExplanation): Section {
  return {
    label: matched ? 'applies' : 'does not',
    lines: [
      `${placeText(place)}: ${condition}`,
      ...because.map(
        ({ test, result, actual }) => `  ${result ? 'true' : 'false'}: ${test} (${actual})`,
      ),
      ...(matched ? [`  gives: ${actions.join('; ') || 'nothing'}`] : []),
    ],
  };
}

/** A decision in one line, in the words of the rule language. */
export function decisionText(decision: Decision): string {
  const words: string[] = [decision.disposition];
  for (const [key, value] of Object.entries(decision)) if (value === true) words.push(key);
  if (decision.chmod !== undefined) words.push('chmod');
  if (decision.chown !== undefined) words.push(`chown ${decision.chown}`);
  if (decision.chgrp !== undefined) words.push(`chgrp ${decision.chgrp}`);
  for (const { parts } of decision.source ? [decision.source] : []) {
    const text = parts.map((part) => (part.kind === 'text' ? part.text : `$${part.name}`)).join('');
    words.push(`source ${printable(text as Bytes)}`);
  }
  if (decision.exec.length + decision.execOnce.length > 0) words.push('exec');
  return words.join(', ');
}

function explainArm(arm: CheckedArm, rules: RuleSet, object: RuleObject): ArmExplanation {
  const { node, condition } = arm;
  const answer = condition && why(condition, object);
  return {
    place: placeOf(node.span),
    condition: node.condition ? written(node.condition.span) : 'else',
    actions: node.actions.map((action) => written(action.span)),
    matched: answer?.result ?? true,
    because: (answer?.tests ?? []).map((test) => ({
      place: placeOf(test.condition.node.span),
      test: written(test.condition.node.span),
      result: test.result,
      actual: test.condition.family.actual(object, rules.sources),
    })),
  };
}

interface Answer {
  readonly result: boolean;
  readonly tests: readonly {
    readonly condition: Extract<CheckedCondition, { kind: 'test' }>;
    readonly result: boolean;
  }[];
}

/** One operand that decides is reason enough; when none does, all of them are the reason. */
function why(condition: CheckedCondition, object: RuleObject): Answer {
  if (condition.kind === 'test') {
    const result = condition.test.matches(object) !== condition.negated;
    return { result, tests: [{ condition, result }] };
  }
  if (condition.kind === 'not') {
    const { result, tests } = why(condition.operand, object);
    return { result: !result, tests };
  }
  const deciding = condition.kind === 'or';
  const answers = condition.operands.map((operand) => why(operand, object));
  const decider = answers.find(({ result }) => result === deciding);
  if (decider !== undefined) return decider;
  return { result: !deciding, tests: answers.flatMap(({ tests }) => tests) };
}

function written(span: Span): string {
  return printable(spanText(span).replace(/[ \t\r\n]+/g, ' ') as Bytes);
}

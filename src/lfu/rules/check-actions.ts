/** The actions of a rule checked, one by one and against each other. */
import { b } from '../../bytes/bytes.ts';
import { didYouMean } from '../../message/nearest.ts';
import { ACTIONS, findAction, type ActionKind } from './actions.ts';
import { DISPOSITIONS, addEffects, type Disposition, type Effect } from './decision.ts';
import { isProblem, problem, quoted, type Problem } from './finding.ts';
import { meantAction } from './habits.ts';
import { ask, report, resolve, type Reading } from './reading.ts';
import type { ActionNode, Value, Word } from './syntax.ts';
import { advanceShell, type ShellState } from './shell.ts';
import type { Template } from './variables.ts';

/** What `nodes` make of an object together. */
export function checkActions(nodes: readonly ActionNode[], reading: Reading): Effect {
  let effect: Effect = {};
  const kinds: { readonly kind: ActionKind; readonly node: ActionNode }[] = [];
  for (const [index, node] of nodes.entries()) {
    const kind = findAction(node.word.text);
    if (kind === undefined) {
      report(reading, node.word.span, unknownAction(node.word, nodes[index - 1]));
      continue;
    }
    const added = checkAction(node, kind, reading);
    if (added === undefined) continue;
    if (added.disposition !== undefined && effect.disposition !== undefined) {
      report(reading, node.span, twoDispositions(effect.disposition, added.disposition));
    }
    const opposed = kinds.find((earlier) => kind.opposes?.includes(earlier.kind.word));
    if (opposed !== undefined) {
      report(reading, node.span, contradiction(kind.word, opposed.kind.word));
    }
    kinds.push({ kind, node });
    effect = addEffects(effect, added);
  }
  const { disposition } = effect;
  if (disposition === 'link' || disposition === 'shadow') reading.seen.links = true;
  for (const { kind, node } of kinds) {
    if (disposition !== undefined && kind.idle.includes(disposition)) {
      report(reading, node.span, idleAction(kind.word, disposition), 'warning');
    } else if (kind.word === 'source') reading.sourceActions.push(node.span);
  }
  return effect;
}

function checkAction(node: ActionNode, kind: ActionKind, reading: Reading): Effect | undefined {
  const { value } = node;
  if (kind.value === 'none') {
    if (value !== undefined) {
      report(reading, value.span, unwantedValue(kind.word, value));
      return undefined;
    }
  } else if (value === undefined) {
    const found = problem('E_RULE_VALUE', `${kind.word} needs a value`, VALUE_HINTS[kind.value]);
    report(reading, node.word.span, found);
    return undefined;
  } else if (value.quote === 'words' && kind.value === 'word') {
    report(reading, value.span, unwantedValue(kind.word, value));
    return undefined;
  }
  const template = value ? resolve(value, reading, kind.late, kind.value === 'command') : NO_VALUE;
  if (template === undefined) return undefined;
  if (value !== undefined && kind.value === 'command' && endsQuoted(template)) {
    report(reading, value.span, OPEN_QUOTES, 'warning');
  }
  const asked = ask(reading, node.span, () => kind.effect(template, reading.sources));
  if (asked === undefined) return undefined;
  const effect = asked.answer;
  if (!isProblem(effect)) return effect;
  report(reading, value?.span ?? node.span, effect);
  return undefined;
}

function unknownAction({ text }: Word, before: ActionNode | undefined): Problem {
  const words = ACTIONS.map((action) => action.word);
  const hint = /^[0-9]+$|,/.test(text)
    ? "a value that contains '{' is put in quotes"
    : (meantAction(text) ??
      didYouMean(text, words) ??
      (before !== undefined && findAction(before.word.text)?.value === 'command'
        ? "a command that contains ';' is put in quotes"
        : `the actions are ${words.join(' ')}`));
  return problem('E_RULE_ACTION', `unknown action ${quoted(text)}`, hint);
}

function twoDispositions(first: Disposition, second: Disposition): Problem {
  return problem(
    'E_RULE_CONFLICT',
    `'${second}' after '${first}': a rule does one of ${DISPOSITIONS.join(', ')}`,
    'leave one of them out',
  );
}

function contradiction(word: string, earlier: string): Problem {
  return problem(
    'E_RULE_CONFLICT',
    `'${word}' is the opposite of '${earlier}'`,
    'leave one of them out',
  );
}

function idleAction(word: string, disposition: Disposition): Problem {
  return problem(
    'W_RULE_IDLE',
    `'${word}' has no effect on what a rule with '${disposition}' applies to`,
  );
}

/** Most often a `;` was forgotten, and the next action taken for a value. */
function unwantedValue(word: string, value: Value): Problem {
  const none = findAction(word)?.value === 'none';
  const texts = value.parts.map((part) => (part.kind === 'text' ? part.text : ''));
  const next = texts
    .join('')
    .split(/[ \t=]+/)
    .find((text) => findAction(text) !== undefined);
  const advice = none ? `write '${word};'` : 'a value that contains blanks is put in quotes';
  return problem(
    'E_RULE_VALUE',
    none ? `${word} takes no value` : `${word} takes one value`,
    next === undefined ? advice : `write ';' before '${next}'`,
  );
}

/** A guess, since a here document may have any quotes. */
function endsQuoted({ parts }: Template): boolean {
  let state: ShellState = [];
  for (const part of parts) if (part.kind === 'text') state = advanceShell(state, part.text);
  return state.includes('single') || state.includes('double');
}

const OPEN_QUOTES = problem(
  'W_RULE_COMMAND',
  'the command seems to end within quotes',
  'close them, or put the whole command in quotes of the other kind',
);
const NO_VALUE: Template = { parts: [], constant: b`` };
const VALUE_HINTS = {
  word: 'write it behind the word',
  text: 'write it in quotes',
  command: 'write the command, in quotes when it contains any of | & { } ) ;',
} as const;

/**
 * From syntax trees to rules that can be evaluated: every word is looked up, every value understood,
 * every list, netgroup, account and included script read, once. All mistakes of all scripts are
 * found in one go, before anything is touched.
 */
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { checkActions } from './check-actions.ts';
import { checkCondition, type CheckedCondition } from './check-condition.ts';
import type { Effect } from './decision.ts';
import { problem, quoted } from './finding.ts';
import type { RuleSources } from './object.ts';
import { parseScript } from './parser.ts';
import { ask, besideScript, report, resolve, type Reading } from './reading.ts';
import type { ArmNode, ChainNode, IncludeNode, Part, ScriptText, SetNode } from './syntax.ts';
import { LATE_VARIABLES, flatten, resolveValue } from './variables.ts';

export interface CheckedArm {
  /** Without one it applies to whatever the arms before it did not. */
  readonly condition?: CheckedCondition;
  readonly effect: Effect;
  readonly node: ArmNode;
}

export interface CheckedChain {
  readonly arms: readonly CheckedArm[];
  readonly node: ChainNode;
}

export interface CheckedRules {
  readonly chains: readonly CheckedChain[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * The rules of `scripts`, in their order.
 *
 * @throws DiagnosticError with everything that is wrong in any of them (exit 2).
 */
export function checkRules(scripts: readonly ScriptText[], sources: RuleSources): CheckedRules {
  const reading: Reading = {
    sources,
    definitions: new Map<string, readonly Part[]>([
      ['HOST', [{ kind: 'text', text: sources.host }]],
      ['ARCH', [{ kind: 'text', text: sources.arch }]],
    ]),
    diagnostics: [],
    within: [],
    lists: new Map(),
    templates: new Map(),
    sourceActions: [],
    seen: { links: false, includes: 0, errors: 0, warnings: 0 },
  };
  const chains = scripts.flatMap((script) => checkScript(script, reading));
  if (!reading.seen.links) {
    for (const span of reading.sourceActions) report(reading, span, USELESS_SOURCE, 'warning');
  }
  const found = inOrder(reading.diagnostics);
  const errors = found.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new DiagnosticError(errors);
  return { chains, warnings: found };
}

function checkScript(script: ScriptText, outer: Reading): readonly CheckedChain[] {
  const { items, diagnostics } = parseScript(script);
  const reading: Reading = { ...outer, within: [...outer.within, script.file] };
  reading.diagnostics.push(...diagnostics);
  return items.flatMap((item): readonly CheckedChain[] => {
    switch (item.kind) {
      case 'chain':
        return [{ arms: item.arms.map((arm) => checkArm(arm, reading)), node: item }];
      case 'set':
        checkSet(item, reading);
        return [];
      case 'include':
        return checkInclude(item, reading);
    }
  });
}

function checkInclude(node: IncludeNode, reading: Reading): readonly CheckedChain[] {
  const { span } = node.path;
  const named = resolve(node.path, reading, []);
  if (named?.constant === undefined) return [];
  const file = besideScript(named.constant, node.span.script);
  const { within } = reading;
  if (within.includes(file)) {
    const circle = [...within.slice(within.indexOf(file)), file].map(quoted).join(' includes ');
    report(reading, span, problem('E_RULE_INCLUDE', circle));
    return [];
  }
  // two files that include the next two each make more than anyone could wait for
  if (++reading.seen.includes > MOST_INCLUDES) {
    report(reading, span, TOO_MANY_INCLUDES);
    return [];
  }
  const text = ask(reading, span, () => reading.sources.readScript(file));
  if (text === undefined) return [];
  if (text.answer !== undefined) return checkScript({ file, text: text.answer }, reading);
  report(reading, span, problem('E_RULE_INCLUDE', `there is no file ${quoted(file)}`));
  return [];
}

function checkSet(node: SetNode, reading: Reading): void {
  const name: string = node.name.text;
  if (LATE_VARIABLES.some((known) => known === name)) {
    const found = problem('E_RULE_VARIABLE', `$${name} is always set, and to something else`);
    report(reading, node.name.span, found);
    return;
  }
  // whether a variable may wait for the object depends on where the definition is used
  const late = LATE_VARIABLES;
  const result = resolveValue(node.value, reading.definitions, { late });
  if ('found' in result) report(reading, result.span, result.found);
  const parts = 'found' in result ? [] : flatten(node.value.parts, reading.definitions, late);
  reading.definitions.set(name, parts ?? []);
}

function checkArm(node: ArmNode, reading: Reading): CheckedArm {
  const condition = node.condition && checkCondition(node.condition, reading);
  return { ...(condition && { condition }), effect: checkActions(node.actions, reading), node };
}

/** Script by script, each from its top; what was found twice is told once. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ file }) => file))];
  const distinct = new Map(
    diagnostics.map((found) => [
      `${found.file}\0${found.line}\0${found.column}\0${found.message}`,
      found,
    ]),
  );
  return [...distinct.values()].toSorted(
    (a, c) =>
      files.indexOf(a.file) - files.indexOf(c.file) || a.line - c.line || a.column - c.column,
  );
}

const MOST_INCLUDES = 1000;
const TOO_MANY_INCLUDES = problem('E_RULE_INCLUDE', `more than ${MOST_INCLUDES} included scripts`);
const USELESS_SOURCE = problem(
  'W_RULE_IDLE',
  "'source' has no effect without a rule that has 'link' or 'shadow'",
);

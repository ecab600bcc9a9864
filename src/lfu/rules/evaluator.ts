/**
 * Rules applied to objects. A run asks for every object of a tree, a million times, so the common
 * answers cost no allocation: an object to which nothing applies gets the one {@link DEFAULT}, and
 * objects to which the same arms apply share one decision.
 */
import type { Diagnostic } from '../../message/diagnostic.ts';
import type { ScanFilters } from '../../files/scan-filter.ts';
import { indexChains } from './candidates.ts';
import { checkRules, type CheckedChain } from './checker.ts';
import type { CheckedCondition } from './check-condition.ts';
import { DEFAULT, addEffects, decisionOf, type Decision, type Effect } from './decision.ts';
import { filtersOf } from './filter.ts';
import type { RuleObject, RuleSources } from './object.ts';
import type { ScriptText } from './syntax.ts';

export interface RuleSet {
  readonly chains: readonly CheckedChain[];
  /** What is odd about the scripts, and no reason to stop. */
  readonly warnings: readonly Diagnostic[];
  readonly sources: RuleSources;
  /** What the rules want done with `object`; {@link DEFAULT} itself when none applies. */
  decide(object: RuleObject): Decision;
  /** What objects to ask about though they are the same on both sides; undefined for all of them. */
  filters(): ScanFilters | undefined;
  /** The same answer found by trying every chain: for comparison. */
  decideByTrial(object: RuleObject): Decision;
}

/**
 * The rules of `scripts`, in their order (`-f` files and `-e` texts as given), ready to be applied.
 *
 * @throws DiagnosticError with everything that is wrong in them; nothing has been touched then.
 */
export function compileRules(
  scripts: ScriptText | readonly ScriptText[],
  sources: RuleSources,
): RuleSet {
  const { chains, warnings } = checkRules('file' in scripts ? [scripts] : scripts, sources);
  const compiled = compileChains(chains);
  const candidates = indexChains(chains);
  const numbers = new Int32Array(chains.length);
  const decisions = new Decisions(chains);
  return {
    chains,
    warnings,
    sources,
    decide(object) {
      if (compiled.length === 0) return DEFAULT;
      const count = candidates.find(object, numbers);
      let state = decisions.none;
      for (let i = 0; i < count; i++) {
        const number = numbers[i] ?? 0;
        const arm = matchingArm(compiled[number] ?? [], object);
        if (arm >= 0) state = decisions.after(state, number, arm);
      }
      return state.decision;
    },
    filters: () => filtersOf(chains),
    decideByTrial(object) {
      let state = decisions.none;
      for (const [number, arms] of compiled.entries()) {
        const arm = matchingArm(arms, object);
        if (arm >= 0) state = decisions.after(state, number, arm);
      }
      return state.decision;
    },
  };
}

type Predicate = (object: RuleObject) => boolean;

/** The conditions of a chain's arms. */
function compileChains(chains: readonly CheckedChain[]): readonly (readonly Predicate[])[] {
  return chains.map((chain) =>
    chain.arms.map((arm) =>
      arm.condition === undefined ? ALWAYS : compileCondition(arm.condition, false),
    ),
  );
}

function matchingArm(arms: readonly Predicate[], object: RuleObject): number {
  for (let i = 0; i < arms.length; i++) if (arms[i]?.(object) === true) return i;
  return -1;
}

function compileCondition(condition: CheckedCondition, negated: boolean): Predicate {
  if (condition.kind === 'not') return compileCondition(condition.operand, !negated);
  if (condition.kind === 'test') {
    const { test } = condition;
    const isNegated = condition.negated !== negated;
    return isNegated ? (object) => !test.matches(object) : (object) => test.matches(object);
  }
  const all = condition.operands.map((operand) => compileCondition(operand, negated));
  return (condition.kind === 'and') === negated ? anyOf(all) : allOf(all);
}

function anyOf(all: readonly Predicate[]): Predicate {
  const [first = NEVER, second = NEVER] = all;
  if (all.length === 2) return (object) => first(object) || second(object);
  return (object) => all.some((predicate) => predicate(object));
}

function allOf(all: readonly Predicate[]): Predicate {
  const [first = ALWAYS, second = ALWAYS] = all;
  if (all.length === 2) return (object) => first(object) && second(object);
  return (object) => all.every((predicate) => predicate(object));
}

/** The decision after some arms, and where each further one leads. */
interface State {
  readonly decision: Decision;
  readonly effect: Effect;
  readonly next: Map<number, State>;
}

/** All decisions that were ever made, each once. */
class Decisions {
  readonly none: State = { decision: DEFAULT, effect: {}, next: new Map() };
  #made = 0;
  readonly #chains: readonly CheckedChain[];
  readonly #firstArm: readonly number[];

  constructor(chains: readonly CheckedChain[]) {
    this.#chains = chains;
    let total = 0;
    this.#firstArm = chains.map((chain) => (total += chain.arms.length) - chain.arms.length);
  }

  /** `state` where the arm of the chain, a later one than any before, applies too. */
  after(state: State, chain: number, arm: number): State {
    const key = (this.#firstArm[chain] ?? 0) + arm;
    const known = state.next.get(key);
    if (known !== undefined) return known;
    const checked = this.#chains[chain]?.arms[arm];
    if (checked === undefined) return state;
    const effect = addEffects(state.effect, checked.effect);
    const matched = [...state.decision.matched, { chain, arm, span: checked.node.span }];
    const made: State = { decision: decisionOf(effect, matched), effect, next: new Map() };
    // many rules that apply in every combination could otherwise fill the memory
    if (++this.#made > MOST_DECISIONS) {
      this.none.next.clear();
      this.#made = 0;
    }
    state.next.set(key, made);
    return made;
  }
}

const ALWAYS: Predicate = () => true;
const NEVER: Predicate = () => false;
const MOST_DECISIONS = 100_000;

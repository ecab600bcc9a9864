/**
 * The order in which packages are installed: what each needs before it. Pure: from the packages
 * that are there and what is asked for to a list, or to an error that shows the chain.
 */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import {
  bestCandidate,
  nearName,
  noVersion,
  notThere,
  refuse,
  type Problem,
  type Wanted,
} from './candidate.ts';
import { isCalled, nameIndex, type Candidate, type NameIndex } from './newest.ts';
import { dependencyText, type Dependency } from './dependencies.ts';
import { satisfies } from './range.ts';

/** A package that is there, with what it needs. */
export interface Dependent extends Candidate {
  readonly dependencies: readonly Dependency[];
}

/** Something that the host itself should have; never in the way of an install. */
export interface SystemNeed {
  readonly package: Bytes;
  readonly dependency: Dependency;
}

export interface InstallOrder<C extends Dependent> {
  /** Each package after those that it needs. */
  readonly order: readonly C[];
  readonly system: readonly SystemNeed[];
}

/**
 * The packages to install for `wanted`, in order: those asked for in the order given, each after
 * its dependencies in the order of its file. `?NAME` brings nothing in, but comes first when it is
 * to be installed anyway, unless that would make a cycle.
 *
 * Of several versions the one that is already chosen is preferred, then the current one, then the
 * newest, as far as the range allows.
 *
 * @throws XhError (exit 1) `E_DEPENDENCY_MISSING`, `E_DEPENDENCY_VERSION`, `E_DEPENDENCY_CYCLE`,
 *   with the chain from what was asked for; `E_NO_PACKAGE`, `E_NO_VERSION` for what was asked for
 *   itself. Several of the kind are told together.
 */
export function installOrder<C extends Dependent>(
  available: NameIndex<C>,
  wanted: readonly Wanted[],
): InstallOrder<C> {
  const chosen = choose(available, wanted);
  const before = requiredEdges(chosen);
  refuseCycles(chosen, before);
  addOptionalEdges(chosen, before);
  const order = sorted([...chosen.keys()], before).map(
    (directory) => chosen.get(directory)?.package,
  );
  const found = order.filter((each) => each !== undefined);
  return { order: found, system: found.flatMap(systemNeeds) };
}

/** The packages of `available` that need `target`, directly; optional ones left out. */
export function dependents<C extends Dependent>(
  available: readonly C[],
  target: Candidate,
): readonly C[] {
  return available.filter((each) =>
    each.dependencies.some(
      (dependency) =>
        dependency.kind === 'package' &&
        !dependency.optional &&
        isCalled(target, dependency.name) &&
        (dependency.range === undefined || satisfies(target.version, dependency.range)),
    ),
  );
}

/** A package in the set to be installed. */
interface Chosen<C> {
  readonly package: C;
  /** Who asked for it, and with which words; undefined for what the user asked for. */
  readonly because?: { readonly directory: Bytes; readonly dependency: Dependency };
  /** The package of each dependency, by position; undefined for system's and absent optional ones. */
  readonly needs: (Bytes | undefined)[];
}

type ChosenSet<C> = Map<Bytes, Chosen<C>>;
type Edges = Map<Bytes, Bytes[]>;

/** Everything that `wanted` needs, breadth first, so that chains are short. */
function choose<C extends Dependent>(
  byName: NameIndex<C>,
  wanted: readonly Wanted[],
): ChosenSet<C> {
  const chosen: ChosenSet<C> = new Map();
  const problems: Problem[] = [];
  const pick = (wish: Wanted): C | undefined => {
    const candidates = byName.get(wish.name) ?? [];
    const already = candidates.filter(({ directory }) => chosen.has(directory));
    return bestCandidate(already, wish) ?? bestCandidate(candidates, wish);
  };
  for (const wish of wanted) {
    const found = bestCandidate(byName.get(wish.name) ?? [], wish);
    if (found === undefined) problems.push(notThere(wish, byName));
    else if (!chosen.has(found.directory))
      chosen.set(found.directory, { package: found, needs: [] });
  }
  // a Map is walked in the order of insertion, additions included
  for (const [directory, { package: each, needs }] of chosen) {
    for (const dependency of each.dependencies) {
      const required = dependency.kind === 'package' && !dependency.optional;
      const found = required ? pick(dependency) : undefined;
      needs.push(found?.directory);
      if (!required) continue;
      if (found === undefined) problems.push(unmet(dependency, directory, chosen, byName));
      else if (!chosen.has(found.directory)) {
        chosen.set(found.directory, {
          package: found,
          because: { directory, dependency },
          needs: [],
        });
      }
    }
  }
  if (problems.length > 0) refuse(problems);
  return chosen;
}

function requiredEdges<C extends Dependent>(chosen: ChosenSet<C>): Edges {
  return new Map(
    [...chosen].map(([directory, { needs }]) => [
      directory,
      needs.filter((each) => each !== undefined),
    ]),
  );
}

/** `?NAME` only orders what is to be installed anyway, and never at the price of a cycle. */
function addOptionalEdges<C extends Dependent>(chosen: ChosenSet<C>, before: Edges): void {
  const members = nameIndex([...chosen.values()].map((each) => each.package));
  for (const [directory, { package: each }] of chosen) {
    for (const dependency of each.dependencies) {
      if (dependency.kind !== 'package' || !dependency.optional) continue;
      const found = bestCandidate(members.get(dependency.name) ?? [], dependency);
      if (found === undefined || reaches(before, found.directory, directory)) continue;
      before.get(directory)?.push(found.directory);
    }
  }
}

function reaches(edges: Edges, from: Bytes, to: Bytes): boolean {
  const seen = new Set([from]);
  for (const each of seen) {
    if (each === to) return true;
    for (const next of edges.get(each) ?? []) seen.add(next);
  }
  return false;
}

function refuseCycles<C extends Dependent>(chosen: ChosenSet<C>, before: Edges): void {
  const cycle = findCycle([...chosen.keys()], before);
  if (cycle === undefined) return;
  const from = cycle[0] ?? b``;
  refuse([
    {
      code: 'E_DEPENDENCY_CYCLE',
      message: `packages need each other: ${[...cycle, from].map(printable).join(' → ')}`,
      remedy: "make one of these dependencies optional ('?NAME'), or take one out",
    },
  ]);
}

/** Depth first, dependencies first; without recursion, since chains may be long. */
function sorted(roots: readonly Bytes[], edges: Edges): readonly Bytes[] {
  const order: Bytes[] = [];
  walk(roots, edges, { leave: (each) => void order.push(each) });
  return order;
}

function findCycle(roots: readonly Bytes[], edges: Edges): readonly Bytes[] | undefined {
  let cycle: readonly Bytes[] | undefined;
  walk(roots, edges, { again: (path) => void (cycle ??= path) });
  return cycle;
}

function walk(
  roots: readonly Bytes[],
  edges: Edges,
  visit: {
    readonly leave?: (each: Bytes) => void;
    /** The path from a package back to itself. */
    readonly again?: (path: readonly Bytes[]) => void;
  },
): void {
  const state = new Map<Bytes, 'open' | 'done'>();
  for (const root of roots) {
    if (state.has(root)) continue;
    state.set(root, 'open');
    const path = [{ at: root, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = edges.get(top.at)?.[top.next++];
      if (target === undefined) {
        state.set(top.at, 'done');
        visit.leave?.(top.at);
        path.pop();
      } else if (!state.has(target)) {
        state.set(target, 'open');
        path.push({ at: target, next: 0 });
      } else if (state.get(target) === 'open') {
        const names = path.map(({ at }) => at);
        visit.again?.(names.slice(names.indexOf(target)));
      }
    }
  }
}

function systemNeeds(each: Dependent): SystemNeed[] {
  return each.dependencies
    .filter(({ kind }) => kind === 'system')
    .map((dependency) => ({ package: each.directory, dependency }));
}

function unmet<C extends Dependent>(
  dependency: Dependency,
  directory: Bytes,
  chosen: ChosenSet<C>,
  byName: NameIndex,
): Problem {
  const chain = [...chainTo(directory, chosen), dependencyText(dependency)]
    .map(printable)
    .join(' → ');
  const candidates = byName.get(dependency.name) ?? [];
  if (candidates.length > 0) {
    const { message, remedy } = noVersion(dependency, candidates);
    return { code: 'E_DEPENDENCY_VERSION', message: `${chain}: ${message}`, remedy };
  }
  const name = printable(dependency.name);
  return {
    code: 'E_DEPENDENCY_MISSING',
    message: `${chain}: there is no package '${name}'`,
    remedy:
      nearName(dependency.name, byName) ??
      `add the package, or write 'system:${name}' in ${printable(directory)}/.admin/Dependencies when the host has it`,
  };
}

/** From what the user asked for to `directory`. */
function chainTo<C extends Dependent>(directory: Bytes, chosen: ChosenSet<C>): readonly Bytes[] {
  const chain: Bytes[] = [];
  for (let at: Bytes | undefined = directory; at !== undefined;) {
    chain.unshift(at);
    at = chosen.get(at)?.because?.directory;
  }
  return chain;
}

/**
 * `xh deps`: what packages need and who needs them, as a graph that is whole even where a dependency
 * is not: what is missing, does not fit, or goes in a circle is part of the answer.
 */
import { printable, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { installedIn } from '../host/installed.ts';
import { XhError } from '../message/error.ts';
import { bestCandidate, noVersion, notThere, refuse, type Wanted } from '../package/candidate.ts';
import type { Dependent } from '../package/depend.ts';
import { dependencyText, type Dependency } from '../package/dependencies.ts';
import { isCalled, nameIndex, type NameIndex } from '../package/newest.ts';
import { satisfies } from '../package/range.ts';
import { hostHas } from '../site/host-has.ts';
import type { Site } from '../site/site.ts';
import { availablePackages } from './available.ts';

/** What one line of `Dependencies` comes to. */
export interface Need {
  readonly dependency: Dependency;
  /**
   * `package`: one of the depot is there for it; `absent`: none is, and it can be done without;
   * `missing`, `version`: none is, or none in the range, and the package cannot be installed;
   * `host`, `not on the host`: the host's own affair, which blocks nothing.
   */
  readonly state: 'package' | 'absent' | 'missing' | 'version' | 'host' | 'not on the host';
  /** The package that is there for it. */
  readonly by?: Bytes;
  /** What is wrong, in words. */
  readonly problem?: string;
}

export interface Needing {
  readonly directory: Bytes;
  readonly version?: Bytes;
  readonly installed: boolean;
  readonly needs: readonly Need[];
  /** Its own files cannot be read. */
  readonly problem?: string;
}

/** Packages with what they need, from those asked for to all that these lead to. */
export interface DependencyGraph {
  readonly roots: readonly Bytes[];
  /** Breadth first. */
  readonly packages: ReadonlyMap<Bytes, Needing>;
  /** Each from a package back to itself, which is not said twice. */
  readonly cycles: readonly (readonly Bytes[])[];
}

/** Who needs something, directly. */
export interface NeededBy {
  readonly directory: Bytes;
  readonly dependency: Dependency;
}

export interface ReverseGraph {
  readonly roots: readonly Bytes[];
  /** What each is: a package of the depot, or a name that only others know (`system:libc6`). */
  readonly packages: ReadonlyMap<Bytes, { readonly version?: Bytes; readonly installed: boolean }>;
  readonly neededBy: ReadonlyMap<Bytes, readonly NeededBy[]>;
}

/**
 * All that `wanted` need. Of several versions the one is taken that an install would take: one that
 * is needed already, the current one, the newest, as far as the range allows.
 * @throws XhError E_NO_PACKAGE, E_NO_VERSION for what was asked for itself
 */
export function dependencyGraph(site: Site, wanted: readonly Wanted[]): DependencyGraph {
  const available = availablePackages(site);
  const byName = nameIndex(available);
  const installed = installedIn(site);
  const packages = new Map<Bytes, Needing>();
  const roots = found(byName, wanted);
  const pending = [...roots];
  const known = new Set(pending.map(({ directory }) => directory));
  // grows while it is walked
  for (const each of pending) {
    const [dependencies, problem] = dependenciesOf(each);
    const needs = dependencies.map((dependency): Need => {
      if (dependency.kind === 'system') {
        return { dependency, state: hostHas(dependency.name) ? 'host' : 'not on the host' };
      }
      const candidates = byName.get(dependency.name) ?? [];
      const already = candidates.filter(({ directory }) => known.has(directory));
      const chosen = bestCandidate(already, dependency) ?? bestCandidate(candidates, dependency);
      if (chosen === undefined) return unmet(dependency, byName);
      if (!known.has(chosen.directory)) {
        known.add(chosen.directory);
        pending.push(chosen);
      }
      return { dependency, state: 'package', by: chosen.directory };
    });
    packages.set(each.directory, {
      ...about(each, installed),
      needs,
      ...(problem !== undefined && { problem }),
    });
  }
  return { roots: roots.map(({ directory }) => directory), packages, cycles: cyclesIn(packages) };
}

/** Whether everything in the graph could be installed. */
export function isWhole({ packages, cycles }: DependencyGraph): boolean {
  return (
    cycles.length === 0 &&
    [...packages.values()].every(
      ({ needs, problem }) =>
        problem === undefined &&
        needs.every(({ state }) => state !== 'missing' && state !== 'version'),
    )
  );
}

/**
 * All that need one of `wanted`, and those that need these: packages of the depot, things of the host
 * (`system:NAME`), and names that are in no depot but in somebody's dependencies.
 * @throws XhError E_NO_PACKAGE, E_NO_VERSION
 */
export function reverseGraph(site: Site, wanted: readonly Wanted[]): ReverseGraph {
  const available = availablePackages(site);
  const byName = nameIndex(available);
  const installed = installedIn(site);
  const needing = available.flatMap((each) =>
    dependenciesOf(each)[0].map((dependency) => ({ directory: each.directory, dependency })),
  );
  const direct = (target: Bytes, known: Dependent | undefined): NeededBy[] =>
    needing.filter(({ dependency: { kind, name, range } }) => {
      if (known === undefined) return (kind === 'system' ? `system:${name}` : name) === target;
      if (kind === 'system' || !isCalled(known, name)) return false;
      return range === undefined || satisfies(known.version, range);
    });
  const byDirectory = new Map(available.map((each) => [each.directory, each]));
  const strangers = new Set(
    needing.map(({ dependency: { kind, name } }) =>
      kind === 'system' ? (`system:${name}` as Bytes) : name,
    ),
  );
  const roots = wanted.map((wish) => {
    const best = bestCandidate(byName.get(wish.name) ?? [], wish);
    if (best !== undefined) return best.directory;
    const stranger =
      wish.range === undefined && byName.get(wish.name) === undefined && strangers.has(wish.name);
    return stranger ? wish.name : refuse([notThere(wish, byName)]);
  });
  const neededBy = new Map<Bytes, readonly NeededBy[]>();
  const packages = new Map<Bytes, { readonly version?: Bytes; readonly installed: boolean }>();
  const pending = [...roots];
  for (const target of pending) {
    if (neededBy.has(target)) continue;
    const known = byDirectory.get(target);
    const needers = direct(target, known);
    neededBy.set(target, needers);
    packages.set(
      target,
      known === undefined ? { installed: hostHasStranger(target) } : about(known, installed),
    );
    pending.push(...needers.map(({ directory }) => directory));
  }
  return { roots, packages, neededBy };
}

function hostHasStranger(name: Bytes): boolean {
  return name.startsWith('system:') && hostHas(slice(name, 'system:'.length));
}

/** Every package that was asked for. */
function found(byName: NameIndex<Dependent>, wanted: readonly Wanted[]): Dependent[] {
  const all = wanted.map((wish) => ({
    wish,
    best: bestCandidate(byName.get(wish.name) ?? [], wish),
  }));
  const problems = all.flatMap(({ wish, best }) =>
    best === undefined ? [notThere(wish, byName)] : [],
  );
  if (problems.length > 0) refuse(problems);
  return [...new Set(all.flatMap(({ best }) => best ?? []))];
}

function about(each: Dependent, installed: ReadonlySet<Bytes>) {
  const { directory, version } = each;
  return {
    directory,
    ...(version !== undefined && { version }),
    installed: installed.has(directory),
  };
}

/** What the package says that it needs, or what is wrong with what it says. */
function dependenciesOf(each: Dependent): readonly [readonly Dependency[], string | undefined] {
  try {
    return [each.dependencies, undefined];
  } catch (error) {
    if (error instanceof XhError) return [[], error.message];
    throw error;
  }
}

function unmet(dependency: Dependency, byName: NameIndex<Dependent>): Need {
  const candidates = byName.get(dependency.name) ?? [];
  const problem =
    candidates.length > 0
      ? noVersion(dependency, candidates).remedy
      : (notThere({ name: dependency.name }, byName).remedy ?? '');
  if (dependency.optional) return { dependency, state: 'absent' };
  return candidates.length > 0
    ? { dependency, state: 'version', problem }
    : { dependency, state: 'missing', ...(problem.startsWith('did you mean') && { problem }) };
}

/** Circles of required dependencies, each once, from the package that is first in the graph. */
function cyclesIn(packages: ReadonlyMap<Bytes, Needing>): Bytes[][] {
  const state = new Map<Bytes, 'open' | 'done'>();
  const cycles: Bytes[][] = [];
  const nextOf = (directory: Bytes): Bytes[] =>
    (packages.get(directory)?.needs ?? []).flatMap(({ dependency, by }) =>
      by === undefined || dependency.optional ? [] : [by],
    );
  for (const root of packages.keys()) {
    if (state.has(root)) continue;
    state.set(root, 'open');
    const path = [{ at: root, next: nextOf(root) }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = top.next.shift();
      if (target === undefined) {
        state.set(top.at, 'done');
        path.pop();
      } else if (!state.has(target)) {
        state.set(target, 'open');
        path.push({ at: target, next: nextOf(target) });
      } else if (state.get(target) === 'open') {
        const names = path.map(({ at }) => at);
        cycles.push(names.slice(names.indexOf(target)));
      }
    }
  }
  return cycles;
}

/** `tree ^2`, as it is written. */
export function needText({ dependency }: Pick<Need, 'dependency'>): string {
  return printable(dependencyText(dependency));
}

/** The same for JSON. */
export function needJson({ dependency, state, by, problem }: Need): unknown {
  return {
    requirement: toText(dependencyText(dependency)),
    kind: dependency.kind,
    name: dependency.name,
    ...(dependency.range !== undefined && { range: toText(dependency.range.text) }),
    optional: dependency.optional,
    state,
    ...(by !== undefined && { by: toText(by) }),
    ...(problem !== undefined && { problem }),
  };
}

/** Dependencies of a software as those of a package: what the depot has, and what the host must have. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { dependencyText, type Dependency } from '../dependencies.ts';
import { packageNameProblem } from '../name.ts';
import { readRange } from '../range.ts';
import type { ImportFinding } from './findings.ts';
import type { ImportedDependency } from './source.ts';

/** What there is in a depot, as far as dependencies care. */
export interface Depot {
  has(name: Bytes): boolean;
}

export interface Requirements {
  /** One for each name, as `.admin/Dependencies` wants it. */
  readonly dependencies: readonly Dependency[];
  readonly findings: readonly ImportFinding[];
}

/** What is wanted of one name. */
interface Wanted {
  readonly system: boolean;
  readonly optional: boolean;
  readonly ranges: readonly Bytes[];
}

/**
 * Of several alternatives the first that the depot has, else the first; one that the depot has not
 * is the host's. A recommendation is carried over only when the depot has it.
 */
export function requirementsOf(
  dependencies: readonly ImportedDependency[],
  depot: Depot | undefined,
): Requirements {
  const wanted = new Map<Bytes, Wanted>();
  for (const { strength, alternatives } of dependencies) {
    const own = alternatives.find(({ name }) => depot?.has(name) ?? false);
    const chosen = own ?? alternatives[0];
    const optional = strength === 'recommended';
    if (chosen === undefined || (optional && own === undefined)) continue;
    const { name, range } = chosen;
    const before = wanted.get(name);
    wanted.set(name, {
      system: own === undefined,
      optional: optional && (before?.optional ?? true),
      ranges: [...new Set([...(before?.ranges ?? []), ...(range === undefined ? [] : [range])])],
    });
  }
  const findings: ImportFinding[] = [];
  const carried = [...wanted].flatMap(([name, want]) => carry(name, want, findings));
  return { dependencies: carried, findings: [...findings, ...leftToHost(carried)] };
}

function carry(name: Bytes, want: Wanted, findings: ImportFinding[]): Dependency[] {
  const say = (message: string): void => {
    findings.push({ severity: 'warning', code: 'IMPORT_DEPENDENCY', message });
  };
  const problem = packageNameProblem(name);
  if (problem !== undefined) {
    say(`the dependency on '${printable(name)}' is left out: ${problem}`);
    return [];
  }
  const read = want.ranges.length === 0 ? undefined : readRange(want.ranges.join(' ') as Bytes);
  if (read !== undefined && 'problem' in read) {
    say(`the versions of ${printable(name)} that it needs are left open: ${read.problem}`);
  }
  return [
    {
      kind: want.system ? 'system' : 'package',
      name,
      ...(read !== undefined && !('problem' in read) && { range: read }),
      optional: want.optional,
      line: 0,
    },
  ];
}

function leftToHost(dependencies: readonly Dependency[]): ImportFinding[] {
  const left = dependencies.filter(({ kind }) => kind === 'system');
  if (left.length === 0) return [];
  const texts = left.map((dependency) =>
    printable(dependencyText({ ...dependency, kind: 'package' })),
  );
  return [
    {
      severity: 'note',
      code: 'IMPORT_SYSTEM_DEPENDENCY',
      message: `no packages of the depot, so the host must have them: ${texts.join(', ')}`,
    },
  ];
}

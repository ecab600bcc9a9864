/**
 * `.admin/Dependencies`: what the package needs, one a line. `NAME [RANGE]` is a package, `?NAME`
 * one that it can do without, `system:NAME` something that the host has to have by itself.
 */
import { b, concat, slice, type Bytes } from '../bytes/bytes.ts';
import {
  demand,
  lineAndColumn,
  nextWord,
  parseAdminFile,
  printAdminLine,
  type AdminLine,
  type Parsed,
  type Report,
} from './admin-file.ts';
import { packageNameProblem } from './name.ts';
import { readRange, type VersionRange } from './range.ts';

export interface Dependency {
  /** Whether it is a package of the depot or the host's own affair. */
  readonly kind: 'package' | 'system';
  readonly name: Bytes;
  readonly range?: VersionRange;
  readonly optional: boolean;
  /** Where it is written; 0 when it does not come from a file. */
  readonly line: number;
}

/** @throws DiagnosticError `E_DEPENDENCY` */
export function parseDependencies(file: Bytes, content: Bytes): readonly Dependency[] {
  return demand(readDependencies(file, content));
}

/** As {@link parseDependencies}, with the findings instead of an exception. */
export function readDependencies(file: Bytes, content: Bytes): Parsed<readonly Dependency[]> {
  const seen = new Map<string, number>();
  return parseAdminFile(file, content, (line, report) => {
    const dependency = readLine(line, report);
    if (dependency === undefined) return undefined;
    const id = `${dependency.kind}:${dependency.name}`;
    const before = seen.get(id);
    seen.set(id, before ?? dependency.line);
    if (before === undefined) return dependency;
    report({
      code: 'E_DEPENDENCY',
      message: `named before, on line ${before}`,
      hint: 'write one line with both ranges',
    });
    return undefined;
  });
}

/** `?NAME RANGE`, as it is written. */
export function dependencyText(dependency: Dependency): Bytes {
  return concat(
    dependency.optional ? b`?` : b``,
    dependency.kind === 'system' ? SYSTEM : b``,
    dependency.name,
    dependency.range === undefined ? b`` : b` ${dependency.range.text}`,
  );
}

/** A file that reads back as `dependencies`. */
export function printDependencies(dependencies: readonly Dependency[]): Bytes {
  return concat(...dependencies.map((each) => printAdminLine(dependencyText(each))));
}

const SYSTEM = b`system:`;

function readLine(line: AdminLine, report: Report): Dependency | undefined {
  const first = nextWord(line);
  if (first === undefined) return undefined;
  const optional = first.text.startsWith('?');
  const marked = slice(first.text, optional ? 1 : 0);
  const isSystem = marked.startsWith(SYSTEM);
  const name = slice(marked, isSystem ? SYSTEM.length : 0);
  const at = first.at + first.text.length - name.length;
  const problem = isSystem ? systemNameProblem(name) : packageNameProblem(name);
  if (problem !== undefined) {
    report({
      code: 'E_DEPENDENCY',
      message: `expected the name of a package: ${problem}`,
      at,
      length: Math.max(1, name.length),
      hint: nameHint(name, optional),
    });
    return undefined;
  }
  const range = rangeOf(line, first.at + first.text.length, report);
  if (range === 'wrong') return undefined;
  return {
    kind: isSystem ? 'system' : 'package',
    name,
    ...(range !== undefined && { range }),
    optional,
    line: lineAndColumn(line, 0).line,
  };
}

function rangeOf(
  line: AdminLine,
  from: number,
  report: Report,
): VersionRange | 'wrong' | undefined {
  const first = nextWord(line, from);
  if (first === undefined) return undefined;
  const range = readRange(slice(line.text, first.at));
  if (!('problem' in range)) return range;
  report({
    code: 'E_DEPENDENCY',
    message: range.problem,
    at: first.at + range.at,
    length: range.length,
    hint: range.hint,
  });
  return 'wrong';
}

/** Names of the host's own packages, which other systems gave (`libc6:amd64`, `perl(Foo::Bar)`). */
function systemNameProblem(name: Bytes): string | undefined {
  return name === '' ? 'it is empty' : undefined;
}

function nameHint(name: Bytes, optional: boolean): string | undefined {
  const sign = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(@|[<>=^~(])(.*)$/.exec(name);
  if (sign !== null) {
    const range = `${sign[2] === '@' || sign[2] === '(' ? '' : (sign[2] ?? '')}${sign[3] ?? ''}`;
    return `write '${optional ? '?' : ''}${sign[1] ?? ''} ${range.replaceAll(')', '')}'`;
  }
  return name.endsWith(',') ? 'one package a line' : undefined;
}

/** What the parts of the checker share: where findings go, how values, lists and files are had. */
import { split, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { XhError, placeText } from '../../message/error.ts';
import { finding, problem, quoted, type Problem } from './finding.ts';
import type { RuleSources } from './object.ts';
import type { ScriptText, Span, Value } from './syntax.ts';
import { resolveValue, type Definitions, type LateVariable, type Template } from './variables.ts';

/** What is known while scripts are read in order. */
export interface Reading {
  readonly sources: RuleSources;
  readonly definitions: Definitions;
  readonly diagnostics: Diagnostic[];
  /** The scripts that include each other up to here, the one being read last. */
  readonly within: readonly Bytes[];
  readonly lists: Map<Bytes, readonly Bytes[] | Problem>;
  readonly templates: Map<string, Template>;
  /** The `source` actions, which are for nothing when no rule makes links. */
  readonly sourceActions: Span[];
  readonly seen: { links: boolean; includes: number; errors: number; warnings: number };
}

/** `value` with its variables replaced, those of `late` excepted; undefined after a finding. */
export function resolve(
  value: Value,
  reading: Reading,
  late: readonly LateVariable[],
  command = false,
): Template | undefined {
  const result = resolveValue(value, reading.definitions, { late, command });
  if ('found' in result) {
    report(reading, result.span, result.found);
    return undefined;
  }
  if (result.template.constant === '') {
    report(reading, value.span, EMPTY);
    return undefined;
  }
  if (!command) return result.template;
  // so that equal commands of several rules are one
  const key = JSON.stringify(result.template.parts);
  const same = reading.templates.get(key);
  if (same !== undefined) return same;
  reading.templates.set(key, result.template);
  return result.template;
}

export function readList(path: Bytes, reading: Reading): readonly Bytes[] | Problem {
  const known = reading.lists.get(path);
  if (known !== undefined) return known;
  const text = reading.sources.readList(path);
  const lines =
    text === undefined
      ? problem('E_RULE_LIST', `there is no list ${quoted(path)}`, LIST)
      : split(text, '\n').filter((line) => line !== '');
  reading.lists.set(path, lines);
  return lines;
}

/** A relative path in a script is relative to the script's directory, so that both can move. */
export function besideScript(path: Bytes, script: ScriptText): Bytes {
  const directory = dirname(script.file);
  return path.startsWith('/') || directory === '.' ? path : join(directory, path);
}

/**
 * What `question` says; undefined when it fails with an error for a person, which is told where the
 * script asked.
 */
export function ask<T>(
  reading: Reading,
  span: Span,
  question: () => T,
): { readonly answer: T } | undefined {
  try {
    return { answer: question() };
  } catch (error) {
    if (error instanceof DiagnosticError) reading.diagnostics.push(...error.diagnostics);
    else if (error instanceof XhError) {
      const where = error.place === undefined ? '' : ` (${placeText(error.place)})`;
      report(reading, span, problem(error.code, error.message + where, error.remedy));
    } else throw error;
    return undefined;
  }
}

export function report(
  reading: Reading,
  span: Span,
  found: Problem,
  severity: Diagnostic['severity'] = 'error',
): void {
  // nobody reads more, and each looks its line up
  const kind = severity === 'error' ? 'errors' : 'warnings';
  if (reading.seen[kind]++ < MOST) reading.diagnostics.push(finding(span, found, severity));
}

const LIST = 'a list is a file with a name or path a line; a relative path is beside the script';
const MOST = 100;
const EMPTY = problem('E_RULE_VALUE', 'the value is empty');

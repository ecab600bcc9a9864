/** Findings in a rule script: from a span of it to a diagnostic with file, line, column and caret. */
import { toText, type Bytes } from '../../bytes/bytes.ts';
import { positionAt, type Diagnostic } from '../../message/diagnostic.ts';
import type { Place } from '../../message/error.ts';
import type { Span } from './syntax.ts';

/** What is wrong with a word or a value, said by someone who does not know where it stands. */
export interface Problem {
  readonly code: string;
  readonly problem: string;
  readonly hint?: string | undefined;
}

export function problem(code: string, text: string, hint?: string): Problem {
  return { code, problem: text, hint };
}

export function isProblem(result: object): result is Problem {
  return 'problem' in result;
}

/** `found` as a diagnostic that points at `span`. */
export function finding(
  span: Span,
  found: Problem,
  severity: Diagnostic['severity'] = 'error',
): Diagnostic {
  const { line, column, source } = positionAt(span.script.text, span.start);
  const length = Math.max(1, Math.min(span.end - span.start, source.length - column + 1));
  return {
    severity,
    code: found.code,
    message: found.problem,
    file: span.script.file,
    line,
    column,
    length,
    source,
    ...(found.hint !== undefined && { hint: found.hint }),
  };
}

/** Where `span` begins. */
export function placeOf(span: Span): Required<Place> {
  const { line, column } = positionAt(span.script.text, span.start);
  return { file: span.script.file, line, column };
}

/** `value` in a message: text, cut when it is very long; formatting makes it printable. */
export function quoted(value: Bytes): string {
  const text = toText(value);
  // controls would break the line that the message stands on
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `'${shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')}'`;
}

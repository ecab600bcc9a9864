/** Findings in a text that somebody wrote: file, line, column, the line with a caret, what to write. */
import { printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError, placeText, type ExitCode } from './error.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable, e.g. `E_SERVICES_PORT`. */
  readonly code: string;
  readonly message: string;
  readonly file: Bytes;
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes. */
  readonly column: number;
  /** How many bytes the caret underlines; 1 unless given. */
  readonly length?: number;
  /** The whole line, without its end. */
  readonly source: Bytes;
  /** What to write instead, or the nearest known word. */
  readonly hint?: string;
}

/** One or more diagnostics that stop the work. */
export class DiagnosticError extends XhError {
  override readonly name = 'DiagnosticError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], exit: ExitCode = EXIT.usage) {
    const first = diagnostics[0];
    super(first?.code ?? 'E_SYNTAX', first?.message ?? 'cannot be read', {
      exit,
      ...(first && { place: { file: first.file, line: first.line, column: first.column } }),
      ...(first?.hint !== undefined && { remedy: first.hint }),
    });
    this.diagnostics = diagnostics;
  }
}

/** Line (from 1), column (from 1, bytes) and the line's own text at `offset` of `text`. */
export function positionAt(
  text: Bytes,
  offset: number,
): { readonly line: number; readonly column: number; readonly source: Bytes } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const source = slice(text, start, end < 0 ? undefined : end).replace(/\r$/, '') as Bytes;
  return { line: split(slice(text, 0, start), '\n').length, column: offset - start + 1, source };
}

/**
 * The form in which diagnostics are shown:
 * ```
 * rules:3:8: error: unknown action 'updat'
 *   3 | a=b { updat; }
 *     |       ^~~~~ did you mean 'update'?
 * ```
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { line, column, source, severity, message, hint } = diagnostic;
  // show long lines around the place only
  const from = Math.max(0, Math.min(column - 1 - 60, source.length - 120));
  const shown = printable(slice(source, from, from + 120).replaceAll('\t', ' ') as Bytes);
  const before = printable(slice(source, from, column - 1).replaceAll('\t', ' ') as Bytes);
  const marked = printable(slice(source, column - 1, column - 1 + (diagnostic.length ?? 1)));
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  const caret =
    ' '.repeat(before.length) +
    '^' +
    '~'.repeat(Math.max(0, Math.min(marked.length, shown.length - before.length) - 1));
  return [
    `${placeText(diagnostic)}: ${severity}: ${message}`,
    `  ${number} | ${shown}`,
    `  ${gutter} | ${caret}${hint === undefined ? '' : ` ${hint}`}`,
  ].join('\n');
}

/** Errors in words for the person who must act, and their exit codes. */
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { asFileError } from '../files/error.ts';
import { ConflictError } from '../host/conflict-error.ts';
import type { Conflict } from '../host/plan.ts';
import { DiagnosticError, formatDiagnostic } from '../message/diagnostic.ts';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import { differenceLines } from './difference.ts';
import type { Terminal } from './terminal.ts';

/** Says what went wrong on standard error. @returns the exit code */
export function reportError(thrown: unknown, terminal: Terminal): ExitCode {
  const { red, dim } = terminal.err;
  const error = asFileError(thrown, pathOf(thrown));
  if (error instanceof ConflictError) {
    reportConflicts(error.plan.conflicts, terminal);
    terminal.warn(`${red('xh:')} ${error.message}`);
    return error.exit;
  }
  if (error instanceof DiagnosticError) {
    for (const diagnostic of error.diagnostics) terminal.warn(formatDiagnostic(diagnostic));
    return error.exit;
  }
  if (error instanceof XhError) {
    terminal.warn(`${red('xh:')} ${tame(error.message)}`);
    if (error.remedy !== undefined) terminal.warn(`    ${dim('→')} ${tame(error.remedy)}`);
    if (terminal.verbose && error.stack !== undefined) terminal.warn(dim(error.stack));
    return error.exit;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.warn(red('xh: this is a defect of xhier, not of what you did; please report it:'));
  terminal.warn(stack);
  return EXIT.failed;
}

/** What an error of the system is about, as far as it says so. */
function pathOf(error: unknown): Bytes {
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  return bytes(typeof path === 'string' ? path : 'this host');
}

/** Every conflict of a plan, each with what settles it. */
export function reportConflicts(conflicts: readonly Conflict[], terminal: Terminal): void {
  const { red, dim } = terminal.err;
  for (const conflict of conflicts) {
    const at = conflict.line === undefined ? '' : `:${conflict.line}`;
    terminal.warn(`${red('conflict')} ${printable(conflict.path)}${at}: ${conflict.message}`);
    if (conflict.difference !== undefined) {
      for (const line of differenceLines(conflict.difference, terminal.err)) terminal.warn(line);
    }
    terminal.warn(`    ${dim('→')} ${conflict.remedy}`);
  }
}

/** A message in several lines without anything that would drive the terminal, whatever was typed. */
function tame(message: string): string {
  return message
    .split('\n')
    .map((line) =>
      line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (unit) => printable(bytes(unit))),
    )
    .join('\n');
}

/** What went wrong with lfu in words, and its exit code. */
import { DiagnosticError } from '../message/diagnostic.ts';
import { EXIT, XhError } from '../message/error.ts';
import { diagnosticText } from './diagnostic-text.ts';
import type { Lines } from './lines.ts';
import { errorStyles, type ColorWhen } from './terminal.ts';

/** @returns the exit code */
export function tellError(error: unknown, err: Lines, color: ColorWhen = 'auto'): number {
  if (error instanceof DiagnosticError) {
    const styles = errorStyles(color);
    for (const diagnostic of error.diagnostics) err.write(diagnosticText(diagnostic, styles));
    return EXIT.usage;
  }
  if (error instanceof XhError) {
    err.write(`${errorStyles(color).red('lfu:')} ${error.message}`);
    if (error.remedy !== undefined) err.write(`     ${error.remedy}`);
    return error.exit === EXIT.usage || error.exit === EXIT.refused ? error.exit : EXIT.failed;
  }
  err.write('lfu: this is a defect of lfu, not of what you did; please report it:');
  err.write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

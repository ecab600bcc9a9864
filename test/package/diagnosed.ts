/** What a user reads when something he wrote is wrong. */
import { formatDiagnostic, DiagnosticError } from '../../src/message/diagnostic.ts';

/** The diagnostics that `run` stops with, as they are shown; anything else it throws is a bug. */
export function diagnosed(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join('\n');
    throw error;
  }
  return 'accepted';
}

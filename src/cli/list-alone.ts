/**
 * `xh list` by itself: of all that xh is, what this one command needs. It is asked for often, and
 * reading a program is most of what a short command costs.
 */
import type { ExitCode } from '../message/error.ts';
import { command } from './commands/list.ts';
import { reportError } from './report.ts';
import { runCommand, terminalFor } from './run-command.ts';

/** Runs `xh list WORDS`, `argv` with the command's name first. */
export async function dispatch(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await runCommand('list', command, { rest: argv.slice(1), argv, configFor: none });
  } catch (error) {
    return reportError(error, terminalFor({}));
  }
}

function none(): never {
  throw new Error('xh list asks for no configuration');
}

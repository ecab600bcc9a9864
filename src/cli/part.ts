/**
 * Of what is built of `xh`, one file has the commands for many hosts and one has all others: reading a
 * program is most of what a short command costs, and nobody needs both.
 */
import { join } from 'node:path';
import type { ExitCode } from '../message/error.ts';
import { loadCompiled } from './compiled.ts';
import { MANY, type CommandEntry } from './commands.ts';

/** The file that this is a part of; the build says which. */
declare const XH_PART: string | undefined;

/** Runs a command line. */
export type Part = (argv: readonly string[]) => Promise<ExitCode>;

/** What runs a command that another file has; undefined when it is here, as in the sources all are. */
export function otherPart({ group }: Pick<CommandEntry, 'group'>): Part | undefined {
  const here = typeof XH_PART === 'string' ? XH_PART : undefined;
  if (here === undefined) return undefined;
  const file = group === MANY ? 'xh-hosts.cjs' : 'xh-commands.cjs';
  if (file === here) return undefined;
  return (loadCompiled(join(import.meta.dirname, file)) as { dispatch: Part }).dispatch;
}

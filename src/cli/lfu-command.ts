/** What the commands of lfu (`lfu update`, `lfu owns` …) have in common: options, streams, errors. */
import { Command, CommanderError, Option } from 'commander';
import { EXIT, XhError } from '../message/error.ts';
import { tellError } from './lfu-run.ts';
import { openLines, type Lines } from './lines.ts';
import type { ColorWhen } from './terminal.ts';

/** Options that every one of them has. */
export interface CommonOptions {
  readonly root?: string;
  readonly json?: true;
  readonly verbose?: true;
  readonly quiet?: true;
  readonly color?: ColorWhen;
}

/** A parser of `lfu NAME`. */
export function createCommand(
  name: string,
  text: { readonly usage: string; readonly description: string; readonly help: string },
): Command {
  return new Command(`lfu ${name}`)
    .usage(text.usage)
    .description(text.description)
    .argument('[words...]')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', text.help)
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
}

/** Adds the options that every command has. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON for programs')
    .option('--root <dir>', 'the site root (default: $XH_ROOT, or /)')
    .option('-v, --verbose', 'say more on standard error')
    .option('-q, --quiet', 'say only what is wrong')
    .addOption(
      new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'),
    );
}

/** Parses `words`. @returns false when help was asked for and printed. @throws XhError exit 2 */
export function parseWords(command: Command, words: readonly string[]): boolean {
  try {
    command.parse(words, { from: 'user' });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    const message = error.message.replace(/^error: /, '');
    throw usageError(message, `'${command.name()} --help' lists the options`);
  }
}

export function usageError(message: string, remedy: string): XhError {
  return new XhError('E_USAGE', message, { exit: EXIT.usage, remedy });
}

export interface Streams {
  readonly out: Lines;
  readonly err: Lines;
}

/** Runs `work` with the two streams. Never throws for what a user can cause. @returns the exit code */
export async function withStreams(
  work: (streams: Streams) => number | Promise<number>,
): Promise<number> {
  const err = openLines(2);
  const out = openLines(1, err);
  let code: number;
  try {
    code = await work({ out, err });
  } catch (error) {
    code = tellError(error, err);
  }
  out.flush();
  const failure = out.failure();
  if (failure !== undefined) err.write(`lfu: standard output could not be written: ${failure}`);
  err.flush();
  return failure !== undefined && code === EXIT.done ? EXIT.failed : code;
}

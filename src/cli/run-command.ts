/** One command: its words parsed by its own description, its run, and what is told when that fails. */
import { Command as Parser, CommanderError, Option } from 'commander';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import type { Config } from '../site/config.ts';
import { openSite } from '../site/open.ts';
import type { Site } from '../site/site.ts';
import {
  GLOBAL_OPTIONS,
  type Call,
  type Command,
  type CommandOption,
  type OptionValues,
} from './command.ts';
import { reportError } from './report.ts';
import { createTerminal, type ColorWhen, type Terminal } from './terminal.ts';

export interface Invocation {
  /** The words without the command's name. */
  readonly rest: readonly string[];
  /** All words, for the record. */
  readonly argv: readonly string[];
  /** Reads the configuration, when it is asked for. */
  readonly configFor: (site: Site, options: OptionValues) => Config;
}

/** Parses the words of a command and runs it; what goes wrong in it is told. @throws XhError E_USAGE */
export async function runCommand(
  name: string,
  command: Command,
  { rest, argv, configFor }: Invocation,
): Promise<ExitCode> {
  const { args, options } = parse(name, command, rest);
  const terminal = terminalFor(options);
  const site = openSite(typeof options['root'] === 'string' ? options['root'] : undefined);
  let config: Config | undefined;
  const call: Call = {
    args,
    options,
    site,
    config: () => (config ??= configFor(site, options)),
    terminal,
    commandLine: ['xh', ...argv].join(' '),
  };
  try {
    return await command.run(call);
  } catch (error) {
    return reportError(error, terminal);
  }
}

/** What a command writes to. */
export function terminalFor(options: OptionValues): Terminal {
  const { color } = options;
  return createTerminal({
    color: color === 'always' || color === 'never' ? (color satisfies ColorWhen) : 'auto',
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
  });
}

function parse(
  name: string,
  command: Command,
  words: readonly string[],
): { readonly args: readonly string[]; readonly options: OptionValues } {
  const parser = new Parser(`xh ${name}`)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .showSuggestionAfterError()
    .helpOption(false);
  if (command.usage !== '') parser.arguments(command.usage);
  for (const option of [...command.options, ...GLOBAL_OPTIONS]) parser.addOption(optionOf(option));
  try {
    parser.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
    throw usage(first, [...more, `xh ${name} --help shows how it is used`].join(' ').trim());
  }
  return { args: parser.args, options: parser.opts<OptionValues>() };
}

function optionOf(option: CommandOption): Option {
  const made = new Option(option.flags, option.summary);
  if (option.choices !== undefined) made.choices([...option.choices]);
  if (option.repeats === true) {
    made.default([]).argParser((value: string, before: readonly string[]) => [...before, value]);
  }
  return made;
}

/** An error in the words of a command line. */
export function usage(message: string, remedy?: string): XhError {
  return new XhError('E_USAGE', message, {
    exit: EXIT.usage,
    ...(remedy !== undefined && { remedy }),
  });
}

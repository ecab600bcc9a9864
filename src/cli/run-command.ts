/** One command: its words parsed by its own description, its run, and what is told when that fails. */
import { EXIT, type ExitCode } from '../message/error.ts';
import type { Config } from '../site/config.ts';
import { openSite } from '../site/open.ts';
import type { Site } from '../site/site.ts';
import { GLOBAL_OPTIONS, type Call, type Command, type OptionValues } from './command.ts';
import { parseWords } from './parse-words.ts';
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
  const syntax = { name: `xh ${name}`, usage: command.usage, options: command.options };
  const { args, options } = parseWords<OptionValues>(syntax, rest, { everywhere: GLOBAL_OPTIONS });
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
    return finish(terminal, await command.run(call));
  } catch (error) {
    return reportError(error, terminal);
  } finally {
    terminal.clear();
  }
}

/** The exit code of a command that has come to its end, whose output may have been lost. */
export function finish(terminal: Terminal, code: ExitCode): ExitCode {
  const failure = terminal.failure();
  if (failure === undefined) return code;
  const exit = reportError(failure, terminal);
  return code === EXIT.done ? exit : code;
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

/** From the words of a command line to a command's run and back to an exit code. */
import { Command as Parser, CommanderError, Option } from 'commander';
import { bytes, printable } from '../bytes/bytes.ts';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import { nearest } from '../message/nearest.ts';
import { version } from '../message/version.ts';
import { loadConfig, type Config, type Overrides } from '../site/config.ts';
import { openSite } from '../site/open.ts';
import {
  GLOBAL_OPTIONS,
  type Call,
  type Command,
  type CommandOption,
  type OptionValues,
} from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { commandHelp, overview, topicHelp } from './help.ts';
import { reportError } from './report.ts';
import { createTerminal, type ColorWhen, type Terminal } from './terminal.ts';

/** Runs one command line. Never throws for what a user can cause. */
export async function dispatch(argv: readonly string[]): Promise<ExitCode> {
  const early = terminalFor(earlyOptions(argv));
  try {
    const { name, rest } = splitCommand(argv);
    if (name === undefined || name === 'help') return await help(rest, early);
    const entry = findCommand(name);
    const command = await entry.load();
    if (asksForHelp(command, rest)) {
      early.print(commandHelp(entry, command, early.out));
      return EXIT.done;
    }
    return await runCommand(entry, command, rest, argv);
  } catch (error) {
    return reportError(error, early);
  }
}

async function runCommand(
  entry: CommandEntry,
  command: Command,
  rest: readonly string[],
  argv: readonly string[],
): Promise<ExitCode> {
  const { args, options } = parse(entry, command, rest);
  const terminal = terminalFor(options);
  const site = openSite(typeof options['root'] === 'string' ? options['root'] : undefined);
  let config: Config | undefined;
  const call: Call = {
    args,
    options,
    site,
    config: () => (config ??= loadConfig(site, overridesOf(options))),
    terminal,
    commandLine: ['xh', ...argv].join(' '),
  };
  try {
    return await command.run(call);
  } catch (error) {
    return reportError(error, terminal);
  }
}

function overridesOf(options: OptionValues): Overrides {
  const timeout = options['lockTimeout'];
  return {
    environment: process.env,
    ...(typeof timeout === 'string' && { options: { 'lock-timeout': timeout } }),
  };
}

/** `xh`, `xh help`, `xh help COMMAND`, `xh help TOPIC`. */
async function help(rest: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const words = rest.filter((word) => !word.startsWith('-'));
  const [word] = words;
  if (rest.includes('--version') || rest.includes('-V')) {
    terminal.print(`xh ${version}`);
    return EXIT.done;
  }
  if (word === undefined) {
    const asked = rest.length > 0 || process.argv.includes('help');
    terminal.print(overview(terminal.out));
    return asked ? EXIT.done : EXIT.usage;
  }
  const topic = topicHelp(word, terminal.out);
  if (topic !== undefined) {
    terminal.print(topic);
    return EXIT.done;
  }
  const entry = findCommand(word);
  terminal.print(commandHelp(entry, await entry.load(), terminal.out));
  return EXIT.done;
}

/** By its name or a prefix that only it has. */
function findCommand(word: string): CommandEntry {
  const exact = COMMANDS.find((entry) => entry.name === word);
  if (exact !== undefined) return exact;
  const begin = COMMANDS.filter((entry) => entry.name.startsWith(word));
  const [only, second] = begin;
  if (only !== undefined && second === undefined) return only;
  if (second !== undefined) {
    throw usage(
      `'${printable(bytes(word))}' may be ${begin.map((entry) => entry.name).join(', ')}`,
      'write more of the name',
    );
  }
  const near = nearest(
    word,
    COMMANDS.map((entry) => entry.name),
  );
  throw usage(
    `there is no command '${printable(bytes(word))}'`,
    near === undefined ? 'xh help lists the commands' : `did you mean 'xh ${near}'?`,
  );
}

/** Whether `--help` is among the options, not a value of one or a word after `--`. */
function asksForHelp(command: Command, words: readonly string[]): boolean {
  const withValue = optionsWithValue([...command.options, ...GLOBAL_OPTIONS]);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') return false;
    if (word === '--help' || word === '-h') return true;
    if (withValue.has(word)) i++;
  }
  return false;
}

/** `-m`, `--message`: options whose value is the next word. */
function optionsWithValue(options: readonly CommandOption[]): ReadonlySet<string> {
  return new Set(
    options
      .filter(({ flags }) => flags.includes('<'))
      .flatMap(({ flags }) => flags.split(/[ ,]+/).filter((word) => word.startsWith('-'))),
  );
}

/** The command's name is the first word that is no global option or its value. */
function splitCommand(argv: readonly string[]): {
  readonly name: string | undefined;
  readonly rest: readonly string[];
} {
  const withValue = optionsWithValue(GLOBAL_OPTIONS);
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (withValue.has(word)) i++;
    else if (!word.startsWith('-')) {
      return { name: word, rest: [...argv.slice(0, i), ...argv.slice(i + 1)] };
    }
  }
  return { name: undefined, rest: argv };
}

function parse(
  entry: CommandEntry,
  command: Command,
  words: readonly string[],
): { readonly args: readonly string[]; readonly options: OptionValues } {
  const parser = new Parser(`xh ${entry.name}`)
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
    throw usage(first, [...more, `xh ${entry.name} --help shows how it is used`].join(' ').trim());
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

/** Colour and quietness as far as known before the options are parsed, for errors among them. */
function earlyOptions(argv: readonly string[]): OptionValues {
  const at = argv.indexOf('--color');
  const color =
    argv.find((word) => word.startsWith('--color='))?.slice(8) ??
    (at < 0 ? undefined : argv[at + 1]);
  return { color };
}

function terminalFor(options: OptionValues): Terminal {
  const { color } = options;
  return createTerminal({
    color: color === 'always' || color === 'never' ? (color satisfies ColorWhen) : 'auto',
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
  });
}

function usage(message: string, remedy?: string): XhError {
  return new XhError('E_USAGE', message, {
    exit: EXIT.usage,
    ...(remedy !== undefined && { remedy }),
  });
}

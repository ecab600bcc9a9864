/** From the words of a command line to a command's run and back to an exit code. */
import { bytes, printable } from '../bytes/bytes.ts';
import { EXIT, type ExitCode } from '../message/error.ts';
import { nearest } from '../message/nearest.ts';
import { version } from '../message/version.ts';
import { loadConfig, type Config, type Overrides } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import { GLOBAL_OPTIONS, type Command, type CommandOption, type OptionValues } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { commandHelp, overview, topicHelp } from './help.ts';
import { reportError } from './report.ts';
import { runCommand, terminalFor, usage } from './run-command.ts';
import type { Terminal } from './terminal.ts';

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
    return await runCommand(entry.name, command, { rest, argv, configFor });
  } catch (error) {
    return reportError(error, early);
  }
}

function configFor(site: Site, options: OptionValues): Config {
  return loadConfig(site, overridesOf(options));
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
  const topic = await topicHelp(word, terminal.out);
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

/** Colour and quietness as far as known before the options are parsed, for errors among them. */
function earlyOptions(argv: readonly string[]): OptionValues {
  const at = argv.indexOf('--color');
  const color =
    argv.find((word) => word.startsWith('--color='))?.slice(8) ??
    (at < 0 ? undefined : argv[at + 1]);
  return { color };
}

/** From the words of a command line to a command's run and back to an exit code. */
import { bytes, printable } from '../bytes/bytes.ts';
import { EXIT, type ExitCode } from '../message/error.ts';
import { nearest } from '../message/nearest.ts';
import { version } from '../message/version.ts';
import { loadConfig, type Config, type Overrides } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import { colorIn } from './color-in.ts';
import { GLOBAL_OPTIONS, type OptionValues } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { optionNames } from './description.ts';
import { ambiguous, commandHelp, entryOn, helpOn, overview } from './help.ts';
import { asksForHelp, usage } from './parse-words.ts';
import { otherPart, type Part } from './part.ts';
import { reportError } from './report.ts';
import { finish, runCommand, terminalFor } from './run-command.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line. Never throws for what a user can cause. */
export async function dispatch(argv: readonly string[]): Promise<ExitCode> {
  const early = terminalFor({ color: colorIn(argv) });
  try {
    const { name, rest } = splitCommand(argv);
    if (name === undefined || name === 'help') {
      const elsewhere = partOfTopic(rest);
      if (elsewhere !== undefined) return await elsewhere(argv);
      return finish(early, await help(rest, early));
    }
    const entry = findCommand(name);
    const elsewhere = otherPart(entry);
    if (elsewhere !== undefined) return await elsewhere(argv);
    const command = await entry.load();
    const { usage: words, options } = command;
    const syntax = { name: `xh ${entry.name}`, usage: words, options };
    if (asksForHelp(syntax, rest, GLOBAL_OPTIONS)) {
      early.print(commandHelp(entry, command, early.out));
      return finish(early, EXIT.done);
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
  if (word !== undefined) {
    terminal.print(await helpOn(word, terminal.out));
    return EXIT.done;
  }
  const asked = rest.length > 0 || process.argv.includes('help');
  terminal.print(overview(terminal.out));
  return asked ? EXIT.done : EXIT.usage;
}

/** Where the command is that help is asked on, when that is not here. */
function partOfTopic(rest: readonly string[]): Part | undefined {
  const word = rest.find((each) => !each.startsWith('-'));
  const entry = word === undefined ? undefined : entryOn(word);
  return entry === undefined ? undefined : otherPart(entry);
}

/** By its name or a prefix that only it has. */
function findCommand(word: string): CommandEntry {
  const exact = COMMANDS.find((entry) => entry.name === word);
  if (exact !== undefined) return exact;
  const begin = COMMANDS.filter((entry) => entry.name.startsWith(word));
  const [only, second] = begin;
  if (only !== undefined && second === undefined) return only;
  const names = (begin.length > 0 ? begin : COMMANDS).map((entry) => entry.name);
  if (second !== undefined) throw ambiguous(word, names);
  const near = nearest(word, names);
  throw usage(
    `there is no command '${printable(bytes(word))}'`,
    near === undefined ? 'xh help lists the commands' : `did you mean 'xh ${near}'?`,
  );
}

/** `--root`, `--color`: options whose value is the next word. */
const WITH_VALUE: ReadonlySet<string> = new Set(
  GLOBAL_OPTIONS.map(optionNames).flatMap(({ short, long, value }) =>
    value === undefined ? [] : [short ?? '', long ?? ''],
  ),
);

/** The command's name is the first word that is no global option or its value. */
function splitCommand(argv: readonly string[]): {
  readonly name: string | undefined;
  readonly rest: readonly string[];
} {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (WITH_VALUE.has(word)) i++;
    else if (!word.startsWith('-')) {
      return { name: word, rest: [...argv.slice(0, i), ...argv.slice(i + 1)] };
    }
  }
  return { name: undefined, rest: argv };
}

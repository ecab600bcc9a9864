/** What the commands of lfu (`lfu update`, `lfu owns` …) have in common: their shape, options, streams, errors. */
import { EXIT, XhError } from '../message/error.ts';
import {
  HELP_OPTION,
  type CommandOption,
  type Description,
  type ExitMeaning,
} from './description.ts';
import { helpFor } from './help-text.ts';
import { openLines, type Lines } from './lines.ts';
import { asksForHelp, parseWords } from './parse-words.ts';
import { tellError } from './lfu-error.ts';
import type { ColorWhen } from './terminal.ts';

/** One command of lfu; it counts its arguments itself. */
export interface LfuCommand<Options extends CommonOptions = CommonOptions> extends Description {
  run(call: LfuCall<Options>): number | Promise<number>;
}

/** One call of a command. */
export interface LfuCall<Options extends CommonOptions> extends Streams {
  readonly args: readonly string[];
  /** By camel-case name. */
  readonly options: Options;
}

export interface Streams {
  readonly out: Lines;
  readonly err: Lines;
}

/** Options that every one of them has. */
export interface CommonOptions {
  readonly root?: string;
  readonly json?: true;
  readonly verbose?: true;
  readonly quiet?: true;
  readonly color: ColorWhen;
}

export const COLOR_OPTION: CommandOption = {
  flags: '--color <when>',
  summary: 'colours',
  choices: ['auto', 'always', 'never'],
  default: 'auto',
};

export const COMMON_OPTIONS: readonly CommandOption[] = [
  { flags: '--json', summary: 'print JSON for programs' },
  { flags: '--root <dir>', summary: 'the site root (default: $XH_ROOT, or /)' },
  { flags: '-v, --verbose', summary: 'say more on standard error' },
  { flags: '-q, --quiet', summary: 'say only what is wrong' },
  COLOR_OPTION,
  HELP_OPTION,
];

/** Runs one command line of `lfu NAME`. Never throws for what a user can cause. @returns the exit code */
export function runLfuCommand(
  { name, summary }: { readonly name: string; readonly summary: string },
  command: LfuCommand,
  words: readonly string[],
): Promise<number> {
  const described = { ...command, name: `lfu ${name}`, summary };
  return withStreams((streams) => {
    if (asksForHelp(described, words, COMMON_OPTIONS)) {
      streams.out.write(helpFor(described, words, COMMON_OPTIONS));
      return EXIT.done;
    }
    const { args, options } = parseWords<CommonOptions>(described, words, {
      everywhere: COMMON_OPTIONS,
      free: true,
    });
    return command.run({ ...streams, args, options });
  });
}

/** What the codes of signals mean, when what is at hand is left so. */
export function interruptedExits(left: string): readonly ExitMeaning[] {
  return [
    { code: 129, means: `interrupted because the terminal was lost; ${left}` },
    { code: 130, means: `interrupted by Ctrl-C; ${left}` },
    { code: 143, means: `interrupted by a shutdown or kill; ${left}` },
  ];
}

export function usageError(message: string, remedy: string): XhError {
  return new XhError('E_USAGE', message, { exit: EXIT.usage, remedy });
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
  return close({ out, err }, code);
}

/** Writes what is left. @returns the exit code, given that of the work */
export function close({ out, err }: Streams, code: number): number {
  out.flush();
  const failure = out.failure();
  if (failure !== undefined) err.write(`lfu: standard output could not be written: ${failure}`);
  err.flush();
  return failure !== undefined && code === EXIT.done ? EXIT.failed : code;
}

/** The shape of one `xh` command: its description, from which help and man pages come, and its run. */
import type { ExitCode } from '../message/error.ts';
import type { Config } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import { HELP_OPTION, type CommandOption, type Description } from './description.ts';
import type { Terminal } from './terminal.ts';

export interface Command extends Description {
  readonly run: (call: Call) => Promise<ExitCode> | ExitCode;
}

export type OptionValues = Readonly<
  Record<string, string | boolean | readonly string[] | undefined>
>;

/** One call of a command. */
export interface Call {
  readonly args: readonly string[];
  /** By camel-case name: `dryRun`. */
  readonly options: OptionValues;
  readonly site: Site;
  /** Read when asked for. */
  readonly config: () => Config;
  readonly terminal: Terminal;
  /** What the user typed, for history and for those who wait for the lock. */
  readonly commandLine: string;
}

export const JSON_OPTION: CommandOption = {
  flags: '--json',
  summary: 'print JSON for programs',
};
export const DRY_RUN_OPTION: CommandOption = {
  flags: '-n, --dry-run',
  summary: 'show what would be done and change nothing',
};
export const ADOPT_OPTION: CommandOption = {
  flags: '--adopt',
  summary: 'let files that are the same give way to links; with --yes others too',
};
export const REASON_OPTION: CommandOption = {
  flags: '-m, --message <why>',
  summary: 'why, for the history',
};

/** What `--adopt` allows: files that are the same; with `--yes` others too. */
export function adoptOption({ options }: Call): 'nothing' | 'same' | 'changed' {
  if (options['adopt'] !== true) return 'nothing';
  return options['yes'] === true ? 'changed' : 'same';
}

/** Options that every command knows, before or after its name. */
export const GLOBAL_OPTIONS: readonly CommandOption[] = [
  { flags: '--root <dir>', summary: 'the site root (default: $XH_ROOT, or /)' },
  { flags: '-v, --verbose', summary: 'say more' },
  { flags: '-q, --quiet', summary: 'say only what is wrong' },
  {
    flags: '--color <when>',
    summary: 'colours',
    choices: ['auto', 'always', 'never'],
  },
  { flags: '-y, --yes', summary: 'answer yes to every question' },
  { flags: '--lock-timeout <seconds>', summary: 'how long to wait for another command' },
  HELP_OPTION,
];

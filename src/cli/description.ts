/**
 * How a command describes itself: the one text that its parser, its help, its manual page and its
 * completion are made from, for `xh` and its commands as for `lfu`, `lfck` and `showpath`.
 */

export interface Description {
  /** Arguments as in a synopsis: `<package...>`, `[generation]`, `MASTER SLAVE`. */
  readonly usage: string;
  /**
   * Paragraphs with an empty line between them, filled to the width of whatever shows them. Lines
   * that begin with two blanks stand as they are.
   */
  readonly details: string;
  readonly options: readonly CommandOption[];
  readonly examples: readonly Example[];
  /** What an argument, or the value of an option, may be, by its name in the synopsis or the flags. */
  readonly words?: Readonly<Record<string, Words>>;
  /** What there is to say besides, each under its heading. */
  readonly sections?: readonly Section[];
  /** What exit codes mean here, where there is more to say than everywhere. */
  readonly exits?: readonly ExitMeaning[];
}

/** A command with its name as it is typed, and what it does in one line. */
export interface Described extends Description {
  readonly name: string;
  readonly summary: string;
}

export interface CommandOption {
  /** As commander writes them: `-n, --dry-run`, `--keep <count>`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: boolean;
  readonly default?: string;
  /** What its value is called among those of all options, where the flags do not tell. */
  readonly name?: string;
  /** The value of what was written, after those of before. @throws XhError E_USAGE */
  readonly read?: (word: string, before: readonly unknown[]) => unknown;
}

export interface Example {
  readonly command: string;
  readonly explains: string;
}

export interface Section {
  readonly heading: string;
  readonly parts: readonly Part[];
}

/** Paragraphs like those of details, or a list of words and what each of them means. */
export type Part = string | Rows;
export type Rows = readonly (readonly [word: string, means: string])[];

export interface ExitMeaning {
  readonly code: number;
  readonly means: string;
}

/** What a word may be, for completion: these words, or those of a kind. */
export type Words = readonly string[] | WordKind;

export type WordKind =
  'package' | 'installed' | 'generation' | 'file' | 'directory' | 'command' | 'user' | 'any';

/** A word of a synopsis: `<package...>` is package, wanted, and may be several. */
export interface UsageWord {
  readonly name: string;
  readonly optional: boolean;
  readonly several: boolean;
}

/** The words of a synopsis, in their order. */
export function usageWords(usage: string): readonly UsageWord[] {
  return usage.split(' ').flatMap((word) => {
    const name = word.replace(/^[<[]+/, '').replace(/(?:\.\.\.)?[\]>]*$/, '');
    if (name === '' || name === '|' || name.startsWith('-')) return [];
    return [{ name, optional: word.startsWith('['), several: word.includes('...') }];
  });
}

/** `xh use <package> [options]`. */
export function synopsis({ name, usage }: Pick<Described, 'name' | 'usage'>): string {
  return [name, usage, '[options]'].filter((word) => word !== '').join(' ');
}

/** The parts of an option's flags: `-k`, `--keep`, and the name of its value. */
export interface OptionNames {
  readonly short: string | undefined;
  readonly long: string | undefined;
  /** `count` of `--keep <count>`. */
  readonly value: string | undefined;
}

export function optionNames({ flags }: Pick<CommandOption, 'flags'>): OptionNames {
  const words = flags.split(/[ ,]+/);
  return {
    short: words.find((word) => /^-[^-]/.test(word)),
    long: words.find((word) => word.startsWith('--')),
    value: /<(.*)>$/.exec(flags)?.[1]?.replace(/\.\.\.$/, ''),
  };
}

/** What a word called `name` may be: what its command says, else what the name tells. */
export function wordsNamed(name: string, description: Pick<Description, 'words'>): Words {
  return description.words?.[name] ?? COMMON_WORDS[name.toLowerCase()] ?? 'any';
}

/** Names that mean the same wherever they stand. */
const COMMON_WORDS: Readonly<Record<string, WordKind>> = {
  package: 'package',
  pkg: 'package',
  generation: 'generation',
  file: 'file',
  path: 'file',
  source: 'file',
  dir: 'directory',
  directory: 'directory',
  master: 'directory',
  slave: 'directory',
  tree: 'directory',
};

/** Every program and every command has it. */
export const HELP_OPTION: CommandOption = { flags: '-h, --help', summary: 'print this help' };

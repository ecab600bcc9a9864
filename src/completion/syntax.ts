/** What completion needs to know of a program: its commands, their options, what each word may be. */
import {
  optionNames,
  usageWords,
  wordsNamed,
  type CommandOption,
  type Description,
  type Words,
  type WordKind,
} from '../cli/description.ts';
import type { SHELLS } from '../cli/commands/completion.ts';
import type { Program } from '../cli/programs.ts';
import { TOPICS } from '../cli/topics.ts';

export interface ProgramSyntax {
  readonly name: string;
  /** Of the program, wherever they stand. */
  readonly options: readonly OptionSyntax[];
  readonly commands: readonly CommandSyntax[];
  /** Without a command; where there are commands the first word may be one too. */
  readonly places: readonly Place[];
}

export interface CommandSyntax {
  readonly name: string;
  readonly summary: string;
  /** Its own, and those that are known everywhere. */
  readonly options: readonly OptionSyntax[];
  readonly places: readonly Place[];
}

export interface OptionSyntax {
  readonly names: readonly string[];
  readonly summary: string;
  /** What its value may be; undefined when it has none. */
  readonly value?: readonly Choice[];
}

/** An argument; the last one may be several. */
export interface Place {
  readonly choices: readonly Choice[];
  readonly several: boolean;
}

/** Words of a kind, or one word. */
export type Choice = { readonly kind: WordKind } | { readonly word: string };

export function syntaxOf({ described, commands, everywhere }: Program): ProgramSyntax {
  const { name } = described;
  const known = commands.map((command) => ({
    name: command.name.slice(name.length + 1),
    summary: command.summary,
    options: [...command.options, ...everywhere].map((option) => optionSyntax(option, command)),
    places: placesOf(command),
  }));
  return {
    name,
    options: described.options.map((option) => optionSyntax(option, described)),
    commands: name === 'xh' ? [...known, helpCommand(known)] : known,
    places: name === 'xh' ? [] : placesOf(described),
  };
}

function helpCommand(commands: readonly CommandSyntax[]): CommandSyntax {
  const words = [...commands, ...TOPICS].map(({ name }) => ({ word: name }));
  return {
    name: 'help',
    summary: 'explain a command or a topic',
    options: [],
    places: [{ choices: words, several: false }],
  };
}

function optionSyntax(option: CommandOption, description: Description): OptionSyntax {
  const { short, long, value } = optionNames(option);
  const words =
    option.choices ?? (value === undefined ? undefined : wordsNamed(value, description));
  return {
    names: [short, long].flatMap((each) => each ?? []),
    summary: option.summary,
    ...(words !== undefined && { value: choicesOf(words) }),
  };
}

function placesOf(description: Description): readonly Place[] {
  const places = usageWords(description.usage).map(({ name, several }) => ({
    // `package|directory` is what either may be
    choices: name.split('|').flatMap((each) => choicesOf(wordsNamed(each, description))),
    several,
  }));
  // after words of which there may be several nobody knows where the others begin
  const open = places.findIndex(({ several }) => several);
  if (open < 0) return places;
  const choices = places.slice(open).flatMap((place) => place.choices);
  return [...places.slice(0, open), { choices, several: true }];
}

function choicesOf(words: Words): readonly Choice[] {
  return typeof words === 'string' ? [{ kind: words }] : words.map((word) => ({ word }));
}

/** Of choices, the words. */
export function plainWords(choices: readonly Choice[]): readonly string[] {
  return choices.flatMap((choice) => ('word' in choice ? [choice.word] : []));
}

/** Of choices, the kinds, but for `any`, which nobody can complete. */
export function kindsIn(choices: readonly Choice[]): readonly Exclude<WordKind, 'any'>[] {
  return choices.flatMap((choice) =>
    'kind' in choice && choice.kind !== 'any' ? [choice.kind] : [],
  );
}

/** What a shell's scripts are called, by program. */
export const FILE_NAMES: Readonly<Record<(typeof SHELLS)[number], (program: string) => string>> = {
  bash: (program) => `bash/${program}`,
  zsh: (program) => `zsh/_${program}`,
  fish: (program) => `fish/${program}.fish`,
};

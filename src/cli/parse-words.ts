/** The words of a command line read as a description has them, and what is said about wrong ones. */
import { Command as Parser, CommanderError, Option } from 'commander';
import { bytes, printable } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { optionNames, synopsis, type CommandOption, type Described } from './description.ts';

export type Syntax = Pick<Described, 'name' | 'usage' | 'options'>;

export interface ParseOptions {
  /** Options that are known wherever the command stands, besides its own. */
  readonly everywhere: readonly CommandOption[];
  /** Whether the command counts its arguments itself. */
  readonly free?: boolean;
}

export interface ParsedWords<T> {
  readonly args: readonly string[];
  /** By camel-case name: `dryRun`. */
  readonly options: T;
}

/** Reads `words` by `syntax`. Long options may be shortened as long as only one begins so. @throws XhError E_USAGE */
export function parseWords<T extends object>(
  syntax: Syntax,
  words: readonly string[],
  { everywhere, free = false }: ParseOptions,
): ParsedWords<T> {
  const options = [...syntax.options, ...everywhere];
  const parser = new Parser(syntax.name)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .showSuggestionAfterError(false)
    .helpOption(false);
  if (free) parser.argument('[words...]');
  else if (syntax.usage !== '') parser.arguments(syntax.usage);
  for (const option of options) parser.addOption(optionOf(option));
  try {
    parser.parse(wholeWords(options, words), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw wrongWords(error, syntax, options);
    throw error;
  }
  return { args: parser.args, options: parser.opts<T>() };
}

/** Whether `-h` or `--help` is among the options, not a value of one or a word after `--`. */
export function asksForHelp(
  syntax: Syntax,
  words: readonly string[],
  everywhere: readonly CommandOption[],
): boolean {
  const places = optionPlaces([...syntax.options, ...everywhere], words);
  return places.some(({ long, letters }) => letters?.includes('h') ?? long === '--help');
}

function optionOf(option: CommandOption): Option {
  const { choices, repeats, read, name, default: usual } = option;
  const made = new Option(option.flags, option.summary);
  if (choices !== undefined) made.choices([...choices]);
  if (repeats === true) {
    made.default([]).argParser((word: string, before: readonly unknown[]) => {
      return [...before, read === undefined ? word : read(word, before)];
    });
  } else if (read !== undefined) made.argParser((word: string) => read(word, []));
  if (usual !== undefined) made.default(usual);
  if (name !== undefined) made.attributeName = () => name;
  return made;
}

/** `words` with every shortened long option written out. @throws XhError E_USAGE when it may be several */
function wholeWords(
  options: readonly CommandOption[],
  words: readonly string[],
): readonly string[] {
  const whole = [...words];
  for (const { at, word, long, several } of optionPlaces(options, words)) {
    if (several !== undefined) {
      throw usage(`'${shown(word)}' may be ${several.join(', ')}`, 'write more of the option');
    }
    const sign = word.indexOf('=');
    if (long !== undefined) whole[at] = long + (sign < 0 ? '' : word.slice(sign));
  }
  return whole;
}

interface OptionPlace {
  readonly at: number;
  readonly word: string;
  /** Short options in one word, as far as they are options. */
  readonly letters?: readonly string[];
  /** The long option that the word is, or begins like. */
  readonly long?: string;
  /** The long options that it may be, when there are several. */
  readonly several?: readonly string[];
}

/** Where options stand among `words`, as far as `--`; their values are none. */
function optionPlaces(
  options: readonly CommandOption[],
  words: readonly string[],
): readonly OptionPlace[] {
  const names = options.map(optionNames);
  const longs = names.flatMap(({ long }) => (long === undefined ? [] : [long]));
  const valued = new Set(
    names.flatMap(({ short, long, value }) => (value === undefined ? [] : [short, long])),
  );
  const places: OptionPlace[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-') || word === '-') continue;
    if (!word.startsWith('--')) {
      const all = word.slice(1).split('');
      const first = all.findIndex((letter) => valued.has(`-${letter}`));
      places.push({ at, word, letters: first < 0 ? all : all.slice(0, first + 1) });
      // the value of the last one is the next word
      if (first >= 0 && first === all.length - 1) at++;
      continue;
    }
    const [head = ''] = word.split('=', 1);
    const begin = longs.filter((long) => long.startsWith(head));
    const long = longs.includes(head) ? head : begin.length === 1 ? begin[0] : undefined;
    places.push({
      at,
      word,
      ...(long !== undefined && { long }),
      ...(long === undefined && begin.length > 1 && { several: begin }),
    });
    if (long !== undefined && valued.has(long) && !word.includes('=')) at++;
  }
  return places;
}

/** What commander found wrong, in words that say what to type. */
function wrongWords(
  error: CommanderError,
  syntax: Syntax,
  options: readonly CommandOption[],
): XhError {
  const message = error.message.replace(/^error: /, '');
  const help = `usage: ${synopsis(syntax)}; '${syntax.name} --help' has examples`;
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.missingArgument':
      return usage(`<${quoted}> is missing`, help);
    case 'commander.excessArguments':
      return usage('there are more words than it takes', help);
    case 'commander.unknownOption': {
      const known = options.flatMap((option) => optionNames(option).long ?? []);
      return usage(message, didYouMean(quoted, known) ?? help);
    }
    case 'commander.invalidArgument': {
      const choices =
        message.split('Allowed choices are ')[1]?.replace(/\.$/, '').split(', ') ?? [];
      const given = /argument '([^']*)'/.exec(message)?.[1] ?? '';
      return usage(message.replace(/\.$/, ''), didYouMean(given, choices) ?? help);
    }
    default:
      return usage(message, `'${syntax.name} --help' shows how it is used`);
  }
}

/** An error in the words of a command line. */
export function usage(message: string, remedy?: string): XhError {
  return new XhError('E_USAGE', message, {
    exit: EXIT.usage,
    ...(remedy !== undefined && { remedy }),
  });
}

function shown(word: string): string {
  return printable(bytes(word));
}

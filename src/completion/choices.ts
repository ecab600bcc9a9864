/** What a place or a value may be, in the form in which the scripts of bash and zsh have it. */
import { kindsIn, plainWords, type Choice, type OptionSyntax, type Place } from './syntax.ts';

/** `:package|auto|always`: kinds with a colon before them, words as they are. */
export function choicesText(choices: readonly Choice[]): string {
  const words = plainWords(choices);
  const odd = words.find((word) => !/^[\w=%.+@-]+$/.test(word));
  if (odd !== undefined) throw new Error(`completion cannot have the word '${odd}'`);
  return [...kindsIn(choices).map((kind) => `:${kind}`), ...words].join('|') || ':any';
}

/** `:package...`, for words of which there may be several. */
export function placeText({ choices, several }: Place): string {
  return choicesText(choices) + (several ? '...' : '');
}

/** `--color=auto|always|never`, for each name of each option that has a value. */
export function valueTexts(options: readonly OptionSyntax[]): readonly string[] {
  return options.flatMap(({ names, value }) =>
    value === undefined ? [] : names.map((each) => `${each}=${choicesText(value)}`),
  );
}

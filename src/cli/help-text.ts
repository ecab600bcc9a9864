/** The help of one command, of whatever program, from its description. */
import { colorIn } from './color-in.ts';
import {
  synopsis,
  type CommandOption,
  type Described,
  type ExitMeaning,
  type Part,
} from './description.ts';
import { fill, outputWidth, twoColumns, wrap } from './fill.ts';
import { outputStyles, type Styles } from './terminal.ts';

export interface HelpOptions {
  readonly styles: Styles;
  /** Of a line. */
  readonly width: number;
  /** Options that are known wherever the command stands. */
  readonly everywhere: readonly CommandOption[];
}

/** The help as the words of a command line want it: in colours or without, as wide as standard output is. */
export function helpFor(
  described: Described,
  words: readonly string[],
  everywhere: readonly CommandOption[],
): string {
  return helpText(described, {
    styles: outputStyles(colorIn(words)),
    width: outputWidth(),
    everywhere,
  });
}

/** The text of `xh COMMAND --help` and its like, without a line end at its end. */
export function helpText(described: Described, options: HelpOptions): string {
  const { styles, width, everywhere } = options;
  const { name, summary, details, sections = [], exits = [] } = described;
  return [
    ...titleLines(name, summary, options),
    '',
    ...wrap(synopsis(described), width, '       ', 'usage: '),
    ...(details === '' ? [] : ['', ...fill(details, width)]),
    ...exampleLines(described, options),
    ...optionLines('Options', described.options, options),
    ...sections.flatMap(({ heading, parts }) => [
      '',
      styles.bold(heading),
      ...partLines(parts, width),
    ]),
    ...exitLines(exits, options),
    ...optionLines('Everywhere', everywhere, options),
  ].join('\n');
}

/** Paragraphs and lists, an empty line between them. */
export function partLines(parts: readonly Part[], width: number): string[] {
  return parts.flatMap((part, i) => [
    ...(i === 0 ? [] : ['']),
    ...(typeof part === 'string' ? fill(part, width) : twoColumns(part, width)),
  ]);
}

/** `NAME: what it does`, the name in bold. */
export function titleLines(
  name: string,
  summary: string,
  { styles, width }: Pick<HelpOptions, 'styles' | 'width'>,
): string[] {
  const [first = '', ...more] = wrap(summary, width, '    ', `${name}: `);
  return [first.replace(name, () => styles.bold(name)), ...more];
}

/** Options under a heading, after an empty line; nothing when there are none. */
export function optionLines(
  heading: string,
  options: readonly CommandOption[],
  { styles, width }: Pick<HelpOptions, 'styles' | 'width'>,
): string[] {
  if (options.length === 0) return [];
  // those without a short form stand under the long forms of the others
  const rows = options.map((option) => {
    const { flags } = option;
    return [flags.startsWith('--') ? `    ${flags}` : flags, optionSummary(option)] as const;
  });
  return ['', styles.bold(heading), ...twoColumns(rows, width)];
}

/** What an option does, with what may be written and how often. */
export function optionSummary({ summary, choices, repeats }: CommandOption): string {
  return [
    summary,
    ...(choices === undefined ? [] : [`(${choices.join(', ')})`]),
    ...(repeats === true ? ['(may repeat)'] : []),
  ].join(' ');
}

function exampleLines({ examples }: Described, { styles, width }: HelpOptions): string[] {
  if (examples.length === 0) return [];
  return [
    '',
    styles.bold('Examples'),
    ...examples.flatMap(({ command, explains }) => [
      `  ${styles.cyan(command)}`,
      ...wrap(explains, width, '      '),
    ]),
  ];
}

function exitLines(exits: readonly ExitMeaning[], { styles, width }: HelpOptions): string[] {
  if (exits.length === 0) return [];
  const rows = exits.map(({ code, means }) => [String(code).padStart(3), means] as const);
  return ['', styles.bold('Exit codes'), ...twoColumns(rows, width)];
}

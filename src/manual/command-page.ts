/** The pages of programs and of their commands, from their descriptions. */
import type { CommandOption, Described, ExitMeaning } from '../cli/description.ts';
import { optionSummary } from '../cli/help-text.ts';
import type { Program, ProgramCommand } from '../cli/programs.ts';
import { TOPICS } from '../cli/topics.ts';
import { reference, type Page, type PageSection } from './page.ts';
import { bold, italic, line, list, literal, paragraphs, partsOf, subheading } from './roff.ts';

/** The page of each program, and of each of its commands. */
export async function programPages(programs: readonly Program[]): Promise<Page[]> {
  const pages = programs.map(async (program) => [
    await programPage(program, programs),
    ...program.commands.map((command) => commandPage(program, command)),
  ]);
  return (await Promise.all(pages)).flat();
}

/** What the page of a command is called: `xh-install` of `xh install`. */
export function pageName({ name }: Pick<Described, 'name'>): string {
  return name.replaceAll(' ', '-');
}

async function programPage(program: Program, programs: readonly Program[]): Promise<Page> {
  const { described, section } = program;
  const others = programs.filter((each) => each !== program);
  const topics = described.name === 'xh' ? await topicSections() : [];
  return {
    name: described.name,
    section,
    summary: described.summary,
    sections: [
      ...opening(described),
      { heading: 'Commands', lines: commandList(program) },
      { heading: 'Options', lines: optionList(described.options) },
      ...ownSections(described).filter((each) => each.heading !== 'Commands'),
      ...topics,
      ...closing(described),
    ],
    seeAlso: [
      ...others.map((each) => `${each.described.name}(${each.section})`),
      ...filePages(textOf(described) + JSON.stringify(topics)),
    ],
  };
}

function commandPage(program: Program, command: ProgramCommand): Page {
  const { section, commands, everywhere, described } = program;
  const group = commands.filter((each) => each.group === command.group);
  return {
    name: pageName(command),
    section,
    summary: command.summary,
    sections: [
      ...opening(command),
      {
        heading: 'Options',
        lines: [
          ...optionList(command.options),
          subheading(`Of every command of ${described.name}`),
          ...optionList(everywhere),
        ],
      },
      ...ownSections(command),
      ...closing(command),
    ],
    seeAlso: [
      reference({ name: described.name, section }),
      ...group.map((each) => reference({ name: pageName(each), section })),
      ...filePages(textOf(command)),
    ],
  };
}

function opening(described: Described): PageSection[] {
  return [
    { heading: 'Synopsis', lines: synopsisLines(described) },
    { heading: 'Description', lines: paragraphs(described.details) },
  ];
}

function closing({ exits = [], examples }: Described): PageSection[] {
  return [
    { heading: 'Exit status', lines: exitList(exits) },
    {
      heading: 'Examples',
      lines: list(examples.map(({ command, explains }) => [bold(command), explains] as const)),
    },
  ];
}

function ownSections({ sections = [] }: Described): PageSection[] {
  return sections.map(({ heading, parts }) => ({ heading, lines: partsOf(parts) }));
}

/**
 * What `xh help TOPIC` says, but for what stands elsewhere: fragments with the rest of a package in
 * xh-package(5), exit codes in a section that every page has.
 */
async function topicSections(): Promise<PageSection[]> {
  const elsewhere = ['fragments', 'exit-codes'];
  const shown = TOPICS.filter(({ name }) => !elsewhere.includes(name)).map(
    async ({ name, load }) => ({ heading: TITLES[name] ?? name, lines: partsOf(await load()) }),
  );
  return Promise.all(shown);
}

const TITLES: Readonly<Record<string, string>> = {
  packages: 'Names of packages',
  environment: 'Environment and files',
};

function commandList({ commands, section }: Program): string[] {
  const groups = [...new Set(commands.map(({ group }) => group))];
  return groups.flatMap((group) => [
    ...(group === '' ? [] : [subheading(group)]),
    ...list(
      commands
        .filter((each) => each.group === group)
        .map((each) => [`${bold(pageName(each))}(${section})`, each.summary] as const),
    ),
  ]);
}

/** `xh install [package...] [options]`, what is typed as it stands in bold, the rest in italics. */
function synopsisLines({ name, usage }: Described): string[] {
  const words = usage.split(' ').filter((word) => word !== '');
  const shown = words.map((word) => {
    const [, before = '', inner = '', after = ''] =
      /^([<[]*)(.*?)((?:\.\.\.)?[\]>]*)$/.exec(word) ?? [];
    return `${literal(before.replace('<', ''))}${italic(inner)}${literal(after.replace('>', ''))}`;
  });
  return [line([bold(name), ...shown, `[${italic('options')}]`].join(' '))];
}

function optionList(options: readonly CommandOption[]): string[] {
  return list(options.map((option) => [flagsText(option), optionSummary(option)] as const));
}

/** `-m, --message why`: what is typed in bold, what stands for something in italics. */
function flagsText({ flags }: CommandOption): string {
  return flags
    .split(/(<.*>)/)
    .map((part) =>
      part.startsWith('<')
        ? italic(part.slice(1, -1))
        : part
            .split(', ')
            .map((word) =>
              word.trim() === '' ? word : bold(word.trimEnd()) + (word.endsWith(' ') ? ' ' : ''),
            )
            .join(', '),
    )
    .join('');
}

function exitList(exits: readonly ExitMeaning[]): string[] {
  return list(exits.map(({ code, means }) => [bold(String(code)), means] as const));
}

function textOf({ details, options, examples, sections = [] }: Described): string {
  return JSON.stringify([details, options, examples, sections]);
}

/** The pages on files that a text speaks of. */
function filePages(text: string): string[] {
  const spoken: readonly (readonly [page: string, sign: RegExp])[] = [
    ['xhier.toml(5)', /xhier\.toml|xh config/],
    ['lfu.toml(5)', /lfu\.toml/],
    ['lfu-rules(5)', /\brules\b/],
    ['xh-package(5)', /\.admin\/|export\/|fragment|skeleton|package's/],
  ];
  return spoken.flatMap(([page, sign]) => (sign.test(text) ? [page] : []));
}

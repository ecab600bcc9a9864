/** `xh search WORDS…`. */
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { searchDepot, type FoundPackage, type FoundPage } from '../../depot/search.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { marked } from '../marked.ts';
import type { Styles } from '../terminal.ts';

export const command: Command = {
  usage: '<word...>',
  details:
    'Finds packages by words in their names, their summaries, and the names and descriptions of their\n' +
    'manual pages; with --full in the whole text of the pages. A package is found when it has all the\n' +
    'words, in upper or lower case, alone or together with one of its pages. The best comes first: a package or a command of that very name,\n' +
    'then names that begin with a word, summaries, and pages. A star stands before what is installed\n' +
    'here. Exit 1 when nothing is found.',
  options: [
    { flags: '--full', summary: 'search the whole text of manual pages' },
    { flags: '--installed', summary: 'only what is installed here' },
    JSON_OPTION,
  ],
  examples: [
    {
      command: 'xh search directory tree',
      explains: 'what is there to show a tree of directories',
    },
    { command: 'xh search gunzip', explains: 'which package has the command' },
    {
      command: 'xh search --full TAR_OPTIONS',
      explains: 'who knows this variable, by the text of all manual pages',
    },
  ],
  run({ args, options, site, terminal }) {
    const words = args.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
    if (words.length === 0) {
      throw new XhError('E_USAGE', 'a word is missing: nothing but blanks is to be searched for', {
        exit: EXIT.usage,
        remedy: "'xh list' shows everything that is there",
      });
    }
    const { found, names } = searchDepot(site, words, { full: options['full'] === true });
    const shown = options['installed'] === true ? found.filter((each) => each.installed) : found;
    if (options['json'] === true) terminal.print(toJsonText(shown.map(asJson), 2));
    else {
      const most = terminal.verbose ? Infinity : MOST_PAGES;
      for (const line of lines(shown, words, most, terminal.out)) terminal.print(line);
    }
    if (shown.length > 0) return EXIT.done;
    terminal.warn(
      `nothing is found for ${words.map((word) => `'${printable(bytes(word))}'`).join(' ')}`,
    );
    const remedy = hint(words, names, found.length > 0, options['full'] === true);
    terminal.warn(`    ${terminal.err.dim('→')} ${remedy}`);
    return EXIT.failed;
  },
};

function hint(
  words: readonly string[],
  names: ReadonlySet<string>,
  elsewhere: boolean,
  full: boolean,
): string {
  if (elsewhere) return 'it is in the depot, but not installed here: leave --installed out';
  const near = words.flatMap((word) =>
    names.has(word) ? [] : (didYouMean(word.toLowerCase(), names) ?? []),
  );
  if (near.length > 0) return near.join(' ');
  if (names.size === 0) return 'the depot has no packages yet: xh mkpkg, xh import';
  return full ? "'xh list' names what is there" : 'search all that manual pages say: --full';
}

/** Pages that are shown of one package without --verbose. */
const MOST_PAGES = 8;

/** A package on a line, and its pages, the best of them, on lines of their own below it. */
function lines(
  found: readonly FoundPackage[],
  words: readonly string[],
  most: number,
  styles: Styles,
): string[] {
  const mark = (text: string): string =>
    marked(text, words, (part) => styles.bold(styles.cyan(part)));
  const names = found.map(({ directory }) => printable(directory));
  const versions = found.map(({ version }) => (version === undefined ? '-' : printable(version)));
  const widest = (all: readonly string[], limit: number): number =>
    Math.min(limit, Math.max(0, ...all.map((text) => text.length)));
  const nameWidth = widest(names, 32);
  const versionWidth = widest(versions, 20);
  const pageNames = found.flatMap(({ pages }) => pages.slice(0, most).map(pageTitle));
  const pageWidth = widest(pageNames, 28);
  return found.flatMap(({ summary, installed, problem, pages }, i) => {
    const [name = '', version = ''] = [names[i], versions[i]];
    const said = problem ?? (summary === undefined ? '' : printable(summary));
    const head = `${installed ? '*' : ' '} ${padded(mark(name), name, nameWidth)}  ${version.padEnd(versionWidth)}  ${mark(said)}`;
    const more = pages.length - most;
    return [
      head.trimEnd(),
      ...pages.slice(0, most).flatMap((page) => pageLines(page, pageWidth, mark)),
      ...(more > 0 ? [`      ${styles.dim(`and ${more} more pages, with --verbose`)}`] : []),
    ];
  });
}

function pageLines(page: FoundPage, width: number, mark: (text: string) => string): string[] {
  const title = pageTitle(page);
  const said = page.description === undefined ? '' : mark(printable(page.description));
  const line = `      ${padded(mark(title), title, width)}  ${said}`.trimEnd();
  if (page.line === undefined) return [line];
  // printable() is for bytes, and this is text already
  return [line, `          ${mark(printable(bytes(page.line)).slice(0, 160))}`];
}

function padded(shown: string, plain: string, width: number): string {
  return shown + ' '.repeat(Math.max(0, width - plain.length));
}

/** `tar(1)` */
function pageTitle({ name, section }: FoundPage): string {
  return `${printable(name)}(${printable(section)})`;
}

function asJson({ directory, pages, ...rest }: FoundPackage): unknown {
  const text = (value: Bytes | undefined): string | undefined =>
    value === undefined ? undefined : toText(value);
  return {
    package: directory,
    ...rest,
    pages: pages.map(({ section, description, line, name, path }) => ({
      name,
      section: toText(section),
      description: text(description),
      path,
      ...(line !== undefined && { line }),
    })),
  };
}

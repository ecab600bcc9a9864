/**
 * `xh search`: packages found by words, in their names, summaries and manual pages. Of a page no
 * more is read than its beginning, where the NAME section is, so that no index is needed, which
 * nobody would have brought up to date.
 */
import { constants as zlib, gunzipSync } from 'node:zlib';
import { b, fromBuffer, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { beginningOf, namesIn } from '../files/forgiving.ts';
import { pageDescription, pageName, pageText } from '../package/man-page.ts';
import { packagePath, type Site } from '../site/site.ts';
import { listDepot, type ListedPackage } from './list.ts';

/** A package that has all the words. */
export interface FoundPackage extends ListedPackage {
  /** Its pages in which words were found. */
  readonly pages: readonly FoundPage[];
}

export interface FoundPage {
  readonly name: Bytes;
  readonly section: Bytes;
  readonly description?: Bytes;
  /** As people reach it: `/software/tar/man/man1/tar.1`. */
  readonly path: Bytes;
  /** With the whole text searched: the first line that has a word which is nowhere else. */
  readonly line?: string;
}

export interface SearchOptions {
  /** The whole text of manual pages, not the NAME section only. */
  readonly full?: boolean;
}

export interface SearchResult {
  /** The best first. */
  readonly found: readonly FoundPackage[];
  /** Every name that could have been meant. */
  readonly names: ReadonlySet<string>;
}

/**
 * The packages that have every one of `words`, whatever the case of its letters: in name and summary,
 * or in these and one manual page. A package
 * of that very name comes first, then a page (a command, that is) of the name, names that begin with
 * the word, names with the word in them, summaries, and descriptions of pages; whole words before
 * parts of words.
 */
export function searchDepot(
  site: Site,
  words: readonly string[],
  options: SearchOptions = {},
): SearchResult {
  const wanted = words.map((word) => word.toLowerCase()).filter((word) => word !== '');
  const names = new Set<string>();
  const ranked: { readonly found: FoundPackage; readonly rank: number }[] = [];
  for (const listed of listDepot(site)) {
    const pages = pagesOf(site, listed.directory, options.full === true);
    names.add(toText(listed.name));
    for (const { name } of pages) names.add(toText(name));
    const match = matchPackage(listed, pages, wanted);
    if (match !== undefined) ranked.push(match);
  }
  const found = ranked
    .toSorted((one, other) => one.rank - other.rank || byName(one.found, other.found))
    .map((each) => each.found);
  return { found, names };
}

function byName(one: ListedPackage, other: ListedPackage): number {
  return one.directory < other.directory ? -1 : 1;
}

interface Page extends FoundPage {
  /** Only when the whole text is searched. */
  readonly text?: string;
}

function matchPackage(
  listed: ListedPackage,
  pages: readonly Page[],
  words: readonly string[],
): { readonly found: FoundPackage; readonly rank: number } | undefined {
  const own = words.map((word) => rankOfPackage(listed, word));
  const inPages = pages.flatMap((page) => {
    const ranks = words.map((word) => rankInPage(page, word));
    // what the package itself does not have, one page must have
    const isWhole = words.every((_, i) => Math.min(own[i] ?? 0, ranks[i] ?? 0) < Infinity);
    return isWhole && Math.min(...ranks) < Infinity ? [{ page, ranks }] : [];
  });
  const sums = [
    own,
    ...inPages.map(({ ranks }) => ranks.map((rank, i) => Math.min(rank, own[i] ?? 0))),
  ].map((ranks) => ranks.reduce((sum, rank) => sum + rank, 0));
  const rank = Math.min(...sums);
  if (rank === Infinity) return undefined;
  const order = new Map(inPages.map(({ page }, i) => [page, sums[i + 1] ?? 0]));
  const shown = inPages
    // where one is better than another it comes first, and sections and names keep their order
    .toSorted((one, other) => (order.get(one.page) ?? 0) - (order.get(other.page) ?? 0))
    .map(({ page: { text, ...page } }) => {
      const line = text === undefined ? undefined : lineWith(page, text, words);
      return line === undefined ? page : { ...page, line };
    });
  return { found: { ...listed, pages: shown }, rank };
}

function rankOfPackage({ name, directory, summary }: ListedPackage, word: string): number {
  return Math.min(
    rankOfName(lower(name), word, RANK.name),
    rankOfName(lower(directory), word, RANK.name),
    rankOfText(lower(summary), word, RANK.summary),
  );
}

const RANK = { name: 0, page: 1, summary: 6, description: 8, text: 10 } as const;

/** The very name, its beginning, a part of it. */
function rankOfName(name: string, word: string, best: number): number {
  if (name === word) return best;
  if (name.startsWith(word)) return best + 2;
  return name.includes(word) ? best + 4 : Infinity;
}

/** A whole word, a part of one. */
function rankOfText(text: string, word: string, best: number): number {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const around = `${text[at - 1] ?? ' '}${text[at + word.length] ?? ' '}`;
    if (!/[\p{L}\p{N}]/u.test(around)) return best;
  }
  return text.includes(word) ? best + 1 : Infinity;
}

function rankInPage({ name, description, text }: Page, word: string): number {
  return Math.min(
    rankOfName(lower(name), word, RANK.page),
    rankOfText(lower(description), word, RANK.description),
    text === undefined ? Infinity : rankOfText(text.toLowerCase(), word, RANK.text),
  );
}

/** The line that tells why a page was found, when its name and description do not. */
function lineWith(page: FoundPage, text: string, words: readonly string[]): string | undefined {
  const plain = `${lower(page.name)} ${lower(page.description)}`;
  const hidden = words.filter((word) => !plain.includes(word));
  if (hidden.length === 0) return undefined;
  return text.split('\n').find((line) => hidden.some((word) => line.toLowerCase().includes(word)));
}

function lower(value: Bytes | undefined): string {
  return value === undefined ? '' : toText(value).toLowerCase();
}

/** The pages of a package in the language of all, sorted by section and name. */
function pagesOf(site: Site, directory: Bytes, full: boolean): Page[] {
  const top = packagePath(site, directory);
  const pages = [b`man`, b`share/man`].flatMap((man) =>
    namesIn(join(top, man))
      .filter((section) => /^man[0-9a-z]/.test(section))
      .flatMap((section) => {
        const at = join(join(top, man), section);
        return namesIn(at).flatMap((file) => readPage(join(at, file), file, full));
      }),
  );
  return pages.toSorted((one, other) => {
    const [a, c] = [`${one.section} ${one.name}`, `${other.section} ${other.name}`];
    return a < c ? -1 : a > c ? 1 : 0;
  });
}

function readPage(path: Bytes, file: Bytes, full: boolean): Page[] {
  const named = pageName(file);
  if (named === undefined) return [];
  let content = pageBeginning(path, full ? WHOLE_PAGE : BEGINNING);
  let description = pageDescription(content);
  if (!full && description === undefined && content !== '') {
    content = pageBeginning(path, LONG_BEGINNING);
    description = pageDescription(content);
  }
  return [
    {
      ...named,
      ...(description !== undefined && { description }),
      path,
      ...(full && { text: toText(pageText(content)) }),
    },
  ];
}

/** Bytes in which most pages have their NAME section. */
const BEGINNING = 4 * 1024;
/** A preamble (pod2man's is of five kilobytes) and a licence stand before the NAME section. */
const LONG_BEGINNING = 32 * 1024;
const WHOLE_PAGE = 2 * 1024 * 1024;
/** What so much of a compressed page may be at most. */
const MOST_UNPACKED = 8 * 1024 * 1024;

/** The first bytes of a page, decompressed; nothing of one that cannot be read. */
function pageBeginning(path: Bytes, length: number): Bytes {
  const start = beginningOf(path, length);
  if (start === undefined) return b``;
  const text = fromBuffer(isGzip(start.content) ? unpacked(start.content) : start.content);
  // a line that is cut off says something else
  return start.whole ? text : slice(text, 0, text.lastIndexOf('\n') + 1);
}

function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

function unpacked(start: Buffer): Buffer {
  try {
    // the rest of the file is not needed
    return gunzipSync(start, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MOST_UNPACKED });
  } catch {
    return Buffer.alloc(0);
  }
}

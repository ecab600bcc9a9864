/**
 * Manual pages in the man(7) macros, which every Unix formats: text made safe, paragraphs, lists.
 * Nothing that is written in a description can be taken for a macro or an escape.
 */
import { blocksOf, wrap } from '../cli/fill.ts';
import type { Part, Rows } from '../cli/description.ts';

/** `text` as it stands, inside a line. */
export function literal(text: string): string {
  return text.replaceAll(/[^ !"#$%&()*+,./0-9:;<=>?@A-Z[\]_a-z{|}]/g, (unit) => {
    const known = ESCAPES[unit];
    if (known !== undefined) return known;
    const code = unit.codePointAt(0) ?? 0;
    return code < 0x80 ? unit : `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}

/** What roff would read otherwise, or print as a typographer's sign that no shell understands. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '…': '...',
  '→': '\\->',
};

/** A line of output: what begins it is no macro. */
export function line(text: string): string {
  return /^[.']/.test(text) ? `\\&${text}` : text;
}

export function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${literal(text)}\\fR`;
}

/** `text` with options, quoted commands and references to pages in bold. */
export function inline(text: string): string {
  let result = '';
  let done = 0;
  for (const match of text.matchAll(NOTABLE)) {
    const [whole, quoted] = match;
    result += literal(text.slice(done, match.index)) + bold(quoted ?? whole);
    done = match.index + whole.length;
  }
  return result + literal(text.slice(done));
}

/** `'xh list --json'`, `--dry-run`, `-v`, `xh-install(1)`. */
const NOTABLE =
  /'((?:xh|lfu|lfck|showpath) [^']{1,80})'|(?<![\w-])--[a-z][a-z-]*|(?<![\w<-])-[A-Za-z](?![\w-])|[a-z][a-z.-]*\([1-8]\)/g;

/** Everything before the first section. `date` as `2026-11-22`. */
export function head(page: {
  readonly name: string;
  readonly section: number;
  readonly date: string;
  readonly version: string;
}): string[] {
  const { name, section, date, version } = page;
  const words = [name.toUpperCase(), String(section), date, `xhier ${version}`, 'xhier'];
  // a date is no text: mandoc wants its hyphens bare
  const shown = words.map((word) => (word === date ? word : literal(word)));
  return [`.TH ${shown.map((word) => `"${word}"`).join(' ')}`, '.nh', '.ad l'];
}

/** In capitals, as headings of pages are, but for names of files and tables. */
export function heading(text: string): string {
  const words = text.split(' ').map((word) => (/[.[\]]/.test(word) ? word : word.toUpperCase()));
  return `.SH ${literal(words.join(' '))}`;
}

export function subheading(text: string): string {
  return `.SS ${literal(text)}`;
}

/** The paragraphs and literal blocks of `text`, after whatever stands above. */
export function paragraphs(text: string): string[] {
  return blocksOf(text).flatMap((block, i) => {
    const between = i === 0 ? [] : ['.PP'];
    return block.kind === 'literal'
      ? [
          ...between,
          '.RS 4',
          '.nf',
          ...block.lines.map((each) => line(literal(each.trimEnd().slice(2)))),
          '.fi',
          '.RE',
        ]
      : [...between, ...filled(block.lines.join(' '))];
  });
}

/** Each item with what it means, one line or several, below and beside it. The items are roff. */
export function list(
  items: readonly (readonly [item: string, means: string | readonly string[]])[],
): string[] {
  return items.flatMap(([item, means]) => {
    const [first = '', ...others] = typeof means === 'string' ? [means] : means;
    const more = others.flatMap((each) => ['.br', ...filled(each)]);
    return ['.TP', line(item), ...filled(first), ...more];
  });
}

/** Paragraphs and lists of words. */
export function partsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part, i) => {
    if (typeof part !== 'string') return rows(part);
    return [...(i === 0 ? [] : ['.PP']), ...paragraphs(part)];
  });
}

export function rows(table: Rows): string[] {
  return list(table.map(([word, means]) => [bold(word.trim()), means] as const));
}

/** Source lines that a person can read and compare. */
function filled(text: string): string[] {
  return wrap(inline(text), 76).map(line);
}

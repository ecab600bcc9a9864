/** One manual page: what it is called, what is on it, which others it names. */
import { heading, head, inline, line, literal } from './roff.ts';

export interface Page {
  readonly name: string;
  readonly section: 1 | 5 | 8;
  /** One line. */
  readonly summary: string;
  /** In their order; the lines are roff. */
  readonly sections: readonly PageSection[];
  /** As `xh-install(1)`. */
  readonly seeAlso: readonly string[];
}

export interface PageSection {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** `xh-install(1)`. */
export function reference({ name, section }: Pick<Page, 'name' | 'section'>): string {
  return `${name}(${section})`;
}

/** Where the page belongs: `man1/xh-install.1`. */
export function pagePath({ name, section }: Pick<Page, 'name' | 'section'>): string {
  return `man${section}/${name}.${section}`;
}

/** The page's source. @param date as `2026-11-22` */
export function pageSource(
  page: Page,
  { version, date }: { version: string; date: string },
): string {
  const { name, section, summary, sections, seeAlso } = page;
  const others = seeAlso.filter((each) => each !== reference(page)).toSorted(bySection);
  const lines = [
    ...head({ name, section, date, version }),
    heading('Name'),
    line(`${literal(name)} \\- ${literal(summary)}`),
    ...sections.flatMap((each) =>
      each.lines.length === 0 ? [] : [heading(each.heading), ...each.lines],
    ),
    ...(others.length === 0 ? [] : [heading('See also'), ...seeAlsoLines(others)]),
  ];
  return `${lines.join('\n')}\n`;
}

function seeAlsoLines(references: readonly string[]): string[] {
  return references.map((each, i) => inline(each) + (i === references.length - 1 ? '' : ','));
}

function bySection(a: string, c: string): number {
  const [left, right] = [a, c].map((each) => each.slice(-2) + each);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

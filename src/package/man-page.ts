/**
 * What a manual page says of itself: the lines of its NAME section, by which people find it, and its
 * words. Both macro packages are read, man(7) and mdoc(7); nothing is formatted.
 */
import { b, slice, split, trim, type Bytes } from '../bytes/bytes.ts';

/** A page's file name taken apart: `tar.1.gz` is `tar` of section `1`. */
export interface PageName {
  readonly name: Bytes;
  readonly section: Bytes;
}

/** The page that a file in `man*` is, or undefined when its name is no page's. */
export function pageName(file: Bytes): PageName | undefined {
  const stem = file.replace(/\.(?:gz|Z|bz2|xz|zst|lz)$/, '');
  const dot = stem.lastIndexOf('.');
  if (dot <= 0 || dot === stem.length - 1) return undefined;
  return { name: stem.slice(0, dot) as Bytes, section: stem.slice(dot + 1) as Bytes };
}

/** What stands behind the dash in the NAME section of a page; undefined when there is none. */
export function pageDescription(page: Bytes): Bytes | undefined {
  const said = nameSection(page);
  const dash = / (?:-|--|\u00e2\u0080[\u0093\u0094]) /.exec(said);
  if (dash === null) return undefined;
  const text = trim(slice(said, dash.index + dash[0].length));
  return text === '' ? undefined : text;
}

/** The names in front of the dash in the NAME section of a page, by which man(1) links it. */
export function pageTitles(page: Bytes): readonly Bytes[] {
  const said = nameSection(page);
  const dash = / (?:-|--|\u00e2\u0080[\u0093\u0094]) /.exec(said);
  if (dash === null) return [];
  return split(slice(said, 0, dash.index), ',')
    .map(trim)
    .filter((name) => name !== '');
}

/** The words of a page without what is for the formatter, a line for each of its own. */
export function pageText(page: Bytes): Bytes {
  const lines = split(page, '\n')
    .map(lineText)
    .filter((line) => line !== '');
  return lines.join('\n') as Bytes;
}

/** All lines of the NAME section in one. */
function nameSection(page: Bytes): Bytes {
  const words: Bytes[] = [];
  let inside = false;
  for (const line of split(page, '\n')) {
    const heading = /^[.'][ \t]*(?:SH|Sh)\b[ \t]*"?([^"]*)"?/.exec(line);
    if (heading !== null) {
      if (inside) break;
      inside = /^NAME\b/i.test(trim(plain((heading[1] ?? '') as Bytes)));
      continue;
    }
    if (!inside) continue;
    if (/^[.'][ \t]*(?:SS|Ss|TP|TH)\b/.test(line)) break;
    if (/^\.[ \t]*Nd\b/.test(line)) words.push(b`-`);
    const text = lineText(line);
    if (text !== '') words.push(text);
  }
  return words.join(' ').replace(/[ \t]+/g, ' ') as Bytes;
}

/** Macros that are about the words behind them. */
const SPEAKING =
  /^[.'][ \t]*(?:B|I|R|SM|SB|BI|BR|IB|IR|RB|RI|SH|SS|TP|IP|Nm|Nd|Sh|Ss|Fl|Ar|Pa|Xr|Em|Sy|Li|It|Cm|Ev|Dq|Sq|Ql|Va|Dv)\b[ \t]*/;

function lineText(line: Bytes): Bytes {
  const sign = line[0];
  if (sign !== '.' && sign !== "'") return trim(plain(line));
  const macro = SPEAKING.exec(line);
  if (macro === null) return b``;
  return trim(plain(slice(line, macro[0].length).replaceAll('"', '') as Bytes));
}

/** Without escape sequences (groff(7)); what they stand for where that is a letter. */
function plain(text: Bytes): Bytes {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:(["#].*)|(-)|e|f(?:\[[^\]]{0,40}\]|\(..|.)|s(?:\[[^\]]{0,40}\]|[+-]?\d)|\((..)|\*(?:\(..|\[[^\]]{0,40}\]|.)|\[([^\]]{0,40})\]|[&|^/,:%cdu{}!)]|( |~|0)|(.))/g,
    (whole, comment, hyphen, special, long, blank, other) => {
      if (comment !== undefined) return '';
      if (hyphen !== undefined) return '-';
      const letter = (special ?? long) as string | undefined;
      if (letter !== undefined) return SPECIAL[letter] ?? '';
      if (blank !== undefined) return ' ';
      if (other !== undefined) return other as string;
      return whole === String.raw`\e` ? '\\' : '';
    },
  ) as Bytes;
}

const SPECIAL: Readonly<Record<string, string>> = {
  em: '-',
  en: '-',
  hy: '-',
  mi: '-',
  aq: "'",
  cq: "'",
  oq: "'",
  dq: '"',
  lq: '"',
  rq: '"',
  rs: '\\',
  bu: '*',
  co: '(c)',
  tm: '(tm)',
  ti: '~',
  ha: '^',
};

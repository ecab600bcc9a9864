/**
 * The path table: the one file that showpath reads, `/.software/local/.admin/path-table`.
 *
 * It is plain text, and at the same time a sh program that consists of a comment and one quoted
 * string. Sourcing it costs a tenth of a millisecond where reading it line by line would cost several;
 * and cut off anywhere it leaves the quote open or the last line, which counts the lines before it,
 * missing, so that half a table is never taken for a whole one. Packages are not in it: where a package
 * has its directories is a rule, so a login costs the same with one package and with thousands.
 */
import { b, split, slice, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import type { Site } from '../site/site.ts';
import {
  farmDirectories,
  PACKAGE_DIRECTORIES,
  type PathDirectory,
  type UsedBy,
} from './classes.ts';

/** A name that can be asked for, and what it stands for. */
export interface PathElement {
  /** A word of letters, digits and `_ . + -`, e.g. `standard`. */
  readonly name: string;
  readonly directories: readonly PathDirectory[];
}

export interface PathTable {
  /** In table order, which is the order in which a pattern prints them. */
  readonly elements: readonly PathElement[];
  /** Directories that every package may have, relative to the package. */
  readonly packages: readonly PathDirectory[];
}

/** Where the path table stands, below {@link adminPath}. */
export const PATH_TABLE_NAME = b`path-table`;

/** `standard` (the link farms of `site`, then the vendor's directories) and the site's own elements. */
export function standardPathTable(
  site: Site,
  vendor: readonly PathDirectory[],
  siteElements: readonly PathElement[] = [],
): PathTable {
  const standard = { name: 'standard', directories: [...farmDirectories(site), ...vendor] };
  return { elements: [standard, ...siteElements], packages: PACKAGE_DIRECTORIES };
}

/**
 * The text of `table`. Directories that cannot stand on a path are left out ({@link unfitDirectories}).
 * @throws XhError `E_PATH_ELEMENT`, `E_PATH_CLASS` for a name that cannot be asked for.
 */
export function renderPathTable(table: PathTable): Bytes {
  if (!table.elements.some(({ name }) => name === 'standard')) {
    throw new Error('a path table without the element standard would leave a login without a PATH');
  }
  const lines: Bytes[] = [];
  for (const { name, directories } of table.elements) {
    if (!ELEMENT_NAME.test(name)) throw badName('E_PATH_ELEMENT', 'path element', name);
    lines.push(b`element ${name as Bytes}`);
    for (const entry of directories.filter(fits)) {
      lines.push(b`${columns(entry)} ${name as Bytes} ${entry.directory}`);
    }
  }
  for (const entry of table.packages.filter(fits)) {
    lines.push(b`package ${columns(entry)} ${entry.directory}`);
  }
  lines.push(b`lines ${lines.length}`);
  const quoted = lines.join('\n').replaceAll("'", String.raw`'\''`);
  return `${HEADER}${ASSIGNMENT}${quoted}'\n` as Bytes;
}

/** Directories that no PATH can hold, having a colon or a newline in their names: worth a warning. */
export function unfitDirectories(table: PathTable): readonly Bytes[] {
  const all = [...table.elements.flatMap(({ directories }) => directories), ...table.packages];
  return all.filter((entry) => !fits(entry)).map(({ directory }) => directory);
}

/** The table that `text` is, or undefined when it is damaged: the judgement that showpath makes. */
export function readPathTable(text: Bytes): PathTable | undefined {
  const start = text.indexOf(ASSIGNMENT);
  if (!text.startsWith(FIRST_LINE) || start < 0) return undefined;
  const end = text.lastIndexOf("'");
  const quoted = slice(text, start + ASSIGNMENT.length, end);
  const lines = split(quoted.replaceAll(String.raw`'\''`, "'") as Bytes, '\n');
  if (lines.pop() !== `lines ${lines.length}` || !lines.includes(b`element standard`)) {
    return undefined;
  }

  const elements: { readonly name: string; readonly directories: PathDirectory[] }[] = [];
  const packages: PathDirectory[] = [];
  for (const line of lines) {
    const [first, second, third] = split(line, ' ');
    if (first === 'element') {
      elements.push({ name: second ?? '', directories: [] });
    } else if (first === 'package') {
      packages.push(entryOf(second, third, line));
    } else {
      const owner = elements.find(({ name }) => name === third);
      owner?.directories.push(entryOf(first, second, line));
    }
  }
  return { elements, packages };
}

const FIRST_LINE = '# xhier path table 1\n';
const HEADER = `${FIRST_LINE}# Written by 'xh make-links' and read by showpath, as a shell does: one quoted string, nothing else.
#   element NAME                        in table order
#   CLASS USEDBY ELEMENT DIRECTORY
#   package CLASS USEDBY DIRECTORY      of every package, below /software/PKG
#   lines NUMBER                        how many there are before this one, the last
`;
const ASSIGNMENT = "xhier_path_table='";

const ELEMENT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
const CLASS_NAME = /^[a-z0-9-]+$/;
/** First words of lines that are no class. */
const RESERVED = new Set(['element', 'package', 'lines']);

function columns({ class: name, usedBy }: PathDirectory): Bytes {
  if (!CLASS_NAME.test(name) || RESERVED.has(name)) {
    throw badName('E_PATH_CLASS', 'class of directories', name);
  }
  return b`${name as Bytes} ${usedBy as Bytes}`;
}

function fits({ directory }: PathDirectory): boolean {
  return directory !== '' && !/[:\n\0]/.test(directory);
}

function badName(code: string, what: string, name: string): XhError {
  return new XhError(code, `'${name}' cannot be the name of a ${what}`, {
    remedy: 'use letters, digits and - only, and none of the words element, package, lines',
  });
}

/** Of a line whose fourth word is a directory. */
function entryOf(name: string | undefined, usedBy: string | undefined, line: Bytes): PathDirectory {
  let start = 0;
  for (let word = 0; word < 3; word++) start = line.indexOf(' ', start) + 1;
  return { class: name ?? '', usedBy: (usedBy ?? 'user') as UsedBy, directory: slice(line, start) };
}

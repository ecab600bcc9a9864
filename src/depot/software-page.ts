/**
 * The manual page software(i): every registered package with its summary and maintainer. The page is
 * its own record of who is registered, so that the two can never differ. Pure.
 */
import {
  b,
  bytes,
  compareBytes,
  concat,
  printable,
  slice,
  split,
  type Bytes,
} from '../bytes/bytes.ts';
import { packageNameProblem } from '../package/name.ts';

/** What the page says of one package. */
export interface SoftwareEntry {
  readonly name: Bytes;
  /** The current one first. */
  readonly versions: readonly Bytes[];
  readonly summary?: Bytes;
  /** As written in .admin/Maintainer: `Jane Doe <jane@example.org>`. */
  readonly maintainers: readonly Bytes[];
  readonly homepage?: Bytes;
  /** Why there is no more to say. */
  readonly problem?: string;
}

/** The first words of every page that this program has made. */
const MADE = b`.\\" Made by xh register: changes are lost with the next one.`;
const REGISTERED = b`.\\" registered: `;

/** The page for `entries`, in the order of their names. */
export function printSoftwarePage(entries: readonly SoftwareEntry[]): Bytes {
  const sorted = entries.toSorted((one, other) => compareBytes(one.name, other.name));
  const count = sorted.length === 1 ? 'One package is' : `${sorted.length} packages are`;
  const record = sorted.map(({ name }) => b`${REGISTERED}${name}\n`);
  const body = bytes(
    [
      '.TH SOFTWARE i "" "xhier" "Software"',
      // addresses are to be copied, not hyphenated
      '.nh',
      '.ad l',
      '.SH NAME',
      'software \\- the packages that are registered here',
      '.SH DESCRIPTION',
      `${count} registered.`,
      'The files of each stand in',
      '.IR /software/ NAME ;',
      'its commands and manual pages are on the usual paths of every host that has it installed.',
      ...(sorted.length === 0 ? [] : ['.SH PACKAGES']),
      ...sorted.flatMap(entryLines),
      '.SH "SEE ALSO"',
      '.BR xh-register (1),',
      '.BR xh-search (1),',
      '.BR xh-list (1)',
      '',
    ].join('\n'),
  );
  return concat(b`.\\" -*- mode: nroff; coding: utf-8 -*-\n`, b`${MADE}\n`, ...record, body);
}

/** Who is registered on a page; undefined for one that this program has not made. */
export function registeredOn(page: Bytes): Bytes[] | undefined {
  const lines = split(page, '\n');
  if (!lines.slice(0, 2).some((line) => line === MADE)) return undefined;
  return lines
    .filter((line) => line.startsWith(REGISTERED))
    .map((line) => slice(line, REGISTERED.length))
    .filter((name) => packageNameProblem(name) === undefined);
}

function entryLines(entry: SoftwareEntry): string[] {
  const { name, versions, summary, maintainers, homepage, problem } = entry;
  const [current, ...others] = versions;
  const version = current === undefined ? '' : ` ${text(current)}`;
  return [
    '.PP',
    `\\fB${text(name)}\\fR${version}`,
    '.RS 4',
    ...(problem === undefined ? [] : [`It cannot be read: ${phrase(bytes(problem))}`, '.br']),
    ...(summary === undefined ? [] : [phrase(summary), '.br']),
    ...(others.length === 0 ? [] : [`Other versions: ${others.map(text).join(', ')}`, '.br']),
    ...(homepage === undefined ? [] : [phrase(homepage), '.br']),
    `Maintainer: ${maintainers.length === 0 ? 'unknown' : maintainers.map(text).join(', ')}`,
    '.RE',
  ];
}

/** Text at the beginning of a line, where a `.` or `'` would be a request. */
function phrase(value: Bytes): string {
  const escaped = text(value);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** Text that says itself, whatever is in it: roff's own characters escaped, controls made visible. */
function text(value: Bytes): string {
  // a backslash is all that roff minds; what printable() adds are backslashes too
  return printable(value)
    .replaceAll('\\\\', '\\')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

/** What the package that the page stands in says of itself. */
export const PAGE_SUMMARY = b`the list of the packages that are registered, software(i)`;

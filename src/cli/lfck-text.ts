/** What lfck found, as people read it: the table of appendix I, and the suspects with the reasons. */
import { printable } from '../bytes/bytes.ts';
import { whyLeft, type GiveOptions } from '../lfck/give.ts';
import type { Inspection } from '../lfck/inspect.ts';
import type { Suspect } from '../lfck/suspects.ts';
import { sum, type Figure, type OwnerUsage } from '../lfck/usage.ts';
import type { Styles } from './terminal.ts';

export interface TableOptions {
  readonly styles: Styles;
  /** Characters of the terminal; undefined where lines may be of any length. */
  readonly width: number | undefined;
}

/**
 * The table of usage. The figure of an architecture is what the master alone has, and in brackets
 * what slaves have too. Where a terminal is too narrow for all architectures there are several tables.
 */
export function usageLines({ usage, owners, judged }: Inspection, options: TableOptions): string[] {
  const { bold } = options.styles;
  const isStranger = ({ uid }: OwnerUsage): boolean => judged && !owners.isPackage(uid);
  const names = usage.owners.map(
    (row) => printable(owners.name(row.uid)) + (isStranger(row) ? ' *' : ''),
  );
  const rows = [...usage.owners, usage.totals];
  const label = column('Package', [...names, 'Total MB'], 'left');
  const columns = usage.architectures.map((architecture) =>
    figures(
      printable(architecture),
      rows.map((row) => row.byArchitecture.get(architecture)),
    ),
  );
  const total = column(
    'Total MB',
    rows.map((row) => megabytes(sum(row))),
    'right',
  );
  const lines = inParts(columns, label.width + total.width, options.width).flatMap(
    (part, index) => {
      const [head = '', ...body] = joined([label, ...part, total]);
      const rule = joined([label, ...part, total].map(ruled))[0] ?? '';
      const last = body.pop() ?? '';
      return [...(index > 0 ? [''] : []), bold(head), rule, ...body, rule, bold(last)];
    },
  );
  const hasStrangers = usage.owners.some(isStranger);
  return hasStrangers ? [...lines, '', '* no package'] : lines;
}

interface Column {
  /** Heading, then a cell for each row, all of one width. */
  readonly cells: readonly string[];
  readonly width: number;
}

function column(heading: string, cells: readonly string[], align: 'left' | 'right'): Column {
  const all = [heading, ...cells];
  const width = Math.max(...all.map((cell) => cell.length));
  return {
    cells: all.map((cell) => (align === 'left' ? cell.padEnd(width) : cell.padStart(width))),
    width,
  };
}

/** `85.3 ( 24.5)`; without brackets where slaves have nothing of it. */
function figures(heading: string, cells: readonly (Figure | undefined)[]): Column {
  const own = cells.map((cell) => megabytes(cell?.own ?? 0));
  const exported = cells.map((cell) => (cell?.exported ? megabytes(cell.exported) : ''));
  const ownWidth = Math.max(...own.map((text) => text.length));
  const exportedWidth = Math.max(...exported.map((text) => text.length));
  const texts = own.map((text, index) => {
    const inside = exported[index] ?? '';
    const brackets = inside === '' ? '' : ` (${inside.padStart(exportedWidth)})`;
    const room = exportedWidth === 0 ? 0 : exportedWidth + 3;
    return text.padStart(ownWidth) + brackets.padEnd(room);
  });
  return column(heading, texts, 'right');
}

function ruled({ width }: Column): Column {
  return { cells: ['-'.repeat(width)], width };
}

const BAR = ' | ';

function joined(columns: readonly Column[]): string[] {
  const [first] = columns;
  return (first?.cells ?? []).map((_, row) =>
    columns.map(({ cells }) => cells[row] ?? '').join(BAR),
  );
}

/** As many columns side by side as there is room for, one at least. */
function inParts(
  columns: readonly Column[],
  others: number,
  width: number | undefined,
): readonly (readonly Column[])[] {
  const parts: Column[][] = [[]];
  let used = others + BAR.length;
  for (const each of columns) {
    const part = parts.at(-1);
    const isFull = part !== undefined && part.length > 0;
    if (isFull && width !== undefined && used + each.width + BAR.length > width) {
      parts.push([each]);
      used = others + BAR.length;
    } else part?.push(each);
    used += each.width + BAR.length;
  }
  return parts;
}

const MEGABYTE = 1 << 20;

function megabytes(size: number): string {
  return (size / MEGABYTE).toFixed(1);
}

export interface SuspectTextOptions extends GiveOptions {
  readonly styles: Styles;
  /** Name each, also those below a directory of which the same is to be said. */
  readonly each: boolean;
}

/** Two lines for each suspect: its path; its owner, the one that it is suspected to be of, and why. */
export function suspectLines(
  { suspects, owners }: Inspection,
  { styles, each, ...give }: SuspectTextOptions,
): string[] {
  const heads = each ? new Map(suspects.map((suspect) => [suspect, 0])) : folded(suspects, give);
  return [...heads].flatMap(([suspect, below]) => {
    const { path, stat, suspected, evidence, names } = suspect;
    const more = [
      ...(names.length > 1 ? [`${names.length} names`] : []),
      ...(below > 0 ? [`and ${below} below`] : []),
    ];
    const owner = printable(owners.name(stat.uid));
    const who =
      suspected === undefined
        ? styles.yellow('not clear')
        : `suspected ${styles.green(printable(owners.name(suspected)))}`;
    const why = evidence.map(({ text }) => text).join('; ');
    const left = suspected === undefined ? undefined : whyLeft(suspect, give);
    return [
      printable(path) + (more.length > 0 ? styles.dim(` (${more.join(', ')})`) : ''),
      `    ${owner}, ${who}${why === '' ? '' : `: ${why}`}${left === undefined ? '' : `; ${styles.yellow(`not with --fix: ${left}`)}`}`,
    ];
  });
}

/** Suspects, and how many below each have the same owner and are suspected to be of the same. */
function folded(suspects: readonly Suspect[], give: GiveOptions): ReadonlyMap<Suspect, number> {
  const heads = new Map<Suspect, number>();
  const headOf = new Map<Suspect, Suspect>();
  for (const suspect of suspects) {
    const { within } = suspect;
    const above = within === undefined ? undefined : headOf.get(within);
    const isSame =
      above !== undefined &&
      within !== undefined &&
      within.stat.uid === suspect.stat.uid &&
      within.suspected === suspect.suspected &&
      whyLeft(within, give) === whyLeft(suspect, give);
    const head = isSame ? above : suspect;
    headOf.set(suspect, head);
    heads.set(head, (heads.get(head) ?? -1) + 1);
  }
  return heads;
}

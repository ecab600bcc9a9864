/** What an update came to: a line for each master, to be read at a glance, and one for all. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { LfuResult } from '../lfu/options.ts';
import { countText, numberText } from './figures.ts';
import { changesText, summaryLines } from './lfu-summary.ts';
import { columns } from './table.ts';
import type { Style, Styles } from './terminal.ts';

/** How a master's turn ended; undefined when it did not come to it. */
export type Outcome = LfuResult | { readonly refused: string } | undefined;

export interface UpdateSummaryOptions {
  readonly dryRun: boolean;
  readonly failFast: boolean;
  readonly verbose: boolean;
  readonly styles: Styles;
}

/** The lines for masters in the order of their turns, and the exit code of all. */
export function updateSummary(
  turns: readonly { readonly master: Bytes; readonly outcome: Outcome }[],
  exit: number,
  options: UpdateSummaryOptions,
): readonly string[] {
  const cells = turns.map(({ master, outcome }) => {
    const { word, text } = describe(outcome, options);
    return [printable(master), word, text] as const;
  });
  const lines = columns(cells).map((line, index) => {
    const [name = '', word = ''] = cells[index] ?? [];
    const at = line.indexOf(word, name.length);
    const style = styleOf(turns[index]?.outcome, options.styles);
    return line.slice(0, at) + style(word) + line.slice(at + word.length);
  });
  return turns.length > 1 ? [...lines, totalText(turns, exit)] : lines;
}

interface Description {
  readonly word: string;
  readonly text: string;
}

function describe(outcome: Outcome, options: UpdateSummaryOptions): Description {
  if (outcome === undefined) return { word: 'not reached', text: '' };
  if ('refused' in outcome) return { word: 'not updated', text: outcome.refused };
  const { exit, problems } = outcome;
  if (exit > 1) {
    const [text = ''] = summaryLines(outcome, { ...options, quiet: false, figures: true });
    return { word: 'interrupted', text: text.replace(/^interrupted /, '') };
  }
  const text = options.verbose
    ? (summaryLines(outcome, { ...options, quiet: false, figures: true })[0] ?? '')
    : changesText(outcome, options.dryRun);
  return { word: problems === 0 ? 'ok' : `${numberText(problems)} failed`, text };
}

function styleOf(outcome: Outcome, styles: Styles): Style {
  if (outcome === undefined) return styles.yellow;
  if ('refused' in outcome) return styles.red;
  return outcome.exit === 0 ? styles.green : outcome.exit === 1 ? styles.red : styles.yellow;
}

function totalText(turns: readonly { readonly outcome: Outcome }[], exit: number): string {
  const count = (is: (outcome: Outcome) => boolean): number =>
    turns.filter(({ outcome }) => is(outcome)).length;
  const isResult = (outcome: Outcome): outcome is LfuResult =>
    outcome !== undefined && !('refused' in outcome);
  const parts = [
    [count((each) => isResult(each) && each.exit === 0), 'ok'],
    [count((each) => isResult(each) && each.exit === 1), 'with failures'],
    [count((each) => isResult(each) && each.exit > 1), 'interrupted'],
    [count((each) => each !== undefined && 'refused' in each), 'not updated'],
    [count((each) => each === undefined), 'not reached'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return `${countText(turns.length, 'master')}: ${told.join(', ')}; exit ${exit}`;
}

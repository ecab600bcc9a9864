/** What a run came to, for people at a glance and for programs. */
import { toJson } from '../bytes/bytes.ts';
import type { ChangeCounts, IndexUse, LfuResult } from '../lfu/options.ts';
import type { Styles } from './terminal.ts';
import { bytesText, countText, durationText, numberText } from './figures.ts';

export interface SummaryOptions {
  readonly dryRun: boolean;
  readonly failFast: boolean;
  readonly quiet: boolean;
  /** Whether figures are wanted when nothing is wrong. */
  readonly figures: boolean;
}

/** The lines of a summary, further ones explaining the first. */
export function summaryLines(result: LfuResult, options: SummaryOptions): readonly string[] {
  if (isInterrupted(result)) return interruption(result);
  const lines: string[] = [];
  if (options.figures && !options.quiet) lines.push(figures(result, options.dryRun));
  const { problems } = result;
  if (problems > 0 && !options.quiet) {
    lines.push(
      `${numberText(problems)} failed; ${options.failFast ? rest(result) : 'everything else is done'}`,
    );
  }
  return lines;
}

/** A line of {@link summaryLines}, with what is not as it should be in colour. */
export function summaryInColors(line: string, styles: Styles): string {
  return line.replace(/^(?:[\d,]+ failed|interrupted)/, (word) =>
    word === 'interrupted' ? styles.yellow(word) : styles.red(word),
  );
}

/** The last object of `--json`: the figures of the run. */
export function summaryRecord(result: LfuResult, index?: IndexUse): { readonly summary: object } {
  const seconds = Math.round(result.seconds * 1000) / 1000;
  const from = index === undefined ? {} : { index: { ...index, file: toJson(index.file) } };
  return { summary: { ...result, seconds, ...from } };
}

function isInterrupted({ exit }: LfuResult): boolean {
  return exit !== 0 && exit !== 1;
}

function figures(result: LfuResult, dryRun: boolean): string {
  const { objects } = result;
  const looked =
    objects.master + objects.slave === 0
      ? ''
      : `; ${countText(objects.master, 'object')} on the master, ${numberText(objects.slave)} on the slave`;
  return changesText(result, dryRun) + looked;
}

/** What changed: `3 changes in 0.2 s: 2 copied (1.2 KiB), 1 deleted`. */
export function changesText(result: LfuResult, dryRun: boolean): string {
  const { changes, kinds, bytes, seconds } = result;
  if (changes === 0) return `nothing ${dryRun ? 'to do' : 'changed'} in ${durationText(seconds)}`;
  return (
    `${countText(changes, 'change')} ${dryRun ? 'to make' : `in ${durationText(seconds)}`}: ` +
    kindsText(kinds, dryRun ? PLANNED : MADE, bytes)
  );
}

function interruption(result: LfuResult): readonly string[] {
  const { changes, left, problems, seconds } = result;
  const head = `interrupted after ${durationText(seconds)}`;
  const failed = problems > 0 ? `, ${numberText(problems)} failed` : '';
  if (changes + sum(left) === 0) return [`${head}: nothing was changed${failed}`];
  return [
    `${head}: ${madeText(result)}${failed}, ${leftText(left)}`,
    'nothing is half done; run it again to finish',
  ];
}

/** After the first failure, when it was to be the end. */
function rest(result: LfuResult): string {
  return `stopped at the first: ${madeText(result)}, ${leftText(result.left)}`;
}

function madeText({ changes, left }: LfuResult): string {
  return `${numberText(changes)} of ${countText(changes + sum(left), 'change')} made`;
}

function leftText(left: ChangeCounts): string {
  const toDo = sum(left);
  return toDo === 0 ? 'none left' : `${numberText(toDo)} left (${kindsText(left, PLANNED)})`;
}

function kindsText(
  counts: ChangeCounts,
  words: Readonly<Record<keyof ChangeCounts, string>>,
  bytes = 0,
): string {
  return KINDS.filter((kind) => counts[kind] > 0)
    .map((kind) => {
      const size = kind === 'copy' && bytes > 0 ? ` (${bytesText(bytes)})` : '';
      return `${numberText(counts[kind])} ${words[kind]}${size}`;
    })
    .join(', ');
}

function sum(counts: ChangeCounts): number {
  return KINDS.reduce((total, kind) => total + counts[kind], 0);
}

const KINDS = ['copy', 'make', 'link', 'join', 'set', 'keep', 'delete'] as const;
const MADE = {
  copy: 'copied',
  make: 'made',
  link: 'linked',
  join: 'joined',
  set: 'set',
  keep: 'kept',
  delete: 'deleted',
} as const;
const PLANNED = {
  copy: 'to copy',
  make: 'to make',
  link: 'to link',
  join: 'to join',
  set: 'to set',
  keep: 'to keep',
  delete: 'to delete',
} as const;

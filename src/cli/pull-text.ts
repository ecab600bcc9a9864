/** What a pull tells: a line for each package of which there is something to say, and one for all. */
import { printable } from '../bytes/bytes.ts';
import type { PullOutcome } from '../depot/pull/outcome.ts';
import { bytesText, countText } from './figures.ts';
import type { Terminal } from './terminal.ts';

export interface PullTextOptions {
  /** Whether nothing has been done yet. */
  readonly preview: boolean;
}

/** Tells the outcomes: what was done on standard error, what is wrong as warnings with what to do. */
export function tellPull(
  outcomes: readonly PullOutcome[],
  terminal: Terminal,
  { preview }: PullTextOptions,
): void {
  for (const outcome of outcomes) {
    const line = outcomeText(outcome, preview);
    if (isWrong(outcome)) {
      terminal.warn(line);
      if (outcome.remedy !== undefined) terminal.warn(`    → ${outcome.remedy}`);
    } else if (outcome.result === 'new' || outcome.result === 'updated') {
      if (!preview) terminal.tell(line);
      else {
        terminal.print(line);
        if (terminal.verbose) for (const each of changeLines(outcome)) terminal.print(each);
      }
    } else if (outcome.result === 'gone') terminal.tell(`note: ${line}`);
    else terminal.detail(line);
  }
  terminal.tell(summaryText(outcomes, preview));
}

function changeLines({ changes = [] }: PullOutcome): string[] {
  return changes.map(({ path, change }) => `  ${SIGNS[change]} ${printable(path)}`);
}

const SIGNS = { new: '+', changed: '~', gone: '-' } as const;

/** Whether somebody has to do something. */
function isWrong({ result, installed }: PullOutcome): boolean {
  return ['failed', 'refused', 'unreachable'].includes(result) || installed === false;
}

function outcomeText(outcome: PullOutcome, preview: boolean): string {
  const { result, revision, before, fetched, message, installed } = outcome;
  const name = printable(outcome.package);
  const at = revision === undefined ? '' : ` revision ${revision}`;
  const cost =
    fetched === undefined || fetched.objects === 0
      ? ''
      : ` (${countText(fetched.objects, 'object')}, ${bytesText(fetched.bytes)})`;
  const left = installed === false && message !== undefined ? `; ${message}` : '';
  switch (result) {
    case 'new':
      return `${name}:${preview ? ' would come as' : ''}${at}${cost}${installed === true ? ', installed' : ''}${left}`;
    case 'updated': {
      const from =
        before === undefined || before === revision
          ? ' made what was published again,'
          : preview
            ? ` would go from revision ${before} to`
            : ` from revision ${before} to`;
      return `${name}:${from}${at}${cost}${installed === true ? ', installed' : ''}${left}`;
    }
    case 'current':
      return `${name}: current,${at}${left}`;
    case 'frozen': {
      const until = outcome.frozenUntil;
      const end = until === undefined ? '' : ` until ${until.slice(0, 16).replace('T', ' ')}`;
      return `${name}: frozen${end}${message === undefined ? '' : `: ${message}`}`;
    }
    default:
      return `${name}: ${result}${message === undefined ? '' : `: ${message}`}`;
  }
}

function summaryText(outcomes: readonly PullOutcome[], preview: boolean): string {
  if (outcomes.length === 0) return 'no packages are offered for this host';
  const counts = new Map<string, number>();
  for (const { result } of outcomes) counts.set(result, (counts.get(result) ?? 0) + 1);
  const parts = ORDER.flatMap(([result, word]) => {
    const count = counts.get(result);
    return count === undefined ? [] : [`${count} ${preview ? (WOULD[result] ?? word) : word}`];
  });
  const waiting = outcomes.filter(({ installed }) => installed === false).length;
  if (waiting > 0) parts.push(`${waiting} not installed`);
  return `${countText(outcomes.length, 'package')}: ${parts.join(', ')}`;
}

const ORDER: readonly (readonly [PullOutcome['result'], string])[] = [
  ['new', 'new'],
  ['updated', 'updated'],
  ['current', 'current'],
  ['attached', 'attached'],
  ['frozen', 'frozen'],
  ['gone', 'no longer offered'],
  ['refused', 'refused'],
  ['failed', 'failed'],
  ['unreachable', 'unreachable'],
];

const WOULD: Partial<Record<PullOutcome['result'], string>> = {
  new: 'would come',
  updated: 'would be updated',
};

/**
 * Lines of logs made into what a person reads: what nobody has said anything about comes first, what can
 * wait comes in the daily report, and what is of no interest is counted. Lines that differ only in
 * figures are one, with how often it came.
 */
import { bytes, printable } from '../bytes/bytes.ts';
import { compileLinePattern, type LinePattern } from '../site/line-pattern.ts';

export interface DigestRules {
  /** What is of no interest: counted, and never shown. */
  readonly drop: readonly LinePattern[];
  /** What can wait for the daily report. */
  readonly wait: readonly LinePattern[];
}

/** Lines that differ in figures only. */
export interface LineGroup {
  /** The first of them, printable. */
  readonly line: string;
  readonly count: number;
  /** Where the lines come from: the name of the log, or of the host. */
  readonly source: string;
}

export interface Digest {
  /** Nobody has said anything about these: the most interesting ones, the rarest first. */
  readonly unknown: readonly LineGroup[];
  /** These can wait. */
  readonly waiting: readonly LineGroup[];
  /** How many lines were of no interest. */
  readonly dropped: number;
}

export interface SourcedLine {
  readonly source: string;
  readonly line: string;
}

/** The rules that a configuration has: its `report.drop` and `report.wait`. */
export function digestRules(drop: readonly string[], wait: readonly string[]): DigestRules {
  return { drop: drop.map(compileLinePattern), wait: wait.map(compileLinePattern) };
}

/** Sorts lines. What a pattern of both lists fits is dropped; empty lines are nothing. */
export function digestLines(lines: Iterable<SourcedLine>, { drop, wait }: DigestRules): Digest {
  const unknown = new Map<string, Counted>();
  const waiting = new Map<string, Counted>();
  let dropped = 0;
  for (const { source, line } of lines) {
    const text = line.trimEnd().slice(0, LONGEST);
    if (text === '') continue;
    if (drop.some((pattern) => pattern.matches(text))) dropped++;
    else {
      const list = wait.some((pattern) => pattern.matches(text)) ? waiting : unknown;
      count(list, source, printable(bytes(text)));
    }
  }
  return { unknown: groupsOf(unknown), waiting: groupsOf(waiting), dropped };
}

/** Two digests as one: hourly ones make a daily one. */
export function joinDigests(digests: Iterable<Digest>): Digest {
  const unknown = new Map<string, Counted>();
  const waiting = new Map<string, Counted>();
  let dropped = 0;
  for (const digest of digests) {
    for (const group of digest.unknown) count(unknown, group.source, group.line, group.count);
    for (const group of digest.waiting) count(waiting, group.source, group.line, group.count);
    dropped += digest.dropped;
  }
  return { unknown: groupsOf(unknown), waiting: groupsOf(waiting), dropped };
}

/** What is shown of one list; `more` groups are left out when there are very many. */
export function groupLines(groups: readonly LineGroup[], most = MOST): string[] {
  const bySource = new Map<string, LineGroup[]>();
  for (const group of groups.slice(0, most)) {
    const known = bySource.get(group.source);
    if (known === undefined) bySource.set(group.source, [group]);
    else known.push(group);
  }
  const lines = [...bySource].flatMap(([source, those]) => [
    source,
    ...those.map(({ line, count: times }) => `  ${times > 1 ? `${times} × ` : ''}${line}`),
  ]);
  const left = groups.slice(most).reduce((sum, each) => sum + each.count, 0);
  return left === 0 ? lines : [...lines, `and ${left} ${left === 1 ? 'line' : 'lines'} more`];
}

/** Longer lines are cut: a report is no place for a core dump. */
const LONGEST = 2000;
const MOST = 500;

interface Counted {
  readonly source: string;
  readonly line: string;
  count: number;
}

function count(into: Map<string, Counted>, source: string, line: string, times = 1): void {
  const key = `${source}\0${shapeOf(line)}`;
  const known = into.get(key);
  if (known === undefined) into.set(key, { source, line, count: times });
  else known.count += times;
}

/** A line without what differs from one to the next: figures, times, addresses, numbers of processes. */
export function shapeOf(line: string): string {
  return line
    .replace(/\b0x[0-9a-f]+\b/gi, '#')
    .replace(/\b[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '#');
}

/** The rarest first: what comes a thousand times is noise, what comes once is news. */
function groupsOf(counted: ReadonlyMap<string, Counted>): readonly LineGroup[] {
  return [...counted.values()]
    .map(({ source, line, count: times }) => ({ source, line, count: times }))
    .toSorted((one, other) => one.count - other.count);
}

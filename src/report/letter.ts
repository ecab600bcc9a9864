/** The report that one person gets: what is new in full, what has gone, and in one line what is as it was. */
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { SEVERITIES, type Finding, type Severity } from './finding.ts';
import type { Folded, KnownFinding } from './fold.ts';

export interface Letter {
  readonly to: readonly Bytes[];
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

export interface LetterOptions {
  readonly to: Bytes;
  /** Name of the host. */
  readonly host: string;
  /** What the report is called: `maintenance`. */
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The command that shows all that is known. */
  readonly showAll: string;
}

/** The letter, or undefined when there is nothing to tell: nothing new, and nothing gone. */
export function letterOf(folded: Folded, options: LetterOptions): Letter | undefined {
  const { fresh, unchanged, gone } = folded;
  if (fresh.length === 0 && gone.length === 0) return undefined;
  const { to, host, title, now, showAll } = options;
  const parts: string[][] = [
    [`${host}, ${dateText(now)}`],
    ...SEVERITIES.flatMap((severity) => section(severity, fresh, now)),
  ];
  if (gone.length > 0) {
    parts.push([
      `Gone since last time: ${countsOf(gone)}`,
      ...gone.map(({ finding }) => `  ${nameOf(finding)}${tame(firstLine(finding.text))}`),
    ]);
  }
  if (unchanged.length > 0) {
    const oldest = Math.min(...unchanged.map(({ since }) => since));
    parts.push([
      `As before: ${countsOf(unchanged)}, the oldest since ${dayText(oldest)}.`,
      `  → ${showAll} shows them`,
    ]);
  }
  return {
    to: [to],
    subject: oneLine(`${host}: ${title}: ${summaryOf(folded)}`),
    body: `${parts.map((part) => part.join('\n')).join('\n\n')}\n`,
  };
}

/** All findings in full, as {@link letterOf} has the new ones. */
export function findingLines(known: readonly KnownFinding[], now: number): string[] {
  return SEVERITIES.flatMap((severity) => section(severity, known, now)).flatMap((part, index) =>
    index === 0 ? part : ['', ...part],
  );
}

/** `2 problems, 1 note`. */
export function countsOf(known: readonly KnownFinding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const count = known.filter(({ finding }) => finding.severity === severity).length;
    return count === 0 ? [] : [counted(count, severity)];
  }).join(', ');
}

function summaryOf({ fresh, unchanged, gone }: Folded): string {
  if (fresh.length > 0) return countsOf(fresh);
  const left = unchanged.filter(({ finding }) => finding.severity !== 'note');
  return left.length === 0 ? 'all is well again' : `${countsOf(gone)} gone`;
}

/** Findings of one weight, as a paragraph. */
function section(severity: Severity, known: readonly KnownFinding[], now: number): string[][] {
  const those = known.filter(({ finding }) => finding.severity === severity);
  if (those.length === 0) return [];
  return [
    [
      capital(counted(those.length, severity)),
      ...those.flatMap(({ finding, since }) => {
        const [first = '', ...rest] = finding.text.split('\n');
        const old = since === now ? '' : ` (since ${dayText(since)})`;
        return [
          `  ${nameOf(finding)}${tame(first)}${old} [${finding.code}]`,
          ...rest.map((line) => `    ${tame(line)}`),
          ...(finding.remedy === undefined
            ? []
            : finding.remedy.split('\n').map((line) => `    → ${tame(line)}`)),
        ];
      }),
    ],
  ];
}

/** Each finding says of which package it is, unless its text does. */
function nameOf({ package: of, text }: Finding): string {
  if (of === undefined) return '';
  const name = printable(of);
  return firstLine(text).includes(name) ? '' : `${name}: `;
}

/** What others have said drives no terminal. */
function tame(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (unit) => printable(bytes(unit)));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** `2026-11-22 03:17`, in the time of this host. */
export function dateText(time: number): string {
  const date = new Date(time);
  return `${dayText(time)} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function dayText(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A header ends with its line. */
function oneLine(text: string): string {
  return printable(bytes(text)).slice(0, LONGEST_SUBJECT);
}

const LONGEST_SUBJECT = 200;

/**
 * A report from findings to letters: what the site has no interest in left out, each person's own
 * grouped, folded over what he was told before, sent, and remembered once it has been sent or kept.
 */
import { b, toText, type Bytes } from '../bytes/bytes.ts';
import type { Walker } from '../files/walk.ts';
import type { Config } from '../site/config.ts';
import { compileLinePattern } from '../site/line-pattern.ts';
import type { Site } from '../site/site.ts';
import type { Finding } from './finding.ts';
import { fold } from './fold.ts';
import { groupByRecipient } from './group.ts';
import { readKnown, writeKnown, type Known } from './known.ts';
import { letterOf, type Letter } from './letter.ts';
import { mailerOf, sendLetter, type Delivery } from './send.ts';

export interface ReportOptions {
  readonly config: Config;
  /** Name of the host, for those who read it. */
  readonly host: string;
  /** What the report is called, and under which name it remembers: letters and `-`. */
  readonly title: string;
  /** The command that shows all that is known. */
  readonly showAll: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Findings that nobody could look for this time: they are as they were. */
  readonly isUnsure?: (finding: Finding) => boolean;
}

export interface Composed {
  /** One for each who has something new to read. */
  readonly letters: readonly Letter[];
  /** What all have been told when these have been sent. */
  readonly known: Known;
  /** How many findings the site has no interest in. */
  readonly dropped: number;
}

export interface Sent {
  readonly letter: Letter;
  readonly delivery: Delivery;
}

export interface Reported extends Composed {
  readonly sent: readonly Sent[];
}

/** Composes a report and sends it. @throws FileError when it can be neither sent nor kept */
export function report(
  site: Site,
  walker: Walker,
  findings: readonly Finding[],
  options: ReportOptions,
): Reported {
  const composed = composeReport(findings, readKnown(walker, options.title), options);
  const mailer = mailerOf(site, options.config);
  const sent = composed.letters.map((letter) => ({
    letter,
    delivery: sendLetter(walker, mailer, letter),
  }));
  writeKnown(walker, options.title, composed.known);
  return { ...composed, sent };
}

/** The letters, and what is known afterwards. Pure. */
export function composeReport(
  findings: readonly Finding[],
  before: Known,
  { config, host, title, showAll, now, isUnsure }: ReportOptions,
): Composed {
  const { values } = config;
  const interesting = withoutDropped(findings, config);
  const groups = groupByRecipient(interesting, hostMaintainer(config));
  const letters: Letter[] = [];
  const known = new Map<Bytes, Known extends ReadonlyMap<Bytes, infer T> ? T : never>();
  for (const to of new Set([...groups.keys(), ...before.keys()])) {
    const folded = fold(groups.get(to) ?? [], before.get(to) ?? [], {
      now,
      remindDays: values['report.remind-days'],
      ...(isUnsure && { isUnsure }),
    });
    const letter = letterOf(folded, { to, host, title, now, showAll });
    if (letter !== undefined) letters.push(letter);
    if (folded.known.length > 0) known.set(to, folded.known);
  }
  return { letters, known, dropped: findings.length - interesting.length };
}

/** Who is told what concerns nobody else. */
export function hostMaintainer(config: Config): Bytes {
  return config.values.maintainer ?? b`root`;
}

/** What `report.drop` has is left out; what `report.wait` has is no more than a note. */
function withoutDropped(findings: readonly Finding[], { values }: Config): readonly Finding[] {
  const [drop, wait] = [values['report.drop'], values['report.wait']].map((list) =>
    list.map((pattern) => compileLinePattern(toText(pattern))),
  );
  const fits = (patterns: typeof drop, { text }: Finding): boolean => {
    const line = text.split('\n')[0] ?? '';
    return patterns?.some((pattern) => pattern.matches(line)) === true;
  };
  return findings
    .filter((finding) => !fits(drop, finding))
    .map((finding) => (fits(wait, finding) ? { ...finding, severity: 'note' as const } : finding));
}

/**
 * `xh report`: one letter for whoever maintains this host, and others where findings concern them: what is
 * wrong with hosts, then what came in that nobody has said anything about, then, daily, what could wait.
 */
import { toText, type Bytes } from '../../bytes/bytes.ts';
import { ownName } from '../../distribute/status/record.ts';
import type { Host } from '../../host/transaction.ts';
import { groupLines, type Digest } from '../../report/digest.ts';
import { readKnown, writeKnown } from '../../report/known.ts';
import type { Letter } from '../../report/letter.ts';
import { composeReport, hostMaintainer, type Composed } from '../../report/report.ts';
import { mailerOf, sendLetter, type Delivery } from '../../report/send.ts';
import type { Config } from '../../site/config.ts';
import { aloneFindings } from '../alone.ts';
import { hostFindings } from './alarms.ts';
import { answerFor } from './answer.ts';
import { collect } from './collect.ts';
import {
  readIncoming,
  readIncomingState,
  writeIncomingState,
  type Incoming,
  type ReportKind,
} from './incoming.ts';

export interface IncomingReport {
  /** None when there is nothing to tell. */
  readonly letters: readonly Letter[];
  readonly digest: Digest;
  /** What is wrong with sources and logs. */
  readonly problems: readonly string[];
  /** Mails the letters; what cannot be mailed is kept. @throws FileError */
  send(): readonly { readonly letter: Letter; readonly delivery: Delivery }[];
  /** From now on all that counts as told. @throws FileError */
  remember(): void;
}

/** Composes it; nothing is sent or remembered. */
export async function composeIncoming(
  host: Host,
  config: Config,
  { kind, now }: { readonly kind: ReportKind; readonly now: number },
): Promise<IncomingReport> {
  const { site, walker } = host;
  const collected = await collect(host, config, { now });
  const { question } = collected;
  const incoming = readIncoming(walker, config, question.heard, {
    kind,
    before: readIncomingState(walker),
  });
  const own = ownName(site, config);
  const composed = composeReport(
    [...hostFindings(answerFor(question)), ...aloneFindings(site, config, now)],
    readKnown(walker, TITLE),
    { config, host: own, title: `${kind} report`, showAll: 'xh status', now },
  );
  const problems = [...collected.problems, ...incoming.problems];
  const to = hostMaintainer(config);
  const letters = lettersOf(composed, incoming, { kind, to, own, problems });
  return {
    letters,
    digest: incoming.digest,
    problems,
    send() {
      const mailer = mailerOf(site, config);
      return letters.map((letter) => ({ letter, delivery: sendLetter(walker, mailer, letter) }));
    },
    remember() {
      writeKnown(walker, TITLE, composed.known);
      writeIncomingState(walker, incoming.next);
    },
  };
}

interface LetterContext {
  readonly kind: ReportKind;
  readonly to: Bytes;
  readonly own: string;
  readonly problems: readonly string[];
}

/** What came in goes into the letter of whoever maintains the host. */
function lettersOf(
  { letters }: Composed,
  { digest }: Incoming,
  { kind, to, own, problems }: LetterContext,
): readonly Letter[] {
  const body = bodyOf(digest, problems);
  if (body === '') return letters;
  const count = digest.unknown.reduce((sum, each) => sum + each.count, 0);
  const news =
    count === 0 ? 'nothing unknown' : `${count} unknown ${count === 1 ? 'line' : 'lines'}`;
  const mine = letters.find((each) => each.to.includes(to));
  const others = letters.filter((each) => each !== mine);
  const whole: Letter =
    mine === undefined
      ? { to: [to], subject: `${own}: ${kind} report: ${news}`, body }
      : { ...mine, subject: `${mine.subject}; ${news}`, body: `${mine.body}\n${body}` };
  return [whole, ...others];
}

/** Everything unknown first. */
function bodyOf({ unknown, waiting, dropped }: Digest, problems: readonly string[]): string {
  const parts = [
    ...(unknown.length > 0
      ? [['What nobody has said anything about:', '', ...indented(groupLines(unknown))]]
      : []),
    ...(waiting.length > 0
      ? [['What could wait (report.wait):', '', ...indented(groupLines(waiting))]]
      : []),
    ...(problems.length > 0 ? [['What could not be read:', '', ...indented(problems)]] : []),
  ];
  if (parts.length > 0 && dropped > 0) {
    parts.push([`${dropped} ${dropped === 1 ? 'line' : 'lines'} of no interest (report.drop).`]);
  }
  return parts.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** The letters as they are read at a terminal. */
export function lettersText(letters: readonly Letter[]): string[] {
  return letters.flatMap(({ to, subject, body }, i) => [
    ...(i === 0 ? [] : ['']),
    ...(letters.length > 1 ? [`to ${to.map(toText).join(', ')}`] : []),
    subject,
    '',
    ...body.trimEnd().split('\n'),
  ]);
}

/** What the report remembers its findings by. */
const TITLE = 'incoming-findings';

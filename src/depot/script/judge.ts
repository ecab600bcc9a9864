/** How a script has ended, and what whoever started it is told. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { ScriptRun } from '../../host/plan.ts';
import { EXIT, placeText, XhError } from '../../message/error.ts';
import { exampleOf } from './answer-book.ts';
import type { Question } from './conversation.ts';
import type { ProgramEnd } from './start.ts';
import type { Ending, Script } from './run.ts';
import { shownLines } from './transcript.ts';

export interface Judged extends Script {
  readonly ending: Ending;
  /** The file of answers, if there is one. */
  readonly answers: Bytes | undefined;
}

/**
 * Writes the end into the transcript.
 * @throws XhError E_SCRIPT, E_SCRIPT_ASKS, E_ANSWERS_LEFT, E_INTERRUPTED unless it has succeeded; what
 *   the transcript's disk refused
 */
export function demandSuccess(run: ScriptRun, judged: Judged): void {
  const { conversation, ending, transcript } = judged;
  const { end, left, stopped } = ending;
  if (stopped?.why === 'failed') throw stopped.error;
  if (left.length > 0) transcript.remark(`could not be ended: pid ${left.join(' ')}`);
  transcript.facts(['ended', `${endText(end)} after ${transcript.elapsed().toFixed(3)} s`]);
  const script = `${printable(run.package)}: .admin/Install ${run.action}`;
  const place = { file: transcript.path };
  const whole = `the whole transcript is in ${printable(transcript.path)}`;
  const said = shownLines(transcript.last()).map((line) => `\n    | ${line}`);
  const about = `nothing else was done${said.join('')}`;
  switch (stopped?.why) {
    case 'interrupted':
      throw new XhError('E_INTERRUPTED', `${script} was interrupted; nothing else was done`, {
        exit: EXIT.interrupted,
        place,
        remedy: whole,
      });
    case 'late':
      throw new XhError(
        'E_SCRIPT',
        `${script} did not end within ${judged.timeout} s and was killed; ${about}`,
        { place, remedy: `${whole}; 'timeout' in .admin/Options gives it more time` },
      );
    case 'asks':
      throw asks(run, judged, { question: stopped.question, script, about, whole });
    case undefined:
      break;
  }
  if (end?.how === 'not started') {
    throw new XhError(
      'E_SCRIPT',
      `${script} could not be run (${end.errno}); nothing else was done`,
      {
        place,
        remedy: notStarted(end.errno, judged),
      },
    );
  }
  if (end?.how !== 'status' || end.status !== 0) {
    throw new XhError('E_SCRIPT', `${script} ${endedText(end)}; ${about}`, {
      place,
      remedy: whole,
    });
  }
  const unasked = conversation?.left() ?? [];
  const [first] = unasked;
  if (first === undefined) return;
  const count = unasked.length === 1 ? 'an answer' : `${unasked.length} answers`;
  throw new XhError(
    'E_ANSWERS_LEFT',
    `${script} ended without having asked for ${count}, of which the first is ${printable(first.written)} (${placeText(first.place)}); ${about}`,
    {
      place: first.place,
      remedy: `take out what it does not ask, or write 'optional' before it; ${whole}`,
    },
  );
}

interface Asked {
  readonly question: Question;
  readonly script: string;
  readonly about: string;
  readonly whole: string;
}

function asks(
  run: ScriptRun,
  { answers, conversation, transcript }: Judged,
  { about, question, script, whole }: Asked,
): XhError {
  const asked = question.text === '' ? 'without a word' : `'${printable(question.text)}'`;
  const next = conversation?.next();
  const instead =
    next === undefined
      ? ''
      : `; the next answer is for ${printable(next.written)} (${placeText(next.place)})`;
  const example = exampleOf(run, question);
  const action = run.action === 'uninstall' ? 'uninstall' : 'install';
  const how =
    answers === undefined
      ? `answer it from a file (xh help answers): xh ${action} --answer FILE ${printable(run.package)}, with\n      ${example}\n`
      : `write its answer into ${printable(answers)}:\n      ${example}\n`;
  return new XhError(
    'E_SCRIPT_ASKS',
    `${script} waits for an answer (${asked}) and was ended${instead}; ${about}`,
    { place: { file: transcript.path }, remedy: `${how}    ${whole}` },
  );
}

/** For the transcript. */
function endText(end: ProgramEnd | undefined): string {
  switch (end?.how) {
    case 'status':
      return `with ${end.status}`;
    case 'signal':
      return `by ${end.signal}`;
    case 'not started':
      return `before it began (${end.errno})`;
    case undefined:
      return 'not: it hangs in the kernel';
  }
}

function endedText(end: ProgramEnd | undefined): string {
  return end?.how === 'signal' ? `was killed by ${end.signal}` : `ended ${endText(end)}`;
}

/** Why a program does not start: execve(2). */
function notStarted(errno: string, { identity, program }: Script): string {
  switch (errno) {
    case 'EACCES':
      return `chmod +x ${program}, and let ${printable(identity.name)}, as whom it runs ('run-as' in .admin/Options), come there`;
    case 'ENOENT':
      return 'look at its first line: the interpreter that it names is not on this host';
    case 'ENOEXEC':
      return "it needs a first line that names its interpreter: '#!/bin/sh'";
    case 'ETXTBSY':
      return `somebody is writing to ${program}: try again`;
    default:
      return `look at ${program}`;
  }
}

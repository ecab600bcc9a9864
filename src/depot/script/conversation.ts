/**
 * A script's questions and the answers that were written down for them: in order, each when the script
 * waits for one and has asked, since the last answer, what the next one is for.
 */
import { runInNewContext } from 'node:vm';
import { b, concat, slice, split, toText, trim, type Bytes } from '../../bytes/bytes.ts';
import { DiagnosticError } from '../../message/diagnostic.ts';
import { EXIT } from '../../message/error.ts';
import type { AnswerEntry, Prompt } from './answers.ts';
import { drawsScreen, plainText } from './plain-text.ts';

/** An answer that is known by now, whatever it came from. */
export interface Answer extends AnswerEntry {
  readonly text: Bytes;
}

export interface Question {
  /** One line, without what drives a terminal. */
  readonly text: Bytes;
  /** Whether it is drawn on the screen: then keys answer it. */
  readonly drawn: boolean;
}

export interface Conversation {
  /** What the script says. */
  said(text: Bytes): void;
  /** What to type now that it waits; it counts as typed. @throws DiagnosticError for a pattern that takes too long */
  reply(): Answer | undefined;
  /** The answer that is to come next. */
  next(): Answer | undefined;
  /** What it has asked last, for people. */
  question(): Question;
  /** Answers that were never asked for, but for optional ones. */
  left(): readonly Answer[];
}

/** Bytes that are looked at for a question: the last ones. */
const WINDOW = 1 << 16;
/** Milliseconds for a pattern. */
const TOO_LONG = 1000;

export function conversation(answers: readonly Answer[]): Conversation {
  let position = 0;
  /** Since the last answer. */
  let window = b``;
  return {
    said(text) {
      window = slice(concat(window, text), -WINDOW);
    },
    reply() {
      const text = plainText(window);
      for (let i = position; i < answers.length; i++) {
        const answer = answers[i];
        if (answer === undefined) break;
        if (asks(text, answer)) {
          position = i + 1;
          window = b``;
          return answer;
        }
        if (!answer.optional) break;
      }
      return undefined;
    },
    next: () => answers.slice(position).find(({ optional }) => !optional) ?? answers[position],
    question() {
      const lines = split(plainText(window), '\n')
        .map(trim)
        .filter((line) => line !== '');
      const drawn = drawsScreen(window);
      const text = drawn ? longest(lines) : lines.at(-1);
      return { text: slice(text ?? b``, -LONGEST_QUESTION), drawn };
    },
    left: () => answers.slice(position).filter(({ optional }) => !optional),
  };
}

const LONGEST_QUESTION = 200;

/** Of a dialogue that is drawn: its title is shorter than what it asks; buttons ask nothing. */
function longest(lines: readonly Bytes[]): Bytes | undefined {
  const words = lines.filter((line) => !/^<.*>$/.test(line));
  return words.toSorted((one, other) => other.length - one.length)[0] ?? lines.at(-1);
}

function asks(text: Bytes, answer: Answer): boolean {
  const { prompt } = answer;
  return prompt.type === 'text' ? hasParts(text, prompt.parts) : matches(text, prompt, answer);
}

function hasParts(text: Bytes, parts: readonly Bytes[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

/** In a context of its own, where it can be stopped: a pattern may take longer than the world stands. */
function matches(
  text: Bytes,
  { pattern }: Extract<Prompt, { readonly type: 'pattern' }>,
  { place, line, written }: Answer,
): boolean {
  const context = { pattern, text: toText(text) };
  try {
    return runInNewContext('pattern.test(text)', context, { timeout: TOO_LONG }) === true;
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new DiagnosticError(
      [
        {
          severity: 'error',
          code: 'E_ANSWER_PATTERN',
          message: 'this pattern takes too long on what the script says',
          ...place,
          length: written.length,
          source: line,
          hint: 'write it without repetitions inside repetitions',
        },
      ],
      EXIT.failed,
    );
  }
}

/** It is an error of the other context: no instance of ours. */
function isTimeout(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

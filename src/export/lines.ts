/**
 * A text as lines that keep their own ends, so that LF, CRLF, a mixture and a missing final newline
 * all come back byte for byte; and a line as words, with the columns that messages name.
 */
import { b, slice, type Bytes } from '../bytes/bytes.ts';

export type LineEnd = '\n' | '\r\n';

export interface Line {
  readonly text: Bytes;
  /** Empty only for the last line of a text without a final newline. */
  readonly end: LineEnd | '';
}

export interface Word {
  readonly text: Bytes;
  /** From 1, in bytes. */
  readonly column: number;
}

/** The lines of `text`; {@link joinLines} reverses it exactly. An empty text has no lines. */
export function readLines(text: Bytes): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    if (newline < 0) {
      lines.push({ text: slice(text, start), end: '' });
      break;
    }
    const crlf = newline > start && text[newline - 1] === '\r';
    lines.push({
      text: slice(text, start, crlf ? newline - 1 : newline),
      end: crlf ? '\r\n' : '\n',
    });
    start = newline + 1;
  }
  return lines;
}

export function joinLines(lines: readonly Line[]): Bytes {
  return lines.map(({ text, end }) => text + end).join('') as Bytes;
}

/** `texts` as lines with one line end. */
export function linesOf(texts: readonly Bytes[], end: LineEnd): Line[] {
  return texts.map((text) => ({ text, end }));
}

/** The line end that most lines have; LF for a text without any. */
export function usualLineEnd(lines: readonly Line[]): LineEnd {
  let balance = 0;
  for (const { end } of lines) balance += end === '\r\n' ? 1 : end === '\n' ? -1 : 0;
  return balance > 0 ? '\r\n' : '\n';
}

/** The parts of `text` between blanks and tabs. */
export function words(text: Bytes): Word[] {
  // not \S: a byte 0xA0 inside a UTF-8 letter is no space
  return [...text.matchAll(/[^ \t]+/g)].map((match) => ({
    text: match[0] as Bytes,
    column: match.index + 1,
  }));
}

/** Whether there is nothing but blanks in `text`. */
export function isBlank(text: Bytes): boolean {
  return /^[ \t\r]*$/.test(text);
}

/** `text` without blanks, tabs and carriage returns at its end. */
export function withoutTrailingBlanks(text: Bytes): Bytes {
  let end = text.length;
  while (end > 0 && ' \t\r'.includes(text[end - 1] ?? '')) end--;
  return end === text.length ? text : slice(text, 0, end);
}

/** The lines of a fragment file. Its line ends say nothing: the target's count. */
export function fragmentLines(content: Bytes): Bytes[] {
  return readLines(content).map(({ text, end }) =>
    end === '' && text.endsWith('\r') ? slice(text, 0, -1) : text,
  );
}

/** What stands at `index`, or nothing. */
export function lineAt(lines: readonly Bytes[], index: number): Bytes {
  return lines[index] ?? b``;
}

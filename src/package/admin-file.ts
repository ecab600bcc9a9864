/**
 * The lexical layer of every file in a package's `.admin`, and how findings in them are told.
 *
 * A `#` at the start of a word begins a comment, to the end of its line; `\#` there is a `#` (of
 * several backslashes before such a `#`, one goes). A `\` at the end of a line joins the next one
 * to it: the two of them, the white space around included, are one space. Empty lines mean nothing.
 */
import { b, slice, split, trim, type Bytes } from '../bytes/bytes.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import { XhError } from '../message/error.ts';

/** A line as it is meant: without comments, continued ones joined, nothing around it. Never empty. */
export interface AdminLine {
  readonly text: Bytes;
  /** Where each part of the text stands in the file, in order; the first begins at 0. */
  readonly pieces: readonly Piece[];
}

interface Piece {
  /** Offset in the line's text. */
  readonly at: number;
  readonly line: number;
  readonly column: number;
  readonly source: Bytes;
}

/** What is wrong, and where in the text of a line; the whole line unless `at` is given. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly at?: number;
  readonly length?: number;
  readonly hint?: string | undefined;
}

export type Report = (finding: Finding) => void;

/** What a file says, as far as it could be read, and everything that is wrong with it. */
export interface Parsed<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** What `parsed` says. @throws DiagnosticError when anything is wrong */
export function demand<T>(parsed: Parsed<T>): T {
  if (parsed.diagnostics.length > 0) throw new DiagnosticError(parsed.diagnostics);
  return parsed.value;
}

/** Beyond so many findings a file is not what it is taken for. */
const MOST_FINDINGS = 20;

/**
 * Reads a file line by line; what `parseLine` makes of a line is kept unless it is undefined.
 *
 * @param file the file's name, for messages
 */
export function parseAdminFile<T>(
  file: Bytes,
  content: Bytes,
  parseLine: (line: AdminLine, report: Report) => T | undefined,
): Parsed<readonly T[]> {
  const diagnostics: Diagnostic[] = [];
  const value: T[] = [];
  for (const { line, findings } of logicalLines(content)) {
    const report: Report = (finding) => {
      if (diagnostics.length < MOST_FINDINGS) diagnostics.push(locate(file, line, finding));
    };
    findings.forEach(report);
    if (line.text === '' || findings.length > 0) continue;
    const parsed = parseLine(line, report);
    if (parsed !== undefined) value.push(parsed);
    if (diagnostics.length >= MOST_FINDINGS) break;
  }
  return { value, diagnostics };
}

/** A finding about a file as a whole: shown at its first line. */
export function wholeFileFinding(file: Bytes, content: Bytes, finding: Finding): Diagnostic {
  const source = (split(content, '\n')[0] ?? '').replace(/\r$/, '') as Bytes;
  const line = { text: source, pieces: [{ at: 0, line: 1, column: 1, source }] };
  return locate(file, line, { at: 0, length: 1, ...finding });
}

/** Where an offset of a line's text stands in the file. */
export function lineAndColumn(
  line: AdminLine,
  at: number,
): { readonly line: number; readonly column: number } {
  const piece = pieceAt(line, at);
  return { line: piece.line, column: piece.column + at - piece.at };
}

export interface Word {
  readonly text: Bytes;
  /** Offset in the line's text. */
  readonly at: number;
}

/** The words of a line, separated by blanks and tabs, from offset `from`. */
export function words(line: AdminLine, from = 0): readonly Word[] {
  return [...slice(line.text, from).matchAll(/[^ \t]+/g)].map((match) => ({
    text: match[0] as Bytes,
    at: from + match.index,
  }));
}

/** The first word of a line at or after offset `from`. */
export function nextWord(line: AdminLine, from = 0): Word | undefined {
  const at = skipBlanks(line.text, from, line.text.length);
  let end = at;
  while (end < line.text.length && !isBlank(line.text[end])) end++;
  return end === at ? undefined : { text: slice(line.text, at, end), at };
}

/**
 * A line of a file that reads back as `text`, with its line end.
 *
 * @throws XhError `E_ADMIN_TEXT` when it holds a control character, or has white space around it
 */
export function printAdminLine(text: Bytes): Bytes {
  if (CONTROL.test(text) || trim(text) !== text) {
    throw new XhError('E_ADMIN_TEXT', `cannot stand on one line: ${JSON.stringify(text)}`, {
      remedy: 'write it without line ends and control characters',
    });
  }
  const escaped = text.replace(/(^|[ \t])(\\*#)/g, '$1\\$2');
  // an empty comment keeps a last backslash from joining the next line
  return (escaped.endsWith('\\') ? `${escaped} #\n` : `${escaped}\n`) as Bytes;
}

/** `text` on one line: line ends, control characters and runs of white space become one blank. */
export function onOneLine(text: Bytes): Bytes {
  return trim(text.replace(new RegExp(`[${CONTROL_RANGE} \\t]+`, 'g'), ' ') as Bytes);
}

const CONTROL_RANGE = '\\0-\\x08\\x0a-\\x1f\\x7f';
const CONTROL = new RegExp(`[${CONTROL_RANGE}]`);

interface LogicalLine {
  readonly line: AdminLine;
  readonly findings: readonly Finding[];
}

function* logicalLines(content: Bytes): Generator<LogicalLine> {
  const body = content.endsWith('\n') ? slice(content, 0, -1) : content;
  let joined = new Joining();
  for (const [i, raw] of split(body, '\n').entries()) {
    const source = raw.endsWith('\r') ? slice(raw, 0, -1) : raw;
    const goesOn = joined.add(source, i + 1);
    if (goesOn) continue;
    yield joined.finish();
    joined = new Joining();
  }
  if (joined.isOpen) {
    joined.find({ code: 'E_ADMIN_CONTINUATION', message: "expected another line after the '\\'" });
    yield joined.finish();
  }
}

/** A logical line in the making. */
class Joining {
  isOpen = false;
  private text = '';
  private readonly pieces: Piece[] = [];
  private readonly findings: Finding[] = [];

  /** Adds a line of the file; whether the next one belongs to it, too. */
  add(source: Bytes, line: number): boolean {
    const start = line === 1 && source.startsWith('\xef\xbb\xbf') ? 3 : 0;
    const { end, escapes } = scanWords(source, start);
    const hasComment = end < source.length;
    this.isOpen = !hasComment && source.endsWith('\\');
    const from = skipBlanks(source, start, end);
    const to = trimBlanks(source, from, this.isOpen ? end - 1 : end);
    if (this.text !== '' && to > from) this.text += ' ';
    if (to > from || this.pieces.length === 0) this.begin(source, line, from);
    this.append(source, line, from, to, escapes);
    if (!hasComment && !this.isOpen && to < source.length && source[to - 1] === '\\') {
      this.find({
        code: 'E_ADMIN_CONTINUATION',
        message: "expected the line to end after the '\\'",
        at: this.text.length - 1,
        length: 1,
        hint: 'remove the white space behind it',
      });
    }
    return this.isOpen;
  }

  find(finding: Finding): void {
    const at = finding.at ?? Math.max(0, this.text.length - 1);
    this.findings.push({ ...finding, at, length: finding.length ?? 1 });
  }

  finish(): LogicalLine {
    const text = this.text as Bytes;
    const control = CONTROL.exec(text);
    if (control !== null) {
      this.find({
        code: 'E_ADMIN_TEXT',
        message: 'expected text, not a control character',
        at: control.index,
        length: 1,
      });
    }
    return { line: { text, pieces: this.pieces }, findings: this.findings };
  }

  private append(
    source: Bytes,
    line: number,
    from: number,
    to: number,
    escapes: readonly number[],
  ): void {
    let at = from;
    for (const escape of escapes.filter((each) => each >= from && each < to)) {
      this.text += slice(source, at, escape);
      at = escape + 1;
      this.begin(source, line, at);
    }
    this.text += slice(source, at, Math.max(at, to));
  }

  private begin(source: Bytes, line: number, from: number): void {
    this.pieces.push({ at: this.text.length, line, column: from + 1, source });
  }
}

/** Where the comment begins (or the line ends), and which backslashes only protect a `#`. */
function scanWords(
  source: Bytes,
  start: number,
): { readonly end: number; readonly escapes: readonly number[] } {
  const escapes: number[] = [];
  for (let at = start; at < source.length;) {
    const word = skipBlanks(source, at, source.length);
    let sign = word;
    while (source[sign] === '\\') sign++;
    if (source[sign] === '#') {
      if (sign === word) return { end: word, escapes };
      escapes.push(word);
    }
    at = sign;
    while (at < source.length && !isBlank(source[at])) at++;
  }
  return { end: source.length, escapes };
}

function skipBlanks(source: Bytes, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(source[at])) at++;
  return at;
}

function trimBlanks(source: Bytes, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(source[at - 1])) at--;
  return Math.max(at, from);
}

function isBlank(unit: string | undefined): boolean {
  return unit === ' ' || unit === '\t';
}

function locate(file: Bytes, line: AdminLine, finding: Finding): Diagnostic {
  const at = finding.at ?? 0;
  const piece = pieceAt(line, at);
  const column = piece.column + at - piece.at;
  const room = piece.source.length - column + 1;
  const length = finding.length ?? line.text.length - at;
  return {
    severity: 'error',
    code: finding.code,
    message: finding.message,
    file,
    line: piece.line,
    column,
    length: Math.max(1, Math.min(length, room)),
    source: piece.source,
    ...(finding.hint !== undefined && { hint: finding.hint }),
  };
}

function pieceAt(line: AdminLine, at: number): Piece {
  const piece = line.pieces.findLast((each) => each.at <= at) ?? line.pieces[0];
  return piece ?? { at: 0, line: 1, column: 1, source: b`` };
}

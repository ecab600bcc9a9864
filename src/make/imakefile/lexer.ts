/**
 * The words of an xh-imakefile. Any text has a reading: what cannot be read is a finding with its
 * place, and reading goes on behind it.
 */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { positionAt, type Diagnostic } from '../../message/diagnostic.ts';

export interface Token {
  /** `word`: a name or file; `text`: what stood in quotes; `include`: the `#include` itself. */
  readonly kind: 'word' | 'text' | 'include' | '(' | ')' | '[' | ']' | ',' | '=' | '+=' | 'newline';
  readonly text: Bytes;
  /** Offset in the file, and how many bytes it has there. */
  readonly at: number;
  readonly length: number;
}

export interface Finding {
  readonly message: string;
  readonly at: number;
  readonly length?: number;
  readonly hint?: string | undefined;
}

/** Reads all of `content`; line ends are tokens, since settings end with their line. */
export function tokensOf(content: Bytes, report: (finding: Finding) => void): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token['kind'], text: Bytes, length: number): void => {
    tokens.push({ kind, text, at, length });
    at += length;
  };
  while (at < content.length) {
    const char = content[at] ?? '';
    const two = content.slice(at, at + 2);
    if (two === '\\\n') at += 2;
    else if (content.startsWith('\\\r\n', at)) at += 3;
    else if (char === '\n') push('newline', '\n' as Bytes, 1);
    else if (BLANK.test(char)) at++;
    else if (two === '/*') at = endOfComment(content, at, report);
    else if (two === '//' || (char === '#' && isComment(content, at))) at = endOfLine(content, at);
    else if (char === '#') at = directive(content, at, { push, report });
    else if (char === '"') at = quoted(content, at, { push, report });
    else if (two === '+=') push('+=', '+=' as Bytes, 2);
    else if (isMark(char)) push(char, char as Bytes, 1);
    else {
      const length = wordLength(content, at);
      push('word', slice(content, at, at + length), length);
    }
  }
  return tokens;
}

/** A finding with the line that it is about. */
export function diagnosticAt(file: Bytes, content: Bytes, finding: Finding): Diagnostic {
  const { line, column, source } = positionAt(content, finding.at);
  const { message, length, hint } = finding;
  return {
    severity: 'error',
    code: 'E_IMAKEFILE',
    file,
    line,
    column,
    source,
    message,
    ...(length !== undefined && { length }),
    ...(hint !== undefined && { hint }),
  };
}

const BLANK = /[ \t\r\f\v]/;
const MARKS = ['(', ')', '[', ']', ',', '='] as const;

function isMark(char: string): char is (typeof MARKS)[number] {
  return (MARKS as readonly string[]).includes(char);
}

/** `# text` and a lone `#`; `#word` is what the C preprocessor would take for a directive. */
function isComment(content: Bytes, at: number): boolean {
  return !/[A-Za-z]/.test(content[at + 1] ?? ' ');
}

function wordLength(content: Bytes, at: number): number {
  let end = at + 1;
  while (end < content.length && !/[ \t\r\n\f\v()[\],="]/.test(content[end] ?? '')) {
    if (content.startsWith('+=', end) || content.startsWith('\\\n', end)) break;
    end++;
  }
  return end - at;
}

function endOfLine(content: Bytes, at: number): number {
  const end = content.indexOf('\n', at);
  return end < 0 ? content.length : end;
}

function endOfComment(content: Bytes, at: number, report: (finding: Finding) => void): number {
  const end = content.indexOf('*/', at + 2);
  if (end >= 0) return end + 2;
  report({ message: "this comment has no end: expected '*/'", at, length: 2 });
  return content.length;
}

interface Reading {
  readonly push: (kind: Token['kind'], text: Bytes, length: number) => void;
  readonly report: (finding: Finding) => void;
}

/** `#include` is the only directive; of any other the whole line is passed over. */
function directive(content: Bytes, at: number, { push, report }: Reading): number {
  const word = /^#[A-Za-z]+/.exec(content.slice(at, at + 80))?.[0] ?? '#';
  if (word === '#include') {
    push('include', word as Bytes, word.length);
    return at + word.length;
  }
  report({
    message: `there is no ${printable(word as Bytes)} here`,
    at,
    length: word.length,
    hint: word.startsWith('#if')
      ? 'settings for one architecture are written CFLAGS[linux-x86_64*] += …'
      : "only '#include \"FILE\"'; a comment has a blank behind its '#'",
  });
  return endOfLine(content, at);
}

function quoted(content: Bytes, at: number, { push, report }: Reading): number {
  const line = endOfLine(content, at);
  let text = '';
  for (let end = at + 1; end < line; end++) {
    const char = content[end] ?? '';
    if (char === '"') {
      push('text', text as Bytes, end + 1 - at);
      return end + 1;
    }
    if (char === '\\' && /["\\]/.test(content[end + 1] ?? '')) end++;
    text += content[end] ?? '';
  }
  report({ message: "expected '\"' at the end of this text", at, length: line - at });
  push('text', text as Bytes, line - at);
  return line;
}

/**
 * The file of `xh install --answer`: what Install scripts ask, in the order in which they ask it, and
 * what is typed then. `xh help answers` describes it.
 *
 *     [tool]
 *     "Accept the licence? [y/n]"     yes
 *     optional "Overwrite *?"         no
 *     /pass(word|phrase):/i           secret @/etc/tool.password
 *     "Choose a port"                 keys "\e[B\r"
 */
import { b, bytes, concat, printable, slice, split, trim, type Bytes } from '../../bytes/bytes.ts';
import type { Diagnostic } from '../../message/diagnostic.ts';
import type { Place } from '../../message/error.ts';
import type { ScriptRun } from '../../host/plan.ts';

/** What a question is known by. */
export type Prompt =
  /** These parts in this order, anything between them. */
  | { readonly type: 'text'; readonly parts: readonly Bytes[] }
  | { readonly type: 'pattern'; readonly pattern: RegExp };

/** Where an answer comes from. */
export type Source =
  | { readonly type: 'text'; readonly text: Bytes }
  | { readonly type: 'file'; readonly path: Bytes }
  | { readonly type: 'environment'; readonly name: string };

export interface AnswerEntry {
  readonly prompt: Prompt;
  /** The prompt as it stands in the file. */
  readonly written: Bytes;
  /** Whether the question may be left out. */
  readonly optional: boolean;
  readonly source: Source;
  /** Kept out of the transcript. */
  readonly secret: boolean;
  /** Typed as it is, without Enter after it. */
  readonly keys: boolean;
  readonly place: Required<Place>;
  /** Where the answer stands. */
  readonly answerColumn: number;
  readonly line: Bytes;
}

export interface AnswerSection {
  /** A package or a directory of one; absent before the first heading. */
  readonly package?: Bytes;
  readonly action: ScriptRun['action'];
  readonly place: Required<Place>;
  readonly line: Bytes;
  readonly entries: readonly AnswerEntry[];
}

export interface ParsedAnswers {
  readonly sections: readonly AnswerSection[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Beyond so many findings a file is not what it is taken for. */
const MOST_FINDINGS = 20;
/** What a terminal takes in one line: N_TTY_BUF_SIZE less the end of the line. */
export const LONGEST_ANSWER = 4095;

/** @param file its name, for messages */
export function parseAnswers(file: Bytes, content: Bytes): ParsedAnswers {
  const diagnostics: Diagnostic[] = [];
  const sections: (AnswerSection & { readonly entries: AnswerEntry[] })[] = [];
  for (const [i, text] of split(content, '\n').entries()) {
    const source = text.endsWith('\r') ? slice(text, 0, -1) : text;
    const line: Line = {
      file,
      number: i + 1,
      source,
      report(at, message, hint, length = 1) {
        diagnostics.push({
          severity: 'error',
          code: 'E_ANSWERS',
          message,
          file,
          line: i + 1,
          column: at + 1,
          length,
          source,
          ...(hint !== undefined && { hint }),
        });
      },
    };
    if (diagnostics.length >= MOST_FINDINGS) break;
    const start = afterBlanks(source, 0);
    if (start === source.length || source[start] === '#') continue;
    if (source[start] === '[') {
      const section = readHeading(line, start, sections);
      if (section !== undefined) sections.push({ ...section, entries: [] });
      continue;
    }
    const entry = readEntry(line, start);
    if (entry === undefined) continue;
    if (sections.length === 0) {
      const place = { file, line: i + 1, column: 1 };
      sections.push({ action: 'install', place, line: source, entries: [] });
    }
    sections.at(-1)?.entries.push(entry);
  }
  return { sections, diagnostics };
}

interface Line {
  readonly file: Bytes;
  readonly number: number;
  readonly source: Bytes;
  report(at: number, message: string, hint?: string, length?: number): void;
}

function readHeading(
  { file, number, source, report }: Line,
  start: number,
  before: readonly AnswerSection[],
): Omit<AnswerSection, 'entries'> | undefined {
  const end = source.indexOf(']', start);
  if (end < 0) {
    report(source.length, "expected ']'", 'write [PACKAGE] or [PACKAGE uninstall]');
    return undefined;
  }
  if (!isEnd(source, end + 1)) {
    report(afterBlanks(source, end + 1), 'expected nothing after the heading');
    return undefined;
  }
  const words = split(trim(slice(source, start + 1, end)), ' ').filter((word) => word !== '');
  const [name = b``, written = b`install`, ...more] = words;
  if (name === '' || name.includes('/') || more.length > 0) {
    report(start, 'expected one package between the brackets', undefined, end - start + 1);
    return undefined;
  }
  const action = (['install', 'uninstall'] as const).find((each) => each === written);
  if (action === undefined) {
    report(
      source.lastIndexOf(written, end),
      `expected 'install' or 'uninstall', not '${printable(written)}'`,
      undefined,
      written.length,
    );
    return undefined;
  }
  const same = before.find((each) => each.package === name && each.action === action);
  if (same !== undefined) {
    report(
      start,
      `there is such a heading before, on line ${same.place.line}`,
      'put the two together',
    );
    return undefined;
  }
  return { package: name, action, place: { file, line: number, column: start + 1 }, line: source };
}

function readEntry(line: Line, start: number): AnswerEntry | undefined {
  const { file, number, source, report } = line;
  const optional = /^optional(?=[ \t"/])/.test(source.slice(start));
  const at = optional ? afterBlanks(source, start + 'optional'.length) : start;
  const read = readPrompt(line, at);
  if (read === undefined) return undefined;
  const answerAt = afterBlanks(source, read.end);
  if (answerAt === read.end && answerAt < source.length) {
    report(answerAt, 'expected a blank between the question and its answer');
    return undefined;
  }
  const answer = readAnswer(line, answerAt);
  return (
    answer && {
      ...answer,
      prompt: read.prompt,
      written: slice(source, at, read.end),
      optional,
      place: { file, line: number, column: at + 1 },
      answerColumn: answerAt + 1,
      line: source,
    }
  );
}

function readPrompt(
  line: Line,
  at: number,
): { readonly prompt: Prompt; readonly end: number } | undefined {
  const { source, report } = line;
  if (source[at] === '/') return readPattern(line, at);
  if (source[at] !== '"') {
    report(at, 'expected a question: "TEXT" or /PATTERN/', `write "…" around what the script asks`);
    return undefined;
  }
  const quoted = readQuoted(line, at);
  if (quoted === undefined) return undefined;
  if (quoted.parts.every((part) => part === '')) {
    report(at, 'expected something between the quotes: nothing is found everywhere');
    return undefined;
  }
  return { prompt: { type: 'text', parts: quoted.parts }, end: quoted.end };
}

function readPattern(
  { source, report }: Line,
  at: number,
): { readonly prompt: Prompt; readonly end: number } | undefined {
  let end = at + 1;
  for (let inClass = false; end < source.length; end++) {
    const letter = source[end];
    if (letter === '\\') end++;
    else if (letter === '[') inClass = true;
    else if (letter === ']') inClass = false;
    else if (letter === '/' && !inClass) break;
  }
  if (end >= source.length) {
    report(source.length, "expected '/' at the end of the pattern");
    return undefined;
  }
  const [flags = ''] = /^[A-Za-z]*/.exec(source.slice(end + 1)) ?? [];
  const stranger = /[^ims]|(.).*\1/.exec(flags);
  if (stranger !== null) {
    report(end + 1 + stranger.index, "expected 'i', 'm' or 's' after the pattern, each once");
    return undefined;
  }
  const text = Buffer.from(source.slice(at + 1, end), 'latin1').toString();
  if (text === '') {
    report(at, 'expected a pattern between the slashes', undefined, 2);
    return undefined;
  }
  try {
    return {
      prompt: { type: 'pattern', pattern: new RegExp(text, `${flags}u`) },
      end: end + 1 + flags.length,
    };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.replace(/^Invalid regular expression: .*: /s, '');
    report(at, `this pattern cannot be read: ${printable(bytes(why))}`, undefined, end - at + 1);
    return undefined;
  }
}

type ReadAnswer = Pick<AnswerEntry, 'source' | 'secret' | 'keys'>;

function readAnswer(line: Line, at: number): ReadAnswer | undefined {
  const { source, report } = line;
  const word = /^(?:secret|keys)(?=[ \t]+[^ \t#])/.exec(source.slice(at))?.[0];
  const start = word === undefined ? at : afterBlanks(source, at + word.length);
  if (start === source.length || source[start] === '#') {
    report(start, 'expected an answer', 'for nothing but Enter write ""');
    return undefined;
  }
  const secret = word === 'secret';
  if (word === 'keys') {
    if (source[start] === '"') {
      const keys = readWhole(line, start);
      return keys === undefined
        ? undefined
        : { source: { type: 'text', text: keys }, secret, keys: true };
    }
    report(start, 'expected keys between quotes', String.raw`such as keys "\e[B\r"`);
    return undefined;
  }
  switch (source[start]) {
    case '"': {
      const text = readWhole(line, start);
      if (text === undefined || !isOneLine(line, text, start)) return undefined;
      return { source: { type: 'text', text }, secret, keys: false };
    }
    case '@': {
      const path = source[start + 1] === '"' ? readWhole(line, start + 1) : rest(source, start + 1);
      if (path === undefined) return undefined;
      if (path !== '' && !path.includes('\0')) {
        return { source: { type: 'file', path }, secret: true, keys: false };
      }
      report(
        start,
        "expected the name of a file after '@'",
        'an answer that begins so goes between quotes',
      );
      return undefined;
    }
    case '$': {
      const name = rest(source, start + 1);
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return { source: { type: 'environment', name }, secret: true, keys: false };
      }
      report(
        start,
        "expected the name of a variable after '$'",
        'an answer that begins so goes between quotes',
      );
      return undefined;
    }
    default: {
      const text = rest(source, start);
      if (!isOneLine(line, text, start)) return undefined;
      return { source: { type: 'text', text }, secret, keys: false };
    }
  }
}

/** The text between quotes that is the last on its line. */
function readWhole(line: Line, at: number): Bytes | undefined {
  const quoted = readQuoted(line, at);
  if (quoted === undefined) return undefined;
  if (isEnd(line.source, quoted.end)) return quoted.parts.join('*') as Bytes;
  line.report(afterBlanks(line.source, quoted.end), 'expected nothing after the answer');
  return undefined;
}

function isOneLine({ report }: Line, text: Bytes, at: number): boolean {
  if (text.length > LONGEST_ANSWER) {
    report(at, `a terminal takes no more than ${LONGEST_ANSWER} bytes in one line`);
    return false;
  }
  if (!/[\0-\x1f\x7f]/.test(text)) return true;
  report(at, 'an answer is one line of text', 'other keys are typed with: keys "…"');
  return false;
}

/** @returns the text in its parts: what an unescaped `*` divides */
function readQuoted(
  { source, report }: Line,
  at: number,
): { readonly parts: readonly Bytes[]; readonly end: number } | undefined {
  const parts: Bytes[] = [];
  let part = b``;
  let i = at + 1;
  for (; i < source.length && source[i] !== '"'; i++) {
    if (source[i] === '*') {
      parts.push(part);
      part = b``;
    } else if (source[i] === '\\') {
      const escape = escapeAt(source, i);
      if (escape === undefined) {
        report(
          i,
          `there is no such escape: '${printable(slice(source, i, i + 2))}'`,
          String.raw`known are \" \\ \* \e \n \r \t \xHH`,
          2,
        );
        return undefined;
      }
      part = b`${part}${escape.text}`;
      i += escape.length - 1;
    } else part = concat(part, slice(source, i, i + 1));
  }
  if (i >= source.length) {
    report(source.length, `expected '"' at the end of the text`);
    return undefined;
  }
  return { parts: [...parts, part], end: i + 1 };
}

const ESCAPES: Readonly<Record<string, Bytes>> = {
  '"': b`"`,
  '\\': b`\\`,
  '*': b`*`,
  e: '\u001b' as Bytes,
  n: '\n' as Bytes,
  r: '\r' as Bytes,
  t: '\t' as Bytes,
};

function escapeAt(
  source: Bytes,
  at: number,
): { readonly text: Bytes; readonly length: number } | undefined {
  const hex = /^\\x([0-9A-Fa-f]{2})/.exec(source.slice(at, at + 4))?.[1];
  if (hex !== undefined) {
    return { text: String.fromCharCode(Number.parseInt(hex, 16)) as Bytes, length: 4 };
  }
  const letter = source[at + 1] ?? '';
  const text = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  return text && { text, length: 2 };
}

function rest(source: Bytes, at: number): Bytes {
  return trim(slice(source, at));
}

/** Whether nothing but blanks and a comment follows. */
function isEnd(source: Bytes, at: number): boolean {
  const next = afterBlanks(source, at);
  return next === source.length || (next > at && source[next] === '#');
}

function afterBlanks(source: Bytes, at: number): number {
  let i = at;
  while (source[i] === ' ' || source[i] === '\t') i++;
  return i;
}

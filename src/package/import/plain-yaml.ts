/**
 * The part of YAML that programs write when they write down plain data: maps and lists by
 * indentation, words, quoted texts, empty `{}` and `[]`, lists of words in one line. Whatever else there
 * may be is passed over: it is read to learn what a software is called, not to be obeyed.
 */
import { split, toText, type Bytes } from '../../bytes/bytes.ts';
import type { Json } from './side-file.ts';

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** More lines, or deeper ones, have no such file. */
const MOST_LINES = 200_000;
const DEEPEST = 100;

/** The data, as far as it is understood. Never throws. */
export function parsePlainYaml(content: Bytes): Json {
  const lines = split(content, '\n')
    .slice(0, MOST_LINES)
    .map((line): Line => {
      const text = toText(line).trimEnd();
      const indent = text.search(/[^ ]/);
      return { indent: Math.max(0, indent), text: text.slice(Math.max(0, indent)) };
    })
    .filter(({ text }) => text !== '' && !text.startsWith('#') && text !== '---');
  const at = { line: 0 };
  return block(lines, at, 0, 0);
}

/** The map or list that begins at the current line with at least this indentation. */
function block(lines: readonly Line[], at: { line: number }, least: number, depth: number): Json {
  const first = lines[at.line];
  if (first === undefined || first.indent < least || depth > DEEPEST) return null;
  const isList = /^-(?: |$)/.test(first.text);
  const { indent } = first;
  const items: Json[] = [];
  const map = new Map<string, Json>();
  for (let line = lines[at.line]; line !== undefined; line = lines[at.line]) {
    if (line.indent < indent) break;
    if (line.indent > indent || /^-(?: |$)/.test(line.text) !== isList) {
      // a list may stand right below its key, without more indentation
      if (line.indent === indent && !isList) break;
      at.line++;
      continue;
    }
    if (isList) items.push(item(lines, at, line, depth));
    else entry(lines, at, line, depth, map);
  }
  return isList ? items : Object.fromEntries(map);
}

/** `- value`, `- key: value` with more keys below, or `-` with all of it below. */
function item(lines: readonly Line[], at: { line: number }, line: Line, depth: number): Json {
  const rest = line.text.slice(1).trimStart();
  if (rest === '') {
    at.line++;
    return block(lines, at, line.indent + 1, depth + 1);
  }
  if (KEY.exec(rest) === null) {
    at.line++;
    return scalar(rest);
  }
  // the rest of the line is the first line of a block of its own
  const indent = line.indent + line.text.length - rest.length;
  const from = at.line;
  let end = from + 1;
  while ((lines[end]?.indent ?? -1) > line.indent) end++;
  const inner = [{ indent, text: rest }, ...lines.slice(from + 1, end)];
  at.line = end;
  return block(inner, { line: 0 }, 0, depth + 1);
}

function entry(
  lines: readonly Line[],
  at: { line: number },
  line: Line,
  depth: number,
  map: Map<string, Json>,
): void {
  at.line++;
  const match = KEY.exec(line.text);
  if (match === null) return;
  const key = unquoted(match[1] ?? '');
  const rest = line.text.slice(match[0].length).trim();
  if (rest !== '') {
    map.set(key, scalar(rest));
    return;
  }
  const next = lines[at.line];
  const isBelow =
    next !== undefined &&
    (next.indent > line.indent || (next.indent === line.indent && /^-(?: |$)/.test(next.text)));
  map.set(key, isBelow ? block(lines, at, next.indent, depth + 1) : null);
}

const KEY = /^("[^"]*"|'[^']*'|[^\s"'#[\]{}][^:#]*):(?= |$)/;

function scalar(text: string): Json {
  if (text === '{}') return {};
  if (text === 'null' || text === '~') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  if (text.startsWith('[') && text.endsWith(']')) {
    return text
      .slice(1, -1)
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(unquoted);
  }
  return unquoted(text.replace(/ +#.*$/, ''));
}

/** Numbers stay texts: versions look like them, and 1.10 is not 1.1. */
function unquoted(text: string): string {
  const quote = text[0];
  const isQuoted = (quote === '"' || quote === "'") && text.length > 1 && text.endsWith(quote);
  return isQuoted ? text.slice(1, -1) : text;
}

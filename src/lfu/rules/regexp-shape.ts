/**
 * The shapes of a regular expression: `lib/.*` begins with `lib/`, `(a|b)\.h` is `a.h` or `b.h`.
 * It reads expressions that RegExp has accepted in Unicode mode, and whatever it does not
 * recognise may match anything: being wrong on that side only costs time.
 */
import { ANYTHING, NOTHING, concatShapes, eitherShape, literal, type Shape } from './shape.ts';

interface Reader {
  readonly source: string;
  at: number;
}

/** The shapes that a full match of `source` can have. */
export function regexpShapes(source: string): readonly Shape[] {
  const reader: Reader = { source, at: 0 };
  return alternatives(reader, 0);
}

/** Up to the closing parenthesis of this group, or the end. */
function alternatives(reader: Reader, depth: number): readonly Shape[] {
  let all: readonly Shape[] = [];
  let sequence: readonly Shape[] = [NOTHING];
  const { source } = reader;
  let first = true;
  while (reader.at < source.length && source.charAt(reader.at) !== ')') {
    if (source.charAt(reader.at) === '|') {
      all = eitherShape(all, sequence);
      sequence = [NOTHING];
      first = true;
      reader.at++;
      continue;
    }
    const item = atom(reader, first && depth === 0, depth);
    sequence = concatShapes(sequence, quantifier(reader) ? [ANYTHING] : item);
    first = false;
  }
  return eitherShape(all, sequence);
}

function atom(reader: Reader, first: boolean, depth: number): readonly Shape[] {
  const { source } = reader;
  const code = source.codePointAt(reader.at) ?? 0;
  const c = String.fromCodePoint(code);
  reader.at += c.length;
  switch (c) {
    case '(':
      return group(reader, depth);
    case '[':
      return characterClass(reader);
    case '\\':
      return escape(reader);
    case '.':
      return [ANYTHING];
    case '^':
      return first ? [NOTHING] : [ANYTHING];
    case '$':
      return depth === 0 && /^(?:\||$)/.test(source.slice(reader.at, reader.at + 1))
        ? [NOTHING]
        : [ANYTHING];
    default:
      return [literal(c)];
  }
}

function group(reader: Reader, depth: number): readonly Shape[] {
  const { source } = reader;
  OPENING.lastIndex = reader.at;
  const opening = OPENING.exec(source)?.[0] ?? '';
  reader.at += opening.length;
  // expressions nested deeper than any person writes would exhaust the stack here
  const known = depth < 50 && (opening === '' || opening === '?:' || opening.endsWith('>'));
  const shapes = known ? alternatives(reader, depth + 1) : skipGroup(reader);
  reader.at++;
  return shapes;
}

function skipGroup(reader: Reader): readonly Shape[] {
  let depth = 0;
  while (reader.at < reader.source.length) {
    const c = reader.source.charAt(reader.at);
    if (c === ')' && depth === 0) break;
    reader.at++;
    if (c === '\\') reader.at++;
    else if (c === '[') characterClass(reader);
    else if (c === '(') depth++;
    else if (c === ')') depth--;
  }
  return [ANYTHING];
}

/** Behind `[`. `[.]` is a way to write a literal. */
function characterClass(reader: Reader): readonly Shape[] {
  const start = reader.at;
  while (reader.at < reader.source.length && reader.source.charAt(reader.at) !== ']') {
    reader.at += reader.source.charAt(reader.at) === '\\' ? 2 : 1;
  }
  const members = reader.source.slice(start, reader.at);
  reader.at++;
  return members.length === 1 && members !== '^' && members !== '\\'
    ? [literal(members)]
    : [ANYTHING];
}

/** Behind a backslash. */
function escape(reader: Reader): readonly Shape[] {
  const c = reader.source.charAt(reader.at);
  if (SYNTAX.test(c)) {
    reader.at++;
    return [literal(c)];
  }
  ESCAPE.lastIndex = reader.at;
  reader.at += ESCAPE.exec(reader.source)?.[0].length ?? 1;
  return [ANYTHING];
}

function quantifier(reader: Reader): boolean {
  QUANTIFIER.lastIndex = reader.at;
  const found = QUANTIFIER.exec(reader.source)?.[0] ?? '';
  reader.at += found.length;
  return found !== '';
}

const OPENING = /\?(?::|=|!|<=|<!|<[^>]*>)/y;
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;
const ESCAPE =
  /x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]+\}|u[0-9A-Fa-f]{4}|[pP]\{[^}]*\}|k<[^>]*>|c[A-Za-z]|[0-9]+|[^]/y;
const QUANTIFIER = /(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??/y;

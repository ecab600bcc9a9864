/**
 * The assignments at the top of a Python file whose values are written out: texts, numbers, lists,
 * tuples, dictionaries. A value that would have to be computed is left out. Nothing is run.
 */

export type Literal = string | number | readonly Literal[] | ReadonlyMap<string, Literal>;

/** Whether a value is a list or a tuple. */
export function isList(given: Literal | undefined): given is readonly Literal[] {
  return Array.isArray(given);
}

/** Whether a value is a dictionary with texts as keys. */
export function isDictionary(given: Literal | undefined): given is ReadonlyMap<string, Literal> {
  return given instanceof Map;
}

/** Deeper nesting is in no recipe. */
const DEEPEST = 40;

/** `NAME = VALUE` by name, the last of each. Never throws. */
export function readAssignments(source: string): ReadonlyMap<string, Literal> {
  const found = new Map<string, Literal>();
  const reader = { source, reached: 0 };
  const assignment = /^([A-Za-z_][A-Za-z0-9_]{0,100})[ \t]*=(?!=)[ \t]*/gm;
  for (let match = assignment.exec(source); match !== null; match = assignment.exec(source)) {
    const read = value(reader, assignment.lastIndex, 0);
    if (read !== undefined) found.set(match[1] ?? '', read.value);
    // what looks like an assignment inside a value is none, whether it could be read or not
    assignment.lastIndex = Math.max(assignment.lastIndex, read?.end ?? reader.reached);
  }
  return found;
}

interface Reader {
  readonly source: string;
  /** How far it has been read. */
  reached: number;
}

interface Read {
  readonly value: Literal;
  readonly end: number;
}

function value(reader: Reader, from: number, depth: number): Read | undefined {
  const { source } = reader;
  if (depth > DEEPEST) return undefined;
  let whole = single(reader, from, depth);
  // beside each other, in brackets, texts are one
  if (depth === 0) return whole;
  while (typeof whole?.value === 'string') {
    const next = skipBlank(reader, whole.end);
    const more = /["']/.test(source[next] ?? '') ? quoted(reader, next) : undefined;
    if (more === undefined) break;
    whole = { value: `${whole.value}${more.value}`, end: more.end };
  }
  return whole;
}

function single(reader: Reader, from: number, depth: number): Read | undefined {
  const { source } = reader;
  const at = depth === 0 ? from : skipBlank(reader, from);
  const sign = source[at] ?? '';
  if (sign === '[' || sign === '(') return sequence(reader, at, sign === '[' ? ']' : ')', depth);
  if (sign === '{') return dictionary(reader, at, depth);
  if (sign === '"' || sign === "'") return quoted(reader, at);
  NUMBER_OR_NAME.lastIndex = at;
  const word = NUMBER_OR_NAME.exec(source)?.[0];
  if (word === undefined) return undefined;
  return { value: /^[0-9.]+$/.test(word) ? Number(word) : word, end: at + word.length };
}

/** A name (`SYSTEM`, `True`) stands for itself. */
const NUMBER_OR_NAME = /[A-Za-z0-9_.]+/y;

/** `'…'`, `"…"`, and both with three quotes. */
function quoted(
  reader: Reader,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  const { source } = reader;
  const sign = source[at] ?? '';
  const quote = source.startsWith(sign.repeat(3), at) ? sign.repeat(3) : sign;
  let text = '';
  for (let i = at + quote.length; i < source.length;) {
    if (source.startsWith(quote, i)) return { value: text, end: i + quote.length };
    if (quote.length === 1 && source[i] === '\n') return undefined;
    if (source[i] === '\\') {
      const next = source[i + 1] ?? '';
      text += ESCAPES[next] ?? (next === '\n' ? '' : `\\${next}`);
      i += 2;
    } else {
      text += source[i] ?? '';
      i++;
    }
  }
  reader.reached = source.length;
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

function sequence(reader: Reader, at: number, end: string, depth: number): Read | undefined {
  const { source } = reader;
  const items: Literal[] = [];
  for (let i = skipBlank(reader, at + 1); i < source.length; i = skipBlank(reader, i)) {
    if (source[i] === end) return { value: items, end: i + 1 };
    const item = value(reader, i, depth + 1);
    if (item === undefined) return undefined;
    items.push(item.value);
    i = skipBlank(reader, item.end);
    if (source[i] === ',') i++;
    else if (source[i] !== end) return undefined;
  }
  return undefined;
}

function dictionary(reader: Reader, at: number, depth: number): Read | undefined {
  const { source } = reader;
  const map = new Map<string, Literal>();
  for (let i = skipBlank(reader, at + 1); i < source.length; i = skipBlank(reader, i)) {
    if (source[i] === '}') return { value: map, end: i + 1 };
    const key = value(reader, i, depth + 1);
    if (typeof key?.value !== 'string') return undefined;
    i = skipBlank(reader, key.end);
    if (source[i] !== ':') return undefined;
    const item = value(reader, i + 1, depth + 1);
    if (item === undefined) return undefined;
    map.set(key.value, item.value);
    i = skipBlank(reader, item.end);
    if (source[i] === ',') i++;
    else if (source[i] !== '}') return undefined;
  }
  return undefined;
}

/** White space and comments. */
function skipBlank(reader: Reader, from: number): number {
  const { source } = reader;
  let at = from;
  for (;;) {
    while (/\s/.test(source[at] ?? '')) at++;
    if (source[at] !== '#') {
      reader.reached = Math.max(reader.reached, at);
      return at;
    }
    const end = source.indexOf('\n', at);
    at = end < 0 ? source.length : end;
  }
}

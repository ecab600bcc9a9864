/**
 * Where each key and value stands in a TOML file. The TOML parser tells only what the values are;
 * this walks a text that it has accepted and notes offsets, so that a message can name the line.
 */
import { slice, utf8, type Bytes } from '../bytes/bytes.ts';

/** A key's way from the top: `['file-types', 'campus', 'summary']`; array elements by number. */
export type KeyPath = readonly (string | number)[];

/** Byte offsets. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

export interface Placement {
  readonly key: Span;
  /** Absent for a table made by a header `[…]`. */
  readonly value?: Span;
}

/** Finds a key, or the nearest thing above it that stands in the text. */
export type FindPlace = (path: KeyPath) => Placement | undefined;

/** The places of all keys and values of `text`, which is valid TOML 1.0. */
export function tomlPlaces(text: Bytes): FindPlace {
  const places = new Map<string, Placement>();
  const walk = new Walk(text, places);
  walk.document();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const found = places.get(placeKey(path.slice(0, length)));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function placeKey(path: KeyPath): string {
  return JSON.stringify(path);
}

class Walk {
  private readonly text: Bytes;
  private readonly places: Map<string, Placement>;
  private at = 0;
  /** How many elements each array of tables has so far. */
  private readonly counts = new Map<string, number>();

  constructor(text: Bytes, places: Map<string, Placement>) {
    this.text = text;
    this.places = places;
    if (text.startsWith('\xef\xbb\xbf')) this.at = 3;
  }

  document(): void {
    let table: KeyPath = [];
    for (this.skipBlank(); this.at < this.text.length; this.skipBlank()) {
      if (this.peek() === '[') table = this.header();
      else this.entry(table);
    }
  }

  private header(): KeyPath {
    const start = this.at;
    const isArray = this.text.startsWith('[[', this.at);
    this.at += isArray ? 2 : 1;
    const keys = this.keys();
    this.at += isArray ? 2 : 1;
    const path = this.resolve(keys.path, isArray);
    this.note(path, { key: { at: start, length: this.at - start } });
    return path;
  }

  /** A header names the last element of every array of tables on its way. */
  private resolve(keys: readonly string[], isArray: boolean): KeyPath {
    const path: (string | number)[] = [];
    for (const [i, key] of keys.entries()) {
      path.push(key);
      const id = placeKey(path);
      const count = this.counts.get(id);
      if (isArray && i === keys.length - 1) {
        this.counts.set(id, (count ?? 0) + 1);
        path.push(count ?? 0);
      } else if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  /** `key = value`, the key perhaps dotted. */
  private entry(table: KeyPath): void {
    const keys = this.keys();
    this.at += 1; // '='
    this.skipSpace();
    const path = [...table, ...keys.path];
    const start = this.at;
    this.value(path);
    const value = { at: start, length: this.at - start };
    this.note(path, { key: keys.span, value });
    // a.b = 1 makes the table a, too
    for (let length = table.length + 1; length < path.length; length++) {
      this.note(path.slice(0, length), { key: keys.span });
    }
  }

  private keys(): { readonly path: readonly string[]; readonly span: Span } {
    this.skipSpace();
    const start = this.at;
    let end = start;
    const path: string[] = [];
    for (;;) {
      path.push(this.key());
      end = this.at;
      this.skipSpace();
      if (this.peek() !== '.') break;
      this.at += 1;
      this.skipSpace();
    }
    return { path, span: { at: start, length: end - start } };
  }

  private key(): string {
    const start = this.at;
    const quote = this.peek();
    if (quote === '"' || quote === "'") {
      this.string();
      const inner = slice(this.text, start + 1, this.at - 1);
      return quote === '"' ? unescape(inner) : (utf8(inner) ?? inner);
    }
    // one byte at least, so that a text that is not TOML cannot stop the walk
    do this.at += 1;
    while (this.at < this.text.length && /[A-Za-z0-9_-]/.test(this.peek()));
    return slice(this.text, start, this.at);
  }

  private value(path: KeyPath): void {
    const first = this.peek();
    if (first === '"' || first === "'") this.string();
    else if (first === '[') this.array(path);
    else if (first === '{') this.inlineTable(path);
    else while (this.at < this.text.length && !/[,\]}#\r\n]/.test(this.peek())) this.at += 1;
    // white space after a bare value is none of it (a date may have a space inside)
    while (/[ \t]/.test(this.text[this.at - 1] ?? '')) this.at -= 1;
  }

  private array(path: KeyPath): void {
    this.at += 1;
    for (let i = 0; ; i++) {
      this.skipBlank();
      if (this.at >= this.text.length) return;
      if (this.peek() === ']') break;
      const start = this.at;
      this.value([...path, i]);
      const span = { at: start, length: this.at - start };
      this.note([...path, i], { key: span, value: span });
      this.skipBlank();
      if (this.peek() === ',') this.at += 1;
      else if (this.at === start) this.at += 1;
    }
    this.at += 1;
  }

  private inlineTable(path: KeyPath): void {
    this.at += 1;
    for (;;) {
      this.skipBlank();
      if (this.at >= this.text.length) return;
      if (this.peek() === '}') break;
      if (this.peek() === ',') this.at += 1;
      else this.entry(path);
    }
    this.at += 1;
  }

  /** Any of the four kinds of string, quotes included. */
  private string(): void {
    const quote = this.peek();
    const escapes = quote === '"';
    const fence = this.text.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote;
    this.at += fence.length;
    while (this.at < this.text.length && !this.text.startsWith(fence, this.at)) {
      this.at += escapes && this.peek() === '\\' ? 2 : 1;
    }
    this.at += fence.length;
    // """a"""" and """a""""" end in quotes that belong to the text
    if (fence.length === 3) while (this.peek() === quote) this.at += 1;
  }

  /** White space, line ends and comments. */
  private skipBlank(): void {
    for (;;) {
      const next = this.peek();
      if (next === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else if (next !== '' && ' \t\r\n'.includes(next)) this.at += 1;
      else return;
    }
  }

  private skipSpace(): void {
    while (this.peek() === ' ' || this.peek() === '\t') this.at += 1;
  }

  private peek(): string {
    return this.text[this.at] ?? '';
  }

  private note(path: KeyPath, placement: Placement): void {
    const id = placeKey(path);
    if (!this.places.has(id)) this.places.set(id, placement);
  }
}

/** A quoted key's text. */
function unescape(inner: Bytes): string {
  const text = utf8(inner) ?? inner;
  return text.replace(/\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)/gs, (_, escape: string) => {
    if (escape.length === 1) return ESCAPED[escape] ?? escape;
    const code = Number.parseInt(escape.slice(1), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}

const ESCAPED: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001b',
};

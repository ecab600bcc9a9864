/**
 * `export/protocols` → `/etc/protocols` and `export/rpc` → `/etc/rpc`: lines of NAME NUMBER [ALIAS…].
 * The first line that has a name or a number silently wins on a host, so two are refused here.
 * Formats: protocols(5), rpc(5).
 */
import { bytes, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type Clash, type LineEntry } from './block-spec.ts';
import type { FragmentFile, FragmentKind } from './fragment.ts';
import { words, type Word } from './lines.ts';
import { readStrictly, type Finding } from './strict.ts';

export interface NumberedEntry extends LineEntry {
  readonly name: Bytes;
  readonly number: number;
  readonly aliases: readonly Bytes[];
}

export interface Numbered {
  /** Under `export/` and under `/etc`. */
  readonly name: 'protocols' | 'rpc';
  /** What a number is called: `protocol`. */
  readonly what: string;
  readonly highest: number;
}

/** The kind for one such file. */
export function numberedKind(spec: Numbered): FragmentKind<NumberedEntry> {
  const code = `E_${spec.name.toUpperCase()}`;
  return blockKind<NumberedEntry>({
    name: spec.name,
    summary: `NAME NUMBER [ALIAS…] lines for /etc/${spec.name}`,
    comment: bytes('#'),
    lineEnd: 'as-target',
    collision: 'refuse',
    headers: [MADE_BY_US],
    parse: (file) => parse(spec, file, code),
    identity: ({ name, number, aliases }) => [name, ...aliases, String(number)],
    target: () => ({ path: bytes(`/etc/${spec.name}`), mode: 0o644 }),
    readEntries: readNumbered,
    clash: (ours, theirs) => clash(spec, code, ours, theirs),
  });
}

/** The entries as the C library sees them: what it skips is skipped. */
export function readNumbered(texts: readonly Bytes[]): readonly NumberedEntry[] {
  return texts.flatMap((text, index) => {
    const [name, number, ...aliases] = words(withoutComment(text));
    if (name === undefined || !/^[0-9]{1,10}$/.test(number?.text ?? '')) return [];
    return [
      {
        line: index + 1,
        span: 1,
        name: name.text,
        number: Number(number?.text),
        aliases: aliases.map((alias) => alias.text),
      },
    ];
  });
}

function parse(spec: Numbered, file: FragmentFile, code: string): readonly NumberedEntry[] {
  return readStrictly(file, (lines, found) =>
    lines.flatMap((text, index) => {
      const fields = words(withoutComment(text));
      const entry = parseEntry(spec, code, fields, index + 1, found);
      return entry ? [entry] : [];
    }),
  );
}

function parseEntry(
  { what, highest }: Numbered,
  code: string,
  [name, number, ...aliases]: readonly Word[],
  line: number,
  found: (finding: Finding) => void,
): NumberedEntry | undefined {
  if (name === undefined) return undefined;
  if (number === undefined) {
    found({
      line,
      column: name.column + name.text.length,
      code: `${code}_FIELDS`,
      message: `no ${what} number`,
      hint: 'NAME NUMBER [ALIAS…]',
    });
    return undefined;
  }
  const seen = new Set<Bytes>();
  for (const word of [name, ...aliases]) {
    const place = { line, column: word.column, length: word.text.length };
    const shown = printable(word.text);
    if (!/^[A-Za-z0-9][A-Za-z0-9._/+*-]*$/.test(word.text) || /^[0-9]+$/.test(word.text)) {
      found({
        ...place,
        code: `${code}_NAME`,
        message: `'${shown}' is no ${what} name`,
        hint: 'letters, digits and . _ + - /',
      });
    } else if (seen.has(word.text)) {
      found({ ...place, code: `${code}_NAME`, message: `'${shown}' is named twice` });
    }
    seen.add(word.text);
  }
  if (!/^[0-9]{1,10}$/.test(number.text) || Number(number.text) > highest) {
    found({
      line,
      column: number.column,
      length: number.text.length,
      code: `${code}_NUMBER`,
      message: `'${printable(number.text)}' is no ${what} number`,
      hint: `0 to ${highest}`,
    });
    return undefined;
  }
  return {
    line,
    span: 1,
    name: name.text,
    number: Number(number.text),
    aliases: aliases.map((alias) => alias.text),
  };
}

function clash(
  { what }: Numbered,
  code: string,
  ours: NumberedEntry,
  theirs: NumberedEntry,
): Clash | undefined {
  const theirNames = new Set([theirs.name, ...theirs.aliases]);
  const ourNames = [ours.name, ...ours.aliases];
  if (ours.number === theirs.number) {
    if (ourNames.every((name) => theirNames.has(name))) return { says: 'same' };
    // one protocol may be told of in two lines, as long as it is one
    if (ours.name === theirs.name) return undefined;
    const message = `two names for ${what} ${ours.number}`;
    return { says: 'other', code: `${code}_NUMBER`, message, remedy: REMEDY };
  }
  const common = ourNames.find((name) => theirNames.has(name));
  if (common === undefined) return undefined;
  const message = `'${printable(common)}' names two ${what}s`;
  return { says: 'other', code: `${code}_NAME`, message, remedy: REMEDY };
}

const REMEDY =
  'change the fragment, or remove the other entry where nothing uses it; a line that says exactly the same is no conflict';

function withoutComment(text: Bytes): Bytes {
  const cut = text.indexOf('#');
  return cut < 0 ? text : slice(text, 0, cut);
}

/**
 * `export/aliases` → `/etc/aliases`: who gets the mail for a name. Two entries for one name are an
 * error to some mailers and a guess to others. Format: aliases(5), as far as Postfix, Exim and
 * Sendmail agree.
 */
import { b, printable, slice, trim, type Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type Clash, type LineEntry } from './block-spec.ts';
import type { FragmentFile, HostView } from './fragment.ts';
import { isBlank, lineAt } from './lines.ts';
import { diagnostic, readStrictly, type Finding } from './strict.ts';

export interface AliasEntry extends LineEntry {
  /** In lower case, without quotes: mailers compare it so. */
  readonly name: Bytes;
  /** What stands after the colon, lines joined, without blanks around commas. */
  readonly value: Bytes;
}

export const aliases = blockKind<AliasEntry>({
  name: 'aliases',
  summary: 'NAME: ADDRESS, … entries for /etc/aliases',
  comment: b`#`,
  lineEnd: 'lf',
  collision: 'refuse',
  headers: [MADE_BY_US],
  parse: parseAliases,
  identity: ({ name }) => [name],
  check,
  target: () => ({ path: b`/etc/aliases`, mode: 0o644 }),
  readEntries: readAliases,
  clash,
  continues,
});

/** The entries of an aliases file; lines that are none are passed over. */
export function readAliases(texts: readonly Bytes[]): readonly AliasEntry[] {
  const entries: AliasEntry[] = [];
  for (const [index, text] of texts.entries()) {
    if (isBlank(text) || startsComment(text) || continues(text)) continue;
    const name = nameIn(text);
    if (name === undefined) continue;
    const span = spanFrom(texts, index);
    const parts = texts.slice(index, index + span).filter((each) => !startsComment(each));
    const whole = parts.join(' ') as Bytes;
    entries.push({ line: index + 1, span, name: name.name, value: valueOf(whole, name.end) });
  }
  return entries;
}

function parseAliases(file: FragmentFile): readonly AliasEntry[] {
  return readStrictly(file, (lines, found) => {
    let begun = false;
    for (const [index, text] of lines.entries()) {
      if (isBlank(text) || startsComment(text)) continue;
      if (!continues(text)) {
        begun = true;
        checkFirstLine(lines, index, found);
      } else if (!begun) {
        // in the file it would go on with whatever stands above
        found({
          code: 'E_ALIASES_CONTINUES',
          message: 'begins with a blank, and so goes on with a line that is not there',
          line: index + 1,
          hint: 'begin the name in the first column',
        });
      }
    }
    return readAliases(lines);
  });
}

function checkFirstLine(
  lines: readonly Bytes[],
  index: number,
  found: (finding: Finding) => void,
): void {
  const text = lineAt(lines, index);
  const line = index + 1;
  const name = nameIn(text);
  if (name === undefined) {
    const length = /[ \t]|$/.exec(text)?.index ?? text.length;
    found({
      code: 'E_ALIASES_FIELDS',
      message: `no colon after '${printable(slice(text, 0, length))}'`,
      line,
      length,
      hint: 'NAME: ADDRESS, …',
    });
    return;
  }
  if (name.name === '' || /[ \t@]/.test(name.name)) {
    found({
      code: 'E_ALIASES_NAME',
      message: `'${printable(name.name)}' is no name of a mailbox on this host`,
      line,
      length: Math.max(1, name.end),
      hint: 'a name without @ and blanks',
    });
  }
  const [entry] = readAliases(lines.slice(index, index + spanFrom(lines, index)));
  const value = entry?.value ?? b``;
  if (value === '' || value.split(',').includes('')) {
    found({
      code: 'E_ALIASES_VALUE',
      message: value === '' ? 'no address' : 'an empty address between commas',
      line,
      column: name.end + 2,
      hint: 'NAME: ADDRESS, …',
    });
  }
  if ((value.split('"').length - 1) % 2 !== 0) {
    found({
      code: 'E_ALIASES_QUOTE',
      message: 'a quote that does not end',
      line,
      column: Math.max(1, text.indexOf('"') + 1),
      hint: 'name: "|/path/of/program argument"',
    });
  }
}

/** Mail for a program that is not there comes back to its senders, if they are lucky. */
function check(
  file: FragmentFile,
  entries: readonly AliasEntry[],
  host: HostView,
): readonly Diagnostic[] {
  return entries.flatMap(({ line, value }) => {
    const program = /(?:^|,)"?\|[ \t]*(\/[^ \t",]+)/.exec(value)?.[1] as Bytes | undefined;
    if (program === undefined) return [];
    const object = host.read(program);
    if (object.type === 'file' && (object.mode & 0o111) !== 0) return [];
    const what = object.type === 'file' ? 'is not executable' : 'does not exist';
    return [
      diagnostic(file, {
        code: 'E_ALIASES_PROGRAM',
        message: `the program ${printable(program)} ${what}`,
        line,
        hint: object.type === 'file' ? `chmod +x ${printable(program)}` : 'give its full path',
      }),
    ];
  });
}

function clash(ours: AliasEntry, theirs: AliasEntry): Clash {
  if (ours.value === theirs.value) return { says: 'same' };
  return {
    says: 'other',
    code: 'E_ALIASES_NAME',
    message: `two aliases for '${printable(ours.name)}'`,
    remedy: 'make one entry with all addresses where the other stands, or change the fragment',
  };
}

function continues(text: Bytes): boolean {
  return /^[ \t]/.test(text) && !isBlank(text) && !startsComment(text);
}

function startsComment(text: Bytes): boolean {
  return /^[ \t]*#/.test(text);
}

/** How many lines belong together from `index` on; comments between them count, those after do not. */
function spanFrom(texts: readonly Bytes[], index: number): number {
  let span = 1;
  for (let next = index + 1; next < texts.length; next++) {
    const text = lineAt(texts, next);
    if (continues(text)) span = next - index + 1;
    else if (!isBlank(text) && !startsComment(text)) break;
  }
  return span;
}

/** The name before the colon, and where the colon stands. */
function nameIn(text: Bytes): { readonly name: Bytes; readonly end: number } | undefined {
  const quoted = text.startsWith('"') ? text.indexOf('"', 1) : 0;
  if (quoted < 0) return undefined;
  const end = text.indexOf(':', quoted);
  if (end < 0) return undefined;
  const bare = trim(slice(text, 0, end)).replace(/^"([^"]*)"$/, '$1');
  return { name: lowerCase(bare as Bytes), end };
}

function valueOf(text: Bytes, colon: number): Bytes {
  return trim(slice(text, colon + 1))
    .split(',')
    .map((each) => trim(each as Bytes))
    .join(',') as Bytes;
}

/** Of ASCII letters alone: another byte may be a part of a letter. */
function lowerCase(text: Bytes): Bytes {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) as Bytes;
}

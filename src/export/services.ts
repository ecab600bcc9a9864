/**
 * `export/services` → `/etc/services`. Nothing on a system notices when two services share a port or
 * one name has two; the first line wins silently, so here it is refused. Format: services(5).
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { didYouMean } from '../message/nearest.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type Clash, type LineEntry } from './block-spec.ts';
import type { FragmentFile, HostView } from './fragment.ts';
import { readLines, words, type Word } from './lines.ts';
import { diagnostic, readStrictly, type Finding } from './strict.ts';

export interface ServiceEntry extends LineEntry {
  readonly name: Bytes;
  readonly port: number;
  readonly protocol: Bytes;
  readonly aliases: readonly Bytes[];
}

export const SERVICES_PATH = b`/etc/services`;

export const services = blockKind<ServiceEntry>({
  name: 'services',
  summary: 'NAME PORT/PROTOCOL [ALIAS…] lines for /etc/services',
  comment: b`#`,
  lineEnd: 'as-target',
  collision: 'refuse',
  headers: [MADE_BY_US],
  parse: parseServices,
  identity: ({ name, port, protocol, aliases }) => [
    ...[name, ...aliases].map((each) => b`${each}/${protocol}`),
    b`${port}/${protocol}`,
  ],
  check: checkProtocols,
  target: () => ({ path: SERVICES_PATH, mode: 0o644 }),
  readEntries: readServices,
  clash,
});

/** The entries of an `/etc/services` as the C library sees them: what it skips is skipped. */
export function readServices(texts: readonly Bytes[]): readonly ServiceEntry[] {
  const entries: ServiceEntry[] = [];
  for (const [index, text] of texts.entries()) {
    const [name, where, ...aliases] = words(withoutComment(text));
    const [, digits, protocol] = /^([0-9]{1,5})\/([^/]+)$/.exec(where?.text ?? '') ?? [];
    if (name === undefined || digits === undefined || protocol === undefined) continue;
    entries.push({
      line: index + 1,
      span: 1,
      name: name.text,
      port: Number(digits),
      protocol: protocol as Bytes,
      aliases: aliases.map((alias) => alias.text),
    });
  }
  return entries;
}

function parseServices(file: FragmentFile): readonly ServiceEntry[] {
  return readStrictly(file, (lines, found) => {
    const entries: ServiceEntry[] = [];
    for (const [index, text] of lines.entries()) {
      const line = index + 1;
      const at = words(withoutComment(text));
      if (at.length === 0) continue;
      const entry = parseEntry(at, line, found);
      if (entry) entries.push(entry);
    }
    return entries;
  });
}

function parseEntry(
  [name, where, ...aliases]: readonly Word[],
  line: number,
  found: (finding: Finding) => void,
): ServiceEntry | undefined {
  if (name === undefined) return undefined;
  const start = { line, column: name.column, length: name.text.length };
  if (name.column !== 1) {
    found({
      ...start,
      code: 'E_SERVICES_INDENT',
      message: `'${printable(name.text)}' does not begin in the first column`,
    });
  }
  if (where === undefined) {
    found({
      ...start,
      code: 'E_SERVICES_FIELDS',
      message: 'no port',
      hint: 'NAME PORT/PROTOCOL [ALIAS…]',
    });
    return undefined;
  }
  for (const word of [name, ...aliases]) checkName(word, line, found);
  const seen = new Set([name.text]);
  for (const alias of aliases) {
    if (seen.has(alias.text)) {
      found({
        line,
        column: alias.column,
        length: alias.text.length,
        code: 'E_SERVICES_NAME',
        message: `'${printable(alias.text)}' is named twice`,
      });
    }
    seen.add(alias.text);
  }

  const cut = where.text.indexOf('/');
  const digits = cut < 0 ? where.text : slice(where.text, 0, cut);
  const protocol = cut < 0 ? b`` : slice(where.text, cut + 1);
  const port = Number(digits);
  if (!/^[1-9][0-9]{0,4}$/.test(digits) || port > 65535) {
    found({
      line,
      column: where.column,
      length: Math.max(1, digits.length),
      code: 'E_SERVICES_PORT',
      message: `'${printable(digits)}' is no port number`,
      hint: '1 to 65535, then /PROTOCOL',
    });
    return undefined;
  }
  if (!/^[a-z][a-z0-9.+-]*$/.test(protocol)) {
    found({
      line,
      column: where.column + (cut < 0 ? digits.length : cut + 1),
      length: Math.max(1, protocol.length),
      code: 'E_SERVICES_PROTOCOL',
      message: cut < 0 ? 'no protocol' : `'${printable(protocol)}' is no protocol name`,
      hint: protocol === '' ? `${digits}/tcp or ${digits}/udp` : 'lower case, as in /etc/protocols',
    });
    return undefined;
  }
  return {
    line,
    span: 1,
    name: name.text,
    port,
    protocol,
    aliases: aliases.map((alias) => alias.text),
  };
}

function checkName(word: Word, line: number, found: (finding: Finding) => void): void {
  const place = { line, column: word.column, length: word.text.length };
  const shown = printable(word.text);
  if (/^[0-9]+$/.test(word.text)) {
    // getservbyname and inetd take it for the port of that number
    found({ ...place, code: 'E_SERVICES_NAME', message: `'${shown}' would be taken for a port` });
  } else if (!/^[A-Za-z0-9][A-Za-z0-9._+*-]*$/.test(word.text)) {
    found({
      ...place,
      code: 'E_SERVICES_NAME',
      message: `'${shown}' is no service name`,
      hint: 'letters, digits and . _ + -',
    });
  }
}

/** A protocol that the host does not know makes the entry dead, but may be known tomorrow. */
function checkProtocols(file: FragmentFile, entries: readonly ServiceEntry[], host: HostView) {
  const known = new Set<string>(['tcp', 'udp', 'sctp', 'dccp', 'udplite', 'ddp']);
  const protocols = host.read(b`/etc/protocols`);
  if (protocols.type === 'file') {
    for (const { text } of readLines(protocols.content)) {
      const [name, , ...aliases] = words(withoutComment(text));
      for (const word of name ? [name, ...aliases] : []) known.add(word.text);
    }
  }
  return entries
    .filter(({ protocol }) => !known.has(protocol))
    .map(({ line, protocol }) =>
      diagnostic(file, {
        severity: 'warning',
        code: 'E_SERVICES_PROTOCOL',
        message: `this host does not know the protocol '${printable(protocol)}'`,
        line,
        hint: didYouMean(protocol, known),
      }),
    );
}

function clash(ours: ServiceEntry, theirs: ServiceEntry): Clash | undefined {
  if (ours.protocol !== theirs.protocol) return undefined;
  const { protocol } = ours;
  const theirNames = new Set([theirs.name, ...theirs.aliases]);
  const ourNames = [ours.name, ...ours.aliases];
  if (ours.port === theirs.port) {
    // every name of ours leads to that port already
    if (ourNames.every((name) => theirNames.has(name))) return { says: 'same' };
    if (ours.name === theirs.name) return undefined;
    return {
      says: 'other',
      code: 'E_SERVICES_PORT',
      message: `two names on port ${ours.port}/${printable(protocol)}`,
      remedy: REMEDY,
    };
  }
  const common = ourNames.find((name) => theirNames.has(name));
  if (common === undefined) return undefined;
  const shown = `'${printable(common)}'`;
  return common === ours.name && common === theirs.name
    ? {
        says: 'other',
        code: 'E_SERVICES_NAME',
        message: `${shown} on two ports of ${printable(protocol)}`,
        remedy: REMEDY,
      }
    : {
        says: 'other',
        code: 'E_SERVICES_ALIAS',
        message: `${shown} names two services of ${printable(protocol)}`,
        remedy: REMEDY,
      };
}

const REMEDY =
  'change the fragment, or remove the other entry where nothing uses it; a line that says exactly the same is no conflict';

function withoutComment(text: Bytes): Bytes {
  const cut = text.indexOf('#');
  return cut < 0 ? text : slice(text, 0, cut);
}

/**
 * Entries of inetd.conf(5), as OpenBSD's inetd (Debian's) reads them: blanks and tabs between words,
 * a comment only when `#` is the first byte, a line that begins with a blank continues the one
 * above, and `HOST:` alone changes the address of every entry below that names none.
 */
import { b, printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { didYouMean } from '../message/nearest.ts';
import type { LineEntry } from './block-spec.ts';
import type { FragmentFile } from './fragment.ts';
import { isBlank, lineAt, words, type Word } from './lines.ts';
import { readStrictly, type Finding } from './strict.ts';

export interface InetdEntry extends LineEntry {
  /** Local addresses that it listens on; undefined where the entry names none. */
  readonly addresses: readonly Bytes[] | undefined;
  /** Service name, port number, RPC name, or the path of a `unix` socket. */
  readonly service: Bytes;
  readonly socket: Bytes;
  /** Without buffer sizes: `tcp`, `tcp6`, `rpc/udp`, `unix`. */
  readonly protocol: Bytes;
  /** RPC versions, from and to. */
  readonly versions: readonly [number, number] | undefined;
  readonly user: Bytes;
  /** Absolute path, or `internal`. */
  readonly program: Bytes;
  /** `argv`, from `argv[0]` on. */
  readonly arguments: readonly Bytes[];
  /** All words after the service: what makes two entries say the same. */
  readonly rest: Bytes;
}

/** Whether a line belongs to the one above it. */
export function continuesInetd(text: Bytes): boolean {
  return text.startsWith(' ') || text.startsWith('\t');
}

/** The active entries of a file; lines that inetd would complain about are passed over. */
export function readInetd(texts: readonly Bytes[]): readonly InetdEntry[] {
  const entries: InetdEntry[] = [];
  let inForce: readonly Bytes[] | undefined;
  for (const group of groups(texts)) {
    const found = group.flatMap((index) => words(lineAt(texts, index)));
    const first = found[0];
    if (first === undefined) continue;
    if (found.length === 1 && first.text.endsWith(':')) {
      inForce = addressesOf(slice(first.text, 0, -1));
      continue;
    }
    const entry = entryOf(found, (group[0] ?? 0) + 1, group.length);
    if (entry) entries.push({ ...entry, addresses: entry.addresses ?? inForce });
  }
  return entries;
}

/** The address that an entry without one gets below the lines `above`. */
export function addressInForce(above: readonly Bytes[]): readonly Bytes[] | undefined {
  for (let index = above.length - 1; index >= 0; index--) {
    const text = lineAt(above, index);
    if (text.startsWith('#')) continue;
    const [first, ...more] = words(text);
    if (first?.text.endsWith(':') && more.length === 0 && !continuesInetd(text)) {
      return addressesOf(slice(first.text, 0, -1));
    }
  }
  return undefined;
}

/** The entries of a fragment. @throws DiagnosticError */
export function parseInetd(file: FragmentFile): readonly InetdEntry[] {
  return readStrictly(file, (lines, found) => {
    const entries: InetdEntry[] = [];
    for (const group of groups(lines)) {
      const start = group[0] ?? 0;
      if (isBlank(lineAt(lines, start))) continue;
      const entry = parseGroup(lines, group, found);
      if (entry) entries.push(entry);
    }
    return entries;
  });
}

/** Line indices of each entry: its line and those that continue it. Comments are in none. */
function groups(texts: readonly Bytes[]): number[][] {
  const found: number[][] = [];
  let open: number[] | undefined;
  for (const [index, text] of texts.entries()) {
    if (text.startsWith('#')) open = undefined;
    else if (open && continuesInetd(text)) open.push(index);
    else found.push((open = [index]));
  }
  for (const group of found) {
    while (group.length > 1 && isBlank(lineAt(texts, group.at(-1) ?? 0))) group.pop();
  }
  return found.filter((group) => group.some((index) => !isBlank(lineAt(texts, index))));
}

function entryOf(found: readonly Word[], line: number, span: number): InetdEntry | undefined {
  const [name, socket, protocol, wait, user, program, ...args] = found.map((word) => word.text);
  if (!name || !socket || !protocol || !wait || !user || !program) return undefined;
  const family = split(protocol, ',')[0] ?? protocol;
  const { addresses, service } = addressed(name, family);
  const [rpcName, versions] = family.startsWith('rpc/') ? rpcParts(service) : [service, undefined];
  return {
    line,
    span,
    addresses,
    service: rpcName,
    socket,
    protocol: family,
    versions,
    user,
    program,
    arguments: args,
    rest: [service, socket, protocol, wait, user, program, ...args].join(' ') as Bytes,
  };
}

/** `host,[::1]:name`: inetd cuts at the last colon. The name of a `unix` socket has no address. */
function addressed(
  name: Bytes,
  protocol: Bytes,
): { readonly addresses: readonly Bytes[] | undefined; readonly service: Bytes } {
  const cut = name.lastIndexOf(':');
  if (cut < 0 || protocol === 'unix') return { addresses: undefined, service: name };
  return { addresses: addressesOf(slice(name, 0, cut)), service: slice(name, cut + 1) };
}

function addressesOf(list: Bytes): readonly Bytes[] {
  const bare = list.startsWith('[') && list.endsWith(']') ? slice(list, 1, -1) : list;
  const each = split(bare, ',').filter((address) => address !== '');
  return each.length === 0 ? [b`*`] : each;
}

function rpcParts(service: Bytes): readonly [Bytes, readonly [number, number] | undefined] {
  const cut = service.indexOf('/');
  if (cut < 0) return [service, undefined];
  const [, from, to] = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(slice(service, cut + 1)) ?? [];
  if (from === undefined) return [service, undefined];
  return [slice(service, 0, cut), [Number(from), Number(to ?? from)]];
}

function parseGroup(
  lines: readonly Bytes[],
  group: readonly number[],
  found: (finding: Finding) => void,
): InetdEntry | undefined {
  const placed = group.flatMap((index) =>
    words(lineAt(lines, index)).map((word) => ({ ...word, line: index + 1 })),
  );
  const [name, socket, protocol, wait, user, program, ...args] = placed;
  const start = group[0] ?? 0;
  const wrong = (word: PlacedWord, code: string, message: string, hint?: string): void =>
    found({ code, message, line: word.line, column: word.column, length: word.text.length, hint });
  if (!name) return undefined;
  if (continuesInetd(lineAt(lines, start))) {
    wrong(name, 'E_INETD_INDENT', 'a line that begins with a blank continues the one above');
    return undefined;
  }
  for (const index of group) {
    const length = lineAt(lines, index).length;
    // fgets into 1,024 bytes: the rest would be read as an entry of its own
    if (length <= 1022) continue;
    found({
      code: 'E_INETD_LENGTH',
      message: `a line of ${length} bytes; inetd reads 1022`,
      line: index + 1,
      column: 1023,
      hint: 'continue it on a line that begins with a blank',
    });
  }
  if (placed.length === 1 && name.text.endsWith(':')) {
    wrong(
      name,
      'E_INETD_DEFAULT',
      'a default address would also change the entries of others below it',
      `write '${printable(name.text)}SERVICE' in each entry`,
    );
    return undefined;
  }
  if (!socket || !protocol || !wait || !user || !program) {
    const last = placed.at(-1) ?? name;
    const missing = FIELDS[placed.length] ?? 'server program';
    wrong(last, 'E_INETD_FIELDS', `no ${missing} after '${printable(last.text)}'`, USAGE);
    return undefined;
  }
  checkSocket(socket, protocol, wrong);
  checkService(name, protocol, wrong);
  if (!/^(?:wait|nowait)(?:\.[1-9][0-9]{0,8})?$/.test(wait.text)) {
    const known = ['wait', 'nowait'];
    wrong(
      wait,
      'E_INETD_WAIT',
      `'${printable(wait.text)}' is neither wait nor nowait`,
      didYouMean(wait.text, known) ?? 'wait[.MAX] or nowait[.MAX]',
    );
  }
  if (!/^[^.:]+(?:[.:][^.:]+)?$/.test(user.text)) {
    wrong(
      user,
      'E_INETD_USER',
      `'${printable(user.text)}' is no user`,
      'USER, USER.GROUP or USER:GROUP',
    );
  }
  if (program.text === 'internal') checkInternal(name, program, args, wrong);
  else if (!program.text.startsWith('/')) {
    wrong(
      program,
      'E_INETD_PROGRAM',
      `'${printable(program.text)}' is no absolute path`,
      didYouMean(program.text, ['internal']),
    );
  }
  const beyond = args[MOST_ARGUMENTS];
  if (beyond) {
    wrong(
      beyond,
      'E_INETD_ARGUMENTS',
      `inetd passes ${MOST_ARGUMENTS} arguments and drops the rest`,
    );
  }
  return entryOf(placed, start + 1, group.length);
}

interface PlacedWord extends Word {
  readonly line: number;
}
type Wrong = (word: PlacedWord, code: string, message: string, hint?: string) => void;

function checkSocket(socket: PlacedWord, protocol: PlacedWord, wrong: Wrong): void {
  if (!SOCKETS.includes(socket.text)) {
    wrong(
      socket,
      'E_INETD_SOCKET',
      `'${printable(socket.text)}' is no socket type`,
      didYouMean(socket.text, SOCKETS) ?? SOCKETS.join(', '),
    );
  }
  const [family = b``, ...buffers] = split(protocol.text, ',');
  const shape = /^(?:rpc\/)?(tcp|udp|sctp|dccp)(?:4|6|46|6only)?$/.exec(family);
  if (shape === null && family !== 'unix') {
    wrong(
      protocol,
      'E_INETD_PROTOCOL',
      `'${printable(family)}' is no protocol of inetd`,
      didYouMean(family, PROTOCOLS) ?? PROTOCOLS.join(', '),
    );
  }
  const expected = shape?.[1] === 'tcp' ? 'stream' : shape?.[1] === 'udp' ? 'dgram' : undefined;
  if (expected !== undefined && SOCKETS.includes(socket.text) && socket.text !== expected) {
    wrong(
      socket,
      'E_INETD_SOCKET',
      `${printable(family)} has ${expected} sockets, not ${printable(socket.text)}`,
      expected,
    );
  }
  if (
    buffers.length > 2 ||
    !buffers.every((size) => /^(?:snd|rcv)buf=[1-9][0-9]{0,8}[km]?$/.test(size))
  ) {
    wrong(
      protocol,
      'E_INETD_PROTOCOL',
      `'${printable(protocol.text)}' has a malformed buffer size`,
      'PROTOCOL[,sndbuf=SIZE][,rcvbuf=SIZE], SIZE in bytes or with k or m',
    );
  }
}

function checkService(name: PlacedWord, protocol: PlacedWord, wrong: Wrong): void {
  const family = split(protocol.text, ',')[0] ?? b``;
  const { service } = addressed(name.text, family);
  const shown = `'${printable(name.text)}'`;
  if (family === 'unix') {
    if (!service.startsWith('/') || service.includes(':')) {
      wrong(
        name,
        'E_INETD_SERVICE',
        `${shown} is no path of a socket`,
        'an absolute path without colon',
      );
    }
  } else if (family.startsWith('rpc/')) {
    const versions = rpcParts(service)[1];
    if (versions === undefined || versions[0] > versions[1]) {
      wrong(name, 'E_INETD_SERVICE', `${shown} has no RPC version`, 'NAME/VERSION or NAME/FROM-TO');
    }
  } else if (service === '' || service.includes('/')) {
    wrong(name, 'E_INETD_SERVICE', `${shown} is no service`, '[ADDRESS:]NAME or [ADDRESS:]PORT');
  }
}

function checkInternal(
  name: PlacedWord,
  program: PlacedWord,
  args: readonly PlacedWord[],
  wrong: Wrong,
): void {
  const service = slice(name.text, name.text.lastIndexOf(':') + 1);
  if (!INTERNAL.includes(service)) {
    wrong(
      name,
      'E_INETD_INTERNAL',
      `inetd has no internal service '${printable(service)}'`,
      didYouMean(service, INTERNAL) ?? INTERNAL.join(', '),
    );
  }
  const extra = args.find((word) => word.text !== 'internal');
  if (extra) wrong(extra, 'E_INETD_ARGUMENTS', `an ${program.text} service takes no arguments`);
}

/** inetd's MAXARGV. */
const MOST_ARGUMENTS = 20;
const SOCKETS: readonly string[] = ['stream', 'dgram', 'raw', 'rdm', 'seqpacket'];
const PROTOCOLS: readonly string[] = [
  'tcp',
  'tcp4',
  'tcp6',
  'udp',
  'udp4',
  'udp6',
  'rpc/tcp',
  'rpc/udp',
  'unix',
];
const INTERNAL: readonly string[] = ['echo', 'discard', 'chargen', 'daytime', 'time'];
const FIELDS = ['service', 'socket type', 'protocol', 'wait or nowait', 'user', 'server program'];
const USAGE = 'SERVICE SOCKET PROTOCOL WAIT USER PROGRAM [ARGUMENT…]';

/** The strict reading of `export/inetd.conf`: every field, with the place of what is wrong. */
import { b, printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { didYouMean } from '../message/nearest.ts';
import type { FragmentFile } from './fragment.ts';
import {
  addressed,
  continuesInetd,
  entryLines,
  entryOf,
  rpcParts,
  type InetdEntry,
} from './inetd-entry.ts';
import { isBlank, lineAt, words, type Word } from './lines.ts';
import { readStrictly, type Finding } from './strict.ts';

/** The entries of a fragment. @throws DiagnosticError */
export function parseInetd(file: FragmentFile): readonly InetdEntry[] {
  return readStrictly(file, (lines, found) => {
    const entries: InetdEntry[] = [];
    for (const group of entryLines(lines)) {
      const start = group[0] ?? 0;
      if (isBlank(lineAt(lines, start))) continue;
      const entry = parseGroup(lines, group, found);
      if (entry) entries.push(entry);
    }
    return entries;
  });
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

/**
 * The members of a tar archive with every byte of their names: headers, pax records, GNU long names.
 *
 * Written here because the libraries decode names as UTF-8 and lose what is not; and strict, since
 * two readers that understand one archive differently are how archives deceive. What is damaged,
 * cut off or ambiguous is an error, never a guess.
 */
import { fromBuffer, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import type { Time } from '../../files/stat.ts';
import { createByteStream, type ByteStream } from './byte-stream.ts';
import { overLimit, unreadable } from './findings.ts';
import { parsePaxRecords, paxNumber, paxTime } from './pax.ts';
import { BLOCK, parseTarHeader, type TarHeader } from './tar-header.ts';

export interface TarMember {
  /** As written in the archive. */
  readonly name: Bytes;
  readonly type:
    'file' | 'directory' | 'link' | 'hardlink' | 'character-device' | 'block-device' | 'fifo';
  readonly linkName: Bytes;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: Bytes;
  readonly group: Bytes;
  readonly mtime: Time;
  readonly size: number;
  /** Where the content begins in the (decompressed) archive. */
  readonly offset: number;
  readonly attributes: readonly string[];
}

export interface TarLimits {
  readonly maxEntries: number;
}

/** More than Linux takes (PATH_MAX), so that the refusal of a long name can still name it. */
const LONGEST_NAME = 2 ** 14;
const LONGEST_EXTENSION = 2 ** 20;
/** Names and link targets of all members together. */
const MOST_NAME_BYTES = 2 ** 28;

/**
 * All members of the archive whose bytes are `source`, read to its very end so that a check of the
 * decompressor there is not missed. `path` names it in messages.
 * @throws XhError E_TAR (exit 2) when damaged or cut off, E_IMPORT_LIMIT (exit 3)
 */
export async function readTarMembers(
  source: AsyncIterable<Buffer>,
  path: Bytes,
  limits: TarLimits,
): Promise<TarMember[]> {
  const stream = createByteStream(source);
  try {
    return await readMembers(stream, path, limits);
  } finally {
    await stream.close();
  }
}

/** What the headers before a member's own say about it. */
interface Extensions {
  name?: Bytes;
  linkName?: Bytes;
  pax?: ReadonlyMap<Bytes, Bytes>;
}

type Fail = (what: string) => never;

async function readMembers(
  stream: ByteStream,
  path: Bytes,
  limits: TarLimits,
): Promise<TarMember[]> {
  const fail: Fail = (what) => {
    throw unreadable(
      'E_TAR',
      path,
      `not a sound tar archive: ${what} (at byte ${stream.position})`,
    );
  };
  let nameBytes = 0;
  const members: TarMember[] = [];
  let global: ReadonlyMap<Bytes, Bytes> = new Map();
  let pending: Extensions = {};
  let headers = 0;
  for (;;) {
    const header = await nextHeader(stream, fail);
    if (header === undefined) break;
    if (++headers > 4 * limits.maxEntries) throw tooMany(path, limits);
    switch (header.flag) {
      case 'L':
        if (pending.name !== undefined) fail('a member has two long names');
        pending.name = untilNul(await extension(stream, header, fail), fail);
        continue;
      case 'K':
        if (pending.linkName !== undefined) fail('a member has two long link targets');
        pending.linkName = untilNul(await extension(stream, header, fail), fail);
        continue;
      case 'x':
      case 'X':
        if (pending.pax !== undefined) fail('a member has two extended headers');
        pending.pax = paxRecords(await extension(stream, header, fail), fail);
        continue;
      case 'g':
        global = globalRecords(
          global,
          paxRecords(await extension(stream, header, fail), fail),
          fail,
        );
        continue;
      case 'V':
        // a volume label, nothing that is unpacked
        await skipContent(stream, header.size, fail);
        continue;
      default:
    }
    if (members.length >= limits.maxEntries) throw tooMany(path, limits);
    const member = memberOf(header, pending, global, stream.position, fail);
    nameBytes += member.name.length + member.linkName.length;
    if (nameBytes > MOST_NAME_BYTES) throw tooMany(path, limits);
    members.push(member);
    pending = {};
    await skipContent(stream, member.size, fail);
  }
  if (Object.keys(pending).length > 0) fail('it ends where a member should follow');
  await stream.skip(Number.POSITIVE_INFINITY);
  return members;
}

/** The next header, or undefined at the two blocks of zeros that end an archive. */
async function nextHeader(stream: ByteStream, fail: Fail): Promise<TarHeader | undefined> {
  const block = await stream.take(BLOCK);
  if (block.length < BLOCK)
    fail(block.length === 0 ? 'its end is missing' : 'it is cut off in a header');
  const header = parseTarHeader(block);
  if (header === 'zero') {
    const second = await stream.take(BLOCK);
    if (second.some((byte) => byte !== 0))
      fail('a lone block of zeros stands before other members');
    return undefined;
  }
  return 'fault' in header ? fail(header.fault) : header;
}

async function extension(stream: ByteStream, header: TarHeader, fail: Fail): Promise<Bytes> {
  if (header.size > LONGEST_EXTENSION) fail('an extended header is longer than any file name');
  const content = await stream.take(header.size);
  if (content.length < header.size) fail('it is cut off in an extended header');
  await skipPadding(stream, header.size, fail);
  return fromBuffer(content);
}

/** A GNU long name: it ends at a NUL, and nothing may hide behind that. */
function untilNul(content: Bytes, fail: Fail): Bytes {
  const end = content.indexOf('\0');
  if (end >= 0 && /[^\0]/.test(content.slice(end))) fail('a long name goes on behind its end');
  const name = end < 0 ? content : slice(content, 0, end);
  if (name === '') fail('a long name is empty');
  return name;
}

function paxRecords(content: Bytes, fail: Fail): ReadonlyMap<Bytes, Bytes> {
  return parsePaxRecords(content) ?? fail('an extended header has a malformed record');
}

/** Records for all members that follow; such that would give them all one name are an attack. */
function globalRecords(
  before: ReadonlyMap<Bytes, Bytes>,
  records: ReadonlyMap<Bytes, Bytes>,
  fail: Fail,
): ReadonlyMap<Bytes, Bytes> {
  for (const key of ['path', 'linkpath', 'size'] as Bytes[]) {
    if (records.has(key)) fail(`a global header sets the ${key} of every member`);
  }
  return new Map([...before, ...records]);
}

function memberOf(
  header: TarHeader,
  pending: Extensions,
  global: ReadonlyMap<Bytes, Bytes>,
  offset: number,
  fail: Fail,
): TarMember {
  const record = (key: string): Bytes | undefined => {
    // an empty value takes a record back (POSIX)
    return (pending.pax?.get(key as Bytes) ?? global.get(key as Bytes)) || undefined;
  };
  const number = (key: string, fallback: number): number => {
    const value = record(key);
    if (value === undefined) return fallback;
    return paxNumber(value) ?? fail(`the ${key} in an extended header is no number`);
  };
  const attributes: string[] = [];
  for (const key of pending.pax?.keys() ?? []) {
    if (key.startsWith('GNU.sparse.')) fail(SPARSE);
    if (key.startsWith('SCHILY.xattr.')) attributes.push(printable(slice(key, 13)));
    if (key.startsWith('LIBARCHIVE.xattr.')) attributes.push(printable(slice(key, 17)));
    if (key.startsWith('SCHILY.acl.')) attributes.push(`acl ${printable(slice(key, 11))}`);
  }
  const name = record('path') ?? pending.name ?? header.name;
  const linkName = record('linkpath') ?? pending.linkName ?? header.linkName;
  if (Math.max(name.length, linkName.length) > LONGEST_NAME) {
    fail('a name is longer than any file system takes');
  }
  const size = number('size', header.size);
  const type = typeOf(header.flag, name) ?? fail(unknownFlag(header.flag));
  if (type !== 'file' && size !== 0) fail(`the ${type} ${printable(name)} has a content`);
  const mtime = record('mtime');
  return {
    name,
    type,
    linkName,
    mode: header.mode,
    uid: number('uid', header.uid),
    gid: number('gid', header.gid),
    user: record('uname') ?? header.user,
    group: record('gname') ?? header.group,
    mtime:
      mtime === undefined
        ? { seconds: header.mtime, nanoseconds: 0 }
        : (paxTime(mtime) ?? fail('the mtime in an extended header is no time')),
    size,
    offset,
    attributes,
  };
}

function typeOf(flag: string, name: Bytes): TarMember['type'] | undefined {
  // before ustar a directory was a file whose name ends in a slash
  if (flag === '0') return name.endsWith('/') ? 'directory' : 'file';
  return TYPES[flag];
}

const TYPES: Readonly<Record<string, TarMember['type']>> = {
  '1': 'hardlink',
  '2': 'link',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

const SPARSE = 'it has files with holes; make it again without --sparse';

function unknownFlag(flag: string): string {
  if (flag === 'S') return SPARSE;
  if (flag === 'M') return 'it is one volume of several';
  return `a member has the unknown type '${printable(flag as Bytes)}'`;
}

async function skipContent(stream: ByteStream, size: number, fail: Fail): Promise<void> {
  if ((await stream.skip(size)) < size) fail('it is cut off in a file');
  await skipPadding(stream, size, fail);
}

async function skipPadding(stream: ByteStream, size: number, fail: Fail): Promise<void> {
  const padding = (BLOCK - (size % BLOCK)) % BLOCK;
  if ((await stream.skip(padding)) < padding) fail('it is cut off behind a file');
}

function tooMany(path: Bytes, limits: TarLimits): Error {
  return overLimit(path, `more than ${limits.maxEntries} members, or names beyond all measure`);
}

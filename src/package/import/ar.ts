/** The members of an ar archive, the container of Debian packages. Source: deb(5), ar(5). */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fromBuffer, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { about } from '../../files/error.ts';
import { unreadable } from './findings.ts';

export interface ArMember {
  readonly name: Bytes;
  /** Where the content begins in the file. */
  readonly start: number;
  readonly size: number;
}

export const AR_MAGIC = '!<arch>\n';
const HEADER = 60;
/** A Debian package has three. */
const MOST_MEMBERS = 100;

/** @throws XhError E_AR (exit 2) when it is no ar archive, damaged or cut off; FileError */
export function readAr(path: Bytes): readonly ArMember[] {
  return about(path, () => {
    const fd = openSync(toBuffer(path), 'r');
    try {
      return readMembers(fd, path);
    } finally {
      closeSync(fd);
    }
  });
}

function readMembers(fd: number, path: Bytes): readonly ArMember[] {
  const fail = (what: string): never => {
    throw unreadable('E_AR', path, `not a sound ar archive: ${what}`);
  };
  const length = fstatSync(fd).size;
  if (fromBuffer(readAt(fd, 0, AR_MAGIC.length)) !== AR_MAGIC) fail('it does not begin as one');
  const members: ArMember[] = [];
  // a member begins at an even place
  for (let at = AR_MAGIC.length; at < length; at += at % 2) {
    const header = readAt(fd, at, HEADER);
    if (header.length < HEADER) fail('it is cut off in a header');
    const text = fromBuffer(header);
    const size = /^([0-9]{1,10}) *$/.exec(text.slice(48, 58))?.[1];
    if (!text.endsWith('`\n') || size === undefined) return fail(`no header at byte ${at}`);
    const start = at + HEADER;
    if (start + Number(size) > length) fail('it is cut off in a member');
    // System V ends a name with a slash
    const name = /^([^ /]{1,16})\/? *$/.exec(text.slice(0, 16))?.[1];
    if (name === undefined) return fail(`a name that no Debian package has, at byte ${at}`);
    members.push({ name: name as Bytes, start, size: Number(size) });
    if (members.length > MOST_MEMBERS) fail(`more than ${MOST_MEMBERS} members`);
    at = start + Number(size);
  }
  return members;
}

/** Up to `count` bytes from `position`. */
function readAt(fd: number, position: number, count: number): Buffer {
  const buffer = Buffer.alloc(count);
  let done = 0;
  while (done < count) {
    const got = readSync(fd, buffer, done, count - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return buffer.subarray(0, done);
}

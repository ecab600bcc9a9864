/**
 * Tar, ar and Debian archives byte by byte, the malformed and hostile ones too that no program
 * would write.
 */
import { gzipSync } from 'node:zlib';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';

export interface TarMemberText {
  readonly name: Bytes | string;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `5` directory … */
  readonly flag?: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly user?: string;
  readonly group?: string;
  readonly link?: Bytes | string;
  /** What the header says, when it lies. */
  readonly size?: number;
  /** `ustar` unless given. */
  readonly form?: 'ustar' | 'gnu' | 'v7';
  /** Changes the header before its checksum is made. */
  readonly change?: (block: Buffer) => void;
}

/** A whole archive; `end` is what follows the members. */
export function tarOf(
  members: readonly (TarMemberText | Buffer)[],
  end: Buffer = Buffer.alloc(1024),
): Buffer {
  return Buffer.concat([
    ...members.map((each) => (Buffer.isBuffer(each) ? each : member(each))),
    end,
  ]);
}

export function file(
  name: Bytes | string,
  content: string | Buffer = '',
  mode = 0o644,
): TarMemberText {
  return { name, content, mode };
}
export function program(name: Bytes | string, content = '#!/bin/sh\n'): TarMemberText {
  return { name, content, mode: 0o755 };
}
export function directory(name: Bytes | string, mode = 0o755): TarMemberText {
  return { name, flag: '5', mode };
}
export function link(name: Bytes | string, target: Bytes | string): TarMemberText {
  return { name, flag: '2', link: target, mode: 0o777 };
}
export function hardLink(name: Bytes | string, target: Bytes | string): TarMemberText {
  return { name, flag: '1', link: target };
}

/** Header and content of one member, padded to whole blocks. */
export function member(text: TarMemberText): Buffer {
  const content = Buffer.from(text.content ?? '');
  const block = Buffer.alloc(512);
  const form = text.form ?? 'ustar';
  put(block, 0, 100, text.name);
  octal(block, 100, 8, text.mode ?? 0o644);
  octal(block, 108, 8, text.uid ?? 0);
  octal(block, 116, 8, text.gid ?? 0);
  octal(block, 124, 12, text.size ?? content.length);
  octal(block, 136, 12, text.mtime ?? 1_000_000_000);
  block.write(text.flag ?? '0', 156, 'latin1');
  put(block, 157, 100, text.link ?? '');
  if (form !== 'v7') {
    block.write(form === 'gnu' ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
    put(block, 265, 32, text.user ?? 'root');
    put(block, 297, 32, text.group ?? 'root');
  }
  text.change?.(block);
  sum(block);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([block, content, padding]);
}

/** A GNU long name (`L`) or long link target (`K`) for the next member. */
export function gnuLong(flag: 'L' | 'K', name: Bytes | string): Buffer {
  const content = Buffer.concat([raw(name), Buffer.alloc(1)]);
  return member({ name: '././@LongLink', flag, content, form: 'gnu' });
}

/** A pax extended header for the next member, or for all that follow. */
export function pax(
  records: Readonly<Record<string, Bytes | string>>,
  flag: 'x' | 'g' = 'x',
): Buffer {
  const content = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  return member({ name: 'PaxHeaders/x', flag, content: Buffer.concat(content) });
}

function paxRecord(key: string, value: Bytes | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), raw(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** Writes the checksum of a header block into it. */
export function sum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const total = block.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  block.write(`${total.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

export function arOf(members: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [name, content] of members) {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header, 'latin1'), content, Buffer.from(content.length % 2 ? '\n' : ''));
  }
  return Buffer.concat(parts);
}

export interface DebText {
  /** Fields beside Package, Version and Architecture. */
  readonly fields?: string;
  readonly architecture?: string;
  /** Files of the control archive beside `control`. */
  readonly control?: readonly TarMemberText[];
  readonly members: readonly (TarMemberText | Buffer)[];
}

/** A Debian package `sample` of version 1.0-1, compressed with gzip. */
export function debOf({
  fields = '',
  architecture = 'amd64',
  control = [],
  members,
}: DebText): Buffer {
  const text = `Package: sample\nVersion: 1.0-1\nArchitecture: ${architecture}\n${fields}`;
  return arOf([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', gzipSync(tarOf([file('./control', text), ...control]))],
    ['data.tar.gz', gzipSync(tarOf(members))],
  ]);
}

function put(block: Buffer, at: number, length: number, text: Bytes | string): void {
  raw(text).copy(block, at, 0, length);
}

/** Byte strings as they are, other text as UTF-8: a text beyond latin1 can only be the latter. */
function raw(text: Bytes | string): Buffer {
  return Buffer.from(/^[\0-\xff]*$/.test(text) ? text : bytes(text), 'latin1');
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}

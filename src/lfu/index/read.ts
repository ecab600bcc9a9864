/**
 * Reads an index, whose form format.ts describes. It is proven to be whole when it is opened;
 * listings are taken out of it when they are asked for. native/index.c does the same.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { printable, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';
import { FileError, about } from '../../files/error.ts';
import { ROW, STRIDE, typeIn, type Listing } from '../../files/listing.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { ENTRY, FLAG, HEAD, MAGIC, RECORD, SAME, TRAILER, VERSION } from './format.ts';
import { DAMAGED, createInput, type Input } from './input.ts';
import type { IndexHead } from './write.ts';

/** An index that is whole. */
export interface Index extends IndexHead {
  readonly file: Bytes;
  readonly bytes: Buffer;
  /** Where the table begins, and where it ends. */
  readonly table: number;
  readonly end: number;
  readonly objects: number;
  /** Directories and objects that could not be looked at. */
  readonly unread: number;
}

/** @throws XhError exit 2 when `file` cannot be read, is no index, or is damaged */
export function openIndex(file: Bytes): Index {
  const bytes = readWhole(file);
  const wrong = (code: string, what: string, remedy: string): XhError =>
    new XhError(code, `the index ${printable(file)} ${what}`, {
      exit: EXIT.usage,
      place: { file },
      remedy: `nothing was touched; ${remedy}`,
    });
  const has = (at: number): boolean => bytes.toString('latin1', at, at + MAGIC.length) === MAGIC;
  if (!has(HEAD.magic)) {
    throw wrong('E_LFU_INDEX', 'is none', `make one: lfu scan MASTER -o ${printable(file)}`);
  }
  const version = bytes.length < HEAD.flags ? VERSION : bytes.readUInt32LE(HEAD.version);
  if (version !== VERSION) {
    const remedy = 'make it anew with the version of lfu that is to read it: lfu scan';
    throw wrong('E_LFU_INDEX', `is of version ${version}, not ${VERSION}`, remedy);
  }
  const trailer = bytes.length - TRAILER.length;
  const again = 'copy it again, or make it anew: lfu scan';
  if (trailer < HEAD.texts || !has(trailer + TRAILER.magic)) {
    throw wrong('E_LFU_INDEX', 'is cut off', again);
  }
  const digest = trailer + TRAILER.digest;
  const hash = createHash('sha256').update(bytes.subarray(0, digest)).digest();
  const damaged = (): XhError => wrong('E_LFU_INDEX', 'is damaged', again);
  if (!hash.equals(bytes.subarray(digest))) throw damaged();
  const table = Number(bytes.readBigUInt64LE(trailer + TRAILER.table));
  const directories = bytes.readUInt32LE(trailer + TRAILER.directories);
  if (table + directories * ENTRY !== trailer || directories < 2) throw damaged();
  const head = readHead(bytes, table);
  if (head === undefined) throw damaged();
  return {
    ...head,
    file,
    bytes,
    table,
    end: trailer,
    objects: Number(bytes.readBigUInt64LE(trailer + TRAILER.objects)),
    unread: bytes.readUInt32LE(trailer + TRAILER.unread),
  };
}

/** The first of the directories in directory `number`. */
export function firstWithin({ bytes, table }: Index, number: number): number {
  return bytes.readUInt32LE(table + number * ENTRY + 4);
}

export interface IndexedAs {
  /** Of the directory, for messages. */
  readonly path: Bytes;
  /** What the root is on by now. */
  readonly device: bigint;
  /** Which attributes are of interest: all, or those that anybody may set. */
  readonly isWanted: (attribute: Bytes) => boolean;
}

/**
 * The listing of directory `number`.
 * @throws XhError when it could not be read, or nobody looked into it
 */
export function readListingOf(index: Index, number: number, as: IndexedAs): Listing {
  const { bytes, table, end, file } = index;
  const { path } = as;
  const at = table + number * ENTRY;
  const offset = number > 0 && at < end ? bytes.readUInt32LE(at) : 0;
  if (offset === 0) {
    throw new XhError('E_LFU_INDEX_PART', 'the index does not have what is in it', {
      place: { file: path },
      remedy: 'make it anew, without --one-file-system',
    });
  }
  const input = createInput(bytes, Math.min(offset, table), table);
  try {
    if (input.byte() === RECORD.listing) return readRecord(input, as);
    throw new FileError(input.text(), 'lfu scan', path);
  } catch (error) {
    if (error !== DAMAGED) throw error;
    throw new XhError('E_LFU_INDEX', `the index ${printable(file)} is damaged`, {
      place: { file },
      remedy: 'make it anew: lfu scan',
      cause: error,
    });
  }
}

function readWhole(file: Bytes): Buffer {
  try {
    const fd = about(file, () => openSync(toBuffer(file), 'r'));
    try {
      return about(file, () => {
        // of its own: native threads look at it where it is
        const bytes = Buffer.allocUnsafeSlow(fstatSync(fd).size);
        for (let done = 0; done < bytes.length;) {
          const got = readSync(fd, bytes, done, Math.min(bytes.length - done, PIECE), done);
          if (got === 0) return bytes.subarray(0, done);
          done += got;
        }
        return bytes;
      });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_LFU_INDEX', `the index cannot be read: ${error.message}`, {
      exit: EXIT.usage,
      place: { file },
      remedy: `nothing was touched; make it: lfu scan MASTER -o ${printable(file)}`,
      cause: error,
    });
  }
}

function readHead(bytes: Buffer, end: number): IndexHead | undefined {
  try {
    const input = createInput(bytes, HEAD.texts, end);
    const marker = input.latin1(input.number());
    const path = input.latin1(input.number());
    const flags = bytes.readUInt32LE(HEAD.flags);
    return {
      privileged: (flags & FLAG.privileged) !== 0,
      oneFileSystem: (flags & FLAG.oneFileSystem) !== 0,
      made: Number(bytes.readBigInt64LE(HEAD.made)),
      inode: bytes.readBigUInt64LE(HEAD.inode),
      marker: marker === '' ? undefined : marker,
      path,
    };
  } catch (error) {
    if (error === DAMAGED) return undefined;
    throw error;
  }
}

function readRecord(input: Input, as: IndexedAs): Listing {
  const count = input.number();
  const names = readTexts(input, count);
  const rows = new Int32Array(names.length * STRIDE);
  readRows(input, rows, as.device);
  const targets = new Map<number, Bytes>();
  const links = [...names.keys()].filter((index) => typeIn({ rows }, index) === 'l');
  for (const [i, target] of readTexts(input, links.length).entries()) {
    targets.set(links[i] ?? 0, target);
  }
  const attributes = readAttributes(input, names.length, as);
  const failed = new Map<Bytes, FileError>();
  for (let left = input.number(); left > 0; left--) {
    const name = input.text();
    const path = as.path === '' ? name : (`${as.path}/${name}` as Bytes);
    failed.set(name, new FileError(input.text(), 'lfu scan', path));
  }
  return { names, rows, targets, attributes, failed };
}

function readTexts(input: Input, count: number): Bytes[] {
  const all = input.latin1(input.number());
  if (all === '' && count === 0) return [];
  const texts = slice(all, 0, -1).split('\0') as Bytes[];
  if (!all.endsWith('\0') || texts.length !== count) throw DAMAGED;
  return texts;
}

function readRows(input: Input, rows: Int32Array, device: bigint): void {
  const major = Number(device >> 32n) | 0;
  const minor = Number(device & 0xffff_ffffn) | 0;
  let bits = 0;
  let uid = 0;
  let gid = 0;
  const inode = new Int32Array(2);
  const mtime = new Int32Array(3);
  const atime = new Int32Array(3);
  for (let at = 0; at < rows.length; at += STRIDE) {
    const head = input.byte() | (input.byte() << 8);
    const type = (head & 15) << 12;
    if ((head & SAME.bits) === 0) bits = input.number() & 0o7777;
    if ((head & SAME.uid) === 0) uid = input.number();
    if ((head & SAME.gid) === 0) gid = input.number();
    rows[at] = type | bits;
    rows[at + ROW.uid] = uid;
    rows[at + ROW.gid] = gid;
    rows[at + ROW.links] = (head & SAME.oneLink) === 0 ? input.number() : 1;
    input.addDifference(inode);
    rows.set(inode, at + ROW.inode);
    input.wide(rows, at + ROW.size);
    const isRootDevice = (head & SAME.rootDevice) !== 0;
    rows[at + ROW.deviceMajor] = isRootDevice ? major : input.number();
    rows[at + ROW.deviceMinor] = isRootDevice ? minor : input.number();
    if (type === S_IFBLK || type === S_IFCHR) {
      rows[at + ROW.major] = input.number();
      rows[at + ROW.minor] = input.number();
    }
    if ((head & SAME.mtime) === 0) readTime(input, mtime);
    if ((head & SAME.atime) === 0) readTime(input, atime);
    rows.set(mtime, at + ROW.mtime);
    rows.set(atime, at + ROW.atime);
  }
}

function readTime(input: Input, time: Int32Array): void {
  input.addDifference(time);
  time[2] = input.number();
}

function readAttributes(
  input: Input,
  count: number,
  { isWanted }: IndexedAs,
): ReadonlyMap<number, Attributes> {
  const found = new Map<number, Attributes>();
  let index = 0;
  for (let left = input.number(); left > 0; left--) {
    index += input.number();
    if (index >= count) throw DAMAGED;
    const attributes = new Map<Bytes, Bytes>();
    for (let pairs = input.number(); pairs > 0; pairs--) {
      const name = input.text();
      const value = input.latin1(input.number());
      if (isWanted(name)) attributes.set(name, value);
    }
    if (attributes.size > 0) found.set(index, attributes);
  }
  return found;
}

/** Bytes to read at a time. */
const PIECE = 1 << 26;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;

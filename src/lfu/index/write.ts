/** Writes an index, directory by directory, in the form that format.ts describes. */
import { createHash } from 'node:crypto';
import type { Bytes } from '../../bytes/bytes.ts';
import { ROW, STRIDE, typeIn, type Listing } from '../../files/listing.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { FLAG, HEAD, MAGIC, RECORD, ROOT, SAME, TRAILER, VERSION } from './format.ts';
import { createOutput, type Output } from './output.ts';

/** What stands in the head of an index. */
export interface IndexHead {
  /** Whether root made it, who sees all attributes. */
  readonly privileged: boolean;
  readonly oneFileSystem: boolean;
  /** When the scan began: seconds since the epoch. */
  readonly made: number;
  /** Of the root. */
  readonly inode: bigint;
  /** What the marker in the root says. */
  readonly marker: Bytes | undefined;
  /** The root's real path. */
  readonly path: Bytes;
}

export interface IndexCounts {
  /** Below the root. */
  readonly objects: number;
  /** That were looked into, the root among them. */
  readonly directories: number;
  /** Directories and objects that could not be looked at. */
  readonly unread: number;
  /** Of the file. */
  readonly bytes: number;
}

export interface IndexWriter {
  /** Adds the directory with this number. @returns the number of the first directory in it */
  add(number: number, listing: Listing): number;
  /** Adds a directory that could not be read. */
  addUnreadable(number: number, errno: string): void;
  /** When every directory has been added that was looked into. */
  finish(): IndexCounts;
}

/**
 * An index that goes to `write` piece by piece, of a tree whose root is on `device`. The root has the
 * number {@link ROOT}; every directory is added after the one that it is in.
 */
export function createIndexWriter(
  head: IndexHead,
  device: bigint,
  write: (piece: Uint8Array) => void,
): IndexWriter {
  const hash = createHash('sha256');
  const out = createOutput((piece) => {
    hash.update(piece);
    write(piece);
  });
  const found = createNumbers();
  let objects = 0;
  let directories = 0;
  let unread = 0;
  writeHead(out, head);
  return {
    add(number, listing) {
      const within = countDirectories(listing);
      const first = found.add(begin(number), number, within);
      out.byte(RECORD.listing);
      writeListing(out, listing, device);
      objects += listing.names.length;
      unread += listing.failed.size;
      directories++;
      return first;
    },
    addUnreadable(number, errno) {
      found.add(begin(number), number, 0);
      out.byte(RECORD.unreadable);
      out.text(errno as Bytes);
      unread++;
    },
    finish() {
      const table = out.length();
      const entries = found.writeTable(out);
      const trailer = Buffer.alloc(TRAILER.digest);
      trailer.writeBigUInt64LE(BigInt(table), TRAILER.table);
      trailer.writeUInt32LE(entries, TRAILER.directories);
      trailer.writeUInt32LE(unread, TRAILER.unread);
      trailer.writeBigUInt64LE(BigInt(objects), TRAILER.objects);
      trailer.write(MAGIC, TRAILER.magic, 'latin1');
      out.bytes(trailer);
      out.flush();
      write(hash.digest());
      const bytes = out.length() + TRAILER.length - TRAILER.digest;
      return { objects, directories, unread, bytes };
    },
  };

  /** Where a record begins. */
  function begin(number: number): number {
    const at = out.length();
    if (at >= MOST || number >= MOST) {
      throw new XhError('E_LFU_INDEX_SIZE', 'the tree is too big for one index', {
        exit: EXIT.refused,
        remedy: 'scan the directories below it one by one',
      });
    }
    return at;
  }
}

function writeHead(out: Output, head: IndexHead): void {
  const fixed = Buffer.alloc(HEAD.texts);
  const { privileged, oneFileSystem } = head;
  fixed.write(MAGIC, HEAD.magic, 'latin1');
  fixed.writeUInt32LE(VERSION, HEAD.version);
  fixed.writeUInt32LE(
    (privileged ? FLAG.privileged : 0) | (oneFileSystem ? FLAG.oneFileSystem : 0),
    HEAD.flags,
  );
  fixed.writeBigInt64LE(BigInt(Math.floor(head.made)), HEAD.made);
  fixed.writeBigUInt64LE(head.inode, HEAD.inode);
  out.bytes(fixed);
  for (const text of [head.marker ?? ('' as Bytes), head.path]) {
    out.number(text.length);
    out.latin1(text);
  }
}

function countDirectories(listing: Listing): number {
  let count = 0;
  for (let index = 0; index < listing.names.length; index++) {
    if (typeIn(listing, index) === 'd') count++;
  }
  return count;
}

function writeListing(out: Output, listing: Listing, device: bigint): void {
  const { names, rows, targets, attributes, failed } = listing;
  writeTexts(out, names, true);
  writeRows(out, rows, names.length, device);
  const links = [...targets.keys()].toSorted((one, other) => one - other);
  writeTexts(
    out,
    links.map((index) => targets.get(index) ?? ('' as Bytes)),
    false,
  );
  out.number(attributes.size);
  let last = 0;
  for (const index of [...attributes.keys()].toSorted((one, other) => one - other)) {
    const pairs = attributes.get(index) ?? new Map<Bytes, Bytes>();
    out.number(index - last);
    last = index;
    out.number(pairs.size);
    for (const [name, value] of pairs) {
      out.text(name);
      out.number(value.length);
      out.latin1(value);
    }
  }
  out.number(failed.size);
  for (const [name, { errno }] of failed) {
    out.text(name);
    out.text(errno as Bytes);
  }
}

function writeTexts(out: Output, texts: readonly Bytes[], counted: boolean): void {
  let length = 0;
  for (const text of texts) length += text.length + 1;
  if (counted) out.number(texts.length);
  out.number(length);
  for (const text of texts) out.text(text);
}

/** What the object before had: two words for each wide number. */
interface Last {
  /** Of the root. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  bits: number;
  uid: number;
  gid: number;
  readonly inode: Int32Array;
  readonly mtime: Int32Array;
  readonly atime: Int32Array;
}

function writeRows(out: Output, rows: Int32Array, count: number, device: bigint): void {
  const last: Last = {
    deviceMajor: Number(device >> 32n) | 0,
    deviceMinor: Number(device & 0xffff_ffffn) | 0,
    bits: 0,
    uid: 0,
    gid: 0,
    inode: new Int32Array(2),
    mtime: new Int32Array(3),
    atime: new Int32Array(3),
  };
  for (let i = 0; i < count; i++) writeRow(out, rows, i * STRIDE, last);
}

function writeRow(out: Output, rows: Int32Array, at: number, last: Last): void {
  const value = (offset: number): number => rows[at + offset] ?? 0;
  const mode = value(ROW.mode);
  const bits = mode & 0o7777;
  const [uid, gid] = [value(ROW.uid), value(ROW.gid)];
  const sameMtime = isSame(rows, at + ROW.mtime, last.mtime);
  const sameAtime = isSame(rows, at + ROW.atime, last.atime);
  // the root's device goes by another number on another host
  const isRootDevice =
    value(ROW.deviceMajor) === last.deviceMajor && value(ROW.deviceMinor) === last.deviceMinor;
  const head =
    ((mode >> 12) & 15) |
    (bits === last.bits ? SAME.bits : 0) |
    (uid === last.uid ? SAME.uid : 0) |
    (gid === last.gid ? SAME.gid : 0) |
    (value(ROW.links) === 1 ? SAME.oneLink : 0) |
    (isRootDevice ? SAME.rootDevice : 0) |
    (sameMtime ? SAME.mtime : 0) |
    (sameAtime ? SAME.atime : 0);
  out.byte(head & 0xff);
  out.byte(head >> 8);
  if (bits !== last.bits) out.number((last.bits = bits));
  if (uid !== last.uid) out.wide((last.uid = uid), 0);
  if (gid !== last.gid) out.wide((last.gid = gid), 0);
  if (value(ROW.links) !== 1) out.wide(value(ROW.links), 0);
  writeDifference(out, rows, at + ROW.inode, last.inode);
  out.wide(value(ROW.size), value(ROW.size + 1));
  if (!isRootDevice) {
    out.wide(value(ROW.deviceMajor), 0);
    out.wide(value(ROW.deviceMinor), 0);
  }
  if ((mode & S_IFMT) === S_IFBLK || (mode & S_IFMT) === S_IFCHR) {
    out.wide(value(ROW.major), 0);
    out.wide(value(ROW.minor), 0);
  }
  if (!sameMtime) writeTime(out, rows, at + ROW.mtime, last.mtime);
  if (!sameAtime) writeTime(out, rows, at + ROW.atime, last.atime);
}

/** Two words of seconds, one of nanoseconds. */
function isSame(rows: Int32Array, at: number, last: Int32Array): boolean {
  return rows[at] === last[0] && rows[at + 1] === last[1] && rows[at + 2] === last[2];
}

function writeTime(out: Output, rows: Int32Array, at: number, last: Int32Array): void {
  writeDifference(out, rows, at, last);
  out.number((last[2] = rows[at + 2] ?? 0));
}

/** The two words at `at` less those of `last`, which becomes them. */
function writeDifference(out: Output, rows: Int32Array, at: number, last: Int32Array): void {
  const [low, high] = [rows[at] ?? 0, rows[at + 1] ?? 0];
  const lowBefore = last[0] ?? 0;
  const borrow = low >>> 0 < lowBefore >>> 0 ? 1 : 0;
  const difference = (low - lowBefore) | 0;
  const upper = (high - (last[1] ?? 0) - borrow) | 0;
  const sign = upper >> 31;
  out.wide((difference << 1) ^ sign, ((upper << 1) | (difference >>> 31)) ^ sign);
  last[0] = low;
  last[1] = high;
}

/** Where the records are, and how the directories are to be numbered. */
interface Numbers {
  /** @returns the number of the first of `within` directories in it, for the time being */
  add(offset: number, number: number, within: number): number;
  /** The table, level by level: so that the directories of each stand behind those of the one before. */
  writeTable(out: Output): number;
}

function createNumbers(): Numbers {
  let next = ROOT + 1;
  /** Three for each directory: where its record is, the first in it, and how many there are. */
  let facts = new Uint32Array(3 << 10);
  const reserve = (count: number): void => {
    if (3 * count <= facts.length) return;
    const grown = new Uint32Array(Math.max(3 * count, 2 * facts.length));
    grown.set(facts);
    facts = grown;
  };
  return {
    add(offset, number, within) {
      reserve(next + within);
      facts.set([offset, next, within], 3 * number);
      next += within;
      return next - within;
    },
    writeTable(out) {
      const order = new Uint32Array(next);
      order[1] = ROOT;
      let filled = ROOT + 1;
      out.entry(0, 0);
      for (let i = ROOT; i < next; i++) {
        const at = 3 * (order[i] ?? 0);
        const [offset = 0, first = 0, within = 0] = facts.subarray(at, at + 3);
        out.entry(offset, filled);
        for (let child = 0; child < within; child++) order[filled++] = first + child;
      }
      return next;
    },
  };
}

/** Where a record can begin, and what numbers directories have. */
const MOST = 2 ** 32 - 1;
const S_IFMT = 0o170000;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;

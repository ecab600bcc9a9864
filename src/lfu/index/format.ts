/**
 * The form of an index: what a master's tree was when `lfu scan` looked at it, in one file. Written
 * from the beginning to the end, directory by directory; read where it is needed (native/index.c,
 * read.ts). All numbers of fixed length are little-endian.
 *
 *     head                                      trailer, the last 64 bytes
 *      0   8  `lfuindex`                         0   8  where the table begins
 *      8   4  version, 1                         8   4  directories in the table, 0 among them
 *     12   4  flags: 1 made by root, who sees   12   4  directories and objects that could not be
 *             all attributes; 2 without other           looked at
 *             file systems                      16   8  objects
 *     16   8  when the scan began: seconds      24   8  `lfuindex`
 *             since the epoch                   32  32  SHA-256 of all that stands before
 *     24   8  inode number of the root
 *     32      what the marker in the root says (src/lfu/marker.ts), or nothing; the root's real
 *             path; each a NUMBER of bytes, then the bytes
 *
 * Then a record for each directory, in any order, and the table: for each directory, by its number,
 * 4 bytes where its record begins, or 0 when nobody looked into it, and 4 bytes the number of the
 * first directory in it. The directories of a listing have the numbers from there on, in the order in
 * which they stand, up to where those of the next directory begin. Number 1 is the root; 0 is none.
 *
 * A NUMBER is in groups of 7 bits, the lowest first, the high bit of a byte saying that another one
 * follows (LEB128), of at most 64 bits. A DIFFERENCE is to the object before, or to 0, modulo 2^64,
 * as a NUMBER: twice the difference, or -1 less twice it when it is negative. A TEXT ends with NUL.
 * A record is
 *
 *     byte 0, errno as a TEXT (`EACCES`): a directory that could not be read; or
 *     byte 1
 *     NUMBER of objects; NUMBER of bytes of their names; names, each a TEXT
 *     for each object:
 *       2 bytes: type (bits 12 to 15 of st_mode) in the lowest four, and which of the following
 *         (parentheses) is left out: bit 4 permissions, bit 5 owner, bit 6 group, bit 8 device, bit 9
 *         mtime, bit 10 atime are those of the object before (of none: 0; the device: of the root),
 *         bit 7 it has one link
 *       (NUMBER permissions) (NUMBER uid) (NUMBER gid) (NUMBER of links)
 *       DIFFERENCE inode number; NUMBER of bytes
 *       (NUMBER major, NUMBER minor: of the file system)
 *       of devices only: NUMBER major, NUMBER minor
 *       (mtime: DIFFERENCE of seconds, NUMBER of nanoseconds) (atime: the same)
 *     NUMBER of bytes of link targets; targets, each a TEXT, in the order of the links
 *     NUMBER of objects with extended attributes; for each: DIFFERENCE of its position to that of the
 *       one before as a NUMBER, NUMBER of attributes, for each: name as a TEXT, NUMBER of bytes, value
 *     NUMBER of names that are there and could not be looked at; for each: name, errno, as TEXTs
 *
 * test/lfu/index/format.test.ts has an example byte by byte.
 */

export const MAGIC = 'lfuindex';
export const VERSION = 1;

export const HEAD = { magic: 0, version: 8, flags: 12, made: 16, inode: 24, texts: 32 } as const;
export const FLAG = { privileged: 1, oneFileSystem: 2 } as const;

/** Offsets from where it begins. */
export const TRAILER = {
  table: 0,
  directories: 8,
  unread: 12,
  objects: 16,
  magic: 24,
  digest: 32,
  length: 64,
} as const;

/** Bytes for each directory. */
export const ENTRY = 8;

/** The first byte of a record. */
export const RECORD = { unreadable: 0, listing: 1 } as const;

/** Bits of an object's first two bytes. */
export const SAME = {
  bits: 1 << 4,
  uid: 1 << 5,
  gid: 1 << 6,
  oneLink: 1 << 7,
  rootDevice: 1 << 8,
  mtime: 1 << 9,
  atime: 1 << 10,
} as const;

/** Of the number of a directory. */
export const ROOT = 1;

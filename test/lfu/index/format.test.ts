/** The form of an index: byte by byte, read as it was written, refused when it is not whole. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import type { Attributes } from '../../../src/files/attributes.ts';
import { FileError } from '../../../src/files/error.ts';
import { STRIDE, setRow, type Listing } from '../../../src/files/listing.ts';
import type { ObjectStat, ObjectType } from '../../../src/files/stat.ts';
import { ROOT, TRAILER } from '../../../src/lfu/index/format.ts';
import { openIndex, readListingOf } from '../../../src/lfu/index/read.ts';
import { createIndexWriter, type IndexHead } from '../../../src/lfu/index/write.ts';
import { XhError } from '../../../src/message/error.ts';

const directory = mkdtempSync(join(tmpdir(), 'lfu-index-'));
const file = bytes(join(directory, 'index'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const HEAD: IndexHead = {
  privileged: true,
  oneFileSystem: false,
  made: 1_700_000_000,
  inode: 2n,
  marker: b`local`,
  path: b`/export`,
};
const DEVICE = (8n << 32n) | 1n;

test('an index has the bytes that are described', () => {
  const root = listing([
    { name: b`bin`, type: 'd', mode: 0o755, inode: 3n, links: 2, size: 64 },
    { name: b`noté`, type: 'f', mode: 0o644, inode: 5n, size: 300 },
    { name: b`to`, type: 'l', mode: 0o777, inode: 4n, size: 3, target: b`bin` },
  ]);
  const bin = { ...listing([]), failed: new Map([[b`x`, new FileError('EIO', 'statx', b`x`)]]) };
  const index = write((writer) => {
    const first = writer.add(ROOT, {
      ...root,
      attributes: new Map([[1, new Map([[b`user.a`, b`\0v`]])]]),
    });
    writer.add(first, bin);
  });
  const described = [
    ['lfuindex', '6c6675696e646578'],
    ['version', '01000000'],
    ['flags', '01000000'],
    ['made', '00f1536500000000'],
    ['inode of the root', '0200000000000000'],
    ['marker', '05 6c6f63616c'],
    ['path', '07 2f6578706f7274'],
    // at 46: the root
    ['a listing of three objects', '01 03'],
    ['their names', '0d 62696e00 6e6f74c3a900 746f00'],
    // the first owner is that of no object before
    ['bin: type, and that owner, group and device are the same', '64 01'],
    ['permissions, links, inode, size', 'ed03 02 06 40'],
    ['mtime, atime', '80a8b6fc0a 05 82a8b6fc0a 00'],
    ['noté: everything but permissions is the same, and it has one link', 'e8 07'],
    ['permissions, inode, size', 'a403 04 ac02'],
    ['to', 'ea 07 ff03 01 03'],
    ['link targets', '04 62696e00'],
    ['one object with attributes, the second, with one', '01 01 01'],
    ['user.a', '757365722e6100 02 0076'],
    ['names that could not be looked at', '00'],
    // at 113
    ['bin: nothing in it', '01 00 00 00 00'],
    ['but x, which could not be looked at', '01 7800 45494f00'],
    // at 125: the table
    ['none', '00000000 00000000'],
    ['the root', '2e000000 02000000'],
    ['bin', '71000000 03000000'],
    ['where the table begins', '7d00000000000000'],
    ['directories, unread, objects', '03000000 01000000 0300000000000000'],
    ['lfuindex', '6c6675696e646578'],
  ];
  const hex = described.map(([, text = '']) => text.replaceAll(' ', '')).join('');
  expect(index.subarray(0, -32).toString('hex')).toBe(hex);
  const digest = createHash('sha256').update(index.subarray(0, -32)).digest();
  expect(index.subarray(-32)).toEqual(digest);
});

const time = fc.record({
  seconds: fc.oneof(
    fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    fc.constantFrom(0, -1, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 33 - 1),
  ),
  nanoseconds: fc.nat(999_999_999),
});
const word = fc.nat(2 ** 32 - 1);
const someText = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 6 })
  .map((codes) => String.fromCharCode(...codes.filter((code) => code !== 0x2f), 0x61) as Bytes);
const someObject = fc.record({
  name: someText,
  type: fc.constantFrom<ObjectType>('f', 'd', 'l', 'p', 's', 'b', 'c'),
  mode: fc.nat(0o7777),
  uid: word,
  gid: fc.oneof(fc.constant(0), word),
  links: fc.oneof(fc.constant(1), word),
  inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  size: fc.oneof(fc.nat(10), fc.nat(Number.MAX_SAFE_INTEGER)),
  device: fc.constantFrom(DEVICE, DEVICE + 1n, 2n ** 64n - 1n),
  major: word,
  minor: word,
  mtime: time,
  atime: fc.oneof(fc.constant({ seconds: 0, nanoseconds: 0 }), time),
  target: someText,
  attributes: fc.dictionary(someText, someText, { maxKeys: 2 }),
});

test('what is read is what was written', () => {
  fc.assert(
    fc.property(fc.array(fc.array(someObject, { maxLength: 6 }), { maxLength: 4 }), (all) => {
      const listings = all.map(listing);
      const numbers: number[] = [];
      write((writer) => {
        const waiting = [ROOT];
        for (const each of listings) {
          const number = waiting.pop();
          if (number === undefined) break;
          const first = writer.add(number, each);
          numbers.push(number);
          const within = [...each.names.keys()].filter((at) => isDirectory(each, at)).length;
          for (let i = 0; i < within; i++) waiting.push(first + i);
        }
      });
      const index = openIndex(file);
      expect(index).toMatchObject(HEAD);
      const found = readAll(ROOT, 0);
      expect(found).toEqual(listings.slice(0, numbers.length));

      /** In the order in which they were written: the last directory first. */
      function readAll(number: number, done: number): Listing[] {
        if (done >= numbers.length) return [];
        const read = readListingOf(index, number, AS);
        const result = [read];
        const first = index.bytes.readUInt32LE(index.table + number * 8 + 4);
        const within = [...read.names.keys()].filter((at) => isDirectory(read, at)).length;
        for (let i = within - 1; i >= 0; i--) {
          result.push(...readAll(first + i, done + result.length));
        }
        return result;
      }
    }),
  );
});

test('an index that is cut off, damaged, of another version or none at all is refused', () => {
  const whole = write((writer) => {
    writer.add(ROOT, listing([{ name: b`a`, type: 'f', mode: 0o644, inode: 3n, size: 0 }]));
  });
  const refused = (content: Uint8Array): string => {
    writeFileSync(file, content);
    try {
      openIndex(file);
    } catch (error) {
      if (error instanceof XhError && error.exit === 2) return error.message;
      throw error;
    }
    return '';
  };
  expect(refused(whole)).toBe('');
  for (let length = 0; length < whole.length; length++) {
    expect(refused(whole.subarray(0, length)), `cut to ${length}`).not.toBe('');
  }
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    expect(refused(damaged), `byte ${at}`).not.toBe('');
  }
  const other = Buffer.from(whole);
  other.writeUInt32LE(2, 8);
  expect(refused(other)).toContain('is of version 2, not 1');
  expect(refused(Buffer.from('no index'))).toContain('is none');
  expect(refused(whole.subarray(0, -1))).toContain('is cut off');
  expect(() => openIndex(bytes(join(directory, 'absent')))).toThrow('cannot be read');
});

test('whatever the bytes are, a listing or an error comes of them', () => {
  const whole = write((writer) => {
    const names = ['a', 'bb', 'l', 'd'] as Bytes[];
    writer.add(
      ROOT,
      listing(
        names.map((name) => ({
          name,
          type: name === 'l' ? 'l' : name === 'd' ? 'd' : 'f',
          mode: 0o644,
          inode: 300n,
          size: 5,
          target: b`t`,
          attributes: { 'user.x': 'y' },
        })),
      ),
    );
  });
  fc.assert(
    fc.property(fc.nat(whole.length - 97), fc.nat(255), (at, byte) => {
      const damaged = Buffer.from(whole);
      damaged[at + 32] = byte;
      const digest = damaged.length - TRAILER.length + TRAILER.digest;
      createHash('sha256').update(damaged.subarray(0, digest)).digest().copy(damaged, digest);
      writeFileSync(file, damaged);
      try {
        readListingOf(openIndex(file), ROOT, AS);
      } catch (error) {
        expect(error).toBeInstanceOf(XhError);
      }
    }),
    { numRuns: 500 },
  );
});

const AS = { path: b``, device: DEVICE, isWanted: () => true };

function write(fill: (writer: ReturnType<typeof createIndexWriter>) => void): Buffer {
  const pieces: Buffer[] = [];
  const writer = createIndexWriter(HEAD, DEVICE, (piece) => pieces.push(Buffer.from(piece)));
  fill(writer);
  const { bytes: length } = writer.finish();
  const index = Buffer.concat(pieces);
  expect(index.length).toBe(length);
  writeFileSync(file, index);
  return index;
}

type Described = Partial<ObjectStat> & {
  readonly name: Bytes;
  readonly type: ObjectType;
  readonly target?: Bytes;
  readonly attributes?: Readonly<Record<string, string>>;
};

function listing(objects: readonly Described[]): Listing {
  const rows = new Int32Array(objects.length * STRIDE);
  const targets = new Map<number, Bytes>();
  const attributes = new Map<number, Attributes>();
  for (const [index, object] of objects.entries()) {
    const isDevice = object.type === 'b' || object.type === 'c';
    setRow(rows, index, {
      mode: 0,
      uid: 0,
      gid: 0,
      links: 1,
      size: 0,
      blocks: 0,
      inode: 0n,
      device: DEVICE,
      mtime: TIME,
      atime: LATER,
      ctime: NEVER,
      ...object,
      // an index has neither of other objects
      major: isDevice ? (object.major ?? 0) : 0,
      minor: isDevice ? (object.minor ?? 0) : 0,
    });
    if (object.type === 'l') targets.set(index, object.target ?? b`t`);
    const pairs = Object.entries(object.attributes ?? {});
    if (pairs.length > 0) attributes.set(index, new Map(pairs as [Bytes, Bytes][]));
  }
  return { names: objects.map(({ name }) => name), rows, targets, attributes, failed: new Map() };
}

function isDirectory({ rows }: Listing, index: number): boolean {
  return ((rows[index * STRIDE] ?? 0) & 0o170000) === 0o040000;
}

const NEVER = { seconds: 0, nanoseconds: 0 };
const TIME = { seconds: 1_472_645_632, nanoseconds: 5 };
const LATER = { seconds: TIME.seconds + 1, nanoseconds: 0 };

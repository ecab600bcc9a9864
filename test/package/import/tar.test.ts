import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { bytes, fromBuffer, type Bytes } from '../../../src/bytes/bytes.ts';
import { readTarMembers, type TarMember } from '../../../src/package/import/tar.ts';
import { temporaryDirectory } from '../../site.ts';
import { failure } from './sample.ts';
import {
  directory,
  file,
  gnuLong,
  hardLink,
  link,
  member,
  pax,
  sum,
  tarOf,
  type TarMemberText,
} from './tar-writer.ts';

const LIMITS = { maxEntries: 100 };

function piecesOf(archive: Buffer, size = 700): AsyncIterable<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < archive.length; at += size) pieces.push(archive.subarray(at, at + size));
  return Readable.from(pieces);
}

function read(members: readonly (TarMemberText | Buffer)[], end?: Buffer): Promise<TarMember[]> {
  return readTarMembers(piecesOf(tarOf(members, end)), bytes('x.tar'), LIMITS);
}

async function complaint(
  members: readonly (TarMemberText | Buffer)[],
  end?: Buffer,
): Promise<string> {
  const error = await failure(read(members, end));
  return `${error.exit} ${error.code} ${error.message}`;
}

describe('names and numbers', () => {
  it('keeps every byte of a name that is not UTF-8', async () => {
    const name = '\xff\xfe caf\xe9\n\x1b[31m' as Bytes;
    const found = await read([
      file(name),
      link('l', name),
      pax({ path: name, linkpath: name }),
      link('x', 'y'),
      gnuLong('L', name),
      file('z'),
    ]);
    expect(found.map((each) => each.name)).toEqual([name, 'l', name, name]);
    expect(found[1]?.linkName).toBe(name);
    expect(found[2]?.linkName).toBe(name);
  });

  it('reads long names of every form', async () => {
    const long = `${'d'.repeat(120)}/${'n'.repeat(200)}` as Bytes;
    const prefixed = {
      ...file('name'),
      change: (block: Buffer) => block.write('some/prefix', 345),
    };
    const found = await read([
      gnuLong('L', long),
      file(long.slice(0, 99), 'one'),
      gnuLong('K', long),
      gnuLong('L', long),
      link('cut', 'cut'),
      pax({ path: long }),
      file('cut', 'three'),
      prefixed,
    ]);
    expect(found.map((each) => each.name)).toEqual([long, long, long, 'some/prefix/name']);
    expect(found[1]?.linkName).toBe(long);
    expect(found.map((each) => each.size)).toEqual([3, 0, 5, 0]);
  });

  it('tells where each content stands', async () => {
    const archive = tarOf([file('a', 'A'.repeat(513)), pax({ comment: 'x' }), file('b', 'bee')]);
    const found = await readTarMembers(piecesOf(archive), bytes('x'), LIMITS);
    const contents = found.map(({ offset, size }) =>
      archive.toString('latin1', offset, offset + size),
    );
    expect(contents).toEqual(['A'.repeat(513), 'bee']);
  });

  it('reads numbers beyond octal, and times before 1970', async () => {
    const big = {
      ...file('f'),
      change: (block: Buffer) => {
        Buffer.from('800000000000000000abcdef', 'hex').copy(block, 136);
        Buffer.from('8000000080000001', 'hex').copy(block, 108);
      },
    };
    const early = {
      ...file('g'),
      change: (block: Buffer) =>
        void Buffer.from('ffffffffffffffffffffffff', 'hex').copy(block, 136),
    };
    const found = await read([big, early, pax({ mtime: '-1.25', uid: '3000000' }), file('h')]);
    expect(found[0]?.mtime).toEqual({ seconds: 0xabcdef, nanoseconds: 0 });
    expect(found[0]?.uid).toBe(0x80000001);
    expect(found[1]?.mtime).toEqual({ seconds: -1, nanoseconds: 0 });
    expect(found[2]?.mtime).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
    expect(found[2]?.uid).toBe(3_000_000);
  });

  it('takes nanoseconds and sizes from extended headers, and a record back when it is empty', async () => {
    const sized = { ...file('f', 'content'), size: 0 };
    const found = await read([
      pax({ mtime: '1700000000.123456789', size: '7' }),
      sized,
      pax({ mtime: '5' }, 'g'),
      file('g'),
      pax({ mtime: '' }),
      { ...file('h'), mtime: 77 },
    ]);
    expect(found[0]).toMatchObject({
      size: 7,
      mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
    });
    expect(found.map((each) => each.mtime.seconds)).toEqual([1_700_000_000, 5, 77]);
  });

  it('reads archives of Version 7, whose directories are files with a slash', async () => {
    const found = await read([
      { name: 'd/', form: 'v7', content: '' },
      { name: 'd/f', form: 'v7', content: 'x', user: 'nobody' },
    ]);
    expect(found.map(({ name, type, user }) => [name, type, user])).toEqual([
      ['d/', 'directory', ''],
      ['d/f', 'file', ''],
    ]);
  });

  it('tells which extended attributes there were', async () => {
    const found = await read([
      pax({
        'SCHILY.xattr.security.capability': '\x01\x00\x00\x02',
        'SCHILY.acl.access': 'user::rwx',
      }),
      file('ping'),
    ]);
    expect(found[0]?.attributes).toEqual(['security.capability', 'acl access']);
  });
});

describe('what is no sound archive', () => {
  it.each([
    ['nothing at all', [], Buffer.alloc(0), 'its end is missing'],
    ['no end', [file('f', 'x')], Buffer.alloc(0), 'its end is missing'],
    ['an end in a header', [file('f', 'x')], Buffer.alloc(100), 'cut off in a header'],
    ['an end in a file', [{ ...file('f', 'x'), size: 5000 }], Buffer.alloc(0), 'cut off in a file'],
    ['a lone zero block', [Buffer.alloc(512), file('f')], undefined, 'a lone block of zeros'],
    ['a long name for nobody', [gnuLong('L', 'name')], undefined, 'where a member should follow'],
    [
      'two long names for one member',
      [gnuLong('L', 'one'), gnuLong('L', 'two'), file('f')],
      undefined,
      'two long names',
    ],
    [
      'a long name with something behind its end',
      [gnuLong('L', 'safe\0/../evil'), file('f')],
      undefined,
      'goes on behind its end',
    ],
    [
      'two extended headers',
      [pax({ a: 'b' }), pax({ c: 'd' }), file('f')],
      undefined,
      'two extended',
    ],
    [
      'one name for all',
      [pax({ path: 'x' }, 'g'), file('f')],
      undefined,
      'the path of every member',
    ],
    [
      'a record longer than its header',
      [member({ name: 'x', flag: 'x', content: '99 path=a\n' }), file('f')],
      undefined,
      'malformed record',
    ],
    [
      'a record without an end',
      [member({ name: 'x', flag: 'x', content: '9 path=abc' }), file('f')],
      undefined,
      'malformed record',
    ],
    [
      'a size that is none',
      [pax({ size: '1e3' }), file('f')],
      undefined,
      'the size in an extended',
    ],
    [
      'a directory with a content',
      [{ ...directory('d'), content: 'x' }],
      undefined,
      'has a content',
    ],
    [
      'a link with a content',
      [{ ...hardLink('h', 'f'), content: 'x' }],
      undefined,
      'has a content',
    ],
    ['a sparse file of GNU', [{ ...file('s'), flag: 'S' }], undefined, '--sparse'],
    ['a sparse file of pax', [pax({ 'GNU.sparse.major': '1' }), file('s')], undefined, '--sparse'],
    ['one volume of several', [{ ...file('m'), flag: 'M' }], undefined, 'one volume of several'],
    ['an unknown type', [{ ...file('z'), flag: '\x1b' }], undefined, "unknown type '\\e'"],
    [
      'a number that is none',
      [{ ...file('f'), change: (block: Buffer) => void block.write('12x4567', 100) }],
      undefined,
      'the mode of a member is no number',
    ],
    [
      'a negative size',
      [{ ...file('f'), change: (block: Buffer) => void block.fill(0xff, 124, 136) }],
      undefined,
      'the size of a member is no number',
    ],
    [
      'a size beyond all numbers',
      [{ ...file('f'), change: (block: Buffer) => void block.fill(0xbf, 124, 136) }],
      undefined,
      'the size of a member is no number',
    ],
  ])('says so of %s', async (_, members, end, text) => {
    const said = await complaint(members, end);
    expect(said).toMatch(/^2 E_TAR x\.tar: not a sound tar archive/);
    expect(said).toContain(text);
  });

  it('sees a single changed bit in a header', async () => {
    const archive = tarOf([file('f', 'x')]);
    archive[3] = (archive[3] ?? 0) ^ 1;
    const error = await failure(readTarMembers(piecesOf(archive), bytes('x'), LIMITS));
    expect(error.message).toContain('checksum');
  });

  it('takes the checksum of old programs that added signed characters', async () => {
    const archive = tarOf([file('\xff\xff\xff')]);
    let total = 0;
    archive.fill(0x20, 148, 156);
    for (const byte of archive.subarray(0, 512)) total += byte < 128 ? byte : byte - 256;
    archive.write(`${total.toString(8).padStart(6, '0')}\0 `, 148);
    const found = await readTarMembers(piecesOf(archive), bytes('x'), LIMITS);
    expect(found[0]?.name).toBe('\xff\xff\xff');
    sum(archive);
    expect(await readTarMembers(piecesOf(archive), bytes('x'), LIMITS)).toEqual(found);
  });

  it('stops at the limit of members', async () => {
    const many = Array.from({ length: 101 }, (_, i) => file(`f${i}`));
    const error = await failure(read(many));
    expect([error.exit, error.code]).toEqual([3, 'E_IMPORT_LIMIT']);
    const headers = Array.from({ length: 500 }, () => pax({ comment: 'x' }, 'g'));
    expect((await failure(read(headers))).code).toBe('E_IMPORT_LIMIT');
  });
});

describe('archives that GNU tar has written', () => {
  it.each(['v7', 'oldgnu', 'gnu', 'ustar', 'pax'])('reads the %s form', async (form) => {
    const top = temporaryDirectory('tar');
    const long = 'n'.repeat(form === 'v7' ? 60 : 90);
    const odd = Buffer.from('caf\xe9 \x01', 'latin1');
    mkdirSync(join(top, 't', 'sub', 'd'.repeat(20)), { recursive: true });
    writeFileSync(join(top, 't', 'sub', long), 'long');
    writeFileSync(Buffer.concat([Buffer.from(`${top}/t/`), odd]), 'odd');
    linkSync(join(top, 't', 'sub', long), join(top, 't', 'sub', 'zz-again'));
    symlinkSync('sub/nothing', join(top, 't', 'link'));
    writeFileSync(join(top, 't', 'empty'), '');
    truncateSync(join(top, 't', 'empty'), 0);
    const tar = spawnSync('tar', ['--sort=name', `--format=${form}`, '-C', top, '-cf', '-', 't']);
    expect(tar.status).toBe(0);
    const found = await readTarMembers(piecesOf(tar.stdout, 65_536), bytes('x'), LIMITS);
    const kinds = found.map(({ name, type, linkName, size }) => [name, type, linkName, size]);
    expect(kinds).toEqual([
      ['t/', 'directory', '', 0],
      [`t/${fromBuffer(odd)}`, 'file', '', 3],
      ['t/empty', 'file', '', 0],
      ['t/link', 'link', 'sub/nothing', 0],
      ['t/sub/', 'directory', '', 0],
      [`t/sub/${'d'.repeat(20)}/`, 'directory', '', 0],
      [`t/sub/${long}`, 'file', '', 4],
      ['t/sub/zz-again', 'hardlink', `t/sub/${long}`, 0],
    ]);
  });
});

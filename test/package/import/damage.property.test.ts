/** Whatever is done to an archive, reading it ends with a plan or with an error that people can act on. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { EXIT, XhError, type ExitCode } from '../../../src/message/error.ts';
import { parseControl, parseRelations } from '../../../src/package/import/control.ts';
import { planImport } from '../../../src/package/import/import.ts';
import { parsePaxRecords } from '../../../src/package/import/pax.ts';
import { debianPackages } from '../../debian.ts';
import { temporaryDirectory } from '../../site.ts';
import { debOf, directory, file, gnuLong, hardLink, link, pax, sum, tarOf } from './tar-writer.ts';

const MEMBERS = [
  directory('./usr/'),
  file('./usr/bin/x', '#!/bin/sh\n', 0o755),
  hardLink('./usr/bin/y', './usr/bin/x'),
  link('./usr/bin/z', '../lib/z'),
  gnuLong('L', `usr/share/${'n'.repeat(150)}`),
  file('cut', 'long'),
  pax({ path: 'usr/share/caf\xe9', mtime: '1.5' }),
  file('cut', 'pax'),
];

/** What becomes of `content` in a file: a plan, or the exit code. Any other exception is a defect. */
async function outcome(path: string, content: Buffer): Promise<'plan' | ExitCode> {
  writeFileSync(path, content);
  try {
    const plan = await planImport(bytes(path), { limits: { maxBytes: 10_000_000 } });
    expect(plan.objects.every((object) => !object.path.startsWith('/'))).toBe(true);
    expect(plan.objects.every((object) => !object.path.split('/').includes('..'))).toBe(true);
    return 'plan';
  } catch (error) {
    if (error instanceof XhError) return error.exit;
    throw error;
  }
}

/** What an archive may come to. */
const SOUND = ['plan', EXIT.usage, EXIT.refused];

const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
  minLength: 1,
  maxLength: 8,
});

function edited(content: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(content);
  for (const [at, byte] of changes) copy[at % copy.length] = byte;
  return copy;
}

describe('damage', () => {
  it('to headers with good checksums ends well', async () => {
    const [cowsay = '', at = ''] = debianPackages(['cowsay', 'at']);
    const real = [cowsay, at].map((deb) => execFileSync('dpkg-deb', ['--fsys-tarfile', deb]));
    const path = join(temporaryDirectory('damage'), 'x.tar');
    for (const tar of [tarOf(MEMBERS), ...real]) {
      const headers = headerOffsets(tar);
      await fc.assert(
        fc.asyncProperty(edits, fc.nat(), async (changes, which) => {
          const start = headers[which % headers.length] ?? 0;
          const copy = Buffer.from(tar);
          const header = copy.subarray(start, start + 512);
          edited(header, changes).copy(header);
          sum(header);
          expect(SOUND).toContain(await outcome(path, copy));
        }),
        { numRuns: 150 },
      );
    }
  });

  it('to extended headers and long names ends well', async () => {
    const path = join(temporaryDirectory('damage'), 'x.tar');
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, text, text, async (name, target, key) => {
        const members = [
          pax({
            path: bytes(name),
            linkpath: bytes(target),
            [`k${key.replace(/[=\0]/g, '')}`]: 'v',
          }),
          link('l', 't'),
          gnuLong('K', bytes(target)),
          gnuLong('L', bytes(name)),
          hardLink('h', 'l'),
        ];
        expect(SOUND).toContain(await outcome(path, tarOf(members)));
      }),
      { numRuns: 300 },
    );
  });

  it('to a whole small package ends well', async () => {
    const deb = debOf({ members: MEMBERS, fields: 'Depends: a (>= 1), b | c\n' });
    const path = join(temporaryDirectory('damage'), 'x.deb');
    await fc.assert(
      fc.asyncProperty(edits, fc.option(fc.nat()), async (changes, length) => {
        const copy = edited(deb, changes);
        const cut = length === null ? copy : copy.subarray(0, length % copy.length);
        expect(SOUND).toContain(await outcome(path, cut));
      }),
      { numRuns: 300 },
    );
  });

  it('to the archive in a real package ends well', async () => {
    const [deb = ''] = debianPackages(['tree']);
    const whole = readFileSync(deb);
    const path = join(temporaryDirectory('damage'), 'x.deb');
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        expect(SOUND).toContain(await outcome(path, edited(whole, changes)));
      }),
      { numRuns: 40 },
    );
  });

  it('to control files and relations ends well', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'ab:,|()<>=~ \n\t#1.\xa0'.split('')),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (value) => {
        parseControl(value as Bytes);
        const relations = parseRelations(value as Bytes, 'required') ?? [];
        expect(relations.every(({ alternatives }) => alternatives.length > 0)).toBe(true);
      }),
    );
  });
});

describe('pax records', () => {
  it('read back as they were written, whatever is in them', () => {
    const value = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(value, (content) => {
        const text = Buffer.from(content).toString('latin1') as Bytes;
        const header = pax({ path: text, comment: 'c' });
        const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
        const records = parsePaxRecords(header.toString('latin1', 512, 512 + size) as Bytes);
        expect([...(records ?? [])]).toEqual([
          ['path', text],
          ['comment', 'c'],
        ]);
      }),
    );
  });

  it('are none when they are anything else', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123 =a\n'.split('')), maxLength: 30 });
    fc.assert(
      fc.property(text, (content) => {
        const records = parsePaxRecords(content as Bytes);
        const length = [...(records ?? [])].length;
        expect(records === undefined || content === '' || length > 0).toBe(true);
      }),
    );
  });
});

/** Where the headers of a sound archive are. */
function headerOffsets(tar: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 0; tar[at] !== 0;) {
    offsets.push(at);
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return offsets;
}

/** What compiled files say, read from real ones, and from anything at all. */
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readElf } from '../../src/package/elf.ts';
import { temporaryDirectory } from '../site.ts';

function compiled(source: string, name: string, ...flags: readonly string[]): Buffer {
  const out = join(temporaryDirectory(), name);
  const ran = spawnSync('cc', ['-x', 'c', '-', '-o', out, ...flags], { input: source });
  expect(ran.stderr.toString()).toBe('');
  return readFileSync(out);
}

test('a program: its interpreter, what it needs, where it looks', () => {
  const elf = readElf(
    compiled('int main(void){return 0;}', 'a', '-Wl,-rpath,$ORIGIN/../lib:/opt/x/lib'),
  );
  expect(elf).toMatchObject({
    interpreter: expect.stringMatching(/^\/lib.*ld-/) as string,
    runPath: ['$ORIGIN/../lib', '/opt/x/lib'],
    wide: true,
  });
  expect(elf?.needed).toContain('libc.so.6');
  expect(elf?.soname).toBeUndefined();
});

test('a library has a soname, and one that is linked statically needs nothing', () => {
  const library = compiled(
    'int f(void){return 0;}',
    'l.so',
    '-shared',
    '-fPIC',
    '-Wl,-soname,libl.so.1',
  );
  expect(readElf(library)).toMatchObject({ soname: 'libl.so.1', runPath: [] });
  const alone = compiled('int main(void){return 0;}', 's', '-static');
  expect(readElf(alone)).toMatchObject({ needed: [], runPath: [] });
});

test('anything else is none, and a damaged one does no harm', () => {
  expect(readElf(Buffer.from('#!/bin/sh\n'.repeat(20)))).toBeUndefined();
  const real = readFileSync(process.execPath).subarray(0, 4096);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { maxLength: 40 }),
      fc.nat(4096),
      (changes, length) => {
        const file = Buffer.from(real);
        for (const [at, byte] of changes) file[at] = byte;
        const elf = readElf(file.subarray(0, length));
        return elf === undefined || Array.isArray(elf.needed);
      },
    ),
    { numRuns: 2000 },
  );
});

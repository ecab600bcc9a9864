import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { fileTypeSorter, STANDARD_FILE_TYPES } from '../../src/site/file-types.ts';
import { compileGlob, globProblem } from '../../src/site/glob.ts';

test('there are the six types of the hierarchy, each once', () => {
  expect(STANDARD_FILE_TYPES.map(({ name }) => name)).toEqual([
    'share',
    'arch',
    'regional',
    'admin',
    'local',
    'spool',
  ]);
});

test.each([
  ['bin/foo', 'arch'],
  ['bin', 'arch'],
  ['servers/food', 'arch'],
  ['maintenance/mkfoo', 'arch'],
  ['lib/foo/plugin.so', 'arch'],
  ['logs/today', 'local'],
  ['man/man1/foo.1', 'share'],
  ['doc/bin/foo', 'share'],
  ['binary', 'share'],
  ['.admin/Options', 'share'],
])('without rules %s is of type %s', (path, type) => {
  expect(fileTypeSorter([])(bytes(path))).toBe(type);
});

test.each<[string, string, boolean]>([
  ['*.so', 'data/x/y.so', true],
  ['*.so', 'data/y.so.d/readme', false],
  ['cache', 'data/cache/a/b', true],
  ['/cache', 'data/cache/a', false],
  ['/cache', 'cache/a', true],
  ['cache/', 'cache/a', true],
  ['data/*.db', 'data/a.db', true],
  ['data/*.db', 'data/x/a.db', false],
  ['data/**/*.db', 'data/x/a.db', true],
  ['data', 'data', true],
  ['bin/{a,b}', 'bin/b', true],
  ['bin/[ab]?', 'bin/ax', true],
  ['bin/.*', 'bin/.hidden', true],
  ['bin/*', 'bin/.hidden', true],
  ['!x', '!x', true],
  ['#x', '#x', true],
  ['+(a)', 'aa', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
])('the pattern %j takes %j: %s', (glob, path, taken) => {
  const typeOf = fileTypeSorter([{ glob: bytes(glob), type: b`spool` }]);
  expect(typeOf(bytes(path)) === 'spool').toBe(taken);
});

test('the first rule that matches wins, before the default ones', () => {
  const typeOf = fileTypeSorter([
    { glob: b`bin/*.sh`, type: b`share` },
    { glob: b`bin/*`, type: b`regional` },
  ]);
  expect(['bin/a.sh', 'bin/a', 'bin', 'lib/a'].map((path) => typeOf(bytes(path)))).toEqual([
    'share',
    'regional',
    'arch',
    'arch',
  ]);
});

test('.admin is shared whatever the rules say', () => {
  const typeOf = fileTypeSorter([{ glob: b`**`, type: b`arch` }]);
  expect([typeOf(b`.admin`), typeOf(b`.admin/Install`), typeOf(b`.administration`)]).toEqual([
    'share',
    'share',
    'arch',
  ]);
});

test('names that are not UTF-8 are matched byte by byte', () => {
  expect(compileGlob('data/caf?' as Bytes).matches('data/caf\xe9' as Bytes)).toBe(true);
  expect(compileGlob('caf\xe9*' as Bytes).matches('caf\xe9s' as Bytes)).toBe(true);
});

test('a pattern that expands without end is bounded', () => {
  const bomb = '{a,b}'.repeat(40);
  expect(globProblem(bytes(bomb))).toBeUndefined();
  expect(compileGlob(bytes(bomb)).matches(bytes('c'.repeat(40)))).toBe(false);
  expect(globProblem(bytes('a'.repeat(2000)))).toContain('longer than');
});

test('any pattern can be compiled and tried', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(...'*?[]{}!^-,.\\/ab()|+@:é\xff'.split('')),
        maxLength: 30,
      }),
      fc.string({ unit: fc.constantFrom(...'ab/.'.split('')), maxLength: 12 }),
      (glob, path) => {
        fc.pre(globProblem(glob as Bytes) === undefined);
        const type = fileTypeSorter([{ glob: glob as Bytes, type: b`spool` }])(path as Bytes);
        expect(['share', 'spool']).toContain(type);
      },
    ),
    { numRuns: 10000 },
  );
});

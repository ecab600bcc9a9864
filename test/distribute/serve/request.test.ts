/** What a client may ask for: no address leads to anything but the paths of a store. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { pathAskedFor, rangeAskedFor } from '../../../src/distribute/serve/request.ts';
import { hashOf } from '../../../src/distribute/store/hash.ts';
import {
  headPath,
  objectPath,
  pastHeadPath,
  treePath,
} from '../../../src/distribute/store/paths.ts';

const HASH = hashOf(b`x`);

test.each([
  objectPath(HASH),
  treePath(HASH),
  headPath(b`gcc`),
  headPath(b`gcc-12.1+x~1`),
  pastHeadPath(b`gcc`, 41),
  b`trust.json`,
  b`packages.json`,
])('%s is a path of a store', (path) => {
  expect(pathAskedFor(`/${path}`)).toBe(path);
  expect(pathAskedFor(`/${path}?again`)).toBe(path);
  const encoded = Buffer.from(path, 'latin1').toString('hex').replace(/../g, '%$&');
  expect(pathAskedFor(`/${encoded}`)).toBe(path);
});

test.each([
  '/',
  '',
  'trust.json',
  '//trust.json',
  '/../etc/passwd',
  '/objects/../trust.json',
  `/objects/${HASH}`,
  `/objects/00/${HASH}`,
  `/objects/${HASH.slice(0, 2)}/${HASH}/`,
  `/trees/${HASH.slice(0, 2)}/${HASH.toUpperCase()}`,
  '/heads/',
  '/heads/..json',
  '/heads/../x.json',
  '/heads/.lock.json',
  '/heads/a%2Fb.json',
  '/heads/gcc.past/0.json',
  '/heads/gcc.past/../gcc.json',
  '/heads/gcc%00.json',
  '/trust.json%00',
  '/%zz',
  '/trust.json#x%',
])('%s is none', (address) => {
  const path = pathAskedFor(address);
  expect(path === undefined || path === 'trust.json').toBe(true);
  if (!address.startsWith('/trust.json#')) expect(path).toBeUndefined();
});

test('whatever is asked for, what comes of it is no way out', () => {
  const word = fc.oneof(
    fc.constantFrom('objects', 'trees', 'heads', '..', '.', '%2e%2e', HASH, 'gcc.json', 'x.past'),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      const path = pathAskedFor(`/${words.join('/')}`);
      if (path === undefined) return;
      expect(path).toMatch(/^(?:objects|trees|heads|trust\.json|packages\.json)/);
      expect(path.split('/')).not.toContain('..');
      expect(path.startsWith('/')).toBe(false);
    }),
  );
});

test.each<[string | undefined, unknown]>([
  [undefined, undefined],
  ['bytes=0-9', { from: 0, length: 10 }],
  ['bytes=90-', { from: 90, length: 10 }],
  ['bytes=90-1000', { from: 90, length: 10 }],
  ['bytes=-7', { from: 93, length: 7 }],
  ['bytes=-700', { from: 0, length: 100 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=9-3', undefined],
  ['bytes=0-1,5-6', undefined],
  ['lines=0-1', undefined],
  ['bytes=a-b', undefined],
  ['bytes=-', undefined],
])('of 100 bytes %s means %j', (field, range) => {
  expect(rangeAskedFor(field, 100)).toEqual(range);
});

test('a range is always within the content', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(1000), fc.nat(2000), fc.nat(2000), (text, size, one, other) => {
      for (const field of [text, `bytes=${one}-${other}`, `bytes=${one}-`, `bytes=-${one}`]) {
        const range = rangeAskedFor(field, size);
        if (typeof range !== 'object') continue;
        expect(range.from).toBeGreaterThanOrEqual(0);
        expect(range.length).toBeGreaterThan(0);
        expect(range.from + range.length).toBeLessThanOrEqual(size);
      }
    }),
  );
  expect(pathAskedFor(`/${'a'.repeat(100_000)}`)).toBeUndefined();
  expect(bytes('x')).toBe('x');
});

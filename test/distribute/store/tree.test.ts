/** The listings of a store: what is written is read back, and only what would be written is read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, fromBuffer, type Bytes } from '../../../src/bytes/bytes.ts';
import { hashOf } from '../../../src/distribute/store/hash.ts';
import {
  parseTree,
  treeText,
  type Extent,
  type TreeEntry,
} from '../../../src/distribute/store/tree.ts';

const anyBytes = (options: { minLength?: number; maxLength: number }): fc.Arbitrary<Bytes> =>
  fc.uint8Array(options).map((array) => fromBuffer(array));

const name = anyBytes({ minLength: 1, maxLength: 12 }).filter(
  (each) => !/[/\0]/.test(each) && each !== '..',
);
const account = fc.record({ id: fc.nat(), name: anyBytes({ maxLength: 8 }) });
const common = fc
  .record({
    name,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    owner: account,
    group: account,
    mtime: fc.record({
      seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    }),
    attributes: fc
      .uniqueArray(fc.tuple(anyBytes({ minLength: 1, maxLength: 5 }), anyBytes({ maxLength: 5 })), {
        selector: ([key]) => key,
        maxLength: 3,
      })
      .map((pairs) => pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))),
    hardLink: fc.option(anyBytes({ minLength: 1, maxLength: 6 })),
  })
  .map(({ hardLink, ...rest }) => ({ ...rest, ...(hardLink !== null && { hardLink }) }));
const hash = fc.string().map((text) => hashOf(bytes(text)));

/** Data with holes between, and perhaps one at the end. */
const sparse = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 })), {
      maxLength: 3,
    }),
    fc.integer({ min: 1, max: 1e9 }),
    hash,
  )
  .map(([pieces, rest, object]) => {
    let end = 0;
    const data = pieces.map(([gap, length]): Extent => {
      const at = end + gap;
      end = at + length;
      return [at, length];
    });
    return { size: end + rest, data, ...(data.length > 0 && { object }) };
  });
const whole = fc
  .tuple(fc.nat(), hash)
  .map(([size, object]) => ({ size, ...(size > 0 && { object }) }));

const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.tuple(common, fc.oneof(whole, sparse)).map(([c, f]) => ({ ...c, type: 'f', ...f }) as const),
  fc.tuple(common, hash).map(([c, tree]) => ({ ...c, type: 'd', tree }) as const),
  fc
    .tuple(common, anyBytes({ maxLength: 9 }))
    .map(([c, target]) => ({ ...c, type: 'l', target }) as const),
  fc
    .tuple(common, fc.constantFrom('b' as const, 'c' as const), fc.nat(), fc.nat())
    .map(([c, type, major, minor]) => ({ ...c, type, major, minor })),
  fc
    .tuple(common, fc.constantFrom('p' as const, 's' as const))
    .map(([c, type]) => ({ ...c, type })),
);
const tree = fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 6 });

test('a directory of objects of every kind comes back as it was, in the order of its names', () => {
  fc.assert(
    fc.property(tree, (entries) => {
      const sorted = entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      expect(parseTree(treeText(entries))).toEqual(sorted);
    }),
  );
});

test('two texts never mean one directory: with any byte changed it is another one, or refused', () => {
  fc.assert(
    fc.property(tree, fc.nat(), fc.nat({ max: 255 }), (entries, at, byte) => {
      const text = treeText(entries);
      const place = at % text.length;
      const changed = `${text.slice(0, place)}${String.fromCharCode(byte)}${text.slice(place + 1)}`;
      let read: readonly TreeEntry[];
      try {
        read = parseTree(changed as Bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_STORE_TREE' });
        return;
      }
      expect(treeText(read)).toBe(changed);
    }),
    { numRuns: 2000 },
  );
});

test('a listing that is cut off anywhere is refused', () => {
  const text = treeText([directory, file]);
  for (let end = 0; end < text.length; end++) {
    if (text[end - 1] === '\n' && end > 'xhier-tree 1'.length) continue;
    expect(() => parseTree(text.slice(0, end) as Bytes)).toThrow(/cannot be used/);
  }
});

const metadata = {
  mode: 0o4755,
  owner: { id: 0, name: b`root` },
  group: { id: 4711, name: b`` },
  mtime: { seconds: -1, nanoseconds: 5 },
  attributes: [],
};
const file: TreeEntry = {
  ...metadata,
  type: 'f',
  name: bytes('a name, 100%'),
  size: 3,
  object: hashOf(b`abc`),
  attributes: [[b`user.mime_type`, b`text/plain`]],
  hardLink: b`7`,
};
const directory: TreeEntry = { ...metadata, type: 'd', name: b`bin`, tree: hashOf(b``) };

test('the form is the one of doc/store.md, which has this very example', () => {
  const text = treeText([directory, file]);
  const page = readFileSync(join(import.meta.dirname, '../../../doc/store.md'), 'utf8');
  expect(page).toContain(text.trimEnd().replaceAll(/^/gm, '    '));
  expect(page).toContain(`has the hash \`${hashOf(text)}\``);
  expect(text).toBe(
    [
      'xhier-tree 1',
      'f a%20name%2C%20100%25 4755 0:root 4711: -1.000000005 size=3 object=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad link=7 attribute=user.mime_type,text/plain',
      'd bin 4755 0:root 4711: -1.000000005 tree=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '',
    ].join('\n'),
  );
});

describe('refused is', () => {
  const line = 'f x 0644 0:root 0:root 0.000000000';
  test.each([
    ['another version', 'xhier-tree 2\n'],
    ['something else', 'hello\n'],
    ['a name that leaves the directory', 'xhier-tree 1\np .. 0644 0: 0: 0.000000000\n'],
    ['a name with a slash', 'xhier-tree 1\np a/b 0644 0: 0: 0.000000000\n'],
    ['a name twice', 'xhier-tree 1\np a 0644 0: 0: 0.000000000\np a 0644 0: 0: 0.000000000\n'],
    [
      'names out of order',
      'xhier-tree 1\np b 0644 0: 0: 0.000000000\np a 0644 0: 0: 0.000000000\n',
    ],
    ['data behind the end', `xhier-tree 1\n${line} size=5 data=3+4\n`],
    ['data that overlap', `xhier-tree 1\n${line} size=50 data=3+4,5+4\n`],
    ['data without an object', `xhier-tree 1\n${line} size=5\n`],
    ['an object without data', `xhier-tree 1\n${line} size=0 object=${hashOf(b``)}\n`],
    ['a field of another type', `xhier-tree 1\n${line} size=0 target=x\n`],
    ['a number with a leading zero', `xhier-tree 1\n${line} size=00\n`],
  ])('%s', (_, text) => {
    expect(() => parseTree(text as Bytes)).toThrow(/cannot be used/);
  });
});

import * as fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { expect, test } from 'vitest';
import { bytes, slice, toText, type Bytes } from '../../src/bytes/bytes.ts';
import { tomlPlaces, type KeyPath } from '../../src/site/toml-places.ts';

function valueAt(text: string, path: KeyPath): string | undefined {
  const content = bytes(text);
  const span = tomlPlaces(content)(path)?.value;
  return span && toText(slice(content, span.at, span.at + span.length));
}

test.each<[string, KeyPath, string]>([
  ['a = 1 # one', ['a'], '1'],
  ['a.b = "x # y"', ['a', 'b'], '"x # y"'],
  ['"a b".\'c\' = true', ['a b', 'c'], 'true'],
  ['[t]\nk = [1, [2, 3]]', ['t', 'k', 1, 0], '2'],
  ['[ t . u ]\nk = { x = 1, y = "}" }', ['t', 'u', 'k', 'y'], '"}"'],
  ['[[t]]\nk = 1\n[[t]]\nk = 2\n[t.u]\nv = 3', ['t', 1, 'u', 'v'], '3'],
  ['a = """x\n"y" \\""" z"""\nb = 1', ['b'], '1'],
  ['a = """x"""""\nb = 1', ['b'], '1'],
  ["a = '''\\'''\nb = 1", ['b'], '1'],
  [
    'a = [ # one\n  1, # two\n  2,\n]\nb = 1979-05-27 07:32:00\nc = 1',
    ['b'],
    '1979-05-27 07:32:00',
  ],
  ['"\\u00e9" = 1', ['é'], '1'],
  ['\ufeffa = 1', ['a'], '1'],
])('finds the value in %j', (text, path, value) => {
  expect(valueAt(text, path)).toBe(value);
});

test('finds every scalar of any table at a text that reads back as it', () => {
  const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: 'grapheme' }));
  const value = fc.letrec((tie) => ({
    table: fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 3 }), tie('table')),
  })).table;
  fc.assert(
    fc.property(value, (table) => {
      const text = stringify(table);
      for (const [path, found] of leaves(parse(text), [])) {
        const source = valueAt(text, path);
        expect(parse(`v = ${source ?? ''}`)['v']).toEqual(found);
      }
    }),
    { numRuns: 200 },
  );
});

function leaves(value: unknown, path: KeyPath): [KeyPath, unknown][] {
  if (Array.isArray(value)) return value.flatMap((each, i) => leaves(each, [...path, i]));
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

test('ends on any bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'[]{}=.,"\'#\\\n a1'.split('')) }), (text) => {
      expect(tomlPlaces(text as Bytes)([])).toBeUndefined();
    }),
  );
});

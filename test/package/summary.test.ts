/** The short way to a package's summary and version says what the long one says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { readOptions } from '../../src/package/options.ts';
import { summaryIn } from '../../src/package/summary.ts';

const word = fc.constantFrom(
  'version',
  'summary',
  'summaryx',
  'version-x',
  'x-summary',
  '=',
  ' ',
  '  ',
  '1.2',
  '2:1~rc',
  'a b',
  '#',
  '\\',
  '\\#',
  '\n',
  '\n',
  '\t',
  '\r',
  'ü',
  '',
  'summary = a',
  'version = 1',
  'version=3',
);

test('whatever the file looks like', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 14 }), (words) => {
      const content = bytes(words.join(''));
      const { summary, version } = readOptions(b`/Options`, content).value.values;
      expect(summaryIn(b`/Options`, content)).toEqual({ summary, version });
    }),
    { numRuns: 5000 },
  );
});

test('the usual file', () => {
  const content = bytes('version = 1.2-3\nsummary = what it is  for\nlicence = MIT\n');
  expect(summaryIn(b`/Options`, content)).toEqual({ version: '1.2-3', summary: 'what it is  for' });
});

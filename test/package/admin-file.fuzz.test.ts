import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import {
  demand,
  lineAndColumn,
  onOneLine,
  parseAdminFile,
  printAdminLine,
  words,
} from '../../src/package/admin-file.ts';
import { parseDependencies } from '../../src/package/dependencies.ts';
import { parseFileTypes } from '../../src/package/file-types.ts';
import { parseMaintainer } from '../../src/package/maintainer.ts';
import { parseOptions } from '../../src/package/options.ts';
import { parseTargets } from '../../src/package/targets.ts';
import { diagnosed } from './diagnosed.ts';

const FILE = b`x`;

const linesOf = (content: Bytes) => demand(parseAdminFile(FILE, content, ({ text }) => text));

test.each([
  ['', []],
  ['a\nb', ['a', 'b']],
  ['a\r\nb\r\n', ['a', 'b']],
  ['\n \t\n# a\n  # b\n', []],
  ['a # comment', ['a']],
  ['a# no comment', ['a# no comment']],
  ['https://x/#y', ['https://x/#y']],
  ['a \\# b # c', ['a # b']],
  ['\\\\# a', ['\\# a']],
  ['a\\b \\c', ['a\\b \\c']],
  ['a \\\n   b', ['a b']],
  ['a\\\nb', ['a b']],
  ['a\\\r\nb', ['a b']],
  ['a \\\n\\\n b', ['a b']],
  ['a \\\n# comment \\\nb', ['a', 'b']],
  ['# comment \\\nb', ['b']],
  ['a \\ # not the end', ['a \\']],
  ['  a  b  ', ['a  b']],
  ['\xef\xbb\xbfa', ['a']],
  ['caf\xc3\xa0', ['caf\xc3\xa0']],
])('%j is the lines %j', (content, lines) => {
  expect(linesOf(content as Bytes)).toEqual(lines);
});

test('places are those of the file, over continued lines and protected signs', () => {
  const places: unknown[] = [];
  parseAdminFile(FILE, bytes('one two \\\n  three \\# four\n'), (line) => {
    for (const word of words(line)) places.push([word.text, lineAndColumn(line, word.at)]);
    return undefined;
  });
  expect(places).toEqual([
    ['one', { line: 1, column: 1 }],
    ['two', { line: 1, column: 5 }],
    ['three', { line: 2, column: 3 }],
    ['#', { line: 2, column: 10 }],
    ['four', { line: 2, column: 12 }],
  ]);
});

test('a line that should go on, but cannot, is told', () => {
  expect(diagnosed(() => linesOf(bytes('a\nb \\')))).toBe(
    `x:2:1: error: expected another line after the '\\'
  2 | b \\\\
    | ^`,
  );
  expect(diagnosed(() => linesOf(bytes('b \\ \nc')))).toBe(
    `x:1:3: error: expected the line to end after the '\\'
  1 | b \\\\ 
    |   ^~ remove the white space behind it`,
  );
});

test('a control character is told, and only some of very many', () => {
  expect(diagnosed(() => linesOf('ab\0c' as Bytes))).toBe(
    `x:1:3: error: expected text, not a control character
  1 | ab\\x00c
    |   ^~~~`,
  );
  const many = diagnosed(() => linesOf('\0\n'.repeat(1000) as Bytes));
  expect(many.match(/error:/g)).toHaveLength(20);
});

test('any line reads back as it was printed', () => {
  const line = fc
    .string({
      unit: fc.constantFrom(...'ab \t#\\=\xa0\xff'.split('')),
      minLength: 1,
      maxLength: 20,
    })
    .map((text) => onOneLine(text as Bytes))
    .filter((text) => text !== '');
  fc.assert(
    fc.property(fc.array(line), (texts) => {
      expect(linesOf(texts.map(printAdminLine).join('') as Bytes)).toEqual(texts);
    }),
    { numRuns: 10000 },
  );
});

test('what cannot stand on a line is not printed', () => {
  expect(() => printAdminLine(bytes('a\nb'))).toThrow('cannot stand on one line');
  expect(onOneLine(bytes(' a\n\n b\tc\0 '))).toBe('a b c');
});

test('any bytes at all are a result or diagnostics in every file of .admin', () => {
  const parsers = [parseMaintainer, parseDependencies, parseOptions, parseTargets, parseFileTypes];
  const fragment = fc.oneof(
    fc.constantFrom(
      '\n',
      ' ',
      '\\',
      '#',
      '=',
      '?',
      'system:',
      '@',
      '<',
      '>=',
      '^1',
      '1.2',
      '&',
      '!',
    ),
    fc.constantFrom(
      'version',
      'default',
      'yes',
      'timeout',
      'distribute',
      'x-a',
      'arch',
      'bin/*',
      '{',
    ),
    fc.uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      for (const parse of parsers) {
        expect(diagnosed(() => parse(FILE, parts.join('') as Bytes))).not.toBe('');
      }
    }),
    { numRuns: 15000 },
  );
});

test('a long file of anything is read through', () => {
  for (const unit of ['#', '\\', ' ', 'a ', '\\#', 'a \\\n', '=', '\0', '{a,b}', '>=', '||']) {
    const content = unit.repeat(250_000 / unit.length) as Bytes;
    for (const parse of [
      parseMaintainer,
      parseDependencies,
      parseOptions,
      parseTargets,
      parseFileTypes,
    ]) {
      expect(diagnosed(() => parse(FILE, content))).not.toBe('');
    }
  }
});

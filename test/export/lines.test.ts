import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { b, type Bytes } from '../../src/bytes/bytes.ts';
import { isBlank, joinLines, readLines, usualLineEnd, words } from '../../src/export/lines.ts';

const anyText = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r\n', '\r', '', '#', ' '), fc.string()))
  .map((parts) => parts.join('') as Bytes);

describe('a text read as lines', () => {
  it('comes back byte for byte, whatever its line ends are', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(joinLines(readLines(text))).toBe(text);
      }),
    );
  });

  it('has no line when it is empty and an unfinished one without final newline', () => {
    expect(readLines(b``)).toEqual([]);
    expect(readLines(b`a\r\nb\nc`)).toEqual([
      { text: 'a', end: '\r\n' },
      { text: 'b', end: '\n' },
      { text: 'c', end: '' },
    ]);
  });

  it('tells which line end is the usual one', () => {
    expect(usualLineEnd(readLines(b`a\r\nb\r\nc\n`))).toBe('\r\n');
    expect(usualLineEnd(readLines(b`a\r\nb\n`))).toBe('\n');
    expect(usualLineEnd([])).toBe('\n');
  });
});

describe('words', () => {
  it('are parted by blanks and tabs only: a letter with byte 0xA0 stays whole', () => {
    const text = 'caf\xc3\xa0\t 1/tcp' as Bytes;
    expect(words(text)).toEqual([
      { text: 'caf\xc3\xa0', column: 1 },
      { text: '1/tcp', column: 8 },
    ]);
    expect(isBlank('\xa0' as Bytes)).toBe(false);
  });
});

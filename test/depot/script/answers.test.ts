import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { parseAnswers, type AnswerEntry } from '../../../src/depot/script/answers.ts';
import { formatDiagnostic } from '../../../src/message/diagnostic.ts';

const FILE = b`answers`;

function entriesOf(text: string): readonly AnswerEntry[] {
  const { diagnostics, sections } = parseAnswers(FILE, bytes(text));
  expect(diagnostics.map(formatDiagnostic)).toEqual([]);
  return sections.flatMap(({ entries }) => entries);
}

/** `line:column message` of each finding. */
function findings(text: string): string[] {
  return parseAnswers(FILE, bytes(text)).diagnostics.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

describe('a file of answers', () => {
  test('has sections for packages and actions, comments and empty lines', () => {
    const { sections } = parseAnswers(
      FILE,
      bytes(
        '# first\n\n"a" b\n  [tool]\t# here\n"c" d\n[tool-1.0   uninstall]\r\n"e" f\r\n[empty]',
      ),
    );
    expect(
      sections.map((each) => [each.package, each.action, each.place.line, each.entries.length]),
    ).toEqual([
      [undefined, 'install', 3, 1],
      ['tool', 'install', 4, 1],
      ['tool-1.0', 'uninstall', 6, 1],
      ['empty', 'install', 8, 0],
    ]);
  });

  test('knows questions by text with stars, or by a pattern', () => {
    expect(
      entriesOf(String.raw`"a*b\*c\"d" x
/a\/[/]b c/im x
optional "?[y/n]" x
"ä" x`).map(({ prompt, optional }) => [prompt, optional]),
    ).toEqual([
      [{ type: 'text', parts: ['a', 'b*c"d'] }, false],
      [{ type: 'pattern', pattern: /a\/[/]b c/imu }, false],
      [{ type: 'text', parts: ['?[y/n]'] }, true],
      [{ type: 'text', parts: [bytes('ä')] }, false],
    ]);
  });

  test('has answers as text, keys and secrets, which are those of files and variables too', () => {
    const text = (value: string): unknown => ({ type: 'text', text: value });
    expect(
      entriesOf(String.raw`"q" yes, all of it  # even this
"q" " blanks \x41 "
"q" ""
"q" secret a b
"q" secret "c"   # but not this
"q" secret
"q" secretary
"q" @dir/a file
"q" @"dir/b" # comment
"q" secret $NAME
"q" keys "\e[B\n\t\r"
"q" keys
"q" optional`).map(({ source, secret, keys }) => [source, secret, keys]),
    ).toEqual([
      [text('yes, all of it  # even this'), false, false],
      [text(' blanks A '), false, false],
      [text(''), false, false],
      [text('a b'), true, false],
      [text('c'), true, false],
      [text('secret'), false, false],
      [text('secretary'), false, false],
      [{ type: 'file', path: 'dir/a file' }, true, false],
      [{ type: 'file', path: 'dir/b' }, true, false],
      [{ type: 'environment', name: 'NAME' }, true, false],
      [text('\u001b[B\n\t\r'), false, true],
      [text('keys'), false, false],
      [text('optional'), false, false],
    ]);
  });

  test.each([
    ['word', `1:1 expected a question: "TEXT" or /PATTERN/`],
    ['optional', `1:1 expected a question: "TEXT" or /PATTERN/`],
    [' word "a" b', `1:2 expected a question: "TEXT" or /PATTERN/`],
    ['optional /', `1:11 expected '/' at the end of the pattern`],
    ['"a', `1:3 expected '"' at the end of the text`],
    [String.raw`"a\z" b`, String.raw`1:3 there is no such escape: '\\z'`],
    [String.raw`"a\x4g" b`, String.raw`1:3 there is no such escape: '\\x'`],
    ['"a"', '1:4 expected an answer'],
    ['"a"  # b', '1:6 expected an answer'],
    ['"a"b', '1:4 expected a blank between the question and its answer'],
    ['"*" b', '1:1 expected something between the quotes: nothing is found everywhere'],
    ['/a', `1:3 expected '/' at the end of the pattern`],
    ['// b', '1:1 expected a pattern between the slashes'],
    ['/a/iix b', "1:4 expected 'i', 'm' or 's' after the pattern, each once"],
    ['/(?<=/ b', '1:1 this pattern cannot be read: Unterminated group'],
    ['"a" "b" c', '1:9 expected nothing after the answer'],
    ['"a" @', "1:5 expected the name of a file after '@'"],
    ['"a" $1', "1:5 expected the name of a variable after '$'"],
    ['"a" keys b', '1:10 expected keys between quotes'],
    ['"a" "b\\n"', '1:5 an answer is one line of text'],
    ['"a" b\tc', '1:5 an answer is one line of text'],
    ['[a', "1:3 expected ']'"],
    ['[]', '1:1 expected one package between the brackets'],
    ['[a/b]', '1:1 expected one package between the brackets'],
    ['[a install b]', '1:1 expected one package between the brackets'],
    ['[a remove]', "1:4 expected 'install' or 'uninstall', not 'remove'"],
    ['[a] b', '1:5 expected nothing after the heading'],
    ['[a]\n[a uninstall]\n[a install]', '3:1 there is such a heading before, on line 1'],
  ])('with a mistake says where: %s', (text, finding) => {
    expect(findings(text)).toEqual([finding]);
  });

  test('has no answer that is longer than a line on a terminal may be', () => {
    expect(findings(`"a" ${'b'.repeat(4095)}`)).toEqual([]);
    expect(findings(`"a" ${'b'.repeat(4096)}`)).toEqual([
      '1:5 a terminal takes no more than 4095 bytes in one line',
    ]);
  });

  test('of any bytes whatever is read or told of, and at once', () => {
    const pieces = fc.constantFrom(
      '"',
      '/',
      '[',
      ']',
      '\\',
      '*',
      '#',
      ' ',
      '\t',
      '\n',
      '\r',
      '\0',
      '@',
      '$',
      'a',
      '(',
      ')',
      '+',
      'keys ',
      'secret ',
      'optional ',
      '\\x4',
      '\u00ff',
      '\u00c3\u00a4',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const text = parts.join('') as Bytes;
        const { diagnostics, sections } = parseAnswers(FILE, text);
        const lines = text.split('\n');
        for (const diagnostic of diagnostics) {
          expect(diagnostic.line).toBeLessThanOrEqual(lines.length);
          expect(diagnostic.column).toBeLessThanOrEqual(
            (lines[diagnostic.line - 1] ?? '').length + 1,
          );
          formatDiagnostic(diagnostic);
        }
        const found = sections.flatMap(({ entries }) => entries);
        expect(diagnostics.length + found.length + sections.length).toBeLessThanOrEqual(
          2 * lines.length,
        );
      }),
      { numRuns: 2000 },
    );
    const long = bytes(
      `${'"'.repeat(200_000)}\n/${'('.repeat(50_000)}/ a\n"${'*'.repeat(200_000)}" b`,
    );
    expect(parseAnswers(FILE, long).diagnostics.length).toBeGreaterThan(0);
  });

  test('says again what was written: quoted answers come out as they went in', () => {
    const quoted = (text: Bytes): string =>
      text.replaceAll(
        /[^A-Za-z0-9 ]/g,
        (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
      );
    const content = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((array) => Buffer.from(array).toString('latin1') as Bytes);
    fc.assert(
      fc.property(content, content, (question, keys) => {
        const [entry] = entriesOf(`"${quoted(question)}" keys "${quoted(keys)}"`);
        expect(entry?.prompt).toEqual({ type: 'text', parts: [question] });
        expect(entry?.source).toEqual({ type: 'text', text: keys });
      }),
    );
  });
});

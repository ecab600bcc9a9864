/** Text for terminals of any width: nothing is lost, nothing is too wide, what is literal stays. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fill, twoColumns, wrap } from '../../src/cli/fill.ts';

const word = fc.stringMatching(/^[!-~]{1,15}$/);
const width = fc.integer({ min: 20, max: 120 });

test('a paragraph keeps its words, and no line is wider than it may be', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), width, (words, columns) => {
      const lines = wrap(words.join(' '), columns, '    ');
      expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(words);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }),
  );
});

test('columns stand beside each other, the second one beside the first on every line', () => {
  const row = fc.tuple(
    word,
    fc.array(word, { minLength: 1 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, columns) => {
        const lines = twoColumns(rows, columns);
        const words = rows.flatMap(([left, right]) => [left, ...right.split(' ')]);
        expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(words);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test('what is too long for the first column has the second one below it', () => {
  const rows = [
    ['-n', 'no'],
    [`--${'long'.repeat(8)}`, 'a long one'],
  ] as const;
  expect(twoColumns(rows, 60)).toEqual(['  -n  no', `  --${'long'.repeat(8)}`, '      a long one']);
});

test('lines that begin with two blanks stand as they are, between filled paragraphs', () => {
  const text = 'One paragraph\nin two lines.\n\n  name = "a   b"\n  # as it is\n\nAnother one.';
  expect(fill(text, 60)).toEqual([
    'One paragraph in two lines.',
    '',
    '  name = "a   b"',
    '  # as it is',
    '',
    'Another one.',
  ]);
});

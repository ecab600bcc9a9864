import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { parseAnswers } from '../../../src/depot/script/answers.ts';
import { conversation, type Answer } from '../../../src/depot/script/conversation.ts';
import { plainText } from '../../../src/depot/script/plain-text.ts';
import { redactor } from '../../../src/depot/script/redact.ts';

function answers(text: string): Answer[] {
  const { sections } = parseAnswers(b`answers`, bytes(text));
  return sections
    .flatMap(({ entries }) => entries)
    .map((entry) => ({ ...entry, text: entry.source.type === 'text' ? entry.source.text : b`` }));
}

describe('a conversation', () => {
  test('gives each answer once, in order, when its question is there', () => {
    const talk = conversation(answers('"one" 1\noptional "two" 2\noptional "three" 3\n"four" 4'));
    expect(talk.reply()).toBeUndefined();
    talk.said(b`two? o`);
    expect(talk.reply()).toBeUndefined();
    talk.said(b`ne? `);
    expect(talk.reply()?.text).toBe('1');
    // what was said before the last answer is no question any more
    expect(talk.reply()).toBeUndefined();
    talk.said(b`three? `);
    expect(talk.reply()?.text).toBe('3');
    expect(talk.next()?.text).toBe('4');
    talk.said(b`two? `);
    expect(talk.reply()).toBeUndefined();
    expect(talk.left().map(({ text }) => text)).toEqual(['4']);
    talk.said(b`four? `);
    expect(talk.reply()?.text).toBe('4');
    expect([talk.next(), talk.left()]).toEqual([undefined, []]);
  });

  test('finds questions in colour, drawn, and in other languages', () => {
    const talk = conversation(answers('"New password:" 1\n"Annehmen*(j/n)" 2\n/größe\\?$/i 3'));
    talk.said('\u001b[1;31mNew\u001b[0m password:\u001b]0;title\u0007 ' as Bytes);
    expect(talk.question()).toEqual({ text: 'New password:', drawn: false });
    expect(talk.reply()?.text).toBe('1');
    talk.said('\u001b[2;1HAnnehmen?\u001b[5;7H(j/n)' as Bytes);
    expect(talk.question()).toEqual({ text: 'Annehmen?', drawn: true });
    expect(talk.reply()?.text).toBe('2');
    talk.said(b`Welche Größe?`);
    expect(talk.reply()?.text).toBe('3');
  });

  test('shows the last line as the question, however much was said', () => {
    const talk = conversation([]);
    talk.said(b`${'x'.repeat(1_000_000) as Bytes}\n\nAnd now?\t \n`);
    expect(talk.question().text).toBe('And now?');
  });
});

test('plain text of anything has nothing in it that drives a terminal', () => {
  const pieces = fc.constantFrom(
    '\u001b',
    '[',
    ']',
    '(',
    '0',
    'm',
    'H',
    ';',
    '7',
    '\u0007',
    '\\',
    'a',
    '\n',
    '\r',
    '\b',
    '\u009b',
    '\u00e2\u0094\u0080',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      expect(plainText(parts.join('') as Bytes)).toMatch(/^[\n\t\x20-\x7e\x80-\xff]*$/);
    }),
  );
});

describe('secrets', () => {
  test('are kept out, in whatever pieces they come, and nothing else is', () => {
    const letters = fc.constantFrom('a', 'b', 'c', '\n');
    const secret = fc.array(fc.constantFrom('a', 'b'), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.array(letters, { maxLength: 6 })), secret, (pieces, hidden) => {
        const [word, whole] = [hidden.join(''), pieces.flat().join('')];
        const { hide, pass, rest } = redactor();
        hide(word as Bytes);
        const passed = pieces.map((piece) => pass(piece.join('') as Bytes)).join('') + rest();
        expect(passed).toBe(whole.replaceAll(word, '******'));
      }),
      { numRuns: 2000 },
    );
  });

  test('of two that begin alike the longer one is taken', () => {
    const { hide, pass, rest } = redactor();
    hide(b`pass`);
    hide(b`password`);
    hide(b``);
    expect(pass(b`a passport, my password`) + rest()).toBe('a ******port, my ******');
  });
});

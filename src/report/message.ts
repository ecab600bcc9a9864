/** A letter as the mail system takes it (RFC 5322, MIME): any text, whatever the lines of it are like. */
import { bytes, isAscii, toText } from '../bytes/bytes.ts';
import type { Letter } from './letter.ts';

/** The message with its headers; lines end with a newline, as sendmail(8) wants them on a host of Unix. */
export function mailMessage({ to, subject, body }: Letter): string {
  const plain = isAscii(body) && body.split('\n').every((line) => line.length <= LONGEST_LINE);
  return [
    `To: ${to.map((address) => toText(address)).join(', ')}`,
    `Subject: ${encodedWords(subject)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${plain ? '7bit' : 'base64'}`,
    '',
    plain
      ? body
      : (
          Buffer.from(body)
            .toString('base64')
            .match(/.{1,76}/g) ?? []
        ).join('\n'),
  ].join('\n');
}

/** RFC 5322 section 2.1.1 has 998. */
const LONGEST_LINE = 900;

/** A header's text; what is not ASCII as encoded words of RFC 2047. */
function encodedWords(text: string): string {
  if (isAscii(text) && !/[\r\n]/.test(text)) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text.replaceAll(/[\r\n]+/g, ' ')) {
    if (bytes(word + character).length > ENCODED) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word]
    .map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`)
    .join('\n ');
}

/** So many bytes make an encoded word of at most 75 characters. */
const ENCODED = 45;

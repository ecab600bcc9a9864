import { expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { parseMailbox, printMailbox } from '../../src/site/mailbox.ts';

test.each([
  'jane@example.org',
  'jane.doe+xhier@math.example.org',
  'root',
  'Jane Doe <jane@example.org>',
  'Jérôme à Paris <jerome@example.org>',
  'ops@[192.0.2.1]',
  "o'brien@example.org",
])('takes %s, and prints it as it was', (text) => {
  const mailbox = parseMailbox(bytes(text));
  expect('address' in mailbox && printMailbox(mailbox)).toBe(bytes(text));
});

test.each([
  ['', 'expected a mail address', 0],
  ['jane@', 'not a domain name', 4],
  ['@example.org', 'not the name of a mailbox', 0],
  ['jane@ex ample.org', 'expected one mail address a line', 7],
  ['jane@example.org, joe@example.org', 'expected one mail address a line', 17],
  ['Jane <jane@example.org', "expected '>' after the address", 22],
  ['jane@-x.org', 'not a domain name', 5],
  ['a..b@example.org', 'not the name of a mailbox', 0],
  // what a mailer would take for an option, a program, a file
  ['-oQ/tmp@example.org', 'not the name of a mailbox', 0],
  ['|sh', 'not the name of a mailbox', 0],
  ['/etc/passwd', 'not the name of a mailbox', 0],
  [`${'a'.repeat(250)}@x.org`, 'a mail address has at most 254 bytes', 0],
])('refuses %j: %s', (text, problem, at) => {
  expect(parseMailbox(bytes(text))).toMatchObject({ problem, at });
});

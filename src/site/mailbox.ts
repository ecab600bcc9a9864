/**
 * Mail addresses as people write them in configuration and `.admin/Maintainer`: `jane@example.org`,
 * `Jane Doe <jane@example.org>`, or the name of a local mailbox (`root`). Addresses reach a mailer's
 * command line, so those that a mailer would take for an option, a file or a program are refused.
 */
import { slice, trim, type Bytes } from '../bytes/bytes.ts';

export interface Mailbox {
  readonly address: Bytes;
  /** The person's name, when given before `<…>`. */
  readonly name?: Bytes;
}

export interface MailboxProblem {
  readonly problem: string;
  /** Offset and length of the offending part. */
  readonly at: number;
  readonly length: number;
}

/** The mailbox that `text` (without white space around it) names, or what is wrong with it. */
export function parseMailbox(text: Bytes): Mailbox | MailboxProblem {
  const open = text.indexOf('<');
  if (open < 0) return checked(text, 0) ?? { address: text };
  if (!text.endsWith('>')) {
    return { problem: "expected '>' after the address", at: text.length, length: 1 };
  }
  const address = slice(text, open + 1, -1);
  const problem = checked(address, open + 1);
  if (problem !== undefined) return problem;
  const name = trim(slice(text, 0, open));
  return name === '' ? { address } : { address, name };
}

/** As {@link parseMailbox} reads it. */
export function printMailbox(mailbox: Mailbox): Bytes {
  return mailbox.name === undefined
    ? mailbox.address
    : (`${mailbox.name} <${mailbox.address}>` as Bytes);
}

function checked(address: Bytes, at: number): MailboxProblem | undefined {
  const bad = (problem: string, from: number, length: number): MailboxProblem => ({
    problem,
    at: at + from,
    length: Math.max(1, length),
  });
  if (address === '') return bad('expected a mail address', 0, 1);
  if (address.length > 254) return bad('a mail address has at most 254 bytes', 0, address.length);
  const blank = /[ \t]/.exec(address);
  if (blank !== null) {
    return bad('expected one mail address a line', blank.index, address.length - blank.index);
  }
  const sign = address.lastIndexOf('@');
  const local = sign < 0 ? address : slice(address, 0, sign);
  if (!isLocalPart(local)) return bad('not the name of a mailbox', 0, local.length);
  if (sign < 0) return undefined;
  const domain = slice(address, sign + 1);
  if (!isDomain(domain))
    return bad('not a domain name', domain === '' ? sign : sign + 1, domain.length);
  return undefined;
}

/** RFC 5322 dot-atom, with RFC 6531 bytes, without what mailers take for something else. */
function isLocalPart(local: Bytes): boolean {
  if (local.startsWith('-')) return false;
  return local.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+=?^_~\x80-\xff-]+$/.test(atom));
}

/** RFC 1123 host name, or an address literal in brackets (RFC 5321 section 4.1.3). */
function isDomain(domain: Bytes): boolean {
  if (/^\[[0-9A-Za-z:.]+\]$/.test(domain)) return true;
  return domain
    .split('.')
    .every(
      (label) =>
        label.length <= 63 &&
        /^[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]*[A-Za-z0-9\x80-\xff])?$/.test(label),
    );
}

/** `.admin/Maintainer`: whom to write to about the package. The one file that every package has. */
import { concat, type Bytes } from '../bytes/bytes.ts';
import { parseMailbox, printMailbox, type Mailbox } from '../site/mailbox.ts';
import {
  demand,
  parseAdminFile,
  printAdminLine,
  wholeFileFinding,
  type Parsed,
} from './admin-file.ts';

/**
 * The addresses, one a line, at least one: `jane@example.org`, `Jane Doe <jane@example.org>`, or a
 * mailbox of the host (`root`).
 *
 * @throws DiagnosticError `E_MAINTAINER`
 */
export function parseMaintainer(file: Bytes, content: Bytes): readonly Mailbox[] {
  return demand(readMaintainer(file, content));
}

/** As {@link parseMaintainer}, with the findings instead of an exception. */
export function readMaintainer(file: Bytes, content: Bytes): Parsed<readonly Mailbox[]> {
  const parsed = parseAdminFile(file, content, (line, report): Mailbox | undefined => {
    const mailbox = parseMailbox(line.text);
    if ('address' in mailbox) return mailbox;
    report({
      code: 'E_MAINTAINER',
      message: mailbox.problem,
      at: mailbox.at,
      length: mailbox.length,
      hint: "write for example 'jane@example.org'",
    });
    return undefined;
  });
  if (parsed.value.length > 0 || parsed.diagnostics.length > 0) return parsed;
  const missing = wholeFileFinding(file, content, {
    code: 'E_MAINTAINER',
    message: 'expected a mail address: every package has a maintainer',
    hint: "write for example 'jane@example.org'",
  });
  return { value: [], diagnostics: [missing] };
}

/** A file that reads back as `maintainers`. */
export function printMaintainer(maintainers: readonly Mailbox[]): Bytes {
  return concat(...maintainers.map((mailbox) => printAdminLine(printMailbox(mailbox))));
}

/** Who maintains a package that is being made: by option, configuration, or the user at this host. */
import { hostname } from 'node:os';
import { bytes, printable } from '../bytes/bytes.ts';
import { userName } from '../host/lock.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Config } from '../site/config.ts';
import { parseMailbox, type Mailbox } from '../site/mailbox.ts';

/** @throws XhError E_MAINTAINER (exit 2) for an option that is no mail address */
export function maintainerOf(config: Config, option: string | undefined): Mailbox[] {
  const given = option === undefined ? config.values.maintainer : bytes(option);
  const text = given ?? bytes(`${userName()}@${hostname()}`);
  const mailbox = parseMailbox(text);
  if ('address' in mailbox) return [mailbox];
  throw new XhError('E_MAINTAINER', `--maintainer ${printable(text)}: ${mailbox.problem}`, {
    exit: EXIT.usage,
    remedy: "write for example 'jane@example.org' or 'Jane Doe <jane@example.org>'",
  });
}

/** What a command has done is written into this host's record and told to those who gather; that it cannot be is a warning. */
import { ownRecord, recordInstalled, type InstalledPackage } from '../distribute/status/record.ts';
import { shareRecord } from '../distribute/status/share.ts';
import { XhError } from '../message/error.ts';
import type { Bytes } from '../bytes/bytes.ts';
import type { Call } from './command.ts';

/** Tells others what the record says. */
export async function shareStatus({ site, config, terminal }: Call): Promise<void> {
  for (const { message, remedy } of await shareRecord(site, config())) {
    terminal.warn(`warning: nobody could be told what this host has: ${message}`);
    if (remedy !== undefined) terminal.warn(`    → ${remedy}`);
  }
}

/** Writes down what was installed or taken out by hand. Whoever calls it has the site's lock. */
export function noteInstalled(
  call: Call,
  what: { readonly installed?: readonly InstalledPackage[]; readonly removed?: readonly Bytes[] },
): void {
  if (!isOneOfMany(call)) return;
  try {
    recordInstalled(call.site, what, { config: call.config() });
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    call.terminal.warn(`warning: the status could not be written down: ${error.message}`);
  }
}

/** A host by itself has nobody who would ask. */
function isOneOfMany({ site, config }: Call): boolean {
  const { stores, nats, 'status-directory': directory } = config().values;
  return (
    stores.length > 0 ||
    nats !== undefined ||
    directory !== undefined ||
    ownRecord(site) !== undefined
  );
}

/** What a command has done is told to those who gather; that nobody could be told is a warning. */
import { shareRecord } from '../distribute/status/share.ts';
import type { Call } from './command.ts';

export async function shareStatus({ site, config, terminal }: Call): Promise<void> {
  for (const { message, remedy } of await shareRecord(site, config())) {
    terminal.warn(`warning: nobody could be told what this host has: ${message}`);
    if (remedy !== undefined) terminal.warn(`    → ${remedy}`);
  }
}

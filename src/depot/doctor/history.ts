/** What the history of a host knows of one path: what was last written there, and what became of it. */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import {
  generationNumbers,
  keptContent,
  readGeneration,
  type Generation,
} from '../../host/generations.ts';
import { RECEIPTS } from '../../host/receipt.ts';
import type { Host } from '../../host/transaction.ts';
import { unlessRefused } from '../../message/error.ts';

/** The generations that can be read, newest first, each read when its turn comes. */
export function* generations({ walker }: Host): Generator<Generation> {
  for (const number of generationNumbers(walker).toReversed()) {
    const read = unlessRefused(() => readGeneration(walker, number));
    if (read !== undefined && Array.isArray(read.changes)) yield read;
  }
}

/** The content that a commit last wrote to `path`, when it is still kept and nothing removed it since. */
export function lastWritten(host: Host, path: Bytes): Bytes | undefined {
  for (const { changes } of generations(host)) {
    const change = changes.findLast((each) => each.path === path);
    if (change === undefined) continue;
    const { after } = change;
    if (after.type !== 'file') return undefined;
    return unlessRefused(() => keptContent(host.walker, after.sha256));
  }
  return undefined;
}

/** How a package of that name left, when the history's last word on it is that it did. */
export function whenUninstalled(host: Host, name: Bytes): string | undefined {
  const isOf = (path: Bytes): boolean =>
    path === b`${RECEIPTS}/${name}.json` ||
    (path.startsWith(`${RECEIPTS}/${name}-`) && path.endsWith('.json'));
  for (const { generation, time, user, changes } of generations(host)) {
    const change = changes.findLast(({ path }) => isOf(path));
    if (change === undefined) continue;
    if (change.after.type !== 'absent') return undefined;
    return `${printable(name)} was uninstalled by ${user} at ${time} (generation ${generation})`;
  }
  return undefined;
}

/** `xh make-links`: farms and path table made what the installed packages want. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { dropLeft } from '../farm/caches.ts';
import { farmObjects } from '../farm/inventory.ts';
import { holder } from '../farm/standing.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Wanted } from '../package/candidate.ts';
import { listPackages } from '../package/entries.ts';
import type { Config } from '../site/config.ts';
import { relink, unlink } from './activate.ts';
import { outOfReach } from './attach/reach.ts';
import { finishPlanning, startPlanning, type Planning, type PlanningOptions } from './context.ts';
import { vanished } from './available.ts';
import { leadsSomewhere } from './farm.ts';
import { planPathTable } from './path-table.ts';
import { installedDirectories, installedNamed, receiptOf } from './receipts.ts';
import { type PackageReceipt } from './receipt-set.ts';

export interface MakeLinksOptions extends PlanningOptions {
  /** Whether all farms are known to be right already (`settled.ts`): then only the path table is looked at. */
  readonly settled?: boolean;
}

/**
 * Plans the links of the named packages, or of all that are installed; with all, links of ours whose
 * package is gone are removed too.
 * @throws XhError E_NOT_INSTALLED
 */
export function planMakeLinks(
  host: Host,
  config: Config,
  names: readonly Wanted[],
  options: MakeLinksOptions = {},
): Plan {
  const planning = startPlanning(host, config, options);
  const all = names.length === 0;
  if (all && options.settled === true) {
    planPathTable(planning);
    return finishPlanning(planning, 'make-links', installedDirectories(planning));
  }
  const directories = all
    ? installedDirectories(planning)
    : names.map((name) => installedNamed(planning, name));
  planLinks(planning, directories, all);
  planPathTable(planning);
  return finishPlanning(planning, 'make-links', directories);
}

/** Plans the links of installed packages; with `all` also that no others of ours are left. */
export function planLinks(planning: Planning, directories: readonly Bytes[], all: boolean): void {
  const { host } = planning;
  const receipts = directories
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
  const there = new Map(listPackages(host.site).map((entry) => [entry.directory, entry]));
  const gone = outOfReach(host);
  for (const [done, receipt] of receipts.entries()) {
    host.progress?.({ doing: 'planning', unit: 'packages', done, total: receipts.length });
    const entry = there.get(receipt.package);
    if (gone.has(receipt.package)) {
      const name = printable(receipt.package);
      planning.notes.push(
        `${name} is attached, and its mount is not there: its links stay as they are`,
      );
    } else if (entry === undefined) {
      planning.notes.push(vanished(receipt.package));
      unlink(planning, receipt);
    } else if (receipt.current) {
      relink(planning, entry, receipt);
    }
  }
  if (all) dropStray(planning, receipts);
}

/** Links of ours in the farms that no receipt knows. */
function dropStray(planning: Planning, receipts: readonly PackageReceipt[]): void {
  const { draft, host } = planning;
  const known = new Set(
    receipts
      .map((receipt) => receiptOf(planning, receipt.package) ?? receipt)
      .flatMap(({ links }) => links.map(({ path }) => path)),
  );
  const gone: Bytes[] = [];
  for (const { path, type } of farmObjects(host.walker)) {
    if (type !== 'l' || known.has(path)) continue;
    const has = holder(draft, host.site, path);
    if (has.type !== 'ours') continue;
    // a person's own link into a package that is there is his
    if (leadsSomewhere(host, has.target)) continue;
    draft.remove(path);
    gone.push(path);
  }
  dropLeft(draft, gone.map(dirname));
}

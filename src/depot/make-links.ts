/** `xh make-links`: farms and path table made what the installed packages want. */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { LINK_CLASSES } from '../farm/classes.ts';
import { holder } from '../farm/plan.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import { dropEmpty } from '../host/made-directories.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Wanted } from '../package/candidate.ts';
import { listPackages, readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { relink, unlink } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { vanished } from './available.ts';
import { planPathTable } from './path-table.ts';
import {
  installedDirectories,
  installedNamed,
  receiptOf,
  type PackageReceipt,
} from './receipts.ts';

/**
 * Plans the links of the named packages, or of all that are installed; with all, links of ours whose
 * package is gone are removed too.
 * @throws XhError E_NOT_INSTALLED
 */
export function planMakeLinks(host: Host, config: Config, names: readonly Wanted[]): Plan {
  const planning = startPlanning(host, config);
  const all = names.length === 0;
  const directories = all
    ? installedDirectories(planning)
    : names.map((name) => installedNamed(planning, name));
  const receipts = directories
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
  const there = new Set(listPackages(host.site).map(({ directory }) => directory));
  for (const receipt of receipts) {
    if (!there.has(receipt.package)) {
      planning.notes.push(vanished(receipt.package));
      unlink(planning, receipt);
    } else if (receipt.current) {
      relink(planning, readPackage(host.site, receipt.package), receipt);
    }
  }
  if (all) dropStray(planning, receipts);
  planPathTable(planning);
  return finishPlanning(planning, 'make-links', directories);
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
  for (const path of farmPaths(host)) {
    if (known.has(path)) continue;
    const has = holder(draft, host.site, path);
    if (has.type !== 'ours') continue;
    // a person's own link into a package that is there is his
    const target = slice(has.target, host.site.root === '/' ? 0 : host.site.root.length);
    if (host.walker.stat(target, { follow: true }) !== undefined) continue;
    draft.remove(path);
    gone.push(path);
  }
  dropEmpty(
    draft,
    gone.map((path) => dirname(path)),
  );
}

/** Every link below the farms' directories. */
function* farmPaths(host: Host): Generator<Bytes> {
  const tops = new Set(LINK_CLASSES.flatMap(({ trees }) => trees.map(({ to }) => to)));
  for (const top of tops) {
    const place = host.walker.tryLocate(top, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') continue;
    const dir = openDirAt(place.dir, place.name);
    try {
      yield* linksBelow(dir, top);
    } finally {
      closeDir(dir);
    }
  }
}

function* linksBelow(dir: Dir, path: Bytes): Generator<Bytes> {
  for (const name of listDir(dir)) {
    const type = statAt(dir, name)?.type;
    if (type === 'l') yield b`${path}/${name}`;
    else if (type === 'd') {
      const below = openDirAt(dir, name);
      try {
        yield* linksBelow(below, b`${path}/${name}`);
      } finally {
        closeDir(below);
      }
    }
  }
}

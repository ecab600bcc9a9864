/** `xh make-links`: farms and path table made what the installed packages want. */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { LINK_CLASSES } from '../farm/classes.ts';
import { holder } from '../farm/plan.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import { dropEmpty } from '../host/made-directories.ts';
import type { Plan } from '../host/plan.ts';
import { installedPackages } from '../host/receipt.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { receiptOf, relink, type PackageReceipt } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { planPathTable } from './path-table.ts';

/**
 * Plans the links of the named packages, or of all that are installed; with all, links of ours whose
 * package is gone are removed too.
 * @throws XhError E_NOT_INSTALLED
 */
export function planMakeLinks(host: Host, config: Config, names: readonly Bytes[]): Plan {
  const planning = startPlanning(host, config);
  const installed = installedPackages(host.walker);
  const missing = names.find((name) => !installed.includes(name));
  if (missing !== undefined) {
    throw new XhError('E_NOT_INSTALLED', `${printable(missing)} is not installed here`, {
      remedy: `xh install ${printable(missing)}`,
    });
  }
  const receipts = (names.length > 0 ? names : installed)
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
  for (const receipt of receipts) {
    if (receipt.current) relink(planning, readPackage(host.site, receipt.package), receipt);
  }
  if (names.length === 0) dropStray(planning, receipts);
  planPathTable(planning);
  return finishPlanning(planning, 'make-links', names);
}

/** Links of ours in the farms that no receipt knows. */
function dropStray(planning: Planning, receipts: readonly PackageReceipt[]): void {
  const { draft, host } = planning;
  const names = new Set(receipts.filter(({ current }) => current).map(({ name }) => name));
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
    if (names.has(has.package) && host.walker.stat(target, { follow: true }) !== undefined)
      continue;
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

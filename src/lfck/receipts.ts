/** Which package put a path on this host, by the receipts of what is installed. */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { createWalker } from '../files/walk.ts';
import { installedPackages, readReceipt } from '../host/receipt.ts';
import { XhError } from '../message/error.ts';
import type { Site } from '../site/site.ts';
import type { DepotPackage } from './depot.ts';
import type { LfckProblem } from './problem.ts';

/**
 * A look-up of paths as inside the site. The receipts are read at the first question; one that
 * cannot be read is told, and the others count.
 */
export function receiptIndex(
  site: Site,
  depot: readonly DepotPackage[],
  problem: (problem: LfckProblem) => void,
): (path: Bytes) => DepotPackage | undefined {
  let index: ReadonlyMap<Bytes, DepotPackage> | undefined;
  return (path) => (index ??= readIndex(site, depot, problem)).get(path);
}

function readIndex(
  site: Site,
  depot: readonly DepotPackage[],
  problem: (problem: LfckProblem) => void,
): ReadonlyMap<Bytes, DepotPackage> {
  const byDirectory = new Map(depot.map((pack) => [pack.directory, pack]));
  const index = new Map<Bytes, DepotPackage>();
  const walker = createWalker(site.root);
  try {
    for (const directory of installedPackages(walker)) {
      try {
        const receipt = readReceipt(walker, directory);
        if (receipt === undefined) continue;
        // its package may have gone from the depot since
        const accounts = [directory, receipt.name];
        const pack = byDirectory.get(directory) ?? { directory, accounts };
        for (const { path } of [...receipt.files, ...receipt.links]) index.set(path, pack);
      } catch (error) {
        if (!(error instanceof XhError) && !(error instanceof SyntaxError)) throw error;
        const message = `the receipt of ${printable(directory)} cannot be read: ${error.message}`;
        problem({ path: b`${directory}.json`, message });
      }
    }
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    problem({ path: site.root, message: error.message });
  } finally {
    walker.close();
  }
  return index;
}

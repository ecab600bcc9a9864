/** Attached packages that cannot be looked at for now: their mounts are gone, or do not answer. */
import type { Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import { answerOf } from '../../files/answering.ts';
import type { Host } from '../../host/transaction.ts';
import { unlessRefused } from '../../message/error.ts';
import { parsePackageDirectory } from '../../package/name.ts';
import { inSite } from '../../site/site.ts';
import { attachedPackages } from './record.ts';

/** Their directories, and the names that may mean them. What is theirs on this host stays as it is. */
export function outOfReach({ walker, site }: Pick<Host, 'walker' | 'site'>): ReadonlySet<Bytes> {
  const found = new Set<Bytes>();
  // a record that cannot be read is told of elsewhere
  for (const { package: directory, trees } of unlessRefused(() =>
    attachedPackages(walker),
  )?.values() ?? []) {
    if (trees.every(({ path }) => answerOf(dirname(inSite(site, path))) === 'there')) continue;
    found.add(directory).add(parsePackageDirectory(directory).name);
  }
  return found;
}

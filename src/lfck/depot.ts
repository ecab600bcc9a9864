/** The packages of the site's depot as far as owners go: where they stand and whose they should be. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { XhError } from '../message/error.ts';
import { readAdminFile } from '../package/admin-content.ts';
import { readOptions } from '../package/options.ts';
import { listPackages } from '../package/entries.ts';
import type { Site } from '../site/site.ts';

export interface DepotPackage {
  readonly directory: Bytes;
  /** What its account may be called: what its Options say, then its directory, then its name. */
  readonly accounts: readonly Bytes[];
}

/** The packages below `/software`; none where there is no depot. */
export function readDepot(site: Site): readonly DepotPackage[] {
  return listPackages(site).map(({ directory, name, path }) => {
    const owner = ownerOption(join(path, b`.admin/Options`));
    const accounts = [...(owner === undefined ? [] : [owner]), directory, name];
    return { directory, accounts: [...new Set(accounts)] };
  });
}

/** What is wrong with a package's Options is told elsewhere. */
function ownerOption(file: Bytes): Bytes | undefined {
  try {
    return readOptions(file, readAdminFile(file) ?? b``).value.values.owner;
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

/** A package's one line about itself, for lists: read alone, whatever else is wrong with the package. */
import type { Bytes } from '../bytes/bytes.ts';
import { b } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { packagePath, type Site } from '../site/site.ts';
import { readAdminFile } from './admin-content.ts';
import { readOptions } from './options.ts';

/** The `summary` of the package's `Options`, if it says one. @throws XhError E_ADMIN_READ */
export function readSummary(site: Site, directory: Bytes): Bytes | undefined {
  const file = join(packagePath(site, directory), b`.admin/Options`);
  return readOptions(file, readAdminFile(file) ?? b``).value.values.summary;
}

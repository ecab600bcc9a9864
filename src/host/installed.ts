/** Which packages are installed, by the names of their receipts alone: for lists, which are asked for often. */
import { readdirSync } from 'node:fs';
import { toBuffer, type Bytes } from '../bytes/bytes.ts';
import { errnoOf } from '../files/error.ts';
import { adminPath, type Site } from '../site/site.ts';

/** The directories of the packages that are installed at `site`. */
export function installedIn(site: Site): ReadonlySet<Bytes> {
  const receipts = adminPath(site, 'receipts' as Bytes);
  try {
    const names = readdirSync(toBuffer(receipts), 'latin1') as Bytes[];
    return new Set(
      names
        .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
        .map((name) => name.slice(0, -'.json'.length) as Bytes),
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Set();
    throw error;
  }
}

/** Real Debian packages for the tests, fetched once with apt; they are only unpacked and read. */
import { debianCache, debianFiles } from '../scripts/debian-cache.mjs';

/** Paths of the `.deb` files of `names`, in that order. @throws Error when apt cannot get one */
export function debianPackages(names: readonly string[]): string[] {
  return debianFiles(names);
}

/** The directory that they are kept in. */
export { debianCache };

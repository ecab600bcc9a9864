/**
 * A site: the root that everything stands under, and where each part of the hierarchy is below it.
 * Pure path arithmetic; `config.ts` reads what the site's administrator decided.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';

export interface Site {
  /** Real path of the site root, without a trailing slash except for `/` itself. */
  readonly root: Bytes;
}

/** The absolute path of `path` (itself absolute, as inside the site) under the site root. */
export function inSite(site: Site, path: Bytes): Bytes {
  return join(site.root, path);
}

/** `/software`: the name that people and programs use. */
export function softwarePath(site: Site): Bytes {
  return inSite(site, b`/software`);
}

/** `/software/PKG`. */
export function packagePath(site: Site, directory: Bytes): Bytes {
  return inSite(site, b`/software/${directory}`);
}

/** `/.software/TYPE`, or `/.software/TYPE/PKG`. */
export function typePath(site: Site, type: Bytes, directory?: Bytes): Bytes {
  return inSite(
    site,
    directory === undefined ? b`/.software/${type}` : b`/.software/${type}/${directory}`,
  );
}

/** `/.software/local/.admin/NAME`: what this host knows about itself. */
export function adminPath(site: Site, name: Bytes): Bytes {
  return inSite(site, b`/.software/local/.admin/${name}`);
}

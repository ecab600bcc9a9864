/**
 * Links from one type's tree to another's name the site root, which is `/` nearly everywhere: in a store
 * they are as if it were, and on each host they have its own.
 */
import { b, concat, slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin } from '../bytes/path.ts';

export interface SiteLinks {
  /** The target of a link of this host, as a store has it. */
  readonly toStore: (target: Bytes) => Bytes;
  /** The target of a link in a store, as it is here. */
  readonly toSite: (target: Bytes) => Bytes;
}

/** For a site whose root is `root`; undefined where a store has the same. */
export function siteLinks(root: Bytes): SiteLinks | undefined {
  if (root === '/') return undefined;
  return {
    toStore(target) {
      const inner = slice(target, root.length);
      return target.startsWith(root) && isOfHierarchy(inner) ? inner : target;
    },
    toSite: (target) => (isOfHierarchy(target) ? concat(root, target) : target),
  };
}

function isOfHierarchy(path: Bytes): boolean {
  return [b`/.software`, b`/software`].some((top) => isWithin(top, path));
}

/**
 * What stands at a name of the farms: nothing, a link of ours, or somebody else's thing, which is
 * never touched.
 */
import { b, slice, split, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { packagePath, softwarePath, type Site } from '../site/site.ts';

/** Who holds a name, as far as the link itself tells. */
export type Holder =
  | { readonly type: 'nobody' }
  | { readonly type: 'ours'; readonly package: Bytes; readonly target: Bytes }
  | { readonly type: 'foreign' };

/** Who holds `path` now (or will, by the draft). */
export function holder(draft: Draft, site: Site, path: Bytes): Holder {
  const at = draft.look(path);
  if (at.type === 'absent') return { type: 'nobody' };
  if (at.type !== 'link') return { type: 'foreign' };
  const name = packageIn(softwarePath(site), at.target);
  return name === undefined
    ? { type: 'foreign' }
    : { type: 'ours', package: name, target: at.target };
}

/** The package that a link's target is in. */
function packageIn(software: Bytes, target: Bytes): Bytes | undefined {
  if (!isWithin(software, target) || target === software) return undefined;
  const [name] = split(slice(target, software.length + 1), '/');
  return name;
}

/**
 * The packages that a target through `/software/NAME` may mean when it was written for a site root
 * that has moved since.
 */
export function formerPackages(target: Bytes): Bytes[] {
  const parts = split(target, '/');
  return parts.slice(1).filter((_, i) => parts[i] === 'software');
}

/** `target`, which a link into package `name` had, for the site root of today. */
export function rerooted(site: Site, name: Bytes, target: Bytes): Bytes {
  const top = packagePath(site, name);
  if (isWithin(top, target)) return target;
  const mark = b`/software/${name}/`;
  const at = target.lastIndexOf(mark);
  return at < 0 ? target : join(top, slice(target, at + mark.length));
}

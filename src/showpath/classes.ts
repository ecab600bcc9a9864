/**
 * The classes of directories that showpath knows: where a package has them, and where the link farms
 * that collect them stand. `showpath.sh` knows the same by heart, for a host whose table is damaged.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { adminPath, inSite, packagePath, type Site } from '../site/site.ts';

/** For whom a directory counts: `maintainer` and `program` are added to what a user has. */
export type UsedBy = 'user' | 'maintainer' | 'program';

/** One directory of a class. */
export interface PathDirectory {
  /** `bin`, `man`, …: a word of lower-case letters, digits and `-`. */
  readonly class: string;
  readonly usedBy: UsedBy;
  /** Absolute; relative to the package for a directory of every package. */
  readonly directory: Bytes;
}

/** What a package directory `/software/PKG` may hold, per class, in the order printed. */
export const PACKAGE_DIRECTORIES: readonly PathDirectory[] = [
  { class: 'bin', usedBy: 'user', directory: b`bin` },
  { class: 'bin', usedBy: 'maintainer', directory: b`maintenance` },
  { class: 'bin', usedBy: 'program', directory: b`servers` },
  { class: 'man', usedBy: 'user', directory: b`man` },
  { class: 'man', usedBy: 'user', directory: b`share/man` },
  { class: 'info', usedBy: 'user', directory: b`info` },
  { class: 'info', usedBy: 'user', directory: b`share/info` },
  { class: 'include', usedBy: 'user', directory: b`include` },
  { class: 'lib', usedBy: 'user', directory: b`lib` },
  { class: 'pkgconfig', usedBy: 'user', directory: b`lib/pkgconfig` },
  { class: 'pkgconfig', usedBy: 'user', directory: b`share/pkgconfig` },
  { class: 'share', usedBy: 'user', directory: b`share` },
];

/** The link farms of `site`, whether they exist or not: showpath looks when it is asked. */
export function farmDirectories(site: Site): readonly PathDirectory[] {
  return [
    { class: 'bin', usedBy: 'user', directory: adminPath(site, b`bins/bin`) },
    { class: 'bin', usedBy: 'maintainer', directory: adminPath(site, b`bins/maintenance`) },
    { class: 'bin', usedBy: 'program', directory: adminPath(site, b`bins/servers`) },
    { class: 'man', usedBy: 'user', directory: packagePath(site, b`.admin/man`) },
    { class: 'info', usedBy: 'user', directory: packagePath(site, b`.admin/info`) },
    { class: 'include', usedBy: 'user', directory: inSite(site, b`/usr/include`) },
    { class: 'lib', usedBy: 'user', directory: inSite(site, b`/usr/local/lib`) },
    { class: 'pkgconfig', usedBy: 'user', directory: adminPath(site, b`pkgconfig`) },
    { class: 'share', usedBy: 'user', directory: adminPath(site, b`share`) },
  ];
}

/**
 * File types: what a package's files are sorted into, by who shares them. The six of the hierarchy
 * stand here, once; a site's configuration adds its own. Which path of a package has which type is
 * decided by rules, the package's own (`.admin/file-types`) before the default ones.
 */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { compileGlob, type Glob } from './glob.ts';

export interface FileType {
  /** The directory name below `/.software`. */
  readonly name: Bytes;
  readonly summary: string;
  /** Which hosts have the same files. */
  readonly sharedBy: string;
  /** Where the tree is kept, when `/.software/NAME` is a link to it. Path inside the site. */
  readonly root?: Bytes;
}

/** The tree that every package has, and that `/software` is a link to. */
export const SHARE = b`share`;
export const ARCH = b`arch`;
export const LOCAL = b`local`;

export const STANDARD_FILE_TYPES: readonly FileType[] = [
  { name: SHARE, summary: 'man pages, scripts, .admin, export', sharedBy: 'every host' },
  { name: ARCH, summary: 'executables, libraries', sharedBy: 'hosts of one architecture' },
  {
    name: b`regional`,
    summary: 'files of one password and home-directory region',
    sharedBy: 'that region',
  },
  { name: b`admin`, summary: 'files of one administration', sharedBy: 'that administration' },
  { name: LOCAL, summary: "this host's configuration and logs", sharedBy: 'nobody' },
  { name: b`spool`, summary: 'transient files', sharedBy: 'nobody' },
];

/** Whether a type's files are one host's alone, and change by themselves: logs, spool. */
export function isHostsOwn(type: FileType): boolean {
  return type.sharedBy === 'nobody';
}

/** One rule: paths that match the glob, and all below them, are of this type. */
export interface FileTypeRule {
  readonly glob: Bytes;
  readonly type: Bytes;
}

/** What holds where a package says nothing else; the rest is {@link SHARE}. */
export const DEFAULT_FILE_TYPE_RULES: readonly FileTypeRule[] = [
  { glob: b`/bin`, type: ARCH },
  { glob: b`/servers`, type: ARCH },
  { glob: b`/maintenance`, type: ARCH },
  { glob: b`/lib`, type: ARCH },
  { glob: b`/logs`, type: LOCAL },
];

/** Sorts paths below a package directory (`bin/foo`) into types. */
export type FileTypeOf = (path: Bytes) => Bytes;

/**
 * The sorting that a package's own rules make, tried in order before the default ones.
 *
 * A glob without `/` (but for one at the end) is matched against names at any depth, one with a
 * `/` against the path below the package directory, a leading `/` being no part of it; a glob that
 * matches a directory covers everything below. `.admin` is always shared, whatever the rules say:
 * the hierarchy rests on it.
 */
export function fileTypeSorter(rules: readonly FileTypeRule[]): FileTypeOf {
  const tests = [...rules, ...DEFAULT_FILE_TYPE_RULES].map(({ glob, type }) => ({
    type,
    covers: coverage(glob),
  }));
  return (path) => {
    if (path === '.admin' || path.startsWith('.admin/')) return SHARE;
    return tests.find(({ covers }) => covers(path))?.type ?? SHARE;
  };
}

/** Whether a path, or a directory above it, matches. */
function coverage(glob: Bytes): (path: Bytes) => boolean {
  const text = glob.length > 1 && glob.endsWith('/') ? slice(glob, 0, -1) : glob;
  const anchored = text.includes('/');
  const compiled: Glob = compileGlob(text.startsWith('/') ? slice(text, 1) : text);
  return (path) => {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const above = end < 0 ? path : slice(path, 0, end);
      if (compiled.matches(anchored ? above : slice(above, above.lastIndexOf('/') + 1)))
        return true;
      if (end < 0) return false;
    }
  };
}

/**
 * The vendor's directories of this host: what the operating system itself would put on a PATH, a
 * MANPATH and their like. They are the host's own, never below the site root, and looked up when the
 * path table is written, so that a login need not.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { b, fromBuffer, slice, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin, join } from '../bytes/path.ts';
import { inSite, softwarePath, type Site } from '../site/site.ts';
import type { PathDirectory, UsedBy } from './classes.ts';

/** How this host is looked at. */
export interface VendorHost {
  /** The file's content, or undefined when it cannot be read. */
  read(path: Bytes): Bytes | undefined;
  /** Names in a directory, none when it cannot be read. */
  list(path: Bytes): readonly Bytes[];
  /** The path without links, or undefined when nothing is there. */
  real(path: Bytes): Bytes | undefined;
}

/**
 * The vendor's directories, per class, in the vendor's own order; what stands in `site`'s trees is
 * the site's and left out. Command directories are as the vendor spells them, `/bin` beside `/usr/bin`
 * where one is a link to the other, because scripts compare them by spelling, and whether they exist
 * or not; the others exist, and each is there once.
 */
export function vendorDirectories(site: Site, host: VendorHost = THIS_HOST): PathDirectory[] {
  const libraries = libraryDirectories(host);
  const shares: readonly Bytes[] = [b`/usr/local/share`, b`/usr/share`];
  const present: Record<string, readonly Bytes[]> = {
    man: [...below(shares, b`man`), b`/usr/local/man`, b`/usr/man`, ...mandatoryManuals(host)],
    info: [...below(shares, b`info`), b`/usr/local/info`, b`/usr/info`],
    include: includeDirectories(libraries),
    lib: libraries,
    pkgconfig: below([...libraries, ...shares], b`pkgconfig`),
    share: shares,
  };
  const foreign = (directory: Bytes) => !ownedBySite(site, directory);
  return [
    ...commandDirectories(host).filter(({ directory }) => foreign(directory)),
    ...Object.entries(present).flatMap(([name, directories]) =>
      existingOnce(directories.filter(foreign), host).map((directory) => ({
        class: name,
        usedBy: 'user' as const,
        directory,
      })),
    ),
  ];
}

/** What the compilers search, with a directory per architecture where there is one of libraries. */
function includeDirectories(libraries: readonly Bytes[]): readonly Bytes[] {
  const architectures = new Set(libraries.map(basename).filter((name) => name.includes('-linux-')));
  return [b`/usr/local/include`, b`/usr/include`].flatMap((directory) => [
    ...[...architectures].map((name) => join(directory, name)),
    directory,
  ]);
}

function below(directories: readonly Bytes[], name: Bytes): readonly Bytes[] {
  return directories.map((directory) => join(directory, name));
}

/** Login's own settings, the first that speaks; what only root gets is for maintainers. */
function commandDirectories(host: VendorHost): PathDirectory[] {
  const environment = host.read(b`/etc/environment`) ?? b``;
  const loginDefs = host.read(b`/etc/login.defs`) ?? b``;
  const solaris = host.read(b`/etc/default/login`) ?? b``;
  const user =
    firstList(
      pathSetting(environment, /^[ \t]*(?:export[ \t]+)?PATH[ \t]*=(.*)$/m),
      pathSetting(loginDefs, /^[ \t]*ENV_PATH[ \t]+(?:PATH=)?(.*)$/m),
      pathSetting(solaris, /^PATH=(.*)$/m),
      darwinPaths(host),
    ) ?? split(b`/usr/local/bin:/usr/bin:/bin`, ':');
  const maintainer =
    firstList(
      pathSetting(loginDefs, /^[ \t]*ENV_SUPATH[ \t]+(?:PATH=)?(.*)$/m),
      pathSetting(solaris, /^SUPATH=(.*)$/m),
    ) ?? split(b`/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, ':');
  return interleave(user, maintainer);
}

/** One list that is in the order of both: all of it for maintainers, what users have marked so. */
function interleave(user: readonly Bytes[], maintainer: readonly Bytes[]): PathDirectory[] {
  const result: PathDirectory[] = [];
  const put = (directory: Bytes, usedBy: UsedBy) => {
    if (result.some((entry) => entry.directory === directory)) return;
    result.push({ class: 'bin', usedBy, directory });
  };
  let next = 0;
  for (const directory of maintainer) {
    const at = user.indexOf(directory);
    if (at < 0) put(directory, 'maintainer');
    for (; next <= at; next++) put(user[next] ?? directory, 'user');
  }
  for (const directory of user.slice(next)) put(directory, 'user');
  return result;
}

function pathSetting(text: Bytes, pattern: RegExp): readonly Bytes[] {
  const value =
    pattern
      .exec(text)?.[1]
      ?.trim()
      .replace(/^(["'])(.*)\1$/, '$2') ?? '';
  return absolute(split(value as Bytes, ':'));
}

/** macOS: `/etc/paths`, then the files of `/etc/paths.d`. */
function darwinPaths(host: VendorHost): readonly Bytes[] {
  const files = host.list(b`/etc/paths.d`).toSorted();
  return [b`/etc/paths`, ...files.map((name) => b`/etc/paths.d/${name}`)].flatMap((file) =>
    absolute(split(host.read(file) ?? b``, '\n')),
  );
}

/** What man-db searches for everybody. */
function mandatoryManuals(host: VendorHost): readonly Bytes[] {
  const text = host.read(b`/etc/manpath.config`) ?? host.read(b`/etc/man_db.conf`) ?? b``;
  return split(text, '\n').flatMap((line) => {
    const [word, directory] = line.trim().split(/\s+/);
    return word === 'MANDATORY_MANPATH' ? absolute([directory as Bytes | undefined]) : [];
  });
}

/** What the loader searches: `ld.so.conf` with its includes, then its built-in directories. */
function libraryDirectories(host: VendorHost): readonly Bytes[] {
  return [
    b`/usr/local/lib`,
    ...loaderDirectories(b`/etc/ld.so.conf`, host),
    b`/usr/lib64`,
    b`/lib64`,
    b`/usr/lib`,
    b`/lib`,
  ];
}

function loaderDirectories(file: Bytes, host: VendorHost, depth = 0): readonly Bytes[] {
  const lines = split(host.read(file) ?? b``, '\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.flatMap((line) => {
    const [word, pattern] = line.split(/\s+/);
    if (word !== 'include') return absolute(line.split(/[\s,:]+/) as Bytes[]);
    if (pattern === undefined || depth > 4) return [];
    const path = pattern.startsWith('/')
      ? (pattern as Bytes)
      : join(dirname(file), pattern as Bytes);
    return matching(path, host).flatMap((name) => loaderDirectories(name, host, depth + 1));
  });
}

/** Files of one directory by a pattern with at most one `*`, which is all that `ld.so.conf` uses. */
function matching(path: Bytes, host: VendorHost): readonly Bytes[] {
  const [before, after] = split(basename(path), '*');
  if (after === undefined) return [path];
  return host
    .list(dirname(path))
    .filter(
      (name) =>
        name.length >= (before ?? '').length + after.length &&
        name.startsWith(before ?? '') &&
        name.endsWith(after),
    )
    .toSorted()
    .map((name) => join(dirname(path), name));
}

/** Those that exist; of several names of one directory the first. */
function existingOnce(directories: readonly Bytes[], host: VendorHost): readonly Bytes[] {
  const seen = new Set<Bytes>();
  return directories.filter((directory) => {
    const real = host.real(directory);
    if (real === undefined || seen.has(real)) return false;
    seen.add(real);
    return true;
  });
}

function ownedBySite(site: Site, directory: Bytes): boolean {
  return (
    isWithin(inSite(site, b`/.software`), directory) || isWithin(softwarePath(site), directory)
  );
}

function firstList(...lists: readonly (readonly Bytes[])[]): readonly Bytes[] | undefined {
  return lists.find((list) => list.length > 0);
}

function absolute(directories: readonly (Bytes | undefined)[]): readonly Bytes[] {
  return directories.flatMap((directory) =>
    directory?.startsWith('/') ? [withoutSlash(directory)] : [],
  );
}

function withoutSlash(directory: Bytes): Bytes {
  let end = directory.length;
  while (end > 1 && directory[end - 1] === '/') end--;
  return slice(directory, 0, end);
}

const THIS_HOST: VendorHost = {
  read: (path) => orUndefined(() => fromBuffer(readFileSync(toBuffer(path)))),
  list: (path) => orUndefined(() => readdirSync(toBuffer(path), 'buffer').map(fromBuffer)) ?? [],
  real: (path) => orUndefined(() => fromBuffer(realpathSync(toBuffer(path), 'buffer'))),
};

/** A file that is not there, or not ours to read, says nothing about the host. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

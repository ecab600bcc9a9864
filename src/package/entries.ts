/**
 * Which packages there are. Lists are asked for often: no more is read of a package than its name
 * makes necessary, and none that cannot be read hides the others.
 */
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { b, compareBytes, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { dirname, join } from '../bytes/path.ts';
import { answerOf } from '../files/answering.ts';
import { XhError } from '../message/error.ts';
import { softwarePath, type Site } from '../site/site.ts';
import { readAdminFile, unreadable } from './admin-content.ts';
import { packageNameProblem, parsePackageDirectory } from './name.ts';
import { bestOf, isCalled, nameIndex, type Candidate, type NameIndex } from './newest.ts';
import { summaryIn } from './summary.ts';

/** A package that is there. */
export interface PackageEntry extends Candidate {
  /** `/software/DIRECTORY` under the site root. */
  readonly path: Bytes;
}

/**
 * The packages of the site, in byte order of their directories: every directory below `/software`
 * with a legal name and an `.admin` in it. Links that make a version current are none of them.
 */
export function listPackages(site: Site): readonly PackageEntry[] {
  return entriesBelow(softwarePath(site));
}

/** The packages below `/software`, or only those whose directory may be a version of `name`. */
export function entriesBelow(root: Bytes, name?: Bytes): readonly PackageEntry[] {
  return withCurrent(entriesAmong(namesBelow(root), root, name));
}

/** The packages of the site by what they are called; only those that are asked for are looked at. */
export function packageIndex(site: Site): NameIndex<PackageEntry> {
  const root = softwarePath(site);
  const names = namesBelow(root);
  const known = new Map<Bytes, readonly PackageEntry[]>();
  function called(name: Bytes): readonly PackageEntry[] {
    const found = entriesAmong(names, root, name);
    // one that is called so by its directory has namesakes, and they decide which is current
    const others = [...new Set(found.map((each) => each.name))].filter((each) => each !== name);
    const namesakes = others.flatMap((each) => entriesAmong(names, root, each));
    const all = new Map([...found, ...namesakes].map((each) => [each.directory, each]));
    return withCurrent([...all.values()]).filter((each) => isCalled(each, name));
  }
  return {
    get(name) {
      const found = known.get(name) ?? called(name);
      known.set(name, found);
      return found;
    },
    keys: () => nameIndex(listPackages(site)).keys(),
  };
}

function entriesAmong(
  { directories, links, elsewhere }: Names,
  root: Bytes,
  name?: Bytes,
): readonly PackageEntry[] {
  return directories
    .filter((each) => name === undefined || each === name || each.startsWith(`${name}-`))
    .filter((each) => answers(elsewhere.get(each)) && hasAdmin(join(root, each)))
    .map((each) => entryOf(root, each, links));
}

/** Where no link says which version is current, `NAME` means the newest. */
function withCurrent(entries: readonly PackageEntry[]): readonly PackageEntry[] {
  const byName = nameIndex(entries);
  return entries.map((entry) => {
    const namesakes = byName.get(entry.name) ?? [];
    const current = bestOf(namesakes, entry.name) === entry;
    return current === entry.current ? entry : { ...entry, current };
  });
}

interface Names {
  readonly directories: readonly Bytes[];
  /** What each `NAME` link says: the directory that is current. */
  readonly links: ReadonlyMap<Bytes, Bytes>;
  /** Where those are that are links themselves, into a tree that is mounted, say. */
  readonly elsewhere: ReadonlyMap<Bytes, Bytes>;
}

/** Whether what a directory is a link into can be looked at: a server that is gone is not waited for. */
function answers(target: Bytes | undefined): boolean {
  return target?.startsWith('/') !== true || answerOf(dirname(target)) === 'there';
}

function namesBelow(root: Bytes): Names {
  const directories: Bytes[] = [];
  const links = new Map<Bytes, Bytes>();
  const elsewhere = new Map<Bytes, Bytes>();
  for (const entry of entriesOf(root)) {
    const name = entry.name as Bytes;
    if (packageNameProblem(name) !== undefined) continue;
    if (entry.isDirectory()) directories.push(name);
    else if (entry.isSymbolicLink()) {
      const target = readlinkSync(toBuffer(join(root, name)), 'latin1') as Bytes;
      // one name is the version that is current; anything longer is a package that stands elsewhere
      if (target.includes('/')) {
        directories.push(name);
        elsewhere.set(name, target);
      } else links.set(name, target);
    }
  }
  return { directories: directories.toSorted(compareBytes), links, elsewhere };
}

function entriesOf(root: Bytes): ReturnType<typeof readLatin1> {
  try {
    return readLatin1(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(root, error);
  }
}

/** Names as the bytes that they are. */
function readLatin1(root: Bytes) {
  return readdirSync(toBuffer(root), { withFileTypes: true, encoding: 'latin1' });
}

function entryOf(root: Bytes, directory: Bytes, links: ReadonlyMap<Bytes, Bytes>): PackageEntry {
  const path = join(root, directory);
  // one without a version in its name is not opened before somebody asks: a depot has very many
  if (!directory.includes('-')) return unversioned(directory, path);
  const parsed = parsePackageDirectory(directory, versionIn(path));
  return {
    directory,
    ...parsed,
    current: parsed.name === directory || links.get(parsed.name) === directory,
    path,
  };
}

function unversioned(directory: Bytes, path: Bytes): PackageEntry {
  let known: { readonly version: Bytes | undefined } | undefined;
  return {
    directory,
    name: directory,
    current: true,
    path,
    get version() {
      known ??= { version: versionIn(path) };
      return known.version;
    },
  };
}

/** The version from Options as far as these can be read; what is wrong there is told elsewhere. */
function versionIn(path: Bytes): Bytes | undefined {
  const file = join(path, b`.admin/Options`);
  try {
    return summaryIn(file, readAdminFile(file) ?? b``).version;
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

/** Whether there is a directory `.admin`; where it is a link (a package that is attached), it has to answer. */
function hasAdmin(path: Bytes): boolean {
  const admin = toBuffer(join(path, b`.admin`));
  try {
    const stat = lstatSync(admin, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() !== true) return stat?.isDirectory() ?? false;
    const target = readlinkSync(admin, 'latin1') as Bytes;
    return answers(target) && statSync(admin).isDirectory();
  } catch {
    return false;
  }
}

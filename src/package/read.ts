/**
 * Reading packages from disk: which there are, what their `.admin` files say, and which one a user
 * means. Nothing here writes, and a package that cannot be read never hides the others.
 */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { b, compareBytes, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import { XhError } from '../message/error.ts';
import { STANDARD_FILE_TYPES, type FileType, type FileTypeRule } from '../site/file-types.ts';
import type { Mailbox } from '../site/mailbox.ts';
import { softwarePath, type Site } from '../site/site.ts';
import { readAdminFile, unreadable } from './admin-content.ts';
import { demand, wholeFileFinding, type Parsed } from './admin-file.ts';
import { bestCandidate, nameIndex, notThere, refuse, type Candidate } from './candidate.ts';
import { readDependencies, type Dependency } from './dependencies.ts';
import { readFileTypes } from './file-types.ts';
import { readMaintainer } from './maintainer.ts';
import { packageNameProblem, parsePackageDirectory, parseRequest, type Request } from './name.ts';
import { DEFAULT_OPTIONS, readOptions, type PackageOptions } from './options.ts';
import { parseRange } from './range.ts';
import { readTargets, type Target } from './targets.ts';

/** A package that is there. */
export interface PackageEntry extends Candidate {
  /** `/software/DIRECTORY` under the site root. */
  readonly path: Bytes;
}

/** All that a package's `.admin` says. */
export interface PackageMetadata extends PackageEntry {
  readonly maintainers: readonly Mailbox[];
  readonly dependencies: readonly Dependency[];
  readonly options: PackageOptions;
  /** Absent when there is no such file: every host. */
  readonly targets?: readonly Target[];
  readonly fileTypes: readonly FileTypeRule[];
  /** Absent when the package needs no script of its own. */
  readonly install?: { readonly path: Bytes; readonly executable: boolean };
}

/**
 * The packages of the site, in byte order of their directories: every directory below `/software`
 * with a legal name and an `.admin` in it. Links that make a version current are none of them.
 */
export function listPackages(site: Site): readonly PackageEntry[] {
  return entriesBelow(softwarePath(site));
}

/**
 * Everything that the package in `/software/DIRECTORY` says of itself.
 *
 * @param which the directory name, or an entry of {@link listPackages}, which saves looking again
 * @throws DiagnosticError with the findings of all its files at once; XhError `E_NO_PACKAGE` when
 *   there is no such package, `E_ADMIN_READ` when a file cannot be read
 */
export function readPackage(
  site: Site,
  which: Bytes | PackageEntry,
  options: { readonly fileTypes?: readonly FileType[] } = {},
): PackageMetadata {
  const entry = typeof which === 'string' ? entryNamed(site, which) : which;
  const admin = join(entry.path, b`.admin`);
  const diagnostics: Diagnostic[] = [];
  const read = <T>(
    name: Bytes,
    parse: (file: Bytes, content: Bytes) => Parsed<T>,
  ): T | undefined => {
    const file = join(admin, name);
    const content = readAdminFile(file);
    if (content === undefined) return undefined;
    const parsed = parse(file, content);
    diagnostics.push(...parsed.diagnostics);
    return parsed.value;
  };
  const maintainers = read(b`Maintainer`, readMaintainer);
  if (maintainers === undefined) {
    diagnostics.push(
      wholeFileFinding(join(admin, b`Maintainer`), b``, {
        code: 'E_NO_MAINTAINER',
        message: 'there is no such file: every package has a maintainer',
        hint: 'write a mail address into it',
      }),
    );
  }
  const dependencies = read(b`Dependencies`, readDependencies) ?? [];
  const given = read(b`Options`, readOptions) ?? DEFAULT_OPTIONS;
  const targets = read(b`Targets`, readTargets);
  const types = options.fileTypes ?? STANDARD_FILE_TYPES;
  const fileTypes =
    read(b`file-types`, (file, content) => readFileTypes(file, content, types)) ?? [];
  if (diagnostics.length > 0) throw new DiagnosticError(diagnostics);
  const install = installScript(admin);
  return {
    ...entry,
    maintainers: maintainers ?? [],
    dependencies,
    options: given,
    ...(targets !== undefined && { targets }),
    fileTypes,
    ...(install !== undefined && { install }),
  };
}

/**
 * What a package's Options say, and nothing else of it.
 * @throws DiagnosticError; XhError `E_ADMIN_READ`
 */
export function readPackageOptions({ path }: Pick<PackageEntry, 'path'>): PackageOptions {
  const file = join(path, b`.admin/Options`);
  const content = readAdminFile(file);
  return content === undefined ? DEFAULT_OPTIONS : demand(readOptions(file, content));
}

/**
 * The package that a user means: by its directory name, by `NAME` (the one that is current, else
 * the newest), or by `NAME@RANGE` (the newest in the range).
 *
 * @throws XhError `E_NO_PACKAGE` or `E_NO_VERSION` (exit 1), `E_PACKAGE_NAME` or `E_RANGE` (exit 2)
 */
export function findPackage(site: Site, request: Bytes | Request): PackageEntry {
  const { name, range } = typeof request === 'string' ? parseRequest(request) : request;
  const wanted = { name, range: range === undefined ? undefined : parseRange(range) };
  const candidates = entriesBelow(softwarePath(site), name);
  const found = bestCandidate(candidates, wanted, { newest: range !== undefined });
  return found ?? refuse([notThere(wanted, nameIndex(listPackages(site)))]);
}

function entryNamed(site: Site, directory: Bytes): PackageEntry {
  // whatever its name is, it begins like this, and so do the other versions
  const [start] = split(directory, '-');
  const found = entriesBelow(softwarePath(site), start).find(
    (each) => each.directory === directory,
  );
  return found ?? refuse([notThere({ name: directory }, nameIndex(listPackages(site)))]);
}

/** The packages below `/software`, or only those whose directory may be a version of `name`. */
function entriesBelow(root: Bytes, name?: Bytes): readonly PackageEntry[] {
  const { directories, links } = namesBelow(root);
  const entries = directories
    .filter((each) => name === undefined || each === name || each.startsWith(`${name}-`))
    .filter((each) => isDirectory(join(root, b`${each}/.admin`)))
    .map((each) => entryOf(root, each, links));
  return withCurrent(entries);
}

/** Where no link says which version is current, `NAME` means the newest. */
function withCurrent(entries: readonly PackageEntry[]): readonly PackageEntry[] {
  const byName = nameIndex(entries);
  return entries.map((entry) => {
    const namesakes = byName.get(entry.name) ?? [];
    const current = bestCandidate(namesakes, { name: entry.name }) === entry;
    return current === entry.current ? entry : { ...entry, current };
  });
}

interface Names {
  readonly directories: readonly Bytes[];
  /** What each `NAME` link says: the directory that is current. */
  readonly links: ReadonlyMap<Bytes, Bytes>;
}

function namesBelow(root: Bytes): Names {
  const directories: Bytes[] = [];
  const links = new Map<Bytes, Bytes>();
  for (const entry of entriesOf(root)) {
    const name = entry.name as Bytes;
    if (packageNameProblem(name) !== undefined) continue;
    if (entry.isDirectory()) directories.push(name);
    else if (entry.isSymbolicLink()) {
      const target = readlinkSync(toBuffer(join(root, name)), 'latin1') as Bytes;
      // one name is the version that is current; anything longer is a package that stands elsewhere
      if (target.includes('/')) directories.push(name);
      else links.set(name, target);
    }
  }
  return { directories: directories.toSorted(compareBytes), links };
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
    return readOptions(file, readAdminFile(file) ?? b``).value.values.version;
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

function installScript(admin: Bytes): PackageMetadata['install'] {
  const path = join(admin, b`Install`);
  const found = statSync(toBuffer(path), { throwIfNoEntry: false });
  if (found?.isFile() !== true) return undefined;
  return { path, executable: (found.mode & 0o111) !== 0 };
}

function isDirectory(path: Bytes): boolean {
  try {
    return statSync(toBuffer(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

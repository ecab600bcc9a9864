/**
 * Reading packages from disk: which there are, what their `.admin` files say, and which one a user
 * means. Nothing here writes, and a package that cannot be read never hides the others.
 */
import { statSync } from 'node:fs';
import { b, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import { STANDARD_FILE_TYPES, type FileType, type FileTypeRule } from '../site/file-types.ts';
import type { Mailbox } from '../site/mailbox.ts';
import { softwarePath, type Site } from '../site/site.ts';
import { readAdminFile } from './admin-content.ts';
import { demand, wholeFileFinding, type Parsed } from './admin-file.ts';
import { bestCandidate, notThere, refuse } from './candidate.ts';
import { readDependencies, type Dependency } from './dependencies.ts';
import { entriesBelow, listPackages, type PackageEntry } from './entries.ts';
import { readFileTypes } from './file-types.ts';
import { readMaintainer } from './maintainer.ts';
import { parseRequest, type Request } from './name.ts';
import { nameIndex } from './newest.ts';
import { DEFAULT_OPTIONS, readOptions, type PackageOptions } from './options.ts';
import { parseRange } from './range.ts';
import { readTargets, type Target } from './targets.ts';

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

function installScript(admin: Bytes): PackageMetadata['install'] {
  const path = join(admin, b`Install`);
  const found = statSync(toBuffer(path), { throwIfNoEntry: false });
  if (found?.isFile() !== true) return undefined;
  return { path, executable: (found.mode & 0o111) !== 0 };
}

/** The packages of the depot with what each needs, read when it is asked for: an install follows a few of hundreds. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Dependent } from '../package/depend.ts';
import type { Dependency } from '../package/dependencies.ts';
import { readPackage } from '../package/read.ts';
import { listPackages, packageIndex, type PackageEntry } from '../package/entries.ts';
import type { NameIndex } from '../package/newest.ts';
import type { Site } from '../site/site.ts';

/** A package that is there, with what it needs. */
export type Available = PackageEntry & Dependent;

/** All of them, in byte order of their directories. */
export function availablePackages(site: Site): readonly Available[] {
  return listPackages(site).map((entry) => dependentOf(site, entry));
}

/** By what they are called. */
export function availableByName(site: Site): NameIndex<Available> {
  const entries = packageIndex(site);
  return {
    get: (name) => entries.get(name)?.map((entry) => dependentOf(site, entry)),
    keys: () => entries.keys(),
  };
}

function dependentOf(site: Site, entry: PackageEntry): Available {
  let dependencies: readonly Dependency[] | undefined;
  const { directory, name, current, path } = entry;
  return {
    directory,
    name,
    current,
    path,
    get version() {
      return entry.version;
    },
    get dependencies(): readonly Dependency[] {
      dependencies ??= readPackage(site, entry).dependencies;
      return dependencies;
    },
  };
}

/** What is said of a package that is installed here and that the depot has lost. */
export function vanished(directory: Bytes): string {
  const name = printable(directory);
  return `${name} is installed here, but the depot has it no more: put it back, or xh uninstall ${name}`;
}

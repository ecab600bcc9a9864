/** Which package the sources in a directory are for, and where it stands in the depot. */
import { b, printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { basename, components, isWithin } from '../bytes/path.ts';
import { EXIT, XhError } from '../message/error.ts';
import { listPackages } from '../package/entries.ts';
import {
  packageDirectory,
  packageNameProblem,
  parsePackageDirectory,
  validatePackageName,
  validateVersion,
  versionProblem,
} from '../package/name.ts';
import { inSite, type Site } from '../site/site.ts';

export interface MakePackage {
  readonly name: Bytes;
  readonly version?: Bytes;
  /** Below `/software`. */
  readonly directory: Bytes;
  readonly exists: boolean;
  /** Where the name comes from, in words. */
  readonly because: string;
  /** The package that the sources stand in, whichever they are for, and where in it. */
  readonly around?: { readonly directory: Bytes; readonly below: Bytes };
}

export interface PackageQuestion {
  /** Absolute real path. */
  readonly source: Bytes;
  /** `--package NAME[@VERSION]`. */
  readonly asked?: Bytes;
  /** What an xh-imakefile says: `Package(…)`. */
  readonly declared?: { readonly name: Bytes; readonly version?: Bytes };
  /** The version that the sources say they are: where nothing else tells it. */
  readonly sourceVersion?: Bytes;
  /** The directory is NAME-VERSION, whatever there is. */
  readonly versioned: boolean;
}

interface Named {
  readonly name: Bytes;
  readonly version?: Bytes;
  readonly because: string;
}

/**
 * Decides: what is asked for; what the xh-imakefile says; the package that the sources stand in; the
 * name of their directory.
 * @throws XhError E_PACKAGE_NAME, E_VERSION, E_MAKE_PACKAGE (exit 2)
 */
export function packageFor(site: Site, question: PackageQuestion): MakePackage {
  const packages = listPackages(site);
  const around = packageAround(site, question.source);
  const inside = around?.directory;
  const named = nameFor(question, inside);
  const { name, because } = named;
  const version = named.version ?? soundVersion(question.sourceVersion);
  const common = {
    name,
    because,
    ...(version !== undefined && { version }),
    ...(around !== undefined && { around }),
  };
  const has = (directory: Bytes): boolean => packages.some((each) => each.directory === directory);
  if (inside !== undefined && because === STANDS_IN && has(inside)) {
    return { ...common, directory: inside, exists: true };
  }
  const withVersion = version === undefined ? undefined : packageDirectory(name, version);
  if (withVersion !== undefined && (question.versioned || has(withVersion))) {
    return { ...common, directory: withVersion, exists: has(withVersion) };
  }
  const isVersioned = !has(name) && packages.some((each) => each.name === name);
  if ((question.versioned || isVersioned) && withVersion === undefined) {
    throw new XhError(
      'E_MAKE_PACKAGE',
      `versions of ${printable(name)} stand side by side, and nothing says which one this is`,
      { exit: EXIT.usage, remedy: `say so: --package ${printable(name)}@VERSION` },
    );
  }
  const directory = isVersioned && withVersion !== undefined ? withVersion : name;
  return { ...common, directory, exists: has(directory) };
}

/** What is no version of a package is none. */
function soundVersion(version: Bytes | undefined): Bytes | undefined {
  return version === undefined || versionProblem(version) !== undefined ? undefined : version;
}

const STANDS_IN = 'the sources stand in it';

function nameFor({ source, asked, declared }: PackageQuestion, inside: Bytes | undefined): Named {
  if (asked !== undefined) return { ...askedFor(asked), because: '--package' };
  if (declared !== undefined) return { ...declared, because: 'the xh-imakefile says so' };
  if (inside !== undefined) return { ...parsePackageDirectory(inside), because: STANDS_IN };
  const directory = basename(source);
  const named = parsePackageDirectory(directory);
  if (packageNameProblem(named.name) !== undefined) {
    throw new XhError(
      'E_MAKE_PACKAGE',
      `${printable(source)}: which package is it? The directory has no name that a package could have`,
      { exit: EXIT.usage, place: { file: source }, remedy: 'say so: --package NAME[@VERSION]' },
    );
  }
  return { ...named, because: 'the name of the source directory' };
}

function askedFor(asked: Bytes): { readonly name: Bytes; readonly version?: Bytes } {
  const [name = b``, ...rest] = split(asked, '@');
  validatePackageName(name);
  if (rest.length === 0) return { name };
  const version = rest.join('@') as Bytes;
  validateVersion(version);
  return { name, version };
}

/** The package that the sources are in: `/.software/TYPE/PKG/src`. */
function packageAround(site: Site, source: Bytes): MakePackage['around'] {
  const trees = inSite(site, b`/.software`);
  if (source === trees || !isWithin(trees, source)) return undefined;
  const [, directory, ...below] = components(slice(source, trees.length));
  return directory === undefined || packageNameProblem(directory) !== undefined
    ? undefined
    : { directory, below: below.join('/') as Bytes };
}

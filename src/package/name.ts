/**
 * Names of packages and versions, the directories that stand for them, and how a package is named
 * on a command line. Names become directories, marker lines, PATH elements and shell words, so
 * only what is harmless in all of them is legal.
 */
import { b, concat, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';

/** A package directory taken apart. */
export interface DirectoryName {
  readonly name: Bytes;
  readonly version?: Bytes;
}

/**
 * The name and version that a package directory's name says.
 *
 * With the `version` that the package's Options give, the split is exact: a directory that ends in
 * it is `NAME-VERSION`, any other one is `NAME` as a whole, whatever numbers it ends in
 * (`libglib2.0-0`). Without it, names with numbers are ambiguous, and the version begins
 * - at the first `-` before a number with a dot in it, so that revisions and prereleases stay with
 *   their version: `bash-5.2.15-2`, `gcc-12-12.2.0`, `foo-1.0.0-rc1`;
 * - where there is none, at the last `-` before a digit: `gcc-12`, `foo-bar-20240101`.
 */
export function parsePackageDirectory(directory: Bytes, version?: Bytes): DirectoryName {
  if (version !== undefined) {
    const suffix = `-${withoutEpoch(version)}`;
    return directory.endsWith(suffix) && directory.length > suffix.length
      ? { name: slice(directory, 0, -suffix.length), version }
      : { name: directory, version };
  }
  const dotted = /[^/]-(?=\d+\.\d)/.exec(directory);
  const cut = dotted === null ? lastNumber(directory) : dotted.index + 1;
  if (cut <= 0) return { name: directory };
  return { name: slice(directory, 0, cut), version: slice(directory, cut + 1) };
}

/** `NAME-VERSION`; the epoch, which a path must not contain, is left out, as dpkg does. */
export function packageDirectory(name: Bytes, version: Bytes): Bytes {
  return concat(name, b`-`, withoutEpoch(version));
}

/** What a user asks for: `NAME`, `NAME@RANGE`, or a directory name. */
export interface Request {
  readonly name: Bytes;
  /** As written, not yet parsed. */
  readonly range?: Bytes;
}

/**
 * Takes `NAME` or `NAME@RANGE` apart.
 *
 * @throws XhError `E_PACKAGE_NAME` (exit 2)
 */
export function parseRequest(text: Bytes): Request {
  const sign = text.indexOf('@');
  const name = sign < 0 ? text : slice(text, 0, sign);
  validatePackageName(name);
  if (sign < 0) return { name };
  const range = slice(text, sign + 1);
  if (range !== '') return { name, range };
  throw new XhError('E_PACKAGE_NAME', `'${printable(text)}': expected a version range after '@'`, {
    exit: EXIT.usage,
    remedy: `write '${name}', or for example '${name}@^1.2'`,
  });
}

/** `NAME@RANGE` as {@link parseRequest} takes it. */
export function printRequest(request: Request): Bytes {
  return request.range === undefined ? request.name : concat(request.name, b`@`, request.range);
}

/** @throws XhError `E_PACKAGE_NAME` (exit 2) when `name` cannot be a package's, or a directory's */
export function validatePackageName(name: Bytes): void {
  const problem = packageNameProblem(name);
  if (problem === undefined) return;
  throw new XhError('E_PACKAGE_NAME', `'${printable(name)}' is no package name: ${problem}`, {
    exit: EXIT.usage,
    remedy: "begin with a letter or a digit, go on with these and '+', '-', '.', '_', '~'",
  });
}

/** @throws XhError `E_VERSION` (exit 2) when `version` cannot be a package's version */
export function validateVersion(version: Bytes): void {
  const problem = versionProblem(version);
  if (problem === undefined) return;
  throw new XhError('E_VERSION', `'${printable(version)}' is no version: ${problem}`, {
    exit: EXIT.usage,
    remedy:
      "use letters, digits and '+', '-', '.', '_', '~', '%', '=', ',', and ':' after an epoch",
  });
}

/** The longest name that a directory entry may have, in bytes. */
const NAME_MAX = 255;

/** Why `name` is not legal, or undefined. */
export function packageNameProblem(name: Bytes): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > NAME_MAX) return `it has more than ${NAME_MAX} bytes`;
  if (/^[+.~-]/.test(name)) return `it begins with '${name[0] ?? ''}'`;
  return strangeByte(name, STRANGE);
}

/** Why `version` is not legal, or undefined. */
export function versionProblem(version: Bytes): string | undefined {
  if (version === '') return 'it is empty';
  if (version.length > NAME_MAX) return `it has more than ${NAME_MAX} bytes`;
  if (/^[+.~-]/.test(version)) return `it begins with '${version[0] ?? ''}'`;
  return strangeByte(version.replace(/^\d+:(?=.)/s, '') as Bytes, STRANGE);
}

/** `1:2.3` without its `1:`. */
export function withoutEpoch(version: Bytes): Bytes {
  const colon = version.indexOf(':');
  return colon < 0 ? version : slice(version, colon + 1);
}

/** Bytes beyond ASCII are letters of some script. */
const STRANGE = /[^A-Za-z0-9+._~\x80-\xff-]/;

function strangeByte(text: Bytes, strange: RegExp): string | undefined {
  const found = strange.exec(text);
  return found === null ? undefined : `it contains '${printable(found[0] as Bytes)}'`;
}

function lastNumber(directory: Bytes): number {
  for (let cut = directory.lastIndexOf('-'); cut > 0; cut = directory.lastIndexOf('-', cut - 1)) {
    if (/\d/.test(directory[cut + 1] ?? '')) return cut;
  }
  return -1;
}

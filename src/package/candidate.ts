/**
 * Which package a name and a version range mean, among those that are there, and what a user is
 * told when they mean none.
 */
import { b, compareBytes, concat, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { satisfies, type VersionRange } from './range.ts';
import { compareVersions } from './versions.ts';

/** A package that is there, as far as naming goes. */
export interface Candidate {
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes | undefined;
  /** Whether `NAME` means this one on this host. */
  readonly current: boolean;
}

/** What is asked for. */
export interface Wanted {
  /** Name or directory name. */
  readonly name: Bytes;
  readonly range?: VersionRange | undefined;
}

/**
 * Of several packages the one that a name (or a directory name) and a range mean: the current one
 * where it fits (unless `newest`), else the newest that fits, a prerelease only for want of releases.
 */
export function bestCandidate<C extends Candidate>(
  available: readonly C[],
  wanted: Wanted,
  options: { readonly newest?: boolean } = {},
): C | undefined {
  const { name, range } = wanted;
  const fits = available.filter(
    (each) => isCalled(each, name) && (range === undefined || satisfies(each.version, range)),
  );
  const exact = fits.find((each) => each.directory === name);
  if (exact !== undefined) return exact;
  const current = fits.find((each) => each.current);
  if (current !== undefined && options.newest !== true) return current;
  return fits.toSorted(newestFirst)[0];
}

/** Everything that each name, and each directory name, may mean. */
export type NameIndex<C extends Candidate = Candidate> = ReadonlyMap<Bytes, readonly C[]>;

export function nameIndex<C extends Candidate>(available: readonly C[]): NameIndex<C> {
  const result = new Map<Bytes, C[]>();
  for (const each of available) {
    for (const name of new Set([each.name, each.directory])) {
      const known = result.get(name);
      if (known === undefined) result.set(name, [each]);
      else known.push(each);
    }
  }
  return result;
}

export function isCalled(each: Candidate, name: Bytes): boolean {
  return each.name === name || each.directory === name;
}

/** Releases before prereleases, newer before older, a version before none. */
function newestFirst(a: Candidate, c: Candidate): number {
  const pre = Number(isPrerelease(a.version)) - Number(isPrerelease(c.version));
  if (pre !== 0) return pre;
  if (a.version === undefined || c.version === undefined) {
    return Number(a.version === undefined) - Number(c.version === undefined);
  }
  return compareVersions(c.version, a.version) || compareBytes(c.directory, a.directory);
}

function isPrerelease(version: Bytes | undefined): boolean {
  return (
    version !== undefined && /^v?[\d:.]+(?:-[A-Za-z]|~(?:alpha|beta|pre|rc|dev))/i.test(version)
  );
}

/** Why a request cannot be met, one of perhaps several. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What was asked for is not there. */
export function notThere(wanted: Wanted, byName: NameIndex): Problem {
  const candidates = byName.get(wanted.name) ?? [];
  if (candidates.length === 0) {
    return {
      code: 'E_NO_PACKAGE',
      message: `there is no package '${printable(wanted.name)}'`,
      remedy: nearName(wanted.name, byName) ?? "'xh list' names those that are there",
    };
  }
  if (wanted.range !== undefined) return noVersion(wanted, candidates);
  return {
    code: 'E_NO_PACKAGE',
    message: `there is no package directory '${printable(wanted.name)}'`,
    remedy: `there is ${candidates.map(({ directory }) => printable(directory)).join(', ')}`,
  };
}

/** The package is there, but not in that range. */
export function noVersion(wanted: Wanted, candidates: readonly Candidate[]): Problem {
  const range = wanted.range === undefined ? '*' : printable(wanted.range.text);
  return {
    code: 'E_NO_VERSION',
    message: `no version of '${printable(wanted.name)}' is in '${range}'`,
    remedy: `there is ${versionsOf(candidates)}`,
  };
}

function versionsOf(candidates: readonly Candidate[]): string {
  return candidates
    .toSorted(newestFirst)
    .map(({ directory, version }) =>
      printable(version === undefined ? concat(directory, b` (without a version)`) : version),
    )
    .join(', ');
}

/** `did you mean …`, or undefined. */
export function nearName(name: Bytes, byName: NameIndex): string | undefined {
  return didYouMean(toText(name), [...byName.keys()].map(toText));
}

/** Throws what is wrong, all of it at once. @throws XhError (exit 1) */
export function refuse(problems: readonly Problem[]): never {
  throw new XhError(
    problems[0]?.code ?? 'E_NO_PACKAGE',
    problems.map((each) => each.message).join('\n'),
    {
      exit: EXIT.failed,
      remedy: [...new Set(problems.map((each) => each.remedy))].join('\n'),
    },
  );
}

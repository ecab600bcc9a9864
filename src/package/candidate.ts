/**
 * Which package a name and a version range mean, among those that are there, and what a user is
 * told when they mean none.
 */
import { b, concat, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { satisfies, type VersionRange } from './range.ts';
import { bestOf, isCalled, newestFirst, type Candidate, type NameIndex } from './newest.ts';

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
  return bestOf(fits, name, options);
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

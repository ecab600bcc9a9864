/** Which of several versions a name means, whatever range is asked for: the current one, else the newest. */
import { compareBytes, type Bytes } from '../bytes/bytes.ts';
import { compareVersions } from './versions.ts';

/** A package that is there, as far as naming goes. */
export interface Candidate {
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes | undefined;
  /** Whether `NAME` means this one on this host. */
  readonly current: boolean;
}

/**
 * Of those that fit the one that `name` means: the directory of that very name, the current one, the
 * newest; with `newest` the current one is like any other.
 */
export function bestOf<C extends Candidate>(
  fits: readonly C[],
  name: Bytes,
  options: { readonly newest?: boolean } = {},
): C | undefined {
  const exact = fits.find((each) => each.directory === name);
  if (exact !== undefined) return exact;
  const current = fits.find((each) => each.current);
  if (current !== undefined && options.newest !== true) return current;
  return fits.toSorted(newestFirst)[0];
}

/** Everything that each name, and each directory name, may mean. */
export interface NameIndex<C extends Candidate = Candidate> {
  get(name: Bytes): readonly C[] | undefined;
  /** Every name and directory name. */
  keys(): Iterable<Bytes>;
}

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
export function newestFirst(a: Candidate, c: Candidate): number {
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

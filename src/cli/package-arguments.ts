/** Packages as arguments: `NAME`, `NAME@RANGE`, a directory name. */
import { bytes } from '../bytes/bytes.ts';
import type { Wanted } from '../package/candidate.ts';
import { parseRequest } from '../package/name.ts';
import { parseRange } from '../package/range.ts';

/** @throws XhError E_PACKAGE_NAME, E_RANGE (exit 2) */
export function packageArgument(word: string): Wanted {
  const { name, range } = parseRequest(bytes(word));
  return range === undefined ? { name } : { name, range: parseRange(range) };
}

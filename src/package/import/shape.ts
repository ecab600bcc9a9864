/** What kind of tree some entries are: a whole root (`usr/bin`), a prefix (`bin`), or one wrapped in a directory. */
import { b, slice, type Bytes } from '../../bytes/bytes.ts';
import { parsePackageDirectory, type DirectoryName } from '../name.ts';
import type { ImportEntry } from './source.ts';

export interface Shape {
  /** Directory that holds the software; empty unless it is wrapped in one. */
  readonly base: Bytes;
  /** Whether it is laid out as the root of a host: absolute paths in it are paths of the software. */
  readonly rooted: boolean;
}

export function shapeOf(entries: readonly ImportEntry[]): Shape {
  const top = topNames(entries, b``);
  const [only] = top;
  const wrapped =
    only !== undefined &&
    top.size === 1 &&
    !STANDARD.has(only) &&
    entries.every((entry) => entry.type === 'directory' || entry.path !== only);
  const base = wrapped ? only : b``;
  const inside = wrapped ? topNames(entries, base) : top;
  return { base, rooted: inside.has(b`usr`) || inside.has(b`opt`) };
}

/** Directories that are software's own parts, not what it is wrapped in. */
const STANDARD: ReadonlySet<string> = new Set(
  'bin sbin lib lib32 lib64 libexec share include etc usr opt var srv man doc info games src'.split(
    ' ',
  ),
);

function topNames(entries: readonly ImportEntry[], base: Bytes): Set<Bytes> {
  const names = new Set<Bytes>();
  const start = base === '' ? 0 : base.length + 1;
  for (const { path } of entries) {
    if (path.length <= start || (base !== '' && !path.startsWith(`${base}/`))) continue;
    const end = path.indexOf('/', start);
    names.add(slice(path, start, end < 0 ? undefined : end));
  }
  return names;
}

/**
 * `tree-2.1.0` as name and version, as package directories are taken apart; `_` or a `v` before the
 * version, a system's name behind it (`-linux-x64`) and a hash (Spack's behind, Nix's before all) are
 * left out.
 */
export function splitNameVersion(stem: Bytes): DirectoryName {
  const plain = stem.replace(HASH, '') as Bytes;
  const system =
    /[0-9][-_.](?:linux|darwin|x86|x64|amd64|aarch64|arm64|i[3-6]86|noarch)(?![a-z])/.exec(plain);
  const own = system === null ? plain : slice(plain, 0, system.index + 1);
  return parsePackageDirectory(own.replace(/[-_]v?(?=[0-9])/, '-') as Bytes);
}

const HASH = /^[0-9a-z]{32}-|-[a-z2-7]{32}$/;

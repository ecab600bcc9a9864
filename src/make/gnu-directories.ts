/**
 * Where a package has what the GNU coding standards have names for. One table from which every build
 * system is told: what a program is built with is then where its files are.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { placesFor } from '../package/import/places.ts';
import { treeOf } from '../package/import/tree.ts';

export interface GnuDirectory {
  /** `mandir` of configure and Meson. */
  readonly name: string;
  /** `CMAKE_INSTALL_MANDIR` without its beginning; absent where CMake has none. */
  readonly cmake?: string;
  /** Below the package's directory. */
  readonly place: Bytes;
}

/** `datarootdir` stays `share`: programs look for theirs beside `bin`. */
export const GNU_DIRECTORIES: readonly GnuDirectory[] = [
  { name: 'bindir', cmake: 'BINDIR', place: b`bin` },
  { name: 'sbindir', cmake: 'SBINDIR', place: b`maintenance` },
  { name: 'libexecdir', cmake: 'LIBEXECDIR', place: b`servers` },
  { name: 'libdir', cmake: 'LIBDIR', place: b`lib` },
  { name: 'includedir', cmake: 'INCLUDEDIR', place: b`include` },
  { name: 'mandir', cmake: 'MANDIR', place: b`man` },
  { name: 'infodir', cmake: 'INFODIR', place: b`info` },
  { name: 'docdir', cmake: 'DOCDIR', place: b`doc` },
  { name: 'sysconfdir', cmake: 'SYSCONFDIR', place: b`etc` },
  { name: 'localstatedir', cmake: 'LOCALSTATEDIR', place: b`var` },
];

const places = placesFor(treeOf([], b``));

/** Where a package has what is installed as PREFIX/`path`: `man/man1` for `share/man/man1`. */
export function placeInPackage(path: Bytes): Bytes {
  return places.placeOf(path);
}

/** The absolute path of a directory for a build. */
export function directoryPath(prefix: Bytes, { place }: GnuDirectory): Bytes {
  return join(prefix, place);
}

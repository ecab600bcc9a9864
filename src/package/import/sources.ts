/** The import sources there are, and which one a path is. */
import { statSync } from 'node:fs';
import { printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { about } from '../../files/error.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { conda } from './conda.ts';
import { deb } from './deb.ts';
import { easybuild } from './easybuild.ts';
import { npm } from './npm.ts';
import { prefix } from './prefix.ts';
import {
  DEFAULT_LIMITS,
  type ImportLimits,
  type ImportedSoftware,
  type ImportSource,
} from './source.ts';
import { spack } from './spack.ts';
import { tarball } from './tarball.ts';

/** In the order in which they are asked. */
export const IMPORT_SOURCES: readonly ImportSource[] = [
  deb,
  spack,
  easybuild,
  conda,
  npm,
  prefix,
  tarball,
];

/**
 * Opens the software at `path`, whatever it is; nothing is unpacked, nothing is run.
 *
 * @throws XhError E_IMPORT_SOURCE (exit 2) when no source knows it, otherwise what its source throws
 */
export async function openSoftware(
  path: Bytes,
  options: { readonly limits?: Partial<ImportLimits>; readonly origin?: Bytes } = {},
): Promise<ImportedSoftware> {
  const stat = about(path, () => statSync(toBuffer(path)));
  const source =
    stat.isFile() || stat.isDirectory()
      ? IMPORT_SOURCES.find((candidate) => candidate.recognises(path))
      : undefined;
  if (source === undefined) {
    const known = IMPORT_SOURCES.map(({ title }) => title).join(', ');
    throw new XhError('E_IMPORT_SOURCE', `${printable(path)}: nothing that can be imported`, {
      exit: EXIT.usage,
      place: { file: path },
      remedy: `give one of: ${known}`,
    });
  }
  const { origin } = options;
  return source.open(path, {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ...(origin !== undefined && { origin }),
  });
}

/** Tar archives of a prefix (`bin/`, `share/`) or of a whole root (`usr/bin/`), compressed or not. */
import { statSync } from 'node:fs';
import { slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { about, errnoOf } from '../../files/error.ts';
import { openArchive } from './archive.ts';
import { compressionOf } from './compression.ts';
import { openPacked, readStart } from './packed.ts';
import { shapeOf, splitNameVersion } from './shape.ts';
import type { ImportSource } from './source.ts';
import { BLOCK, parseTarHeader } from './tar-header.ts';

export const tarball: ImportSource = {
  name: 'tarball',
  title: 'tar archive',
  recognises,
  async open(path, { limits, origin }) {
    const size = about(path, () => statSync(toBuffer(path)).size);
    const archive = await openArchive(openPacked({ path, start: 0, size }, limits), path, limits);
    const { base, rooted } = shapeOf(archive.entries);
    const stem = base === '' ? basename(path).replace(EXTENSION, '') : base;
    return {
      source: tarball.name,
      path,
      ...splitNameVersion(stem as Bytes),
      dependencies: [],
      provides: [],
      conflicts: [],
      base,
      ...(origin !== undefined ? { origin } : rooted ? { origin: '/' as Bytes } : {}),
      ...archive,
      scripts: [],
      conffiles: [],
      triggers: [],
    };
  },
};

const EXTENSION = /\.(?:tar(?:\.[A-Za-z0-9]{1,4})?|t[a-z]{1,3}2?)$/i;

/** A compressed file is known by its name only, an open archive by its first header. */
function recognises(path: Bytes): boolean {
  try {
    const start = readStart({ path, start: 0, size: BLOCK }, BLOCK);
    if (compressionOf(start) !== 'none') return EXTENSION.test(slice(path, -20));
    if (start.length < BLOCK) return false;
    const header = parseTarHeader(start);
    return header !== 'zero' && !('fault' in header);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

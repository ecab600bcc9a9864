/**
 * The identity of a master: a file `.lfu-master` in its root with one line, its name. A run that
 * demands it recognises a master that is not mounted even when the mount point is not empty, and one
 * that is another than it was meant to be.
 */
import { b, printable, trim, type Bytes } from '../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { closeDir, openDir, type Dir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import { statAt } from '../files/stat.ts';
import { EXIT, XhError } from '../message/error.ts';
import { MARKER } from './names.ts';

/** What names look like, of masters and in markers. */
export const NAME_EXPECTED = "letters, digits and '._-', a letter or digit first, at most 64";

export function isMasterName(name: Bytes): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}

/**
 * Makes sure that `master` is the one called `wanted`.
 * @throws XhError E_LFU_MARKER (exit 3)
 */
export function demandMarker(master: { readonly dir: Dir; readonly name: Bytes }, wanted: Bytes) {
  const found = readMarker(master.dir);
  if (found === wanted) return;
  const [shown, name] = [printable(master.name), printable(wanted)];
  const message =
    found === undefined
      ? `${shown} is not marked as '${name}'`
      : `${shown} is '${printable(found)}', not '${name}'`;
  throw new XhError('E_LFU_MARKER', message, {
    exit: EXIT.refused,
    place: { file: b`${master.name}/${MARKER}` },
    remedy:
      found === undefined
        ? `nothing was touched; mount it, or on the master's host: lfu mark ${shown} ${name}`
        : 'nothing was touched; mount the right one, or change the name that is demanded',
  });
}

/** The name in the marker of a root; undefined when there is none. @throws XhError */
export function readMarker(root: Dir): Bytes | undefined {
  const found = statAt(root, MARKER);
  // whatever else stands there was not put there by us
  if (found?.type !== 'f' || found.size > LONGEST) return undefined;
  try {
    return trim(readAt(root, MARKER));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Marks the tree `path` as the master `name`.
 * @returns what it was marked as before
 * @throws XhError exit 2 when there is no such directory; exit 3 when it is marked as another one,
 * unless `force`
 */
export function markMaster(path: Bytes, name: Bytes, force: boolean): Bytes | undefined {
  const root = openRoot(path);
  try {
    const found = readMarker(root);
    if (found === name) return found;
    if (statAt(root, MARKER) !== undefined && !force) {
      const shown =
        found === undefined ? `has a ${MARKER} that is no marker` : `is '${printable(found)}'`;
      throw new XhError('E_LFU_MARKER', `${printable(path)} ${shown} already`, {
        exit: EXIT.refused,
        place: { file: b`${path}/${MARKER}` },
        remedy: '--force gives it another name',
      });
    }
    writeFileDurably(root, MARKER, b`${name}\n`, 0o644);
    return found;
  } finally {
    closeDir(root);
  }
}

/** The name in the marker of the tree `path`. @throws XhError exit 2 when there is no such directory */
export function markerOf(path: Bytes): Bytes | undefined {
  const root = openRoot(path);
  try {
    return readMarker(root);
  } finally {
    closeDir(root);
  }
}

function openRoot(path: Bytes): Dir {
  try {
    return openDir(path);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError(error.code, `the master cannot be used: ${error.message}`, {
      exit: EXIT.usage,
      place: { file: path },
      remedy: 'name a directory that is there',
      cause: error,
    });
  }
}

/** Bytes. */
const LONGEST = 4096;

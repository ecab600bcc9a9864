/**
 * Whether an index is of the tree that a run is about. A master with a marker is told by what the
 * marker says, whatever path and numbers it goes by on a host; another one by its real path together
 * with the inode number of its root, which an NFS server gives to all its clients alike. Device
 * numbers differ from host to host, and are not looked at.
 */
import { printable } from '../../bytes/bytes.ts';
import { statOf } from '../../files/stat.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readMarker } from '../marker.ts';
import type { Root } from '../roots.ts';
import type { Index } from './read.ts';

/** @throws XhError E_LFU_INDEX_MASTER, E_LFU_INDEX_RIGHTS (exit 3) */
export function refuseForeignIndex(index: Index, master: Root, privileged: boolean): void {
  const name = printable(master.name);
  const again = `make it anew: lfu scan ${name} -o ${printable(index.file)}`;
  const refuse = (code: string, what: string, remedy = again): XhError =>
    new XhError(code, `the index ${printable(index.file)} ${what}`, {
      exit: EXIT.refused,
      place: { file: index.file },
      remedy: `nothing was touched; ${remedy}`,
    });
  const { marker, path } = index;
  if (marker !== undefined) {
    const found = readMarker(master.dir);
    if (found !== marker) {
      const other = found === undefined ? 'which has no marker' : `which is '${printable(found)}'`;
      const what = `is of the master '${printable(marker)}', not of ${name}, ${other}`;
      throw refuse('E_LFU_INDEX_MASTER', what, `mount the right one, or ${again}`);
    }
  } else if (path !== master.path) {
    const what = `is of ${printable(path)}, not of ${name}`;
    const remedy = `${again}; a master that goes by several paths needs a name: lfu mark`;
    throw refuse('E_LFU_INDEX_MASTER', what, remedy);
  } else if (index.inode !== statOf(master.dir.fd, master.dir.path).inode) {
    const what = `is of another tree that ${name} was when it was made`;
    throw refuse('E_LFU_INDEX_MASTER', what, `mount the right one, or ${again}`);
  }
  if (privileged && !index.privileged) {
    const what = 'was made by an ordinary user, who does not see all attributes of files';
    throw refuse('E_LFU_INDEX_RIGHTS', what, `as root ${again}`);
  }
}

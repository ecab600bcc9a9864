/**
 * Where listings come from. A run asks for one directory at a time; whether the answer is read from
 * the disk, was read ahead, or comes from an index made earlier, is the scanner's affair.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { OpenFile } from '../../files/copy.ts';
import { closeDir, type Dir } from '../../files/dir.ts';
import { readListing, type Listing } from '../../files/listing.ts';
import { openFileAt } from '../../files/names.ts';
import { statOf } from '../../files/stat.ts';
import type { Place, Tree } from '../../files/tree.ts';

export interface Scanner {
  /** The directory `place` whole. @throws FileError, XhError when it cannot be read to the end */
  list(place: Place): Listing;
  /** The file `name` in `place`, for a look at its contents; the caller closes it. @throws FileError */
  openFile(place: Place, name: Bytes): OpenFile;
}

/** Reads the directories of `tree` when asked. `workingDirectory` is where we are, and stay. */
export function directoryScanner(tree: Tree, workingDirectory: Dir, privileged: boolean): Scanner {
  return {
    list: (place) => readListing(tree.open(place), { privileged, workingDirectory }),
    openFile(place, name) {
      const dir = tree.open(place);
      const fd = openFileAt(dir, name, { quiet: true });
      return { fd, path: dir.path, device: statOf(fd, dir.path).device };
    },
  };
}

/** A scanner of a tree that is not there yet. */
export function emptyScanner(): Scanner { }

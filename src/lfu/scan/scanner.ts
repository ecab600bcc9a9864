/**
 * Where listings come from. A run asks for one directory at a time; whether the answer is read from
 * the disk now, was read ahead, or stands in an index made earlier, is the scanner's affair.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import type { OpenFile } from '../../files/copy.ts';
import type { Dir } from '../../files/dir.ts';
import { EMPTY_LISTING, readListing, type Listing } from '../../files/listing.ts';
import { openFileAt } from '../../files/names.ts';
import { statOf } from '../../files/stat.ts';
import type { Place, Tree } from '../../files/tree.ts';

export interface Scanner {
  /** The directory `place` whole. @throws FileError, XhError when it cannot be read to the end */
  list(place: Place): Listing;
  /** The file `name` in `place`, to look at its contents; the caller closes it. @throws FileError */
  openFile(place: Place, name: Bytes): OpenFile;
  /**
   * Whether the file `name` in `place` has the same contents as `other`, of the same size, where that is
   * known without opening it; yields how many bytes were looked at, as often as somebody may want to stop.
   */
  readonly holdsSame?: (place: Place, name: Bytes, other: OpenFile) => Generator<number, boolean>;
}

export interface ScanOptions {
  /** Where we are, and are to be again after each listing. */
  readonly workingDirectory: Dir;
  /** Whether attributes that only root may set are of interest. */
  readonly privileged: boolean;
}

/** Reads the directories of `tree` at the moment they are asked for. */
export function directoryScanner(tree: Tree, options: ScanOptions): Scanner {
  return {
    list: (place) => readListing(tree.open(place), options),
    openFile(place, name) {
      const dir = tree.open(place);
      const path = b`${dir.path}/${name}`;
      const fd = openFileAt(dir, name, { quiet: true });
      return { fd, path, device: statOf(fd, path).device };
    },
  };
}

/** A slave that is not there yet. */
export const NOTHING_THERE: Scanner = {
  list: () => EMPTY_LISTING,
  openFile: (place, name) => {
    throw new Error(`nothing is there, and ${place.path}/${name} was asked for`);
  },
};

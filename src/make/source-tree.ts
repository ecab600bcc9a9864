/** The sources as the planners see them: names and texts below one directory, nothing written. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { compareBytes, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { about, errnoOf } from '../files/error.ts';

export interface SourceTree {
  /** Absolute. */
  readonly path: Bytes;
  /** Whether a file is there; `path` relative, or absolute. */
  has(path: Bytes): boolean;
  /** The text of a file; undefined when there is none, or none that a person has written. */
  read(path: Bytes): Bytes | undefined;
  /** Files of the directory and of those below it, `depth` levels deep, by path; at most 2,000. */
  files(depth: number): readonly Bytes[];
}

/** No makefile or configure script is longer. */
const LONGEST = 8 * 2 ** 20;
const MOST_FILES = 2000;

/** The directory at `path`. */
export function openSourceTree(path: Bytes): SourceTree {
  const at = (name: Bytes): Bytes => (name.startsWith('/') ? name : join(path, name));
  return {
    path,
    has: (name) => statSync(toBuffer(at(name)), { throwIfNoEntry: false })?.isFile() ?? false,
    read: (name) => readText(at(name)),
    files(depth) {
      const found: Bytes[] = [];
      const visit = (below: Bytes, left: number): void => {
        const names = readdirSync(toBuffer(at(below)), { encoding: 'latin1' }) as Bytes[];
        for (const name of names.toSorted(compareBytes)) {
          if (found.length >= MOST_FILES) return;
          const next = join(below, name);
          const stat = lstatSync(toBuffer(at(next)), { throwIfNoEntry: false });
          if (stat?.isFile()) found.push(next);
          else if (stat?.isDirectory() && left > 0 && !name.startsWith('.')) visit(next, left - 1);
        }
      };
      about(path, () => {
        visit('' as Bytes, depth);
      });
      return found;
    },
  };
}

/** A FIFO is not waited for. @throws FileError for one that may not be read */
function readText(path: Bytes): Bytes | undefined {
  let fd: number;
  try {
    fd = openSync(toBuffer(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (ABSENT.has(errnoOf(error) ?? '')) return undefined;
    return about(path, () => {
      throw error;
    });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > LONGEST) return undefined;
    return fromBuffer(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/**
 * What a tree that somebody else has made looks like, in a few bytes: so a recovery tells the new one
 * from the old one, wherever a kill has left the two. Numbers of inodes would not do, since they may be
 * others after a mount.
 */
import { createHash, type Hash } from 'node:crypto';
import { toBuffer, type Bytes } from '../bytes/bytes.ts';
import { sha256At } from '../files/content.ts';
import { listDir, openDirAt, withDir, type Dir } from '../files/dir.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';

export interface Shape {
  /** SHA-256 over all names, with types, modes, owners, sizes, times and targets of links. */
  readonly digest: string;
  /** Whether it is over the contents of files, too. */
  readonly contents: boolean;
  readonly objects: number;
}

/** The shape of what is at `name`; undefined when nothing is. @throws FileError */
export function shapeAt(dir: Dir, name: Bytes, contents: boolean): Shape | undefined {
  if (statAt(dir, name) === undefined) return undefined;
  const digest = createHash('sha256');
  const objects = look(dir, name, { digest, contents, shown: '' as Bytes });
  return { digest: digest.digest('hex'), contents, objects };
}

/** The shape of a tree that tells it from the one whose place it is to take. */
export function tellingShape(dir: Dir, made: Bytes, standing: Bytes): Shape | undefined {
  const shape = shapeAt(dir, made, false);
  const other = shapeAt(dir, standing, false);
  return shape !== undefined && shape.digest === other?.digest ? shapeAt(dir, made, true) : shape;
}

interface Looking {
  readonly digest: Hash;
  readonly contents: boolean;
  /** The name as it counts: that of the top is left out, since it changes. */
  readonly shown: Bytes;
}

/** @returns how many objects there are */
function look(dir: Dir, name: Bytes, { digest, contents, shown }: Looking): number {
  const stat = statAt(dir, name);
  if (stat === undefined) return 0;
  const { type, mode, uid, gid, mtime } = stat;
  const size = type === 'f' ? stat.size : 0;
  digest.update(toBuffer(shown));
  digest.update(
    `\0${type} ${mode} ${uid} ${gid} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${type === 'd' ? 0 : stat.links}\0`,
  );
  if (type === 'l') digest.update(toBuffer(readLinkAt(dir, name)));
  if (type === 'f' && contents) digest.update(sha256At(dir, name));
  if (type !== 'd') return 1;
  return withDir(openDirAt(dir, name), (below) => {
    let objects = 1;
    for (const child of listDir(below).toSorted()) {
      objects += look(below, child, { digest, contents, shown: child });
    }
    digest.update('\0\0');
    return objects;
  });
}

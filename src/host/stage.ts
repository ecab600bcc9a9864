/**
 * The first movement of a change: everything that needs space is made beside its place, under a name
 * that belongs to the change alone. Nothing that people see is touched, but for directories, which
 * are made where they belong.
 */
import { closeSync } from 'node:fs';
import { b, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname } from '../bytes/path.ts';
import { attributesOf, setAttributesOf, type Attributes } from '../files/attributes.ts';
import { syncFile, writeAll } from '../files/content.ts';
import { closeDir, openDirAt, type Dir } from '../files/dir.ts';
import {
  chmodAt,
  chownAt,
  createAt,
  hardLinkAt,
  makeDirAt,
  openFileAt,
  renameToFreeAt,
  setTimesAt,
  symlinkAt,
} from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { Change, TreeObject } from './plan.ts';
import { placeOf, type Step } from './step.ts';

/** Contents of published files by hash. */
export type Contents = (sha256: string) => Uint8Array;

export interface StageOptions {
  readonly contents: Contents;
  /** Whether each file is made durable by itself; else whoever asks sees to all of them. */
  readonly syncFiles: boolean;
  /** Told of each object of a tree. */
  readonly made: () => void;
}

/** Prepares the change. @returns the inode that it made, or that it will move */
export function stage(step: Step, options: StageOptions): string | undefined {
  const { change, aside } = step;
  const { dir, name } = placeOf(step);
  const inode = (at: Bytes): string | undefined => statAt(dir, at)?.inode.toString();
  switch (change.op) {
    case 'mkdir':
      if (statAt(dir, name)?.type === 'd') return undefined;
      makeDirAt(dir, name, change.mode);
      return inode(name);
    case 'write':
      stageFile({ dir, name, aside }, change, options.syncFiles);
      return inode(aside);
    case 'link':
      if (change.before.type === 'absent') return undefined;
      symlinkAt(dir, aside, change.target);
      return inode(aside);
    case 'displace':
      symlinkAt(dir, aside, change.target);
      return inode(aside);
    case 'tree':
      stageTree(dir, aside, change, options);
      return inode(aside);
    case 'place':
      renameToFreeAt(dir, basename(change.from), dir, aside);
      return inode(aside);
    case 'remove':
    case 'rename':
    case 'restore':
      return inode(name);
    case 'rmdir':
      return undefined;
  }
}

function stageFile(
  { dir, name, aside }: { readonly dir: Dir; readonly name: Bytes; readonly aside: Bytes },
  change: Extract<Change, { op: 'write' }>,
  syncIt: boolean,
): void {
  const path = b`${dir.path}/${name}`;
  const { before } = change;
  const model = before.type === 'file' ? name : change.like && basename(change.like);
  const attributes = model === undefined ? undefined : attributesAt(dir, model);
  const fd = createAt(dir, aside, 0o600);
  try {
    writeAll(fd, path, toBuffer(change.content), 0);
    const old = before.type === 'file' ? before : undefined;
    own(dir, aside, change.uid ?? old?.uid, change.gid ?? old?.gid);
    if (attributes !== undefined && attributes.size > 0) setAttributesOf(fd, path, attributes);
    // last: chown and ACLs may clear set-id bits
    chmodAt(dir, aside, change.mode ?? old?.mode ?? 0o644);
    if (syncIt) syncFile(fd, path);
  } finally {
    closeSync(fd);
  }
}

function attributesAt(dir: Dir, name: Bytes): Attributes {
  const fd = openFileAt(dir, name);
  try {
    return attributesOf(fd, b`${dir.path}/${name}`);
  } finally {
    closeSync(fd);
  }
}

function stageTree(
  dir: Dir,
  aside: Bytes,
  change: Extract<Change, { op: 'tree' }>,
  { contents, made }: StageOptions,
): void {
  const { uid, gid } = change;
  const self = change.objects.find((object) => object.path === '');
  makeDirAt(dir, aside, 0o700);
  const open = new Map<Bytes, Dir>([[b``, openDirAt(dir, aside)]]);
  const directoryOf = (path: Bytes): Dir => {
    const found = open.get(path);
    if (found !== undefined) return found;
    const parent = path.includes('/') ? dirname(path) : b``;
    const opened = openDirAt(directoryOf(parent), basename(path));
    open.set(path, opened);
    return opened;
  };
  const names: (() => void)[] = [];
  const finished: (() => void)[] = [];
  try {
    for (const object of change.objects) {
      if (object.path === '') continue;
      const parent = directoryOf(object.path.includes('/') ? dirname(object.path) : b``);
      const name = basename(object.path);
      if (object.hardLinkOf !== undefined) {
        const other = object.hardLinkOf;
        // its first name may be any in the tree
        names.push(() => {
          const at = directoryOf(other.includes('/') ? dirname(other) : b``);
          hardLinkAt(at, basename(other), parent, name);
        });
        continue;
      }
      makeTreeObject(parent, name, object, contents);
      made();
      if (object.type !== 'directory') finish(parent, name, object, uid, gid);
      else finished.push(() => finish(parent, name, object, uid, gid));
    }
    for (const link of names) link();
    // a directory's mode and times last: making its contents needs one and changes the other
    for (const last of finished.toReversed()) last();
  } finally {
    for (const opened of open.values()) closeDir(opened);
  }
  finish(dir, aside, self ?? { path: b``, type: 'directory', mode: 0o755 }, uid, gid);
}

function makeTreeObject(dir: Dir, name: Bytes, object: TreeObject, contents: Contents): void {
  if (object.type === 'directory') makeDirAt(dir, name, 0o700);
  else if (object.type === 'link') symlinkAt(dir, name, object.target ?? b``);
  else {
    const fd = createAt(dir, name, 0o600);
    const path = b`${dir.path}/${name}`;
    try {
      writeAll(fd, path, contents(object.sha256 ?? ''), 0);
    } finally {
      closeSync(fd);
    }
  }
}

function finish(
  dir: Dir,
  name: Bytes,
  object: TreeObject,
  uid: number | undefined,
  gid: number | undefined,
): void {
  own(dir, name, uid, gid);
  if (object.type !== 'link') chmodAt(dir, name, object.mode);
  if (object.mtime !== undefined) {
    const [seconds, nanoseconds] = object.mtime;
    setTimesAt(dir, name, { mtime: { seconds, nanoseconds } });
  }
}

/** Gives the object to an owner, when it is not his already. */
function own(dir: Dir, name: Bytes, uid: number | undefined, gid: number | undefined): void {
  if (uid === undefined && gid === undefined) return;
  const now = statAt(dir, name);
  if ((uid ?? now?.uid) === now?.uid && (gid ?? now?.gid) === now?.gid) return;
  chownAt(dir, name, uid ?? -1, gid ?? -1);
}

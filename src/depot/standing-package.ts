/** A package as it stands in the trees of its types: what a new build of it finds. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { dirname, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import type { Before } from '../host/plan.ts';
import { isHostsOwn, type FileType } from '../site/file-types.ts';
import { BUILDS, DIRECTORY_IS, linkIs, parseRecord, type BuiltObject } from './built-record.ts';

/** The tree of one type, and what is in it by path; empty where there is none. */
export interface StandingTree {
  readonly type: FileType;
  /** The package's directory in the tree, absolute as inside the site. */
  readonly root: Bytes;
  readonly there: boolean;
  readonly objects: ReadonlyMap<Bytes, Before>;
}

/**
 * Reads the tree of a type at `root`. Contents are read of what is in `paths` only: of the rest it
 * matters that it is there. Of what is the host's own (logs, spool), which may be much, nothing else
 * is looked at.
 * @throws FileError
 */
export function standingTree(
  draft: Draft,
  { type, root, paths }: { type: FileType; root: Bytes; paths: ReadonlySet<Bytes> },
): StandingTree {
  const objects = new Map<Bytes, Before>();
  const there = draft.look(root).type === 'directory';
  const look = (path: Bytes): Before =>
    (paths.has(path) ? undefined : unread(draft, join(root, path))) ?? draft.look(join(root, path));
  const visit = (below: Bytes): void => {
    for (const name of [...draft.list(join(root, below))].toSorted()) {
      const path = join(below, name);
      const found = look(path);
      objects.set(path, found);
      if (found.type === 'directory') visit(path);
    }
  };
  if (there && !isHostsOwn(type)) visit(b``);
  else if (there) {
    for (const path of [...paths].flatMap((each) => [each, ...directoriesAbove(each)])) {
      const found = look(path);
      if (found.type !== 'absent') objects.set(path, found);
    }
  }
  return { type, root, there, objects };
}

/** A file without its content; undefined for anything else. */
function unread(draft: Draft, path: Bytes): Before | undefined {
  const stat = draft.walker.stat(path);
  if (stat?.type !== 'f') return undefined;
  const { mode, uid, gid } = stat;
  return { type: 'file', sha256: '', mode, uid, gid };
}

/** `a/b` and `a` of `a/b/c`. */
export function directoriesAbove(path: Bytes): Bytes[] {
  const found: Bytes[] = [];
  for (let at = dirname(path); at !== '.'; at = dirname(at)) found.push(at);
  return found;
}

/** What the builds of each architecture have put there, by the package's own records. */
export function builtRecords(
  draft: Draft,
  share: Bytes,
): ReadonlyMap<Bytes, readonly BuiltObject[]> {
  const directory = join(share, BUILDS);
  return new Map(
    [...draft.list(directory)].map((name) => [
      name,
      parseRecord(draft.read(join(directory, name))?.content ?? b``),
    ]),
  );
}

/** An object in the words of a record. */
export function whatIs(object: Before): Bytes {
  switch (object.type) {
    case 'file':
      return object.sha256 as Bytes;
    case 'link':
      return linkIs(object.target);
    case 'directory':
      return DIRECTORY_IS;
    default:
      return b``;
  }
}

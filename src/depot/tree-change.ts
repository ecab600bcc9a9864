/**
 * The tree of one type from what it is to what it is to be. Directories in which nothing stays are
 * switched whole; elsewhere each object by itself.
 */
import { b, fromBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, join } from '../bytes/path.ts';
import type { Before, TreeObject } from '../host/plan.ts';
import { isHostsOwn } from '../site/file-types.ts';
import type { Planning } from './context.ts';
import { directoriesAbove, type StandingTree } from './standing-package.ts';

/** One type's tree: as it is, and as it is to be. */
export interface TreeChange extends StandingTree {
  readonly desired: ReadonlyMap<Bytes, TreeObject>;
  /** Not to be touched. */
  readonly kept: ReadonlySet<Bytes>;
  /** Its directory, with the way there planned where it is missing. */
  readonly rootNow: () => Bytes;
  readonly contentOf: (hash: string) => Uint8Array;
}

/** Plans the changes into the draft. */
export function planTree(planning: Planning, tree: TreeChange): void {
  const { draft } = planning;
  const { desired, kept, there } = tree;
  if (desired.size === 0) {
    if (there && kept.size === 0 && !isHostsOwn(tree.type)) draft.remove(tree.root);
    return;
  }
  const path = tree.rootNow();
  if (!there) draft.tree({ path, objects: [...desired.values()] });
  else
    planDirectory(planning, { ...tree, root: there ? tree.root : path, above: above(kept) }, b``);
}

/** Directories with something in them that stays, the tree's own among them. */
function above(kept: ReadonlySet<Bytes>): ReadonlySet<Bytes> {
  const own = kept.size === 0 ? [] : [b``];
  return new Set([...own, ...[...kept].flatMap(directoriesAbove)]);
}

type OpenTree = TreeChange & { readonly above: ReadonlySet<Bytes> };

/** A directory that is there and stays one. */
function planDirectory(planning: Planning, tree: OpenTree, path: Bytes): void {
  const isOwn = isHostsOwn(tree.type);
  const at = path === '' ? tree.root : join(tree.root, path);
  if (!isOwn && !tree.above.has(path) && !tree.kept.has(path)) {
    if (!isSame(tree, path))
      planning.draft.tree({ path: at, objects: subtree(tree.desired, path) });
    return;
  }
  const names = new Set([...childrenOf(tree.desired, path), ...childrenOf(tree.objects, path)]);
  for (const name of names) planObject(planning, tree, path === '' ? name : b`${path}/${name}`);
}

function planObject(planning: Planning, tree: OpenTree, path: Bytes): void {
  const { draft } = planning;
  const { desired, objects, kept, root } = tree;
  const want = desired.get(path);
  const have = objects.get(path);
  const at = join(root, path);
  const isOwn = isHostsOwn(tree.type);
  if (want?.type === 'directory' && have?.type === 'directory') {
    planDirectory(planning, tree, path);
    return;
  }
  // logs and spool files are the host's: they are added to
  if (kept.has(path) || (isOwn && have !== undefined)) return;
  if (want === undefined) {
    draft.remove(at);
    return;
  }
  if (have !== undefined && isEqual(want, have)) return;
  if (want.type === 'directory') draft.tree({ path: at, objects: subtree(desired, path) });
  else if (want.type === 'link') draft.link(at, want.target ?? b``);
  else {
    const content = fromBuffer(tree.contentOf(want.sha256 ?? ''));
    draft.writeOverLink(at, content, { mode: want.mode });
  }
}

function isEqual(want: TreeObject, have: Before): boolean {
  if (want.type === 'file' && have.type === 'file') {
    return want.sha256 === have.sha256 && want.mode === have.mode;
  }
  if (want.type === 'link' && have.type === 'link') return want.target === have.target;
  return want.type === 'directory' && have.type === 'directory';
}

function isSame({ desired, objects }: TreeChange, path: Bytes): boolean {
  const isBelow = (each: Bytes): boolean => path === '' || each.startsWith(`${path}/`);
  const wanted = [...desired.keys()].filter((each) => each !== '' && isBelow(each));
  const standing = [...objects.keys()].filter(isBelow);
  return (
    wanted.length === standing.length &&
    wanted.every((each) => {
      const [want, have] = [desired.get(each), objects.get(each)];
      return want !== undefined && have !== undefined && isEqual(want, have);
    })
  );
}

/** What is below `path`, as a tree of its own. */
function subtree(desired: ReadonlyMap<Bytes, TreeObject>, path: Bytes): TreeObject[] {
  if (path === '') return [...desired.values()];
  const below = (each: Bytes): Bytes => each.slice(path.length + 1) as Bytes;
  const isBelow = (each: Bytes): boolean => each === path || each.startsWith(`${path}/`);
  return [...desired.values()]
    .filter((object) => isBelow(object.path))
    .map(({ hardLinkOf, ...object }) => ({
      ...object,
      path: below(object.path),
      // a second name of what is not in this tree has the content itself
      ...(hardLinkOf !== undefined && isBelow(hardLinkOf) && { hardLinkOf: below(hardLinkOf) }),
    }));
}

function childrenOf(tree: ReadonlyMap<Bytes, unknown>, path: Bytes): Bytes[] {
  return [...tree.keys()]
    .filter((each) => each !== '' && (each.includes('/') ? dirname(each) : b``) === path)
    .map(basename);
}

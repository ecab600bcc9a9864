/** The entries of a software as a tree, and where a symbolic link in it leads. Pure. */
import { b, slice, type Bytes } from '../../bytes/bytes.ts';
import { components, isWithin, join, normalize } from '../../bytes/path.ts';
import type { ImportEntry } from './source.ts';

export interface TreeNode {
  /** Relative to the base; empty for it. */
  readonly path: Bytes;
  /** Undefined for a directory that has no entry of its own. */
  entry: ImportEntry | undefined;
  readonly children: Map<Bytes, TreeNode>;
}

export interface SoftwareTree {
  readonly root: TreeNode;
  /** Absolute path where the root stood, as far as known. */
  readonly origin?: Bytes;
}

/**
 * The tree below `base` of `entries`, whose names are sound (see refusals.ts); of two entries with
 * one name the later counts.
 */
export function treeOf(entries: readonly ImportEntry[], base: Bytes, origin?: Bytes): SoftwareTree {
  const root: TreeNode = { path: b``, entry: undefined, children: new Map() };
  for (const entry of entries) {
    const path = belowBase(entry.path, base);
    if (path === undefined) continue;
    let node = root;
    for (const name of components(path)) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = { path: join(node.path, name), entry: undefined, children: new Map() };
        node.children.set(name, child);
      }
      node = child;
    }
    node.entry = entry;
  }
  return { root, ...(origin !== undefined && { origin }) };
}

/** `path` relative to `base`, or undefined when it is not below. */
export function belowBase(path: Bytes, base: Bytes): Bytes | undefined {
  if (base === '') return path;
  if (path === base) return b``;
  return path.startsWith(`${base}/`) ? slice(path, base.length + 1) : undefined;
}

/** Whether the node is, or stands for, a directory. */
export function isDirectory(node: TreeNode): boolean {
  return node.entry === undefined || node.entry.type === 'directory';
}

/** The path, relative to the tree, of what stood at the absolute `path`; undefined when outside or unknown. */
export function insideOrigin(tree: SoftwareTree, path: Bytes): Bytes | undefined {
  const { origin } = tree;
  if (origin === undefined || !isWithin(origin, path)) return undefined;
  return origin === '/' ? slice(path, 1) : slice(path, origin.length + 1);
}

/** The node at `path` (relative, normal), links not followed. */
export function nodeAt(tree: SoftwareTree, path: Bytes): TreeNode | undefined {
  return plainNodeAt(tree, path) ?? aliasNodeAt(tree, path);
}

function plainNodeAt(tree: SoftwareTree, path: Bytes): TreeNode | undefined {
  let node: TreeNode | undefined = tree.root;
  for (const name of components(path)) node = node?.children.get(name);
  return node;
}

/** On hosts whose `/bin` is a link to `/usr/bin` a file has two names; packages use either. */
function aliasNodeAt(tree: SoftwareTree, path: Bytes): TreeNode | undefined {
  if (tree.origin !== '/') return undefined;
  const below = path.startsWith('usr/') ? slice(path, 4) : path;
  const cut = below.indexOf('/');
  if (!MERGED.has(cut < 0 ? below : below.slice(0, cut))) return undefined;
  return plainNodeAt(tree, below === path ? b`usr/${path}` : below);
}

/** Directories that hosts have merged with those of /usr. */
export const MERGED: ReadonlySet<string> = new Set([
  'bin',
  'sbin',
  'lib',
  'lib32',
  'lib64',
  'libx32',
]);

export type LinkLead =
  /** To this node of the software. */
  | { readonly to: 'inside'; readonly node: TreeNode }
  /** To what would be at this path of the software, were it there: another package's, or made later. */
  | { readonly to: 'nothing'; readonly path: Bytes }
  /** To an absolute path that is not of the software. */
  | { readonly to: 'outside'; readonly path: Bytes }
  /** Above the software's root by `..`, or around in a circle. */
  | { readonly to: 'escape' }
  | { readonly to: 'circle' };

/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** Where a link in directory `from` (relative to the tree) with the text `target` leads, one step. */
export function followLink(tree: SoftwareTree, from: Bytes, target: Bytes): LinkLead {
  let at: Bytes[] = components(from);
  let pending: Bytes[] = [];
  let text = target;
  for (let links = 0; links <= MOST_LINKS; links++) {
    if (text.startsWith('/')) {
      const whole = normalize(join(text, pending.join('/') as Bytes));
      const inside = insideOrigin(tree, whole);
      if (inside === undefined) return { to: 'outside', path: whole };
      at = [];
      pending = components(inside);
    } else {
      pending = [...components(text), ...pending];
    }
    const link = walk(tree, at, pending);
    if (link === 'escape') return { to: 'escape' };
    if (link === undefined) {
      const path = at.join('/') as Bytes;
      const node = nodeAt(tree, path);
      return node === undefined ? { to: 'nothing', path } : { to: 'inside', node };
    }
    text = link;
  }
  return { to: 'circle' };
}

/**
 * Goes from `at` along `pending`, changing both, up to the end or up to a link on the way, whose
 * text is the answer; the last component is not followed.
 */
function walk(tree: SoftwareTree, at: Bytes[], pending: Bytes[]): Bytes | 'escape' | undefined {
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '..') {
      if (at.pop() === undefined) return 'escape';
      continue;
    }
    at.push(name);
    if (pending.length === 0) return undefined;
    const entry = nodeAt(tree, at.join('/') as Bytes)?.entry;
    if (entry?.type === 'link') {
      at.pop();
      return entry.target;
    }
  }
  return undefined;
}

/**
 * Where a package's files and links stand. One rule says what every link written by the system
 * points to; from it, and from the type of each path, follows the layout of a package.
 */
import { b, compareBytes, type Bytes } from '../bytes/bytes.ts';
import { dirname, join, relative } from '../bytes/path.ts';
import { SHARE, type FileTypeOf } from '../site/file-types.ts';
import { packagePath, typePath, type Site } from '../site/site.ts';

/** A place in a package: `path` below its directory in the tree of `type`; `''` is the directory. */
export interface PackagePlace {
  readonly type: Bytes;
  readonly directory: Bytes;
  readonly path: Bytes;
}

/**
 * What a link to `to` says; all but relative ones carry the site root's real path.
 *
 * - inside one package and one type: relative, so that the tree may be mounted anywhere;
 * - from one type of a package to another: through `/.software/TYPE`, so that a share tree may be
 *   mounted by hosts of different architectures;
 * - from anywhere else (link farms, system directories, another package): through `/software/PKG`,
 *   since the outside world sees no types.
 *
 * @param from where the link stands: in a package, or `outside`
 */
export function linkTarget(site: Site, from: PackagePlace | 'outside', to: PackagePlace): Bytes {
  if (from === 'outside' || from.directory !== to.directory) {
    return join(packagePath(site, to.directory), to.path);
  }
  if (from.type !== to.type) return join(typePath(site, to.type, to.directory), to.path);
  return relative(dirname(join(b`/`, from.path)), join(b`/`, to.path));
}

/** What `/software/NAME` says where several versions stand side by side. */
export function currentLinkTarget(directory: Bytes): Bytes {
  return directory;
}

/** Something in a package, as it is seen below `/software/PKG`. */
export interface LayoutEntry {
  readonly path: Bytes;
  readonly kind: 'directory' | 'file';
}

export interface PackageLayout {
  /** Directories to make in the trees, each after the one above it. */
  readonly directories: readonly PackagePlace[];
  /** The tree of each file. */
  readonly files: readonly PackagePlace[];
  /** Links in the share tree, by which the outside reaches the other trees. */
  readonly links: readonly (PackagePlace & { readonly target: Bytes })[];
}

/**
 * How `entries` are spread over the trees. A directory all of whose contents have its own type,
 * not shared, is one link in the share tree; where types are mixed it is a real directory, with a
 * link for each thing in it that is not shared. Directories above an entry need not be given.
 */
export function packageLayout(
  site: Site,
  directory: Bytes,
  entries: readonly LayoutEntry[],
  typeOf: FileTypeOf,
): PackageLayout {
  const place = (type: Bytes, path: Bytes): PackagePlace => ({ type, directory, path });
  const directories = new Map<string, PackagePlace>();
  const addDirectory = (type: Bytes, path: Bytes): void => {
    if (directories.has(`${type}/${path}`)) return;
    if (path !== '') addDirectory(type, path.includes('/') ? dirname(path) : b``);
    directories.set(`${type}/${path}`, place(type, path));
  };
  const files: PackagePlace[] = [];
  const links: (PackagePlace & { readonly target: Bytes })[] = [];
  const visit = (node: Node, reached: Bytes): void => {
    const { path, type } = node;
    // once a link has led into another tree, all below it is there
    if (reached === SHARE && node.uniform && type !== SHARE) {
      const to = place(type, path);
      links.push({ ...place(SHARE, path), target: linkTarget(site, place(SHARE, path), to) });
    }
    const tree = node.uniform ? type : SHARE;
    if (node.isDirectory) {
      addDirectory(tree, path);
      for (const child of node.children) visit(child, tree);
    } else {
      addDirectory(tree, path.includes('/') ? dirname(path) : b``);
      files.push(place(tree, path));
    }
  };
  addDirectory(SHARE, b``);
  for (const node of treeOf(entries, typeOf)) visit(node, SHARE);
  return { directories: [...directories.values()], files, links };
}

/** What every new package has, but for files; which tree each stands in is its type's affair. */
export const SKELETON: readonly LayoutEntry[] = [
  '.admin',
  'bin',
  'data',
  'doc',
  'export',
  'include',
  'lib',
  'logs',
  'maintenance',
  'man/man1',
  'servers',
].map((path) => ({ path: path as Bytes, kind: 'directory' }));

interface Node {
  readonly path: Bytes;
  readonly type: Bytes;
  readonly isDirectory: boolean;
  readonly children: readonly Node[];
  /** Whether everything below has this one's type. */
  readonly uniform: boolean;
}

/** The top of the tree that `entries` make. */
function treeOf(entries: readonly LayoutEntry[], typeOf: FileTypeOf): readonly Node[] {
  const kinds = new Map<Bytes, 'directory' | 'file'>();
  const below = new Map<Bytes, Bytes[]>();
  const add = (path: Bytes, kind: 'directory' | 'file'): void => {
    const known = kinds.get(path);
    if (kind === 'directory' || known === undefined) kinds.set(path, kind);
    if (known !== undefined) return;
    const above = path.includes('/') ? dirname(path) : b``;
    if (above !== '') add(above, 'directory');
    const siblings = below.get(above);
    if (siblings === undefined) below.set(above, [path]);
    else siblings.push(path);
  };
  for (const { path, kind } of entries) add(path, kind);
  const node = (path: Bytes): Node => {
    const children = (below.get(path) ?? []).toSorted(compareBytes).map(node);
    const type = typeOf(path);
    return {
      path,
      type,
      isDirectory: kinds.get(path) === 'directory',
      children,
      uniform: children.every((child) => child.uniform && child.type === type),
    };
  };
  return (below.get(b``) ?? []).toSorted(compareBytes).map(node);
}

/** The path of a place as the system has it: `/.software/TYPE/PKG/path` under the site root. */
export function placePath(site: Site, { type, directory, path }: PackagePlace): Bytes {
  return join(typePath(site, type, directory), path);
}

/** The path by which the outside reaches it: `/software/PKG/path`. */
export function publicPath(site: Site, { directory, path }: Omit<PackagePlace, 'type'>): Bytes {
  return join(packagePath(site, directory), path);
}

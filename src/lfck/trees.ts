/**
 * Which trees are looked at, and what is known of directories before the walk: from the command
 * line, else from the site. What slaves have is what stands below an exported path.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { b, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { closeDir, openDir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import { EXIT, XhError } from '../message/error.ts';
import { architecture } from '../site/arch.ts';
import { siteFileTypes, type Config } from '../site/config.ts';
import { ARCH, SHARE } from '../site/file-types.ts';
import { inSite, packagePath, typePath, type Site } from '../site/site.ts';
import { SHARED } from './architecture-name.ts';
import type { DepotPackage } from './depot.ts';
import type { Owners } from './owners.ts';
import { realPath, rootNamed, type Root } from './scan.ts';
import type { Claim, Mark } from './standing.ts';

/** A tree as the operator names it. */
export interface NamedTree {
  readonly path: Bytes;
  /** All below is for it, whatever directories are called. */
  readonly architecture?: Bytes;
}

export interface Trees {
  readonly roots: readonly Root[];
  /** By real path. */
  readonly marks: ReadonlyMap<Bytes, Mark>;
  readonly hierarchy: Hierarchy;
}

/** What the hierarchy itself is made of, by real path: no package's. */
export interface Hierarchy {
  /** Directories and links that stand there before any package does. */
  readonly itself: ReadonlySet<Bytes>;
  /** The directories that packages stand in. */
  readonly trees: ReadonlySet<Bytes>;
}

export interface TreeOptions {
  readonly site: Site;
  readonly config: Config;
  readonly depot: readonly DepotPackage[];
  readonly owners: Owners;
  /** Trees to look at; with none of either, those of the site. */
  readonly trees: readonly NamedTree[];
  /** What slaves have; trees to look at too. Without any, what the site shares. */
  readonly exports: readonly NamedTree[];
}

/** @throws XhError E_LFCK_TREE (exit 2) for a tree that is none; FileError (exit 4) for one we may not enter */
export function planTrees(options: TreeOptions): Trees {
  const { trees, exports } = options;
  const marks = createMarks();
  const places = typePlaces(options);
  for (const { path, mark } of places) marks.add(path, mark);
  const homes = addClaims(marks, places, options);
  const named = [...exports.map(openTree), ...trees.map(openTree)];
  for (const { root, tree } of named) {
    const { architecture: arch } = tree;
    marks.add(root.path, {
      ...(arch !== undefined && { architecture: arch }),
      ...(exports.includes(tree) && { exported: true }),
    });
  }
  return {
    roots: named.length > 0 ? named.map(({ root }) => root) : siteRoots(options, places, homes),
    marks: marks.all,
    hierarchy: hierarchyOf(options.site, places),
  };
}

interface Marks {
  readonly all: ReadonlyMap<Bytes, Mark>;
  /** What is known already stays, but for what `mark` says. */
  add(path: Bytes, mark: Mark): void;
}

function createMarks(): Marks {
  const all = new Map<Bytes, Mark>();
  return {
    all,
    add: (path, mark) => {
      all.set(path, { ...all.get(path), ...mark });
    },
  };
}

/** A directory that holds files of one type, or of one architecture. */
interface TypePlace {
  readonly path: Bytes;
  /** Of the file type. */
  readonly name: Bytes;
  readonly mark: Mark;
}

/** The trees of the file types that are there, one for each architecture where there are several. */
function typePlaces({ site, config, exports }: TreeOptions): readonly TypePlace[] {
  const shared = exports.length === 0 ? { exported: true } : {};
  const places = siteFileTypes(config).flatMap(({ name, sharedBy }): TypePlace[] => {
    const path = directoryAt(typePath(site, name));
    if (path === undefined) return [];
    if (name === SHARE) return [{ path, name, mark: { ...shared, architecture: SHARED } }];
    if (name === ARCH) return [{ path, name, mark: { ...shared, architecture: architecture() } }];
    return [{ path, name, mark: sharedBy === 'nobody' ? {} : shared }];
  });
  const store = config.values['arch-store'];
  const storePath = store === undefined ? undefined : directoryAt(inSite(site, store));
  if (storePath === undefined) return places;
  const stored = readdirSync(toBuffer(storePath), 'latin1').flatMap((each): TypePlace[] => {
    const name = each as Bytes;
    const path = directoryAt(join(storePath, name));
    return path === undefined
      ? []
      : [{ path, name: ARCH, mark: { ...shared, architecture: name } }];
  });
  // this host's own is a link to one of them
  const paths = new Set(stored.map(({ path }) => path));
  return [...places.filter(({ path }) => !paths.has(path)), ...stored];
}

/** Whose the directories of packages, their homes, and our own records are. @returns the homes */
function addClaims(
  marks: Marks,
  places: readonly TypePlace[],
  { site, depot, owners }: TreeOptions,
): readonly Bytes[] {
  const homes = homesOf(site, owners);
  for (const [path, owner] of homes) marks.add(path, { claim: { kind: 'home', owner } });
  for (const pack of depot) {
    const claim: Claim = { kind: 'package', pack };
    for (const { path, mark } of places) {
      const directory = directoryAt(join(path, pack.directory));
      if (directory === undefined) continue;
      // a package may stand elsewhere, by a link
      marks.add(directory, isWithin(path, directory) ? { claim } : { ...mark, claim });
    }
  }
  const records = directoryAt(typePath(site, b`local`, b`.admin`));
  if (records !== undefined) marks.add(records, { claim: { kind: 'records' } });
  return [...homes.keys()];
}

/**
 * The home directories of package accounts, by real path. A directory that is not the account's own
 * is none: `/` and `/bin` are homes of many accounts, and no package's.
 */
function homesOf(site: Site, owners: Owners): ReadonlyMap<Bytes, number> {
  const homes = new Map<Bytes, number>();
  for (const { uid, home } of owners.packages) {
    if (!home.startsWith('/') || uid === 0) continue;
    for (const path of new Set([inSite(site, home), home])) {
      const real = directoryAt(path);
      if (real === undefined || !isWithin(site.root, real) || real === site.root) continue;
      if (statSync(toBuffer(real)).uid !== uid || homes.has(real)) continue;
      homes.set(real, uid);
      break;
    }
  }
  return homes;
}

/** What a site has: the trees of its types, packages that stand elsewhere, homes, objects. */
function siteRoots(
  { site, depot }: TreeOptions,
  places: readonly TypePlace[],
  homes: readonly Bytes[],
): readonly Root[] {
  const elsewhere = depot
    .flatMap(({ directory }) => directoryAt(packagePath(site, directory)) ?? [])
    .filter((path) => !places.some((place) => isWithin(place.path, path)));
  const objects = directoryAt(inSite(site, b`/obj`));
  const trees = [
    ...places.map(({ path }) => path),
    ...elsewhere,
    ...(objects === undefined ? [] : [objects]),
  ];
  // a home above a tree is no package's alone
  const ownHomes = homes.filter(
    (home) => ![...trees, ...homes].some((each) => each !== home && isWithin(home, each)),
  );
  const paths = new Set([...trees, ...ownHomes].filter((path) => isWithin(site.root, path)));
  if (paths.size > 0) return [...paths].map((path) => ({ path, name: path }));
  throw new XhError('E_LFCK_TREE', `there is no depot below ${printable(site.root)}`, {
    exit: EXIT.usage,
    place: { file: site.root },
    remedy: 'name the trees to look at, for example: lfck --export /export/local /obj',
  });
}

function hierarchyOf(site: Site, places: readonly TypePlace[]): Hierarchy {
  const share = directoryAt(typePath(site, SHARE));
  const trees = places.map(({ path }) => path);
  const itself = [
    ...['/.software', '/software', '/obj'].map((path) => inSite(site, path as Bytes)),
    ...places.map(({ name }) => typePath(site, name)),
    ...(share === undefined ? [] : [join(share, b`.admin`)]),
    ...trees,
  ];
  return { itself: new Set(itself), trees: new Set(trees) };
}

function openTree(tree: NamedTree): { readonly root: Root; readonly tree: NamedTree } {
  try {
    const root = rootNamed(tree.path);
    closeDir(openDir(root.path));
    return { root, tree };
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) throw error;
  }
  throw new XhError('E_LFCK_TREE', `${printable(tree.path)} is no directory`, {
    exit: EXIT.usage,
    place: { file: tree.path },
    remedy: existsSync(toBuffer(tree.path))
      ? 'name the directory that it stands in'
      : 'name a directory that is there',
  });
}

/** The real path of the directory that `path` leads to, if it is one and we may look. */
function directoryAt(path: Bytes): Bytes | undefined {
  try {
    const real = realPath(path);
    return statSync(toBuffer(real)).isDirectory() ? real : undefined;
  } catch (error) {
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

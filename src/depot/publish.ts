/**
 * A package's trees from what should be in it: each file into the tree of its type, links between
 * types in the share tree, all of it switched into place at once.
 */
import { b, fromBuffer, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { sha256 } from '../files/content.ts';
import type { Time } from '../files/stat.ts';
import { dirname, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import type { TreeObject } from '../host/plan.ts';
import { stateText } from '../host/state.ts';
import { EXIT, XhError } from '../message/error.ts';
import { linkTarget, packageLayout, type PackagePlace } from '../package/layout.ts';
import { architecture } from '../site/arch.ts';
import { siteFileTypes } from '../site/config.ts';
import { ARCH, isHostsOwn, SHARE, type FileType, type FileTypeOf } from '../site/file-types.ts';
import { inSite, type Site } from '../site/site.ts';
import type { Planning } from './context.ts';

/** One object of a package, by its path as seen below `/software/PKG`. */
export type PackageObject = {
  readonly path: Bytes;
  readonly mode: number;
  readonly mtime?: Time;
} & (
  | { readonly type: 'directory' }
  /** `hardLinkOf`: another file of the same type that this is a second name of. */
  | { readonly type: 'file'; readonly content: Uint8Array; readonly hardLinkOf?: Bytes }
  /** `to`: the path in the package that it leads to, when it does; its text is then made to fit. */
  | { readonly type: 'link'; readonly target: Bytes; readonly to?: Bytes }
);

export interface PublishOptions {
  readonly directory: Bytes;
  readonly typeOf: FileTypeOf;
  readonly objects: readonly PackageObject[];
  /** Takes the place of a package that is there. */
  readonly replace: boolean;
  /** What helps when there is a package already. */
  readonly remedy: string;
}

/**
 * Plans the trees of a package into the draft. What is this host's own (logs, spool) is added to and
 * never replaced, and what another package of the name has left of it is in nobody's way.
 * @returns the contents by hash, to be handed to apply
 * @throws XhError E_PACKAGE_EXISTS (exit 3)
 */
export function planPublish(
  planning: Planning,
  options: PublishOptions,
): (hash: string) => Uint8Array {
  const { host, draft, config } = planning;
  const { directory } = options;
  const contents = new Map<string, Uint8Array>();
  const contentOf = (hash: string): Uint8Array => {
    const content = contents.get(hash);
    if (content === undefined) throw new Error(`no content ${hash}`);
    return content;
  };
  const trees = treesOf(host.site, options, contents);
  for (const type of siteFileTypes(config)) {
    const tree = [...(trees.get(type.name)?.values() ?? [])];
    const standing = b`/.software/${type.name}/${directory}`;
    const there = draft.look(standing).type !== 'absent';
    const own = isHostsOwn(type);
    if (there && !own && !options.replace) throw exists(directory, standing, options.remedy);
    if (there && own) addTo(draft, standing, tree, contentOf);
    else if (tree.length > 0)
      draft.tree({ path: join(treesRoot(planning, type), directory), objects: tree });
    else if (there) draft.remove(standing);
  }
  return contentOf;
}

/** Where the trees of a type stand, with the way there planned where it is missing, as the configuration says. */
export function treesRoot({ draft, host, config }: Planning, type: FileType): Bytes {
  const path = b`/.software/${type.name}`;
  const blocked = draft.obstacle(path);
  if (blocked !== undefined) {
    throw new XhError(
      'E_TYPE_ROOT',
      `${printable(blocked)} is ${stateText(draft.look(blocked))}, where a directory has to be for files of the type ${printable(type.name)}`,
      {
        exit: EXIT.refused,
        place: { file: blocked },
        remedy: 'put a directory there, or a link to one',
      },
    );
  }
  const store = config.values['arch-store'];
  const elsewhere =
    type.name === ARCH && store !== undefined ? join(store, architecture()) : type.root;
  if (elsewhere === undefined || draft.look(path).type !== 'absent') {
    draft.makeDir(path);
    return path;
  }
  draft.makeDir(dirname(path));
  draft.makeDir(elsewhere);
  draft.link(path, inSite(host.site, elsewhere));
  return elsewhere;
}

/** Puts into a tree that is there what it lacks. */
function addTo(
  draft: Draft,
  top: Bytes,
  tree: readonly TreeObject[],
  contentOf: (hash: string) => Uint8Array,
): void {
  for (const { path, type, mode, target, sha256: hash } of tree) {
    const at = path === '' ? top : join(top, path);
    if (draft.look(at).type !== 'absent') continue;
    if (type === 'directory') draft.makeDir(at);
    else if (type === 'link') draft.link(at, target ?? b``);
    else draft.write(at, fromBuffer(contentOf(hash ?? '')), { mode });
  }
}

/** The objects of each type's tree, by path. */
export function treesOf(
  site: Site,
  { directory, objects, typeOf }: Pick<PublishOptions, 'directory' | 'objects' | 'typeOf'>,
  contents: Map<string, Uint8Array>,
): ReadonlyMap<Bytes, ReadonlyMap<Bytes, TreeObject>> {
  const byPath = new Map(objects.map((object) => [object.path, object]));
  const entries = objects.map(({ path, type }) => ({
    path,
    kind: type === 'directory' ? ('directory' as const) : ('file' as const),
  }));
  const layout = packageLayout(site, directory, entries, typeOf);
  const standing = new Map<Bytes, PackagePlace>();
  for (const place of [...layout.directories, ...layout.files]) standing.set(place.path, place);
  const trees = new Map<Bytes, Map<Bytes, TreeObject>>();
  const put = (type: Bytes, object: TreeObject): void => {
    const tree = trees.get(type) ?? new Map<Bytes, TreeObject>();
    trees.set(type, tree);
    if (!tree.has(object.path)) tree.set(object.path, object);
  };
  for (const { type, path } of layout.directories) put(type, directoryObject(path, byPath));
  for (const place of layout.files) {
    const object = byPath.get(place.path);
    if (object === undefined || object.type === 'directory') continue;
    const { path, mode } = object;
    const mtime = object.mtime && ([object.mtime.seconds, object.mtime.nanoseconds] as const);
    const common = { path, mode, ...(mtime && { mtime }) };
    if (object.type === 'link') {
      const target = linkText(site, place, object, standing);
      put(place.type, { ...common, type: 'link', target });
    } else {
      const hash = sha256(object.content);
      contents.set(hash, object.content);
      put(place.type, {
        ...common,
        type: 'file',
        size: object.content.length,
        sha256: hash,
        ...(object.hardLinkOf !== undefined && { hardLinkOf: object.hardLinkOf }),
      });
    }
  }
  for (const { type, path, target } of layout.links) {
    put(type, { path, type: 'link', mode: 0o777, target });
  }
  for (const type of trees.keys()) addNeighbours(site, directory, type, layout.directories, put);
  return trees;
}

/**
 * Programs look for their own files beside them (`../share/foo`). In the tree of one type what is
 * of another type is there by a link, so that this holds.
 */
function addNeighbours(
  site: Site,
  directory: Bytes,
  type: Bytes,
  directories: readonly PackagePlace[],
  put: (type: Bytes, object: TreeObject) => void,
): void {
  if (type === SHARE) return;
  for (const place of directories) {
    const isTop = place.path !== '' && !place.path.includes('/');
    if (!isTop || place.type === type || place.path.startsWith('.')) continue;
    const target = linkTarget(site, { type, directory, path: place.path }, place);
    put(type, { path: place.path, type: 'link', mode: 0o777, target });
  }
}

function directoryObject(path: Bytes, byPath: ReadonlyMap<Bytes, PackageObject>): TreeObject {
  const given = byPath.get(path);
  const mtime = given?.mtime && ([given.mtime.seconds, given.mtime.nanoseconds] as const);
  return { path, type: 'directory', mode: given?.mode ?? 0o755, ...(mtime && { mtime }) };
}

/** What a link says, by the one rule for links; a link that leads out of the package stays as it is. */
function linkText(
  site: Site,
  from: PackagePlace,
  link: { readonly target: Bytes; readonly to?: Bytes },
  standing: ReadonlyMap<Bytes, PackagePlace>,
): Bytes {
  if (link.to === undefined) return link.target;
  const to = standing.get(link.to);
  return to === undefined ? link.target : linkTarget(site, from, to);
}

function exists(directory: Bytes, path: Bytes, remedy: string): XhError {
  return new XhError(
    'E_PACKAGE_EXISTS',
    `there is a package ${printable(directory)} already (${printable(path)})`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy,
    },
  );
}

/** Text content of a package's file. */
export function textObject(path: Bytes, content: Bytes, mode = 0o644): PackageObject {
  return { path, type: 'file', mode, content: toBuffer(content) };
}

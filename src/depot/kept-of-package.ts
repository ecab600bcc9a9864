/**
 * What of a package stays when a build is put into it: what people made, and what the builds of other
 * architectures have. The rest is the last build's, and gives way.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { dirname, join } from '../bytes/path.ts';
import { sha256 } from '../files/content.ts';
import type { Before } from '../host/plan.ts';
import { ARCH, isHostsOwn, type FileTypeOf } from '../site/file-types.ts';
import { typePath, type Site } from '../site/site.ts';
import { DIRECTORY_IS, linkIs, recordPath, type BuiltObject } from './built-record.ts';
import type { Planning } from './context.ts';
import type { PackageObject } from './publish.ts';
import { whatIs, type StandingTree } from './standing-package.ts';

export interface RebuildRequest {
  readonly directory: Bytes;
  readonly architecture: Bytes;
  /** What was built. */
  readonly built: readonly PackageObject[];
  readonly typeOf: FileTypeOf;
  /** What people made gives way where the build has something of that name. */
  readonly replace: boolean;
}

/** What stays of a package. */
export interface People {
  readonly objects: readonly PackageObject[];
  readonly types: ReadonlyMap<Bytes, Bytes>;
  /** By type: paths that are not to be touched. */
  readonly kept: ReadonlyMap<Bytes, ReadonlySet<Bytes>>;
  readonly differing: readonly Bytes[];
  readonly gone: readonly Bytes[];
}

export interface StandingPackage {
  readonly standing: readonly StandingTree[];
  /** What was built, by architecture. */
  readonly records: ReadonlyMap<Bytes, readonly BuiltObject[]>;
}

/** Conflicts between what people made and what was built go to the plan. @throws FileError */
export function whatStays(
  planning: Planning,
  request: RebuildRequest,
  { standing, records }: StandingPackage,
): People {
  const { host } = planning;
  const { directory } = request;
  const own = index(records.get(request.architecture) ?? []);
  const others = index(
    [...records].flatMap(([name, objects]) => (name === request.architecture ? [] : objects)),
  );
  const built = new Map(request.built.map((object) => [object.path, object]));
  const objects: PackageObject[] = [];
  const types = new Map<Bytes, Bytes>();
  const kept = new Map<Bytes, Set<Bytes>>();
  const differing: Bytes[] = [];
  const gone: Bytes[] = [];
  for (const { type, objects: found } of standing) {
    for (const [path, object] of found) {
      const key = b`${type.name} ${path}`;
      const is = whatIs(object);
      const isOurs = own.get(key) === is;
      const isTheirs = type.name !== ARCH && others.has(key);
      const isRecord = path === recordPath(request.architecture);
      const isMade =
        object.type === 'link' &&
        isLayoutLink(host.site, directory, { type: type.name, path, target: object.target });
      if (isRecord || isMade) continue;
      const now = built.get(path);
      if (now !== undefined && object.type !== 'directory') {
        if (isOurs || is === isOf(now) || isHostsOwn(type)) continue;
        if (isTheirs) {
          differing.push(path);
          continue;
        }
        if (request.replace) continue;
        planning.conflicts.push(conflict(directory, path, own.has(key)));
      } else if (isOurs && !isTheirs && now === undefined) {
        if (object.type !== 'directory') gone.push(path);
        continue;
      }
      // a directory of several types has the one that the rules give it
      if (now === undefined) {
        if (!types.has(path) || request.typeOf(path) === type.name) types.set(path, type.name);
        const packageObject = packageObjectOf(path, object);
        if (packageObject !== undefined) objects.push(packageObject);
      }
      if (object.type === 'directory' && isOurOwner(object)) continue;
      kept.set(type.name, (kept.get(type.name) ?? new Set()).add(path));
    }
  }
  return { objects, types, kept, differing, gone };
}

function index(objects: readonly BuiltObject[]): ReadonlyMap<Bytes, Bytes> {
  return new Map(objects.map(({ type, path, is }) => [b`${type} ${path}`, is]));
}

/** Links from one type's tree to another's are made anew each time. */
export function isLayoutLink(
  site: Site,
  directory: Bytes,
  { type, path, target }: { readonly type: Bytes; readonly path: Bytes; readonly target: Bytes },
): boolean {
  const trees = dirname(typePath(site, type));
  const below = target.startsWith(`${trees}/`) ? target.slice(trees.length + 1) : '';
  const [other = '', ...rest] = below.split('/');
  return other !== type && rest.join('/') === join(directory, path);
}

function isOf(object: PackageObject): Bytes {
  switch (object.type) {
    case 'file':
      return sha256(object.content) as Bytes;
    case 'link':
      return linkIs(object.target);
    case 'directory':
      return DIRECTORY_IS;
  }
}

/** What stays is in the layout, and its content is of no interest: it is not written. */
function packageObjectOf(path: Bytes, object: Before): PackageObject | undefined {
  switch (object.type) {
    case 'file':
      return { path, type: 'file', mode: object.mode, content: new Uint8Array() };
    case 'link':
      return { path, type: 'link', mode: 0o777, target: object.target };
    case 'directory':
      return { path, type: 'directory', mode: object.mode };
    default:
      return undefined;
  }
}

/** A directory of ours may be switched with what is in it. */
function isOurOwner({ uid, gid }: Extract<Before, { type: 'directory' }>): boolean {
  return uid === process.geteuid?.() && gid === process.getegid?.();
}

function conflict(directory: Bytes, path: Bytes, wasBuilt: boolean): Planning['conflicts'][number] {
  return {
    code: wasBuilt ? 'E_MAKE_EDITED' : 'E_MAKE_IN_THE_WAY',
    path: b`/software/${directory}/${path}`,
    message: wasBuilt
      ? 'somebody has changed it since the last build installed it'
      : 'is there, and no build has made it',
    remedy: 'move it elsewhere, or let the build have its place with --replace',
  };
}

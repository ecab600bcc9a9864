/**
 * A package after a build: what the last build of the same architecture had gives way to what this one
 * has; the trees of other architectures, and what people made, stay as they are. Directories in which
 * nothing is anybody else's are switched whole, the rest object by object, in one transaction.
 */
import { b, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { sha256 } from '../files/content.ts';
import type { TreeObject } from '../host/plan.ts';
import { EXIT, XhError } from '../message/error.ts';
import { architecture as hostArchitecture } from '../site/arch.ts';
import { siteFileTypes } from '../site/config.ts';
import { ARCH, SHARE, type FileType, type FileTypeOf } from '../site/file-types.ts';
import type { Site } from '../site/site.ts';
import {
  BUILDS,
  DIRECTORY_IS,
  linkIs,
  printRecord,
  recordPath,
  type BuiltObject,
} from './built-record.ts';
import type { Planning } from './context.ts';
import { isLayoutLink, whatStays, type People, type RebuildRequest } from './kept-of-package.ts';
import { treesOf, treesRoot } from './publish.ts';
import { builtRecords, standingTree, type StandingTree } from './standing-package.ts';
import { planTree } from './tree-change.ts';

export interface Rebuild {
  readonly contents: (hash: string) => Uint8Array;
  /** Files that another architecture's build has otherwise. */
  readonly differing: readonly Bytes[];
  /** What the last build had and this one has no more. */
  readonly gone: readonly Bytes[];
}

/**
 * Plans it into the draft; conflicts with what people made are the plan's.
 * @throws XhError E_NO_ARCH_STORE (exit 3) for another architecture than this host's, where nothing
 *   says where its tree is
 */
export function planRebuild(planning: Planning, request: RebuildRequest): Rebuild {
  const records = builtRecords(planning.draft, b`/.software/${SHARE}/${request.directory}`);
  const standing = standingTrees(planning, request, records);
  const people = whatStays(planning, request, { standing, records });
  const contents = new Map<string, Uint8Array>();
  const contentOf = (hash: string): Uint8Array => {
    const content = contents.get(hash);
    if (content === undefined) throw new Error(`no content ${hash}`);
    return content;
  };
  const typeOf: FileTypeOf = (path) => people.types.get(path) ?? request.typeOf(path);
  const { host } = planning;
  const objects = [...request.built, ...people.objects];
  const shape = { directory: request.directory, objects, typeOf };
  const trees = treesOf(host.site, shape, contents);
  const record = recordOf(host.site, request, trees, people);
  contents.set(record.sha256, record.content);
  const withRecord = new Map(trees.get(SHARE));
  for (const object of record.objects) {
    if (!withRecord.has(object.path)) withRecord.set(object.path, object);
  }
  for (const tree of standing) {
    const desired = tree.type.name === SHARE ? withRecord : trees.get(tree.type.name);
    planTree(planning, {
      ...tree,
      desired: desired ?? new Map(),
      kept: people.kept.get(tree.type.name) ?? new Set(),
      rootNow: () => join(rootOf(planning, tree.type, request.architecture), request.directory),
      contentOf,
    });
  }
  renewOtherRecords(planning, request, { records, built: record.built });
  return { contents: contentOf, differing: people.differing, gone: people.gone };
}

/** What this build has of other content, in trees that all share, is so for the others from now on. */
function renewOtherRecords(
  { draft }: Planning,
  { directory, architecture }: RebuildRequest,
  { records, built }: { records: Records; built: readonly BuiltObject[] },
): void {
  const now = new Map(
    built.filter(({ type }) => type !== ARCH).map(({ type, path, is }) => [b`${type} ${path}`, is]),
  );
  for (const [name, objects] of records) {
    if (name === architecture) continue;
    const renewed = objects.map((object) => ({
      ...object,
      is: now.get(b`${object.type} ${object.path}`) ?? object.is,
    }));
    if (renewed.every(({ is }, i) => is === objects[i]?.is)) continue;
    const path = b`/.software/${SHARE}/${directory}/${recordPath(name)}`;
    draft.write(path, printRecord(name, renewed));
  }
}

/** What was built, by architecture. */
type Records = ReadonlyMap<Bytes, readonly BuiltObject[]>;

function standingTrees(
  { draft, config }: Planning,
  { directory, architecture, built }: RebuildRequest,
  records: Records,
): readonly StandingTree[] {
  const recorded = [...records.values()].flat();
  const paths = new Set([...built, ...recorded].map(({ path }) => path));
  paths.add(recordPath(architecture));
  return siteFileTypes(config).map((type) => {
    const store = config.values['arch-store'];
    const isForeign = type.name === ARCH && architecture !== hostArchitecture();
    if (isForeign && store === undefined) throw noStore(architecture);
    const root =
      isForeign && store !== undefined
        ? join(join(store, architecture), directory)
        : b`/.software/${type.name}/${directory}`;
    return standingTree(draft, { type, root, paths });
  });
}

/** Where the trees of a type are, with the way there made. */
function rootOf(planning: Planning, type: FileType, architecture: Bytes): Bytes {
  const store = planning.config.values['arch-store'];
  if (type.name !== ARCH || store === undefined || architecture === hostArchitecture()) {
    return treesRoot(planning, type);
  }
  const root = join(store, architecture);
  planning.draft.makeDir(root);
  return root;
}

function noStore(architecture: Bytes): XhError {
  return new XhError(
    'E_NO_ARCH_STORE',
    `this depot keeps the files of one architecture, ${printable(hostArchitecture())}; these are for ${printable(architecture)}`,
    {
      exit: EXIT.refused,
      remedy:
        'say in /etc/xhier.toml where it keeps those of all: arch-store = "/export/software/arch"',
    },
  );
}

/** The record of this build, and the directory that it is in. */
function recordOf(
  site: Site,
  { architecture, directory }: RebuildRequest,
  trees: ReadonlyMap<Bytes, ReadonlyMap<Bytes, TreeObject>>,
  people: People,
): {
  readonly sha256: string;
  readonly content: Uint8Array;
  readonly objects: readonly TreeObject[];
  readonly built: readonly BuiltObject[];
} {
  const stays = new Set(
    people.objects.map(({ path }) => b`${people.types.get(path) ?? b``} ${path}`),
  );
  const isBuilt = (type: Bytes, { path, target }: TreeObject): boolean =>
    path !== '' &&
    !path.startsWith('.admin') &&
    !stays.has(b`${type} ${path}`) &&
    (target === undefined || !isLayoutLink(site, directory, { type, path, target }));
  const built = [...trees].flatMap(([type, tree]) =>
    [...tree.values()]
      .filter((object) => isBuilt(type, object))
      .map((object): BuiltObject => ({ path: object.path, type, is: recordedAs(object) })),
  );
  const content = toBuffer(printRecord(architecture, built));
  const hash = sha256(content);
  const path = recordPath(architecture);
  return {
    sha256: hash,
    content,
    built,
    objects: [
      { path: BUILDS, type: 'directory', mode: 0o755 },
      { path, type: 'file', mode: 0o644, size: content.length, sha256: hash },
    ],
  };
}

function recordedAs({ type, target, sha256: hash }: TreeObject): Bytes {
  if (type === 'directory') return DIRECTORY_IS;
  return type === 'link' ? linkIs(target ?? b``) : (hash as Bytes);
}

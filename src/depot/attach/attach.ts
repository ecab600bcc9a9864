/**
 * `xh attach`: a package is here by links into the tree of another host's site that is mounted, one link
 * for each of its file types, under the paths that it would have as a copy. What is the host's own (logs,
 * spool) stays its own.
 */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import type { Plan, TreeObject } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { readPackage } from '../../package/read.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { inSite, typePath } from '../../site/site.ts';
import { activate } from '../activate.ts';
import { finishPlanning, startPlanning, type Planning } from '../context.ts';
import { planPathTable } from '../path-table.ts';
import { pulledPackage } from '../pulled.ts';
import { receiptOf } from '../receipts.ts';
import type { Mount, Offered, OfferedTree } from './mount.ts';
import { attachedIn, type AttachedPackage } from './record.ts';

export interface AttachOptions {
  readonly by: AttachedPackage['by'];
  /** Whether files of this host that nobody else is known to have may give way. */
  readonly replace: boolean;
}

/** What to attach, and the mount that has it. */
export interface Attachment {
  readonly mount: Mount;
  readonly offered: Offered;
}

/** The package of a mount that a user calls `name`. @throws XhError E_ATTACH_NO_PACKAGE */
export function offeredAs(mount: Mount, name: Bytes): Attachment {
  const offered = mount.offered.get(mount.current.get(name) ?? name) ?? mount.offered.get(name);
  if (offered !== undefined) return { mount, offered };
  const near = didYouMean(printable(name), mount.packages.map(printable));
  throw new XhError(
    'E_ATTACH_NO_PACKAGE',
    `there is no package ${printable(name)} below ${printable(mount.path)}`,
    {
      place: { file: mount.path },
      remedy: near ?? `it has ${mount.packages.length} packages; name one by its directory`,
    },
  );
}

/** Plans the links of packages; those that are attached so already need nothing. */
export function planAttach(
  host: Host,
  config: Config,
  attachments: readonly Attachment[],
  options: AttachOptions,
): Plan {
  const planning = startPlanning(host, config);
  for (const attachment of attachments) planOne(planning, attachment, options);
  return finishPlanning(
    planning,
    'attach',
    attachments.map(({ offered }) => offered.directory),
  );
}

/**
 * Plans what the host has of packages that are installed and whose files have been exchanged: links,
 * system files and receipts as they are for the files that there are now. No scripts are run.
 */
export function planRenew(host: Host, config: Config, directories: readonly Bytes[]): Plan {
  const planning = startPlanning(host, config);
  if (directories.length === 0) return finishPlanning(planning, 'attach', []);
  for (const directory of directories) {
    const receipt = receiptOf(planning, directory);
    if (receipt === undefined) continue;
    activate(planning, readPackage(host.site, directory), { current: receipt.current });
  }
  planPathTable(planning);
  return finishPlanning(planning, 'attach', directories);
}

function planOne(
  planning: Planning,
  { mount, offered }: Attachment,
  { by, replace }: AttachOptions,
): void {
  const { draft, host, config, conflicts } = planning;
  const { directory } = offered;
  const attached = attachedIn(draft);
  const before = attached.get(directory);
  const mayGo =
    replace || before !== undefined || pulledPackage(host.walker, directory) !== undefined;
  for (const { name: type } of siteFileTypes(config).filter((each) => !isHostsOwn(each))) {
    const path = b`/.software/${type}/${directory}`;
    const tree = offered.trees.get(type);
    const standing = draft.look(path);
    if (standing.type === 'directory' && !mayGo) {
      conflicts.push({
        code: 'E_ATTACH_OWN',
        path,
        message: `${printable(directory)} is here as files that nobody else is known to have`,
        remedy: `if they may go: xh attach ${printable(directory)} --from ${printable(inSite(host.site, mount.path))} --replace`,
      });
      return;
    }
    if (tree === undefined) {
      if (standing.type !== 'absent') draft.remove(path);
      continue;
    }
    draft.makeDir(dirname(path));
    const target = inSite(host.site, tree.path);
    const objects = adapted(planning, mount, directory, tree);
    if (objects === undefined) {
      if (standing.type !== 'link' || standing.target !== target) draft.link(path, target);
    } else if (!isThere(planning, path, objects)) draft.tree({ path, objects });
  }
  const made = [...(before?.made ?? []), ...ownDirectories(planning, offered)];
  attached.set(directory, {
    package: directory,
    from: mount.path,
    by,
    trees: [...offered.trees].map(([type, { path }]) => ({ type, path })),
    made,
  });
}

/** Directories for logs and the like, where the package's links lead to. @returns those that are made */
function ownDirectories({ draft, config }: Planning, offered: Offered): readonly Bytes[] {
  const own = new Set(
    siteFileTypes(config)
      .filter(isHostsOwn)
      .map(({ name }) => name),
  );
  return [...offered.trees.values()]
    .flatMap(({ crossing }) => crossing)
    .filter(({ type }) => own.has(type))
    .flatMap(({ type, to }) => draft.makeDir(join(b`/.software/${type}/${offered.directory}`, to)))
    .filter((path) => path.split('/').length > TYPE_DEPTH);
}

/** `/.software/TYPE` has so many parts. */
const TYPE_DEPTH = 3;

/**
 * A tree from a site with another root: its links to other types lead elsewhere, so ours stand in the
 * place of those, and links to all the rest around them. Undefined where none is needed.
 */
function adapted(
  { host: { site } }: Planning,
  { root, layout }: Mount,
  directory: Bytes,
  { path: tree, crossing, beside }: OfferedTree,
): readonly TreeObject[] | undefined {
  const target = inSite(site, tree);
  if (layout === 'packages' || root === site.root || crossing.length === 0) return undefined;
  const real = new Set<Bytes>([b``]);
  for (const { path } of crossing) {
    for (let at = dirname(path); at !== '.'; at = dirname(at)) real.add(at);
  }
  const shown = (path: Bytes): boolean => real.has(path.includes('/') ? dirname(path) : b``);
  const links: TreeObject[] = [
    ...crossing.map(({ path, type, to }) =>
      linkObject(path, join(typePath(site, type, directory), to)),
    ),
    ...beside
      .filter((path) => shown(path) && !real.has(path))
      .map((path) => linkObject(path, join(target, path))),
  ];
  const directories = [...real].map((path): TreeObject => ({
    path,
    type: 'directory',
    mode: 0o755,
  }));
  // each after the directory that it is in
  return [...directories, ...links].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function linkObject(path: Bytes, target: Bytes): TreeObject {
  return { path, type: 'link', mode: 0o777, target };
}

/** Whether a directory of links is as it is to be. */
function isThere({ draft }: Planning, top: Bytes, objects: readonly TreeObject[]): boolean {
  const names = new Map<Bytes, Set<Bytes>>();
  for (const { path, type, target } of objects) {
    const at = path === '' ? top : join(top, path);
    const standing = draft.look(at);
    if (type === 'directory') {
      if (standing.type !== 'directory') return false;
      names.set(at, names.get(at) ?? new Set());
    } else if (standing.type !== 'link' || standing.target !== target) return false;
    if (path !== '') names.set(dirname(at), (names.get(dirname(at)) ?? new Set()).add(at));
  }
  return [...names].every(([at, inside]) => draft.list(at).size === inside.size);
}

/** @throws XhError E_ATTACH_OUTSIDE (3) for what is not below the site root */
export function mountInside(host: Pick<Host, 'site'>, path: Bytes): Bytes {
  const { root } = host.site;
  if (root === '/') return path;
  if (path.startsWith(`${root}/`)) return path.slice(root.length) as Bytes;
  throw new XhError(
    'E_ATTACH_OUTSIDE',
    `${printable(path)} is not below the site root ${printable(root)}`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy: `mount it below the root, for example: sshfs HOST:/ ${printable(root)}/mnt/HOST`,
    },
  );
}

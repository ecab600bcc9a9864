/**
 * What a mount has to offer: the packages of another host's site, with the place of each of their file
 * types. A child looks, and has some seconds for it: a server that is gone keeps nobody waiting.
 */
import { type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { askChild } from '../../files/answering.ts';
import { packageNameProblem } from '../../package/name.ts';
import { inSite, type Site } from '../../site/site.ts';

/** How a mount is laid out. */
export type Layout =
  /** Another site's root: `.software/TYPE/PKG` is below it. */
  | 'site'
  /** Another site's `/.software`: `TYPE/PKG` is below it. */
  | 'trees'
  /** Packages that are whole: `PKG/.admin` is below it. */
  | 'packages';

/** A package on a mount. */
export interface Offered {
  readonly directory: Bytes;
  /** By file type. */
  readonly trees: ReadonlyMap<Bytes, OfferedTree>;
}

/** What a package has of one file type. */
export interface OfferedTree {
  /** As inside the site. */
  readonly path: Bytes;
  /** Its links into trees of other types. */
  readonly crossing: readonly CrossingLink[];
  /** What else is in the directories that have such links at any depth, those directories included. */
  readonly beside: readonly Bytes[];
}

/** A link from one tree of a package to another. */
export interface CrossingLink {
  readonly path: Bytes;
  readonly type: Bytes;
  /** In the other tree. */
  readonly to: Bytes;
}

export interface Mount {
  /** As inside the site. */
  readonly path: Bytes;
  readonly layout: Layout;
  /** The site root that its links are written for; unknown where nothing tells. */
  readonly root: Bytes | undefined;
  /** Its package directories. */
  readonly packages: readonly Bytes[];
  /** What `NAME` means there, where versions stand side by side. */
  readonly current: ReadonlyMap<Bytes, Bytes>;
  /** Those that were asked for and are there. */
  readonly offered: ReadonlyMap<Bytes, Offered>;
}

export type MountAnswer = Mount | 'silent' | 'absent' | 'no packages';

export interface LookOptions {
  /** File types other than a host's own, as this host knows them. */
  readonly types: readonly Bytes[];
  /** Architectures that this host runs, the best first. */
  readonly runs: readonly Bytes[];
  /** Packages of interest: directories, or names of which the current version is meant. */
  readonly packages: readonly Bytes[];
}

/** Looks at the mount `path`, as inside the site. */
export async function lookAtMount(
  site: Site,
  path: Bytes,
  { types, runs, packages }: LookOptions,
): Promise<MountAnswer> {
  const question = { mount: inSite(site, path), types, runs, packages };
  const text = await askChild(LOOK, question, LIMIT);
  if (text === undefined) return 'silent';
  const found = JSON.parse(text) as Found;
  if (found.layout === undefined) return found.there ? 'no packages' : 'absent';
  const isName = (name: Bytes): boolean => packageNameProblem(name) === undefined;
  return {
    path,
    layout: found.layout,
    root: found.root,
    packages: found.packages.filter(isName),
    current: new Map(
      (Object.entries(found.current) as [Bytes, Bytes][]).filter(
        ([name, to]) => isName(name) && isName(to),
      ),
    ),
    offered: new Map(
      found.offered
        .filter(({ directory }) => isName(directory))
        .map(({ directory, trees }) => {
          const inside = Object.entries(trees).map(
            ([type, { below, ...links }]) =>
              [type as Bytes, { path: join(path, below), ...links }] as const,
          );
          return [directory, { directory, trees: new Map(inside) }];
        }),
    ),
  };
}

/** What the child says. */
interface Found {
  readonly there: boolean;
  readonly layout?: Layout;
  readonly root?: Bytes;
  readonly packages: readonly Bytes[];
  readonly current: Readonly<Record<string, Bytes>>;
  readonly offered: readonly {
    readonly directory: Bytes;
    readonly trees: Readonly<Record<string, Omit<OfferedTree, 'path'> & { readonly below: Bytes }>>;
  }[];
}

/** Milliseconds. */
const LIMIT = 8000;

/**
 * The child's work. Links on the mount are written for the root of its own site: they are followed as if
 * that root were the mount, so that `arch` may be a link into a store with a tree for each architecture.
 */
const LOOK = String.raw`
'use strict';
const fs = require('fs');
const { mount, types, runs, packages } = JSON.parse(process.argv[1]);
const raw = (path) => Buffer.from(path, 'latin1');
const attempt = (work) => { try { return work(); } catch { return undefined; } };
const names = (path) => attempt(() => fs.readdirSync(raw(path), { encoding: 'latin1', withFileTypes: true })) || [];
const linkAt = (path) => attempt(() => fs.readlinkSync(raw(path), 'latin1'));
const isDirectory = (path) => attempt(() => fs.statSync(raw(path)).isDirectory()) === true;
const at = (below) => below === '' ? mount : mount + '/' + below;

/** The directory below the mount that one is by links written for 'root'; undefined where there is none. */
function resolved(below, root) {
  for (let i = 0; i < 10; i++) {
    const target = linkAt(at(below));
    if (target === undefined) return isDirectory(at(below)) ? below : undefined;
    const inner = root === '' ? target : target.startsWith(root + '/') ? target.slice(root.length) : target;
    if (inner.startsWith('/')) below = inner.slice(1).replace(/\/+$/, '');
    else below = [...below.split('/').slice(0, -1), inner].join('/');
    if (below.split('/').includes('..')) return isDirectory(at(below)) ? below : undefined;
  }
  return undefined;
}

/** Types are mixed near the top of a package, if at all. */
const DEPTH = 3;
const there = isDirectory(mount);
const result = { there, packages: [], current: {}, offered: [] };
const base = isDirectory(at('.software/share')) || linkAt(at('.software/share')) !== undefined ? '.software/'
  : (isDirectory(at('share')) || linkAt(at('share')) !== undefined) && linkAt(at('share/.admin')) !== undefined ? ''
  : undefined;
const own = linkAt(at((base === undefined ? '' : base + 'share/') + '.admin'));
const mark = '/.software/local/.admin';
const root = own !== undefined && own.endsWith(mark) ? own.slice(0, -mark.length) : undefined;
const shareOf = base === undefined ? '' : resolved(base + 'share', root || '');
const isPackage = (name) => isDirectory(at((shareOf === '' ? '' : shareOf + '/') + name + '/.admin'));
if (there && shareOf !== undefined) {
  for (const entry of names(at(shareOf))) {
    if (entry.name.startsWith('.')) continue;
    const target = entry.isSymbolicLink() ? linkAt(at((shareOf === '' ? '' : shareOf + '/') + entry.name)) : undefined;
    if (target !== undefined && !target.includes('/')) result.current[entry.name] = target;
    else if (entry.isDirectory() || target !== undefined) result.packages.push(entry.name);
  }
  const meant = (name) => result.packages.includes(name) ? name : result.current[name] || '';
  const wanted = [...new Set(packages.map(meant))].filter((name) => name !== '' && isPackage(name));
  if (base === undefined) result.packages = result.packages.filter(isPackage);
  if (base !== undefined || result.packages.length > 0) {
    result.layout = base === undefined ? 'packages' : base === '' ? 'trees' : 'site';
    if (root !== undefined) result.root = root === '' ? '/' : root;
  }
  for (const directory of wanted) result.offered.push(offer(directory));
}
process.stdout.write(JSON.stringify(result));

function offer(directory) {
  const trees = {};
  for (const type of base === undefined ? ['share'] : types) {
    const tree = base === undefined ? '' : treeOf(type);
    const below = tree === undefined ? '' : tree === '' ? directory : tree + '/' + directory;
    if (tree === undefined || !isDirectory(at(below))) continue;
    const crossing = [];
    const beside = [];
    lookForLinks(below, '', directory, crossing, beside);
    trees[type] = { below, crossing, beside };
  }
  return { directory, trees };
}

/** Of a type with a tree for each architecture, the best that we can run. */
function treeOf(type) {
  const tree = resolved(base + type, root || '');
  if (tree === undefined || type !== 'arch') return tree;
  const link = linkAt(at(base + type));
  if (link === undefined) return tree;
  const above = tree.split('/').slice(0, -1).join('/');
  const best = runs.find((each) => isDirectory(at(above + '/' + each)));
  return best === undefined ? tree : above + '/' + best;
}

/** @returns whether there are links into other trees below 'path' */
function lookForLinks(tree, path, directory, crossing, beside) {
  const found = [];
  let has = false;
  for (const entry of names(at(tree) + (path === '' ? '' : '/' + path))) {
    const below = path === '' ? entry.name : path + '/' + entry.name;
    const inner = [];
    if (entry.isDirectory()) {
      if (below.split('/').length < DEPTH && lookForLinks(tree, below, directory, crossing, inner)) has = true;
      found.push(below, ...inner);
      continue;
    }
    const target = entry.isSymbolicLink() ? linkAt(at(tree) + '/' + below) : undefined;
    const [, type, to] = (target === undefined ? undefined
      : new RegExp('^/(?:.*/)?[.]software/([^/]+)/' + directory.replace(/[^A-Za-z0-9]/g, '[$&]') + '(?:/(.*))?$').exec(target)) || [];
    if (type === undefined) found.push(below);
    else {
      crossing.push({ path: below, type, to: to === undefined ? '' : to });
      has = true;
    }
  }
  if (has || path === '') beside.push(...found);
  return has;
}
`;

/** For messages: what is wrong with a mount that gives nothing. */
export function answerText(answer: Exclude<MountAnswer, Mount>): string {
  switch (answer) {
    case 'silent':
      return 'does not answer';
    case 'absent':
      return 'is not there';
    case 'no packages':
      return 'has no packages';
  }
}

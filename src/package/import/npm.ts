/**
 * Modules that npm has installed, with all that they need below them: what a global prefix has under
 * `lib/node_modules`. Commands and manual pages, which npm would link, become links of the package:
 * relative, so that it works wherever it stands.
 */
import { lstatSync, realpathSync } from 'node:fs';
import {
  b,
  bytes,
  fromBuffer,
  printable,
  toBuffer,
  toText,
  type Bytes,
} from '../../bytes/bytes.ts';
import { basename, dirname, join, relative } from '../../bytes/path.ts';
import { namesIn } from '../../files/forgiving.ts';
import { about } from '../../files/error.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readRange } from '../range.ts';
import { unreadable } from './findings.ts';
import { readManifest, type NpmManifest } from './npm-manifest.ts';
import { readDirectory } from './prefix.ts';
import { sideFile } from './side-file.ts';
import type {
  FileEntry,
  ImportedDependency,
  ImportEntry,
  ImportSource,
  LinkEntry,
  MaintainerScript,
} from './source.ts';

export const npm: ImportSource = {
  name: 'npm',
  title: 'npm module that is installed',
  recognises: (path) =>
    isInstalledModule(path) || (isForModules(path) && modulesIn(path).length > 0),
  open(path, options) {
    const { root, module } = moduleAt(path);
    const manifest = manifestOf(join(root, module));
    demandDependencies(join(root, module), manifest);
    const tree = readDirectory(root, options.limits, [module]);
    const commands = new Map(manifest.commands.map(([, file]) => [join(module, file), true]));
    const shown = tree.entries.filter(({ path: at }) => !OWN_RECORDS.test(at));
    const there = new Map(shown.map((entry) => [entry.path, entry]));
    // npm gives a command the right to be run when it links it
    const executable = new Map<ImportEntry, ImportEntry>();
    for (const entry of shown) {
      if (entry.type === 'file' && commands.has(entry.path)) {
        executable.set(entry, { ...entry, mode: entry.mode | 0o111 });
      }
    }
    const original = new Map([...executable].map(([from, to]) => [to, from as FileEntry]));
    const entries = [
      ...shown.map((entry) => executable.get(entry) ?? entry),
      ...linksTo(module, manifest, there),
    ];
    const { summary, homepage, licence, author } = manifest;
    return {
      source: npm.name,
      path,
      name: manifest.name,
      version: manifest.version,
      ...(summary !== undefined && { summary }),
      ...(homepage !== undefined && { homepage }),
      ...(licence !== undefined && { licence }),
      ...(author !== undefined && { maintainer: author }),
      dependencies: [nodeFor(manifest)],
      provides: [],
      conflicts: [],
      builtBy: 'npm',
      base: b``,
      origin: options.origin ?? root,
      entries,
      scripts: scriptsIn(manifest, join(root, module)),
      conffiles: [],
      triggers: [],
      read: (entry) => tree.read(original.get(entry) ?? entry),
      async *contents() {
        for await (const { entry, pieces } of tree.contents()) {
          if (OWN_RECORDS.test(entry.path)) continue;
          yield { entry: (executable.get(entry) as FileEntry | undefined) ?? entry, pieces };
        }
      },
    };
  },
};

/** What npm remembers for itself; where things were fetched from is nobody's affair. */
const OWN_RECORDS = /(?:^|\/)node_modules\/\.(?:package-lock\.json|yarn-integrity|cache)(?:\/|$)/;

/** Whether a prefix has nothing but what npm puts there: Node.js itself brings modules, too. */
function isForModules(path: Bytes): boolean {
  const isLink = (name: Bytes): boolean =>
    lstatSync(toBuffer(join(path, b`bin/${name}`)), { throwIfNoEntry: false })?.isSymbolicLink() ===
    true;
  return (
    namesIn(path).every((name) => ['bin', 'lib', 'share', 'etc'].includes(name)) &&
    namesIn(join(path, b`lib`)).every((name) => name === 'node_modules') &&
    namesIn(join(path, b`bin`)).every(isLink)
  );
}

/** The modules below `lib/node_modules` of a prefix: `jq`, `@scope/name`. */
function modulesIn(path: Bytes): Bytes[] {
  const top = join(path, b`lib/node_modules`);
  return namesIn(top)
    .flatMap((name) =>
      name.startsWith('@') ? namesIn(join(top, name)).map((each) => b`${name}/${each}`) : [name],
    )
    .filter(
      (name) => !name.startsWith('.') && sideFile(join(top, b`${name}/package.json`)) !== undefined,
    )
    .map((name) => b`lib/node_modules/${name}`);
}

/** A module itself: a directory in `node_modules`, or in a scope of one. */
function isInstalledModule(path: Bytes): boolean {
  return (
    nodeModulesAbove(path) !== undefined && sideFile(join(path, b`package.json`)) !== undefined
  );
}

function nodeModulesAbove(path: Bytes): Bytes | undefined {
  const above = dirname(path);
  if (basename(above) === 'node_modules') return above;
  return basename(above).startsWith('@') && basename(dirname(above)) === 'node_modules'
    ? dirname(above)
    : undefined;
}

/** The prefix, and the one module in it that is meant. */
function moduleAt(path: Bytes): { readonly root: Bytes; readonly module: Bytes } {
  const nodeModules = isInstalledModule(path) ? nodeModulesAbove(path) : undefined;
  if (nodeModules !== undefined) {
    const prefix = dirname(nodeModules);
    const root = basename(prefix) === 'lib' ? dirname(prefix) : prefix;
    return { root: realPath(root), module: checked(path, relative(root, path)) };
  }
  const modules = modulesIn(path);
  const [module = b``] = modules;
  if (modules.length === 1)
    return { root: realPath(path), module: checked(join(path, module), module) };
  throw new XhError(
    'E_NPM_SEVERAL',
    `${printable(path)} has ${modules.length} npm modules: ${modules.map((each) => printable(each.slice('lib/node_modules/'.length) as Bytes)).join(', ')}`,
    {
      exit: EXIT.usage,
      place: { file: path },
      remedy: `name one: ${printable(join(path, module))}`,
    },
  );
}

/** A module that `npm link` has put there stands somewhere else, and may change at any time. */
function checked(path: Bytes, module: Bytes): Bytes {
  if (!about(path, () => lstatSync(toBuffer(path))).isSymbolicLink()) return module;
  const target = realPath(path);
  throw new XhError('E_NPM_LINK', `${printable(path)} is only a link to ${printable(target)}`, {
    exit: EXIT.refused,
    place: { file: path },
    remedy: `import what it leads to: xh import npm:${printable(target)}`,
  });
}

function realPath(path: Bytes): Bytes {
  return about(path, () => fromBuffer(realpathSync(toBuffer(path), { encoding: 'buffer' })));
}

function manifestOf(module: Bytes): NpmManifest {
  const manifest = readManifest(sideFile(join(module, b`package.json`)) ?? b``);
  if (!('fault' in manifest)) return manifest;
  throw unreadable('E_NPM', module, manifest.fault, 'install it again, or import another one');
}

/** A module of a project shares what it needs with others beside it, and would not run without. */
function demandDependencies(module: Bytes, { dependencies, npmName }: NpmManifest): void {
  const missing = dependencies.filter(
    (name) => sideFile(join(module, b`node_modules/${bytes(name)}/package.json`)) === undefined,
  );
  if (missing.length === 0) return;
  throw new XhError(
    'E_NPM_DEPENDENCIES',
    `${printable(module)} needs modules that are not below it: ${missing.slice(0, 10).join(', ')}`,
    {
      exit: EXIT.refused,
      place: { file: module },
      remedy: `let npm put them there: xh import npm:${npmName}`,
    },
  );
}

/** Commands in bin, pages in share/man. */
function linksTo(
  module: Bytes,
  { commands, pages }: NpmManifest,
  there: ReadonlyMap<Bytes, ImportEntry>,
): LinkEntry[] {
  const wanted = [
    ...commands.map(([name, file]) => [b`bin/${name}`, join(module, file)] as const),
    ...pages.map((page) => {
      const section = /\.([0-9])[^./]*(?:\.gz)?$/.exec(page)?.[1] ?? '1';
      return [b`share/man/man${bytes(section)}/${basename(page)}`, join(module, page)] as const;
    }),
  ];
  return [...new Map(wanted)].flatMap(([path, file]): LinkEntry[] => {
    // node finds `cli` for `cli.js`, npm does not
    const entry = there.get(file);
    if (entry?.type !== 'file') return [];
    const { uid, gid, mtime } = entry;
    const target = relative(b`/${dirname(path)}`, b`/${file}`);
    return [{ type: 'link', path, mode: 0o777, uid, gid, mtime, target }];
  });
}

/** Node.js in the depot, by either name, or the host's. */
function nodeFor({ node }: NpmManifest): ImportedDependency {
  const read = node === undefined ? undefined : readRange(node);
  const range =
    node === undefined || read === undefined || 'problem' in read ? {} : { range: node };
  return {
    strength: 'required',
    alternatives: [
      { name: b`nodejs`, ...range },
      { name: b`node`, ...range },
    ],
  };
}

/** Scripts of the module and of what it brings, which have not been run unless somebody let them. */
function scriptsIn(manifest: NpmManifest, module: Bytes): MaintainerScript[] {
  const own = manifest.scripts.map(([name, command]): MaintainerScript => ({
    name: bytes(name),
    content: bytes(command),
  }));
  const below = namesIn(join(module, b`node_modules`)).flatMap((name): MaintainerScript[] => {
    const inner = readManifest(sideFile(join(module, b`node_modules/${name}/package.json`)) ?? b``);
    if ('fault' in inner) return [];
    return inner.scripts.map(([script, command]) => ({
      name: bytes(`${script} of ${toText(name)}`),
      content: bytes(command),
    }));
  });
  return [...own, ...below];
}

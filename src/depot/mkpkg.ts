/** `xh mkpkg`: the skeleton of a package from templates, in one step that leaves nothing when it fails. */
import { b, bytes, fromBuffer, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from '../bytes/path.ts';
import { about } from '../files/error.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readFileTypes } from '../package/file-types.ts';
import { demand } from '../package/admin-file.ts';
import { SKELETON } from '../package/layout.ts';
import { fillTemplate } from '../package/template.ts';
import { packageDirectory, validatePackageName, validateVersion } from '../package/name.ts';
import { siteFileTypes, type Config } from '../site/config.ts';
import { fileTypeSorter, SHARE, type FileTypeOf, type FileTypeRule } from '../site/file-types.ts';
import { printMailbox } from '../site/mailbox.ts';
import { inSite } from '../site/site.ts';
import { finishPlanning, startPlanning } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { maintainerOf } from './maintainer.ts';
import { planPublish, textObject, type PackageObject } from './publish.ts';
import { shipped } from './resources.ts';

export interface MkpkgRequest {
  readonly name: Bytes;
  readonly version?: Bytes;
  readonly maintainer?: string;
  /** The directory is NAME-VERSION. */
  readonly versioned: boolean;
  /** Everything is shared: there is no tree per architecture. */
  readonly architectureIndependent: boolean;
  /** A directory whose content is taken over. */
  readonly from?: Bytes;
}

export interface MkpkgResult {
  readonly plan: Plan;
  readonly directory: Bytes;
  readonly contents: (hash: string) => Uint8Array;
}

const ALL_SHARED: readonly FileTypeRule[] = ['/bin', '/servers', '/maintenance', '/lib'].map(
  (glob) => ({ glob: bytes(glob), type: SHARE }),
);

/**
 * Plans a new package.
 * @throws XhError E_PACKAGE_NAME, E_VERSION (exit 2), E_PACKAGE_EXISTS (3)
 */
export function planMkpkg(host: Host, config: Config, request: MkpkgRequest): MkpkgResult {
  const { name, version } = request;
  validatePackageName(name);
  if (version !== undefined) validateVersion(version);
  if (request.versioned && version === undefined) {
    throw new XhError('E_USAGE', '--versioned needs the version: it is part of the name', {
      exit: EXIT.usage,
      remedy: 'add --version VERSION',
    });
  }
  const directory =
    request.versioned && version !== undefined ? packageDirectory(name, version) : name;
  const planning = startPlanning(host, config);
  const adopted = request.from === undefined ? [] : adopt(request.from);
  const objects = merged(adopted, templates(host, config, request, directory), request);
  const typeOf = sorter(config, objects, request);
  const contents = planPublish(planning, {
    directory,
    typeOf,
    objects,
    replace: false,
    remedy: 'give it another name, or stand it beside the other with --version and --versioned',
  });
  if (currentDirectory(planning, name) === undefined) planCurrentLink(planning, name, directory);
  return { plan: finishPlanning(planning, 'mkpkg', [directory]), directory, contents };
}

/** What is adopted wins over templates, and these over the bare skeleton. */
function merged(
  adopted: readonly PackageObject[],
  fromTemplates: readonly PackageObject[],
  request: MkpkgRequest,
): PackageObject[] {
  const skeleton: PackageObject[] =
    request.from === undefined
      ? SKELETON.map(({ path }) => ({ path, type: 'directory', mode: 0o755 }))
      : [];
  const objects = new Map<Bytes, PackageObject>();
  for (const object of [...skeleton, ...fromTemplates, ...adopted])
    objects.set(object.path, object);
  return [...objects.values()];
}

function sorter(
  config: Config,
  objects: readonly PackageObject[],
  request: MkpkgRequest,
): FileTypeOf {
  const own = objects.find(({ path }) => path === '.admin/file-types');
  const rules =
    own?.type === 'file'
      ? demand(readFileTypes(own.path, fromBuffer(own.content), siteFileTypes(config)))
      : [];
  return fileTypeSorter([...rules, ...(request.architectureIndependent ? ALL_SHARED : [])]);
}

/** The templates, the site's own in place of those that ship. */
function templates(
  host: Host,
  config: Config,
  request: MkpkgRequest,
  directory: Bytes,
): PackageObject[] {
  const [maintainer] = maintainerOf(config, request.maintainer);
  const values = {
    NAME: request.name,
    DIRECTORY: directory,
    VERSION: request.version ?? b`0.1.0`,
    ...(maintainer !== undefined && { MAINTAINER: printMailbox(maintainer) }),
  };
  const substituted = (object: PackageObject): PackageObject =>
    object.type === 'file'
      ? textObject(object.path, fillTemplate(fromBuffer(object.content), values), object.mode)
      : object;
  const sites = inSite(host.site, join(config.values.templates, b`package`));
  const own = request.architectureIndependent ? [sharedRules()] : [];
  return [
    ...objectsBelow(join(shipped('templates'), b`package`)),
    ...(isThere(sites) ? objectsBelow(sites) : []),
  ]
    .map(substituted)
    .concat(own);
}

/** So that what is put in later is sorted the same way. */
function sharedRules(): PackageObject {
  const lines = ALL_SHARED.map(({ glob, type }) => b`${glob} ${type}\n`).join('');
  return textObject(
    b`.admin/file-types`,
    b`# Nothing here depends on an architecture.\n${lines as Bytes}`,
  );
}

/** @throws FileError; XhError E_ADOPT for what cannot be in a package */
function adopt(from: Bytes): PackageObject[] {
  if (!lstatSync(toBuffer(b`${from}/.`), { throwIfNoEntry: false })?.isDirectory()) {
    throw new XhError('E_ADOPT', `--from ${printable(from)}: there is no such directory`, {
      exit: EXIT.usage,
      place: { file: from },
    });
  }
  return objectsBelow(from);
}

function objectsBelow(top: Bytes, path: Bytes = b``): PackageObject[] {
  const at = path === '' ? top : b`${top}/${path}`;
  const names = about(at, () => readdirSync(toBuffer(at), { encoding: 'latin1' })) as Bytes[];
  return names.toSorted().flatMap((name) => {
    const below = path === '' ? name : b`${path}/${name}`;
    return objectsAt(top, below);
  });
}

function objectsAt(top: Bytes, path: Bytes): PackageObject[] {
  const file = toBuffer(b`${top}/${path}`);
  const stat = lstatSync(file, { bigint: true });
  const mode = Number(stat.mode & 0o7777n);
  const mtime = {
    seconds: Number(stat.mtimeNs / 1_000_000_000n),
    nanoseconds: Number(stat.mtimeNs % 1_000_000_000n),
  };
  if (stat.isDirectory()) {
    return [{ path, type: 'directory', mode }, ...objectsBelow(top, path)];
  }
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(file, 'latin1') as Bytes;
    return [{ path, type: 'link', mode, mtime, target, ...leadsTo(path, target) }];
  }
  if (stat.isFile()) return [{ path, type: 'file', mode, mtime, content: readFileSync(file) }];
  throw new XhError(
    'E_ADOPT',
    `${printable(path)}: neither file, directory nor link; it cannot be in a package`,
    {
      exit: EXIT.refused,
      place: { file: b`${top}/${path}` },
      remedy: 'leave it out',
    },
  );
}

/** Where a relative link leads in the package. */
function leadsTo(path: Bytes, target: Bytes): { readonly to?: Bytes } {
  if (target.startsWith('/')) return {};
  const parts = path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return {};
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  return { to: parts.join('/') as Bytes };
}

function isThere(path: Bytes): boolean {
  return lstatSync(toBuffer(path), { throwIfNoEntry: false }) !== undefined;
}

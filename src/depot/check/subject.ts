/**
 * A package as the checks see it: its objects over all file types, their contents read when asked
 * for, and the host beside it. Either a package of the depot or a directory that is to become one.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { b, fromBuffer, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { basename, isWithin, join } from '../../bytes/path.ts';
import { errnoOf } from '../../files/error.ts';
import { realPathOf } from '../../files/forgiving.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readElf, type Elf } from '../../package/elf.ts';
import { listPackages, type PackageEntry } from '../../package/entries.ts';
import { parsePackageDirectory, type DirectoryName } from '../../package/name.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { SHARE, type FileType } from '../../site/file-types.ts';
import { inSite, packagePath } from '../../site/site.ts';

export interface SubjectFile {
  /** Below the package, as the outside sees it: `bin/foo`. */
  readonly path: Bytes;
  /** The whole path. */
  readonly at: Bytes;
  /** The tree that it stands in; `share` for all of a directory that is not in the depot. */
  readonly type: Bytes;
  readonly kind: 'file' | 'directory' | 'link' | 'special';
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  /** Of a link. */
  readonly target: Bytes;
  /** The content of a file, its beginning for one that is very long; empty for what cannot be read. */
  readonly content: () => Buffer;
  /** What a compiled file says. */
  readonly elf: () => Elf | undefined;
}

export interface Subject extends DirectoryName {
  /** Where findings are told to be: `/software/foo`, or the directory as it was named. */
  readonly shown: Bytes;
  /** The whole path. */
  readonly top: Bytes;
  readonly directory: Bytes;
  readonly host: Host;
  readonly config: Config;
  readonly types: readonly FileType[];
  /** What the depot says of it; absent for a directory that is not in the depot. */
  readonly entry?: PackageEntry;
  readonly files: readonly SubjectFile[];
  /** By their paths; what several trees have (a link and what it leads to) is that which is no link. */
  readonly byPath: ReadonlyMap<Bytes, SubjectFile>;
  /** What could not be read. */
  readonly unread: readonly { readonly path: Bytes; readonly errno: string }[];
  /** The depot's packages. */
  readonly depot: () => readonly PackageEntry[];
  /** Whether `path` is on the host: below the site root for the depot's, else where this host has it. */
  readonly hostHas: (path: Bytes) => boolean;
  /** `path` as inside the site, when it is below the site root or names the depot. */
  readonly inside: (path: Bytes) => Bytes | undefined;
}

/** More of a file is not looked at. */
const MOST_CONTENT = 16 * 1024 * 1024;

/** The package of the depot that `entry` says. */
export function packageSubject(host: Host, config: Config, entry: PackageEntry): Subject {
  const { site } = host;
  const { directory } = entry;
  const types = siteFileTypes(config);
  const trees = types.map((type) => ({
    type: type.name,
    top: inSite(site, b`/.software/${type.name}/${directory}`),
  }));
  const top = packagePath(site, directory);
  const { name, version } = entry;
  return subject(host, config, {
    name,
    ...(version !== undefined && { version }),
    directory,
    entry,
    types,
    // a package that stands elsewhere has its share tree there
    trees: trees.map((tree) => (tree.type === SHARE ? { ...tree, top } : tree)),
    top,
    shown: b`/software/${directory}`,
  });
}

/** A directory that holds a package, wherever it stands. @throws XhError E_NO_PACKAGE when it has no `.admin` */
export function directorySubject(host: Host, config: Config, given: Bytes): Subject {
  let top: Bytes;
  try {
    top = fromBuffer(realpathSync(toBuffer(given), 'buffer'));
  } catch (error) {
    throw noPackage(given, `it cannot be entered (${errnoOf(error) ?? String(error)})`);
  }
  if (!existsSync(toBuffer(join(top, b`.admin`))))
    throw noPackage(given, 'there is no .admin in it');
  const directory = basename(top);
  return subject(host, config, {
    ...parsePackageDirectory(directory),
    directory,
    types: siteFileTypes(config),
    trees: [{ type: SHARE, top }],
    top,
    shown: given,
  });
}

interface Place extends DirectoryName {
  readonly entry?: PackageEntry;
  readonly directory: Bytes;
  readonly types: readonly FileType[];
  readonly trees: readonly { readonly type: Bytes; readonly top: Bytes }[];
  readonly top: Bytes;
  readonly shown: Bytes;
}

function subject(host: Host, config: Config, { trees, ...place }: Place): Subject {
  const unread: { path: Bytes; errno: string }[] = [];
  const files = trees.flatMap(({ type, top }) => {
    const real = realPathOf(top);
    return real === undefined ? [] : [...objectsIn(real, b``, type, unread)];
  });
  const byPath = new Map<Bytes, SubjectFile>();
  for (const file of files) {
    const known = byPath.get(file.path);
    if (known === undefined || known.kind === 'link') byPath.set(file.path, file);
  }
  const { root } = host.site;
  const inside = (path: Bytes): Bytes | undefined => {
    if (root !== '/' && isWithin(root, path)) return slice(path, root.length) || b`/`;
    return DEPOT.some((each) => isWithin(each, path)) || root === '/' ? path : undefined;
  };
  let depot: readonly PackageEntry[] | undefined;
  return {
    ...place,
    host,
    config,
    files,
    byPath,
    unread,
    inside,
    depot: () => (depot ??= listPackages(host.site)),
    hostHas: (path) => {
      const own = inside(path);
      if (own !== undefined && stands(host, own)) return true;
      return (own === undefined && stands(host, path)) || existsSync(toBuffer(path));
    },
  };
}

const DEPOT: readonly Bytes[] = [b`/software`, b`/.software`];

/** Links that lead out of the site stand for nothing in it. */
function stands({ walker }: Host, path: Bytes): boolean {
  try {
    return walker.stat(path, { follow: true }) !== undefined;
  } catch (error) {
    if (error instanceof XhError) return false;
    throw error;
  }
}

function* objectsIn(
  top: Bytes,
  below: Bytes,
  type: Bytes,
  unread: { path: Bytes; errno: string }[],
): Generator<SubjectFile> {
  for (const name of namesIn(top, below, unread)) {
    const path = below === '' ? name : b`${below}/${name}`;
    const at = join(top, path);
    const stat = lstatSync(toBuffer(at), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const kind = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'link'
          : 'special';
    const content = kind === 'file' ? reader(at, path, unread) : () => EMPTY;
    let elf: { readonly says: Elf | undefined } | undefined;
    yield {
      path,
      at,
      type,
      kind,
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      size: stat.size,
      target: kind === 'link' ? (readlinkSync(toBuffer(at), 'latin1') as Bytes) : b``,
      content,
      elf: () => (elf ??= { says: readElf(content()) }).says,
    };
    if (kind === 'directory') yield* objectsIn(top, path, type, unread);
  }
}

function namesIn(
  top: Bytes,
  below: Bytes,
  unread: { path: Bytes; errno: string }[],
): readonly Bytes[] {
  try {
    return (readdirSync(toBuffer(join(top, below)), 'latin1') as Bytes[]).toSorted();
  } catch (error) {
    unread.push({ path: below, errno: errnoOf(error) ?? 'EIO' });
    return [];
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
/** The checks go through the files one by one: the last content is enough. */
let last: { readonly at: Bytes; readonly content: Buffer } | undefined;

function reader(at: Bytes, path: Bytes, unread: { path: Bytes; errno: string }[]): () => Buffer {
  return () => {
    if (last?.at === at) return last.content;
    let content: Buffer = EMPTY;
    try {
      content = beginning(at);
    } catch (error) {
      if (!unread.some((each) => each.path === path)) {
        unread.push({ path, errno: errnoOf(error) ?? 'EIO' });
      }
    }
    last = { at, content };
    return last.content;
  };
}

function beginning(at: Bytes): Buffer {
  const fd = openSync(
    toBuffer(at),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    const content = Buffer.alloc(Math.min(fstatSync(fd).size, MOST_CONTENT));
    let length = 0;
    while (length < content.length) {
      const more = readSync(fd, content, length, content.length - length, length);
      if (more === 0) break;
      length += more;
    }
    return content.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function noPackage(given: Bytes, why: string): XhError {
  return new XhError('E_NO_PACKAGE', `${given} holds no package: ${why}`, {
    exit: EXIT.usage,
    place: { file: given },
    remedy: "name a package ('xh list'), or a directory with .admin in it",
  });
}

/** Whether a content is text: no NUL in its beginning. */
export function isText(content: Buffer): boolean {
  return !content.subarray(0, 8000).includes(0);
}

/** Whether a content is a script, and not compiled. */
export function isScript(content: Buffer): boolean {
  return isText(content) && firstLine(content).startsWith('#!');
}

/** The first line, without its end, as far as it is of use. */
export function firstLine(content: Buffer): Bytes {
  const end = content.subarray(0, 1024).indexOf(10);
  return fromBuffer(content.subarray(0, end < 0 ? 1024 : end));
}

/** Every path of a package on this host, over all its file types, for receipts and lists. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { sha256At } from '../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
import { FileError } from '../files/error.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt, type ObjectStat } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import type { ReceiptFile } from '../host/receipt.ts';
import { isHostsOwn, type FileType } from '../site/file-types.ts';
import { attachedPackages } from './attach/record.ts';

/**
 * All paths of package `directory`, type by type, each directory before what is in it. A file that
 * is as `known` says (size, time, mode) is not read again. Of a package that is attached there are the
 * links, and what is the host's own: the rest is another host's, and may be out of reach.
 * @param refused told of what cannot be read, which is then left out; without it the first such throws
 * @throws FileError
 */
export function packageFiles(
  walker: Walker,
  types: readonly FileType[],
  directory: Bytes,
  known: readonly ReceiptFile[] = [],
  refused?: (path: Bytes, error: FileError) => void,
): ReceiptFile[] {
  const before = new Map(known.map((file) => [file.path, file]));
  let attached: ReturnType<typeof attachedPackages> | undefined;
  return types.flatMap((type) => {
    const top = b`/.software/${type.name}/${directory}`;
    const isAttached =
      walker.stat(top)?.type === 'l' && (attached ??= attachedPackages(walker)).has(directory);
    const place = walker.tryLocate(top, { follow: !isAttached });
    const stat = place === undefined ? undefined : statAt(place.dir, place.name);
    if (place === undefined || stat === undefined) return [];
    const scan: Scan = { before, changing: isHostsOwn(type), ...(refused && { refused }) };
    return [...objects(place.dir, place.name, top, stat, scan)];
  });
}

interface Scan {
  readonly before: ReadonlyMap<Bytes, ReceiptFile>;
  /** Contents, sizes and times are not recorded. */
  readonly changing: boolean;
  readonly refused?: (path: Bytes, error: FileError) => void;
}

/** What `read` returns, or undefined when the system refuses it and somebody is told. */
function readable<T>({ refused }: Scan, path: Bytes, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (refused === undefined || !(error instanceof FileError)) throw error;
    refused(path, error);
    return undefined;
  }
}

function* objects(
  dir: Dir,
  name: Bytes,
  path: Bytes,
  stat: ObjectStat,
  scan: Scan,
): Generator<ReceiptFile> {
  const { mode, uid, gid } = stat;
  const base = { path, mode, uid, gid };
  switch (stat.type) {
    case 'd': {
      yield { ...base, type: 'directory', size: 0 };
      const below = readable(scan, path, () => openDirAt(dir, name));
      if (below === undefined) return;
      try {
        for (const child of (readable(scan, path, () => listDir(below)) ?? []).toSorted()) {
          const found = statAt(below, child);
          if (found !== undefined) yield* objects(below, child, b`${path}/${child}`, found, scan);
        }
      } finally {
        closeDir(below);
      }
      return;
    }
    case 'l':
      yield { ...base, type: 'link', size: stat.size, target: readLinkAt(dir, name) };
      return;
    case 'f': {
      const found = scan.changing
        ? { size: 0 }
        : readable(scan, path, () => content(dir, name, path, stat, scan));
      if (found !== undefined) yield { ...base, type: 'file', ...found };
      return;
    }
    default:
      yield { ...base, type: 'special', size: 0 };
  }
}

function content(
  dir: Dir,
  name: Bytes,
  path: Bytes,
  stat: ObjectStat,
  scan: Scan,
): Pick<ReceiptFile, 'size' | 'mtime' | 'sha256'> {
  const mtime = [stat.mtime.seconds, stat.mtime.nanoseconds] as const;
  const old = scan.before.get(path);
  const same =
    old?.sha256 !== undefined &&
    old.size === stat.size &&
    old.mtime?.[0] === mtime[0] &&
    old.mtime[1] === mtime[1];
  const hash = same && old.sha256 !== undefined ? old.sha256 : sha256At(dir, name);
  return { size: stat.size, mtime, sha256: hash };
}

/**
 * A package's files beside its receipt. What changes by itself (logs, spool, a host's own
 * configuration) is looked at for directories and links only.
 */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { components, dirname } from '../../bytes/path.ts';
import type { FileError } from '../../files/error.ts';
import type { ReceiptFile } from '../../host/receipt.ts';
import type { Host } from '../../host/transaction.ts';
import { isHostsOwn, type FileType } from '../../site/file-types.ts';
import { inSite, type Site } from '../../site/site.ts';
import { packageFiles } from '../package-files.ts';
import type { PackageReceipt } from '../receipt-set.ts';
import { shellWord } from '../shell-word.ts';
import type { Difference } from './difference.ts';

export interface FilesOptions {
  readonly types: readonly FileType[];
  /** A file of the same size and time counts as the same and is not read. */
  readonly quick: boolean;
}

/** Every difference among the files of one package, in the order of their paths. */
export function verifyFiles(
  { walker, site }: Host,
  receipt: PackageReceipt,
  { types, quick }: FilesOptions,
): Difference[] {
  const { package: directory, files } = receipt;
  const own = new Set(types.filter(isHostsOwn).map((type) => type.name));
  const changing = (path: Bytes): boolean => own.has(components(path)[1] ?? path);
  const differences: Difference[] = [];
  const refused = new Set<Bytes>();
  const found = packageFiles(
    walker,
    types,
    directory,
    quick ? files : [],
    (path: Bytes, error: FileError) => {
      refused.add(path);
      differences.push({
        package: directory,
        of: 'file',
        kind: 'unreadable',
        path,
        found: error.errno,
        remedy: error.remedy ?? 'run it as a user who may read it',
      });
    },
  );
  const now = new Map(found.map((file) => [file.path, file]));
  const gone = new Set<Bytes>();
  const base = { package: directory, of: 'file' } as const;
  for (const file of files) {
    const { path } = file;
    const standing = now.get(path);
    now.delete(path);
    if (standing !== undefined) {
      const each = compare(site, file, standing, changing(path));
      differences.push(...each.map((difference) => ({ ...base, path, ...difference })));
    } else if (!refused.has(path) && !isBelow(refused, path)) {
      if (file.type === 'directory') gone.add(path);
      // of a directory that is gone, what was in it needs no words
      if (gone.has(dirname(path)) || (changing(path) && file.type === 'file')) continue;
      const remedy = `bring the package anew, or, if that is meant: ${install(directory)}`;
      differences.push({ ...base, kind: 'missing', path, expected: typeText(file), remedy });
    }
  }
  const extra = new Set<Bytes>();
  for (const [path, { type }] of now) {
    if (changing(path)) continue;
    if (type === 'directory') extra.add(path);
    if (extra.has(dirname(path))) continue;
    differences.push({
      ...base,
      kind: 'extra',
      path,
      found: `a ${type === 'special' ? 'special file' : type}`,
      remedy: `rm -r ${shellWord(inSite(site, path))}, or, if it belongs to the package: ${install(directory)}`,
    });
  }
  return differences.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

type Compared = Omit<Difference, 'package' | 'of' | 'path'>;

function compare(site: Site, file: ReceiptFile, now: ReceiptFile, changing: boolean): Compared[] {
  const at = shellWord(inSite(site, file.path));
  if (file.type !== now.type) {
    const remedy = 'bring the package anew';
    return [{ kind: 'type', expected: typeText(file), found: typeText(now), remedy }];
  }
  const found: Compared[] = [];
  const again = `bring the package anew, or, if that is meant: ${install(packageOf(file.path))}`;
  if (file.type === 'link' && file.target !== now.target) {
    const [expected, standing] = [file, now].map(
      ({ target }) => `→ ${printable(target ?? file.path)}`,
    );
    found.push({
      kind: 'changed',
      ...(expected !== undefined && { expected }),
      ...(standing !== undefined && { found: standing }),
      remedy: again,
    });
  }
  if (file.sha256 !== undefined && now.sha256 !== undefined && file.sha256 !== now.sha256) {
    found.push({
      kind: 'changed',
      expected: contentText(file, now),
      found: contentText(now, file),
      remedy: again,
    });
  }
  if (changing && file.type === 'file') return found;
  if (file.uid !== now.uid || file.gid !== now.gid) {
    found.push({
      kind: 'owner',
      expected: `${file.uid}:${file.gid}`,
      found: `${now.uid}:${now.gid}`,
      remedy: `chown -h ${file.uid}:${file.gid} ${at}`,
    });
  }
  if (file.type !== 'link' && file.mode !== now.mode) {
    const [expected, mode] = [modeText(file.mode), modeText(now.mode)];
    found.push({ kind: 'mode', expected, found: mode, remedy: `chmod ${expected} ${at}` });
  }
  return found;
}

/** Sizes tell more than hashes where they differ. */
function contentText(file: ReceiptFile, other: ReceiptFile): string {
  if (file.size !== other.size) return `${file.size} bytes`;
  return `sha256 ${(file.sha256 ?? '').slice(0, 12)}…`;
}

function typeText({ type, target, size }: ReceiptFile): string {
  if (type === 'link') return `a link → ${printable(target ?? ('' as Bytes))}`;
  if (type === 'special') return 'a special file';
  return type === 'file' ? `a file of ${size} bytes` : 'a directory';
}

function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function install(directory: Bytes): string {
  return `xh install ${toText(directory)}`;
}

function packageOf(path: Bytes): Bytes {
  return components(path)[2] ?? path;
}

function isBelow(refused: ReadonlySet<Bytes>, path: Bytes): boolean {
  return [...refused].some((each) => path.startsWith(`${each}/`));
}

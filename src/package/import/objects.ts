/** The objects of the package: files, hard links, and symbolic links with what they say there. */
import { b, compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join, relative } from '../../bytes/path.ts';
import { fileTypeSorter, SHARE, type FileTypeRule } from '../../site/file-types.ts';
import type { ImportFinding } from './findings.ts';
import type { Inspection } from './inspect.ts';
import { permittedMode } from './permissions.ts';
import type { Placed, Placement } from './placement.ts';
import type { PlannedFile, PlannedLink, PlannedObject } from './plan.ts';
import type { CheckedSoftware } from './refusals.ts';
import type { FileEntry, ImportEntry, LinkEntry } from './source.ts';
import { belowBase, followLink, nodeAt } from './tree.ts';

export interface ObjectOptions {
  readonly fileTypes: readonly FileTypeRule[];
  readonly allowSetId: boolean;
}

export function planObjects(
  checked: CheckedSoftware,
  placement: Placement,
  inspection: Inspection,
  { fileTypes, allowSetId }: ObjectOptions,
): { readonly objects: readonly PlannedObject[]; readonly findings: readonly ImportFinding[] } {
  const { tree } = checked;
  const originalOf = originalsOf(checked);
  const typeOf = fileTypeSorter(fileTypes);
  const findings: ImportFinding[] = [];
  const objects: PlannedObject[] = [];
  /** The first file with the content of an entry, of one file type. */
  const firstOf = new Map<string, Bytes>();
  const numbers = new Map<FileEntry, number>();

  function planFile(placed: Placed, entry: FileEntry): PlannedFile {
    const { place } = placed;
    const fileType = typeOf(place);
    const number = numbers.get(entry) ?? numbers.size;
    numbers.set(entry, number);
    // no hard link goes from one type to another: they may be different file systems
    const key = `${number} ${fileType}`;
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, place);
    return {
      type: 'file',
      path: place,
      fileType,
      mode: permittedMode({ ...entry, path: placed.entry.path }, allowSetId, findings),
      mtime: entry.mtime,
      size: entry.size,
      sha256: inspection.get(entry)?.sha256 ?? '',
      entry,
      ...(first !== undefined && { hardLinkOf: first }),
    };
  }

  function planLink({ node, place, entry }: Placed, target: Bytes): PlannedLink {
    const common = {
      type: 'link',
      path: place,
      fileType: typeOf(place),
      mode: 0o777,
      mtime: entry.mtime,
    } as const;
    const lead = followLink(tree, dirname(node.path), target);
    if (lead.to === 'inside') {
      const to = placement.placeOf(lead.node);
      if (to !== undefined) {
        const text = relative(dirname(b`/${place}`), b`/${to}`);
        return { ...common, target: text, to: { path: to, fileType: typeOf(to) } };
      }
    }
    const say = (code: string, message: string): void => {
      findings.push({ severity: 'warning', code, path: entry.path, place, message });
    };
    if (lead.to === 'outside') {
      say('IMPORT_LINK_OUTSIDE', `leads to ${printable(lead.path)}, outside of the software`);
      return { ...common, target: lead.path };
    }
    const missing = 'node' in lead ? lead.node.path : 'path' in lead ? lead.path : undefined;
    if (missing === undefined || tree.origin === undefined) {
      say('IMPORT_LINK_DANGLING', `leads to ${printable(target)}, which is not in the software`);
      return { ...common, target };
    }
    // where it stood is known: there it led to a file of the host, perhaps of another package
    const absolute = join(tree.origin, missing);
    say(
      'IMPORT_LINK_DANGLING',
      `leads to ${printable(absolute)}, which is not in the software: perhaps in one that it depends on`,
    );
    return { ...common, target: absolute };
  }

  for (const placed of placement.placed) {
    const original = originalOf(placed.entry);
    if (original?.type === 'file') objects.push(planFile(placed, original));
    else if (original?.type === 'link') objects.push(planLink(placed, original.target));
  }
  for (const [path, entry] of placement.directories) {
    objects.push({
      type: 'directory',
      path,
      fileType: typeOf(path),
      mode: entry === undefined ? 0o755 : permittedMode(entry, allowSetId, findings),
      ...(entry !== undefined && { mtime: entry.mtime }),
    });
  }
  const sorted = objects.toSorted((one, other) => compareBytes(one.path, other.path));
  return { objects: withMixedDirectories(sorted), findings };
}

/** A directory with things of several types in it is a real one in `share`, as layout.ts makes it. */
function withMixedDirectories(objects: readonly PlannedObject[]): PlannedObject[] {
  const types = new Map(objects.map(({ path, fileType }) => [path, fileType]));
  const mixed = new Set<Bytes>([b``]);
  for (const { path, fileType } of objects) {
    let different = false;
    for (let above = dirname(path); above !== '.' && !mixed.has(above); above = dirname(above)) {
      different ||= types.get(above) !== fileType;
      if (different) mixed.add(above);
    }
  }
  const treeOf = (path: Bytes, fileType: Bytes): Bytes => (mixed.has(path) ? SHARE : fileType);
  return objects.map((object) => {
    const fileType = treeOf(object.path, object.fileType);
    if (object.type !== 'link' || object.to === undefined) return { ...object, fileType };
    const { to } = object;
    return { ...object, fileType, to: { ...to, fileType: treeOf(to.path, to.fileType) } };
  });
}

/**
 * The file or symbolic link whose other name an entry is. A hard link leads to an earlier entry, so
 * that one pass finds them all, however many there are in a row.
 */
function originalsOf({
  software,
  tree,
}: CheckedSoftware): (entry: ImportEntry) => FileEntry | LinkEntry | undefined {
  const originals = new Map<Bytes, Bytes>();
  for (const entry of software.entries) {
    if (entry.type !== 'hardlink') continue;
    originals.set(entry.path, originals.get(entry.target) ?? entry.target);
  }
  return ({ path }) => {
    const below = belowBase(originals.get(path) ?? path, software.base);
    const found = below === undefined ? undefined : nodeAt(tree, below)?.entry;
    return found?.type === 'file' || found?.type === 'link' ? found : undefined;
  };
}

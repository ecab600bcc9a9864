/** The plan of an import: plain data, and all that the one who writes it to a depot needs. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Time } from '../../files/stat.ts';
import type { FileTypeRule } from '../../site/file-types.ts';
import type { Dependency } from '../dependencies.ts';
import type { ImportFinding } from './findings.ts';
import type { EntryContent, FileEntry, ImportedSoftware } from './source.ts';

export interface ImportPlan {
  readonly software: ImportedSoftware;
  readonly name: Bytes;
  readonly version?: Bytes;
  /** `all`, or as `xh arch` prints it; undefined when its files are for several. */
  readonly architecture?: Bytes;
  /** What `.admin/file-types` must say; empty when the default rules do. */
  readonly fileTypes: readonly FileTypeRule[];
  /** For `.admin/Dependencies`. */
  readonly dependencies: readonly Dependency[];
  /** By path, so that a directory comes before what is in it. */
  readonly objects: readonly PlannedObject[];
  /** Where in the package something is that was, or would be, at a path of the software. */
  readonly placeOf: (path: Bytes) => Bytes;
  /** Nothing in it is refused; a refusal is thrown. */
  readonly findings: readonly ImportFinding[];
}

interface PlannedCommon {
  /** Relative to the package: `bin/tree`. */
  readonly path: Bytes;
  /** Whose tree it stands in; a directory with things of several types in it stands in `share`. */
  readonly fileType: Bytes;
  readonly mode: number;
  /** Undefined for a directory that the software does not have. */
  readonly mtime?: Time;
}

export interface PlannedDirectory extends PlannedCommon {
  readonly type: 'directory';
}

export interface PlannedFile extends PlannedCommon {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** Whose content it has. */
  readonly entry: FileEntry;
  /** Another file of the plan, of the same type, whose hard link it is. */
  readonly hardLinkOf?: Bytes;
}

export interface PlannedLink extends PlannedCommon {
  readonly type: 'link';
  /** The text of the link: relative to its place when it leads into the package. */
  readonly target: Bytes;
  /** What it leads to in the package, as far as it does; an empty path is the package's directory. */
  readonly to?: { readonly path: Bytes; readonly fileType: Bytes };
}

export type PlannedObject = PlannedDirectory | PlannedFile | PlannedLink;

export interface PlannedContent extends Pick<EntryContent, 'pieces'> {
  /** All files that have this content; the first is no hard link. */
  readonly files: readonly PlannedFile[];
}

/** The contents of the plan's files, in the order in which they can be read at no extra cost. */
export async function* plannedContents(plan: ImportPlan): AsyncGenerator<PlannedContent> {
  const files = new Map<FileEntry, PlannedFile[]>();
  for (const object of plan.objects) {
    if (object.type !== 'file') continue;
    const same = files.get(object.entry);
    if (same === undefined) files.set(object.entry, [object]);
    else if (object.hardLinkOf === undefined) same.unshift(object);
    else same.push(object);
  }
  for await (const { entry, pieces } of plan.software.contents()) {
    const planned = files.get(entry);
    if (planned !== undefined) yield { files: planned, pieces };
  }
}

/**
 * The family of import sources: software that exists in some other form and can become a package.
 *
 * Every source is one object of this shape; a new one is one new file and one line in `sources.ts`.
 * A source only reads, and says what is there; where it goes is decided in `layout.ts`.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Time } from '../../files/stat.ts';

export interface ImportSource {
  /** As in `--from-type`, messages and receipts: `deb`. */
  readonly name: string;
  /** What people call it: `Debian package`. */
  readonly title: string;
  /** Whether `path` looks like this source; reads a few bytes at most, never throws. */
  recognises(path: Bytes): boolean;
  /** @throws XhError exit 2 when it cannot be read, 3 when it exceeds a limit */
  open(path: Bytes, options: OpenOptions): Promise<ImportedSoftware> | ImportedSoftware;
}

export interface OpenOptions {
  readonly limits: ImportLimits;
  /** Absolute path where the software stood or was built for, when the administrator knows better. */
  readonly origin?: Bytes;
}

/** What one import may cost; beyond it the input is taken for a bomb and refused. */
export interface ImportLimits {
  readonly maxEntries: number;
  /** Bytes after decompression. */
  readonly maxBytes: number;
  /** Decompressed bytes that are kept in memory; more is decompressed again whenever it is read. */
  readonly keepBytes: number;
}

export const DEFAULT_LIMITS: ImportLimits = {
  maxEntries: 500_000,
  maxBytes: 8 * 2 ** 30,
  keepBytes: 512 * 2 ** 20,
};

export interface ImportedSoftware {
  /** Name of the source. */
  readonly source: string;
  /** Where it was read from. */
  readonly path: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes;
  /** One line. */
  readonly summary?: Bytes;
  readonly homepage?: Bytes;
  readonly licence?: Bytes;
  /** As written there: `Name <address>`. */
  readonly maintainer?: Bytes;
  /** `all`, or as `xh arch` prints it (`linux-x86_64`); undefined when the source does not say. */
  readonly architecture?: Bytes;
  readonly dependencies: readonly ImportedDependency[];
  /** Other names that it satisfies dependencies on. */
  readonly provides: readonly Bytes[];
  /** Software that it says it cannot stand beside. */
  readonly conflicts: readonly Bytes[];
  /** Who built or installed it, and with what: `Spack with gcc 12.2.0`. */
  readonly builtBy?: string;
  /** Directory of the entries that is the software's root: empty, or what a tarball is wrapped in. */
  readonly base: Bytes;
  /** Absolute path where `base` stood when the software was built or installed, as far as known. */
  readonly origin?: Bytes;
  /** In the order of the source. Names are as found there: not yet checked. */
  readonly entries: readonly ImportEntry[];
  /** Maintainer scripts: reported, never run. */
  readonly scripts: readonly MaintainerScript[];
  /** Paths of entries that are configuration. */
  readonly conffiles: readonly Bytes[];
  /** What the source's own installer would trigger, as written there. */
  readonly triggers: readonly Bytes[];
  /** Content of a file entry, or undefined when the software is too big to be kept in memory. */
  read(entry: FileEntry): Buffer | undefined;
  /**
   * The contents of all file entries, in their order; each is to be read before the next is asked
   * for, or is skipped. May be called again.
   * @throws XhError E_IMPORT_CHANGED when the source has changed since it was opened
   */
  contents(): AsyncIterable<EntryContent> | Iterable<EntryContent>;
}

export interface EntryContent {
  readonly entry: FileEntry;
  readonly pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
}

interface EntryCommon {
  /** Relative, without `.`, doubled and trailing slashes: `usr/bin/tree`; empty for the root. */
  readonly path: Bytes;
  /** Permission bits with set-id and sticky, 0–07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: Bytes;
  readonly group?: Bytes;
  readonly mtime: Time;
  /** Names of extended attributes that it had; their values are not carried over. */
  readonly attributes?: readonly string[];
}

export interface FileEntry extends EntryCommon {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
}
export interface DirectoryEntry extends EntryCommon {
  readonly type: 'directory';
}
export interface LinkEntry extends EntryCommon {
  readonly type: 'link';
  readonly target: Bytes;
}
export interface HardLinkEntry extends EntryCommon {
  readonly type: 'hardlink';
  /** Path of an earlier entry. */
  readonly target: Bytes;
}
export interface SpecialEntry extends EntryCommon {
  readonly type: 'character-device' | 'block-device' | 'fifo' | 'socket';
}
export type ImportEntry = FileEntry | DirectoryEntry | LinkEntry | HardLinkEntry | SpecialEntry;

/** One requirement: the first alternative is the one that its author prefers. */
export interface ImportedDependency {
  /** `required` blocks, `recommended` is carried over only when the depot has it. */
  readonly strength: 'required' | 'recommended';
  readonly alternatives: readonly ImportedRequirement[];
}

export interface ImportedRequirement {
  readonly name: Bytes;
  /** As a range of ours: `>=1.2`. */
  readonly range?: Bytes;
}

export interface MaintainerScript {
  readonly name: Bytes;
  readonly content: Bytes;
}

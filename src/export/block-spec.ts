/**
 * What a kind says of itself so that the block engine can do the rest: how its lines are read, where
 * they go, and when two entries cannot stand together.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import type { FragmentFile, FragmentOwner, HostView } from './fragment.ts';

/** An entry knows its first line (from 1) and how many lines it takes. */
export interface LineEntry {
  readonly line: number;
  readonly span: number;
}

/** The system file that a fragment goes to; mode and account count when it is new. */
export interface BlockTarget {
  readonly path: Bytes;
  readonly mode: number;
  readonly account?: Bytes;
}

/** Where the other entry stands: in the same fragment, in another package's block, or elsewhere. */
export type Where = 'fragment' | 'package' | 'file';

/** What two entries with a key in common are to each other; undefined: they can stand together. */
export type Clash =
  | { readonly says: 'same' }
  | {
      readonly says: 'other';
      readonly code: string;
      /** What is wrong, before the two entries are named. */
      readonly message: string;
      readonly remedy: string;
    };

/** Lines above everything, in a file that we made or whose first lines need company. */
export interface BlockHeader {
  readonly lines: readonly Bytes[];
  /** Given the lines that stand above the new block, or undefined when there is no file. */
  needed(above: readonly Bytes[] | undefined, target: BlockTarget): boolean;
  /** A file with this header was made by us: it goes when nothing else is left in it. */
  readonly made: boolean;
}

export interface BlockSpec<Entry extends LineEntry> {
  readonly name: string;
  readonly summary: string;
  /** What starts a comment in the file. */
  readonly comment: Bytes;
  /** `lf` where the file's reader takes a carriage return for a part of the entry. */
  readonly lineEnd: 'as-target' | 'lf';
  /** What happens to an entry outside every block that collides: the merge is refused, or it is disabled. */
  readonly collision: 'refuse' | 'disable';
  readonly headers: readonly BlockHeader[];
  /** Strict: the fragment's own entries. @throws DiagnosticError */
  parse(file: FragmentFile): readonly Entry[];
  identity(entry: Entry): readonly string[];
  /** `identity` with what the host knows (a port's name); entries without a common key never meet. */
  keysOn?(host: HostView): (entry: Entry) => readonly string[];
  check?(file: FragmentFile, entries: readonly Entry[], host: HostView): readonly Diagnostic[];
  target(owner: FragmentOwner, entries: readonly Entry[]): BlockTarget;
  /** The line of the fragment as it stands in the block. */
  render?(text: Bytes, entry: Entry | undefined, owner: FragmentOwner, target: BlockTarget): Bytes;
  /** The rendered lines with what goes around them in the block. */
  surround?(rendered: readonly Bytes[], owner: FragmentOwner): readonly Bytes[];
  /** Where (from 0) a new block goes, when the end of the file is the wrong place. */
  place?(texts: readonly Bytes[]): number | undefined;
  /** Tolerant: the entries of what stands in the file; lines that say nothing are passed over. */
  readEntries(texts: readonly Bytes[], target: BlockTarget): readonly Entry[];
  /** How an entry reads below the lines `above`, where those change its meaning. */
  inContext?(above: readonly Bytes[]): (entry: Entry) => Entry;
  clash(ours: Entry, theirs: Entry, where: Where): Clash | undefined;
  /** Whether a line belongs to the one above it. */
  continues?(text: Bytes): boolean;
  /** What else forbids writing: code, message, remedy, and the line it is about. */
  objections?(
    owner: FragmentOwner,
    target: BlockTarget,
    text: Bytes,
    host: HostView,
  ): readonly {
    readonly code: string;
    readonly line?: number;
    readonly message: string;
    readonly remedy: string;
  }[];
  /** Whether a file that we made counts as empty with these lines left. */
  leftover?(texts: readonly Bytes[]): boolean;
}

/** The header of a file that was not there before; most kinds need no other. */
export const MADE_BY_US: BlockHeader = {
  lines: [b`# made by xhier: this file goes with the last package that needs it`],
  needed: (above) => above === undefined,
  made: true,
};

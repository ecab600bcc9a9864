/**
 * The family of fragment kinds: what a package puts into the system's own files.
 *
 * Every kind is one object of this shape; a new kind is one new file and one line in `kinds.ts`.
 * Kinds are pure: they turn the text of system files into new text and say what they object to;
 * reading, writing, ownership, modes and the journal are not theirs.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';

/** One file of a package's `export/`. */
export interface FragmentFile {
  /** Path below `export/`, e.g. `services`, `profile.d/foo.sh`, `replace/usr/bin/vi`. */
  readonly name: Bytes;
  /** Where it stands, as inside the site. */
  readonly path: Bytes;
  /** May be empty for a symbolic link: the plan then reads what the link names. */
  readonly content: Bytes;
  /** Permission bits of the file in the package. */
  readonly mode: number;
  /** The target, when the file in `export/` is itself a symbolic link. */
  readonly link?: Bytes;
}

/** The package that a fragment belongs to, as far as fragments care. */
export interface FragmentOwner {
  /** Package directory name: what stands in markers. */
  readonly package: Bytes;
  /** `/software/PKG` with the site root, for links into the package. */
  readonly directory: Bytes;
  /** Account that owns the package's files (`Options` `owner`), when given. */
  readonly account?: Bytes;
}

/** What stands at a path of the host now. Paths are as inside the site (`/etc/services`). */
export type HostObject =
  | { readonly type: 'absent' }
  | { readonly type: 'file'; readonly content: Bytes; readonly mode: number }
  | { readonly type: 'link'; readonly target: Bytes }
  | { readonly type: 'directory' }
  | { readonly type: 'special' };

/** How a kind looks at the host: nothing but reading. Links at the path are followed by `read`, not by `look`. */
export interface HostView {
  /** The object at `path` itself. */
  look(path: Bytes): HostObject;
  /** The file that `path` names, symbolic links followed. */
  read(path: Bytes): HostObject;
  /** The names in the directory that `path` names; none where there is no directory. */
  list(path: Bytes): readonly Bytes[];
  /** Whether an account exists in the site's passwd. */
  hasAccount(name: Bytes): boolean;
  /** Whether an account or a group has the number, also in what only a directory service knows. */
  hasNumber(of: 'account' | 'group', id: number): boolean;
  /** What other packages than `owner` have put into `path`, by their receipts. */
  othersIn(path: Bytes, owner: Bytes): readonly OthersFragment[];
  /** Whether only a directory service (NIS, LDAP) has an account or group of that name. */
  inDirectory(of: 'account' | 'group', name: Bytes): boolean;
  /** The site's numbers for accounts that ask for none, both ends included. */
  readonly idRange: readonly [first: number, last: number];
  /** A fact of the host as text; undefined where it has none of that name. */
  fact(name: string): Bytes | undefined;
  readonly factNames: readonly string[];
  /** What a program of this machine says of texts that are not in place yet. Changes nothing. */
  ask(question: Question): Answer;
}

export interface OthersFragment {
  readonly package: Bytes;
  readonly merged: MergedFragment;
}

/** A call of the program that owns a format, to have texts checked. */
export interface Question {
  /** Its name; only the system's own directories are looked in. */
  readonly program: string;
  /** Its arguments; in each, `{}` stands for the directory in which `files` are. */
  readonly words: readonly string[];
  readonly files: readonly {
    readonly name: Bytes;
    readonly content: Bytes;
    readonly mode: number;
  }[];
}

export type Answer =
  | { readonly ran: false; readonly why: string }
  | {
      readonly ran: true;
      readonly status: number;
      /** Both outputs, without the path of the directory before the names of `files`. */
      readonly output: Bytes;
    };

/** What the owning program said of fragment files. */
export interface Verdict {
  readonly findings: readonly Diagnostic[];
  /** Why nobody was asked; such files are not said to be sound. */
  readonly skipped?: string;
}

/** What should be different on the host afterwards. */
export type Edit =
  /** `path` (links followed) has this text; mode, owner and attributes stay, or `mode` when it is new. */
  | {
      readonly op: 'write';
      readonly path: Bytes;
      readonly content: Bytes;
      readonly mode?: number;
      readonly account?: Bytes;
    }
  /** `path` goes away. */
  | { readonly op: 'remove'; readonly path: Bytes }
  /** What is at `path` is renamed to `keptAs` (same directory) and `path` becomes a link to `target`. */
  | {
      readonly op: 'displace';
      readonly path: Bytes;
      readonly keptAs: Bytes;
      readonly target: Bytes;
    }
  /** The link at `path` goes, and what was kept comes back. */
  | { readonly op: 'restore'; readonly path: Bytes; readonly keptAs: Bytes }
  /** `path`, absent before, becomes a link to `target`. */
  | { readonly op: 'link'; readonly path: Bytes; readonly target: Bytes };

/** Why a merge is refused. */
export interface FragmentConflict {
  readonly code: string;
  /** The system file and line. */
  readonly path: Bytes;
  readonly line?: number;
  readonly message: string;
  readonly remedy: string;
}

/** What a receipt keeps of one merged fragment file, and what removal needs to know. */
export interface MergedFragment {
  readonly kind: string;
  /** Path below `export/`. */
  readonly name: Bytes;
  /** The system path it went to. */
  readonly path: Bytes;
  /**
   * SHA-256 (hex) of what we wrote: the block with its markers (line ends as LF, so that a file
   * whose line ends were converted is not taken for edited), the whole file, or the link's target.
   */
  readonly sha256: string;
  /** Whether the system file was made by us, so that it goes when it is empty again. */
  readonly created: boolean;
  /**
   * Blocks: the lines between the markers as we wrote them, without line ends. Removal tells our
   * lines from those that people added or changed inside the block by them.
   */
  readonly lines?: readonly Bytes[];
  /** Kind's own: what exact reversal needs (a newline that we added, where the original is kept). */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export interface MergeResult {
  readonly edits: readonly Edit[];
  readonly merged: readonly MergedFragment[];
  readonly conflicts: readonly FragmentConflict[];
  /** Things a person should know (an entry by hand that says the same, a block kept as edited). */
  readonly notes: readonly string[];
}

/** What has become of something merged. */
export type Standing =
  | { readonly is: 'as merged' }
  | { readonly is: 'missing' }
  /** Somebody's since; `why` where it is not plainly another text. */
  | { readonly is: 'edited'; readonly line?: number; readonly why?: string }
  /** Turned off in the way that the system has for it: as it should be. */
  | { readonly is: 'turned off'; readonly why: string };

export interface MergeInput {
  readonly owner: FragmentOwner;
  /** The package's files of this kind. */
  readonly files: readonly FragmentFile[];
  /** What the last install merged, from the receipt; empty for a first install. */
  readonly before: readonly MergedFragment[];
  readonly host: HostView;
}

export interface RemoveInput {
  readonly owner: FragmentOwner;
  readonly before: readonly MergedFragment[];
  readonly host: HostView;
}

/** One fragment kind. All functions are pure. */
export interface FragmentKind<Entry = unknown> {
  /** The name under `export/`: a file (`services`) or a directory (`profile.d`). */
  readonly name: string;
  readonly layout: 'file' | 'directory';
  /** One line for `xh help fragments`. */
  readonly summary: string;
  /** Entries of a fragment file. @throws DiagnosticError naming file, line and column. */
  parse(file: FragmentFile): readonly Entry[];
  /** What makes two entries the same: keys such as `telnet/tcp` and `23/tcp`. */
  identity(entry: Entry): readonly string[];
  /** Findings beyond syntax (a program that is missing), before anything is planned. */
  check(file: FragmentFile, entries: readonly Entry[], host: HostView): readonly Diagnostic[];
  /** What the program says that owns the format, of all files together, before they are in place. */
  verify?(files: readonly FragmentFile[], host: HostView): Verdict;
  /** What installing (again) should change. Unchanged input gives no edits. */
  merge(input: MergeInput): MergeResult;
  /** The exact reverse; what people edited since stays theirs. */
  remove(input: RemoveInput): MergeResult;
  /** What has become of one record of a receipt. */
  standing(record: MergedFragment, owner: FragmentOwner, host: HostView): Standing;
}

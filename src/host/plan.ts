/**
 * A plan: what a command will change, as plain data. Made without touching anything, shown by
 * `--dry-run`, and the only thing that apply reads.
 *
 * Paths are absolute as inside the site; targets of links are what the link will contain.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { Shape } from './shape.ts';

/** What the planner saw at a path, checked again before it is touched. */
export type Before =
  | { readonly type: 'absent' }
  | {
      readonly type: 'file';
      readonly sha256: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'link'; readonly target: Bytes }
  | {
      readonly type: 'directory';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'special' };

/** One object of a tree that is published whole. Contents are named by hash and handed to apply beside the plan. */
export interface TreeObject {
  /** Below the tree; empty for the tree's own directory. */
  readonly path: Bytes;
  readonly type: 'file' | 'directory' | 'link';
  readonly mode: number;
  readonly target?: Bytes;
  readonly size?: number;
  readonly sha256?: string;
  /** Path in the same tree of a file that this is another name of. */
  readonly hardLinkOf?: Bytes;
  /** Seconds and nanoseconds. */
  readonly mtime?: readonly [number, number];
}

export type Change =
  /** Makes a directory. */
  | { readonly op: 'mkdir'; readonly path: Bytes; readonly mode: number }
  /** Removes a directory that is empty by then; one that is not stays, and is no failure. */
  | { readonly op: 'rmdir'; readonly path: Bytes; readonly before: Before }
  /**
   * A file has this content. A file that was there keeps owner, mode and attributes unless they are
   * given. Links at `path` are followed, but for one that is `before`: the file takes its place.
   */
  | {
      readonly op: 'write';
      readonly path: Bytes;
      readonly content: Bytes;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
      /** A file in the same directory whose attributes it gets, where there is none in its place. */
      readonly like?: Bytes;
      readonly before: Before;
      /** Ours, not the system's: left out of what people are shown and of rollback. */
      readonly bookkeeping?: boolean;
    }
  /** A symbolic link, made or replaced in one step. */
  | { readonly op: 'link'; readonly path: Bytes; readonly target: Bytes; readonly before: Before }
  /** What is there goes: a file, a link, or a directory with all that is in it. */
  | {
      readonly op: 'remove';
      readonly path: Bytes;
      readonly before: Before;
      readonly bookkeeping?: boolean;
    }
  /** A name becomes another in the same directory, which is free. */
  | { readonly op: 'rename'; readonly path: Bytes; readonly to: Bytes; readonly before: Before }
  /** What is at `path` is kept as `keptAs` (same directory) and a link takes its place in one step. */
  | {
      readonly op: 'displace';
      readonly path: Bytes;
      readonly keptAs: Bytes;
      readonly target: Bytes;
      readonly before: Before;
    }
  /** The reverse: what was kept takes the place of the link in one step. */
  | {
      readonly op: 'restore';
      readonly path: Bytes;
      readonly keptAs: Bytes;
      readonly before: Before;
    }
  /** A whole tree appears, or replaces one, in one step. */
  | {
      readonly op: 'tree';
      readonly path: Bytes;
      readonly objects: readonly TreeObject[];
      readonly uid?: number;
      readonly gid?: number;
      readonly before: Before;
    }
  /**
   * A whole tree that has been made beside its place takes it, in one step. Taken back, it is again
   * where it was made.
   */
  | {
      readonly op: 'place';
      readonly path: Bytes;
      /** Where it was made, in the same directory. */
      readonly from: Bytes;
      readonly shape: Shape;
      readonly before: Before;
    };

/** Why a plan is refused. All of them are found before anything is touched. */
export interface Conflict {
  readonly code: string;
  readonly path: Bytes;
  readonly line?: number;
  readonly message: string;
  /** The commands or edits that settle it. */
  readonly remedy: string;
  /** The two contents that it is about. */
  readonly difference?: { readonly from: Bytes; readonly to: Bytes };
}

/** A package's own script, run before the changes. */
export interface ScriptRun {
  readonly package: Bytes;
  readonly action: 'install' | 'uninstall';
  /** What its processes carry in their environment, by which those that are left are found. */
  readonly mark?: string;
  /** What it said, when it has been run. */
  readonly transcript?: Bytes;
}

export interface Plan {
  /** Version of this form. */
  readonly format: 1;
  /** The command that it is for, e.g. `install`. */
  readonly command: string;
  readonly packages: readonly Bytes[];
  /** What is run before, or when it is applied: what has been run. */
  readonly scripts: readonly ScriptRun[];
  /** Where scripts have been run: the transaction that the journal knows them by. */
  readonly transaction?: Bytes;
  readonly changes: readonly Change[];
  readonly conflicts: readonly Conflict[];
  /** What a person should know. */
  readonly notes: readonly string[];
  /** Commands run once afterwards (caches, services that read a changed file). */
  readonly refresh: readonly string[];
}

/** Whether a change is about what a link at its path leads to, rather than the link. */
export function followsLink(change: Change): boolean {
  return change.op === 'write' && change.before.type !== 'link';
}

/** A plan with nothing in it yet. */
export function emptyPlan(command: string, packages: readonly Bytes[] = []): Plan {
  return {
    format: 1,
    command,
    packages,
    scripts: [],
    changes: [],
    conflicts: [],
    notes: [],
    refresh: [],
  };
}

/** Changes of the host itself, without our own records. */
export function visibleChanges(plan: Plan): readonly Change[] {
  return plan.changes.filter((change) => !('bookkeeping' in change && change.bookkeeping));
}

/**
 * The plan of a run as data: what is to change on the slave, and why. Whoever applies, prints, logs
 * or counts it needs to know nothing of rules or of the master's state.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Metadata } from '../../files/metadata.ts';
import type { ObjectStat, ObjectType } from '../../files/stat.ts';
import type { Identity, Place } from '../../files/tree.ts';

/** Why an object changes, in the words that itemised lines use. */
export type Why =
  | 'new'
  | 'type'
  | 'size'
  | 'mtime'
  | 'content'
  | 'forced'
  | 'target'
  | 'device'
  /** Hard links are not those of the master. */
  | 'links'
  | 'mode'
  | 'owner'
  | 'group'
  | 'acl'
  | 'xattr'
  /** The master lacks it. */
  | 'absent'
  /** A rule says `delete`. */
  | 'rule'
  /** Below a directory that becomes something else. */
  | 'replaced'
  /** Left by a run that was killed. */
  | 'stale';

/** What an object is to have. */
export type Wanted = Metadata;

/** A directory of the slave. */
export interface Directory extends Place {
  readonly parent: Directory | undefined;
  /** What it is to have in the end; undefined when the master lacks it. */
  readonly want: Wanted | undefined;
}

/** What follows a change that was made. */
export interface After {
  /** Shell scripts, in order. */
  readonly exec: readonly Bytes[];
  /** Shell scripts for the whole run, equal ones once. */
  readonly once: readonly Bytes[];
  /** Goes to the log even where not everything does. */
  readonly log: boolean;
}

interface ChangeBase {
  readonly at: Directory;
  /** Empty for the root itself. */
  readonly name: Bytes;
  readonly type: ObjectType;
  readonly why: readonly Why[];
  readonly after?: After;
}

/** What puts a new object under a name. */
interface Placed extends ChangeBase {
  /** What stands there now. */
  readonly replaces?: ObjectType;
  /** The name that what stands there gets. */
  readonly keep?: Bytes;
  /** The directory that stands there now, when it is one. */
  readonly old?: Directory;
}

/** Where on the master a file is, and what it was when it was looked at. */
export interface Source {
  readonly place: Place;
  readonly name: Bytes;
  readonly stat: ObjectStat;
}

/** A file with the master's contents. */
export interface CopyChange extends Placed {
  readonly kind: 'copy';
  readonly type: 'f';
  readonly from: Source;
  readonly want: Wanted;
  readonly fill: boolean;
}

/** A directory, FIFO, socket or device. */
export interface MakeChange extends Placed {
  readonly kind: 'make';
  readonly type: 'd' | 'p' | 's' | 'b' | 'c';
  readonly want: Wanted;
  readonly major: number;
  readonly minor: number;
  /** The directory that it makes. */
  readonly directory?: Directory;
}

/** A symbolic link. */
export interface LinkChange extends Placed {
  readonly kind: 'link';
  readonly type: 'l';
  readonly target: Bytes;
  readonly want: Wanted;
}

/** A further name (hard link) of an object that is on the slave, or will be. */
export interface JoinChange extends Placed {
  readonly kind: 'join';
  readonly to: {
    readonly at: Directory;
    readonly name: Bytes;
    /** What makes it, or else which object it is. */
    readonly made: LfuChange | undefined;
    readonly identity: Identity | undefined;
  };
}

/** Mode, owner, times, attributes of an object that stays. */
export interface SetChange extends ChangeBase {
  readonly kind: 'set';
  readonly want: Wanted;
  /** Which object it is, and how many names it has. */
  readonly object: Pick<ObjectStat, 'inode' | 'device' | 'links'>;
  /** The directory itself, when it is one. */
  readonly directory?: Directory;
}

interface Removal extends ChangeBase {
  readonly identity: Identity;
  /** The directory below which it stands, when something else comes in its place: done only then. */
  readonly within?: Directory;
}

/** What would be deleted gets another name. */
export interface KeepChange extends Removal {
  readonly kind: 'keep';
  readonly keep: Bytes;
}

export interface DeleteChange extends Removal {
  readonly kind: 'delete';
}

export type PlacedChange = CopyChange | MakeChange | LinkChange | JoinChange;
export type LfuChange = PlacedChange | SetChange | KeepChange | DeleteChange;

/** What went wrong with one object, or a directory; everything else is done. */
export interface LfuProblem {
  /** Below the tree; empty for the root. */
  readonly path: Bytes;
  /** Stable, e.g. `E_IO`. */
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}

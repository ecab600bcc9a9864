/** What carrying out a plan needs, and what it remembers on the way. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Copier, OpenFile } from '../../files/copy.ts';
import type { ObjectStat } from '../../files/stat.ts';
import type { Tree } from '../../files/tree.ts';
import type { Identity } from '../../files/tree.ts';
import type { Pace } from '../pace.ts';
import type { Directory, LfuChange, Source } from '../plan/change.ts';

/** A file that is being copied. */
export interface OpenSource extends OpenFile {
  readonly stat: ObjectStat;
  /** It is what it was when it was planned for, and cannot become anything else. */
  readonly isFixed?: boolean;
}

export interface ApplyContext {
  readonly master: Tree;
  /** Opens files that are to be copied, when not in `master`. */
  readonly openSource?: ((from: Source) => OpenSource) | undefined;
  readonly slave: Tree;
  readonly copier: Copier;
  readonly pace: Pace;
  /** How many native threads may copy; none where the copying is not to be quick. */
  readonly threads: number;
  /** Whether we are root, whom no permission stops and who may set all attributes. */
  readonly privileged: boolean;
  /** Whether each file is made durable before it gets its name. */
  readonly fsync: boolean;
  /** Directories that something else stands in place of now, with the names that they have got. */
  readonly aside: Map<Directory, Bytes>;
  /** Directories that must get their own mode and times in the end. */
  readonly touched: Set<Directory>;
  /** Without privilege: directories that we have written to, with the modes they had before. */
  readonly opened: Map<Directory, number>;
  /** Changes that others refer to, and what they made. */
  readonly made: Map<LfuChange, Identity | undefined>;
}

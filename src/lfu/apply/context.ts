/** What carrying out a plan needs, and what it remembers on the way. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Copier } from '../../files/copy.ts';
import type { Tree } from '../../files/tree.ts';
import type { Identity } from '../../files/tree.ts';
import type { Pace } from '../pace.ts';
import type { Directory, LfuChange } from '../plan/change.ts';

export interface ApplyContext {
  readonly master: Tree;
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

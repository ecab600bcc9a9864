/** What could not be looked at, or not be understood: told, and the rest is done. */
import type { Bytes } from '../bytes/bytes.ts';

export interface LfckProblem {
  /** As shown: the tree as it was named, and what is below it. */
  readonly path: Bytes;
  readonly message: string;
}

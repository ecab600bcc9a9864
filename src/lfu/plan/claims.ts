/**
 * What other masters have on a slave that has several: asked while planning, so that nothing of
 * theirs is touched. Who answers, and how he knows, is not planning's affair.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Listing } from '../../files/listing.ts';
import type { Place } from '../../files/tree.ts';
import type { Decision } from '../rules/decision.ts';
import type { LfuProblem } from './change.ts';

export interface Claims {
  /** Whether directories that are alike on both sides need not be told of. */
  readonly complete: boolean;
  /** Whether the slave's root gets its owner, mode and times from this master. */
  readonly root: boolean;
  /** Told of every directory of the master that is looked at; undefined when nobody objects. */
  meet(met: Met): Meeting | undefined;
  /**
   * Directories that the master was not told to have, in the order of the tree, and in which others
   * have something: if the master has them all the same, they are alike on both sides, and to be met.
   */
  unmet(): Iterable<Bytes>;
  /** What becomes of an object of the slave that is to go. */
  fate(object: Doomed): Fate;
}

/** A directory of the master and the slave's. */
export interface Met {
  readonly at: Place;
  /** Links that are followed as what they lead to. */
  readonly master: Listing;
  readonly slave: Listing;
  /** What the rules say of the master's objects; undefined when they say nothing. */
  readonly decisions: readonly Decision[] | undefined;
}

export interface Meeting {
  /** Objects of the master, by index, that are to be left alone, and what is wrong about that. */
  readonly lost: ReadonlyMap<number, LfuProblem | undefined>;
  /** Directories of the master, by index, whose owner, mode and times are another's affair. */
  readonly shared: ReadonlySet<number>;
}

export interface Doomed {
  readonly path: Bytes;
  readonly isDirectory: boolean;
  /** A rule wants it deleted; else the master lacks it. */
  readonly byRule: boolean;
  /** It stands in a directory that an earlier run has kept under another name. */
  readonly isKept: boolean;
}

/** `partly`: a directory that stays, and in which something may have to go. */
export type Fate = 'goes' | 'stays' | 'partly';

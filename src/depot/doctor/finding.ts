/**
 * What is wrong on a host, and the family of checks that find it: one object of this shape each, one
 * line in `table.ts`. They read, and touch nothing; what mends a finding is a plan like any other.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Planning } from '../context.ts';
import type { Examination } from './examination.ts';

export interface Finding {
  /** A note is to be known; everything else is to be mended. */
  readonly severity: 'problem' | 'note';
  readonly path?: Bytes;
  /** From 1. */
  readonly line?: number;
  /** Package directory or name, where it is about one. */
  readonly package?: Bytes;
  readonly message: string;
  /** How it came, as far as that is known. */
  readonly cause?: string;
  /** The command that mends it, or what to do. */
  readonly remedy: string;
  readonly repair?: Repair;
}

/** What `xh doctor --fix` does about a finding; several findings may share one. */
export interface Repair {
  /**
   * `safe`: nothing of anybody's is lost; `asked`: with `--yes` only, since people may mean what is
   * there.
   */
  readonly when: 'safe' | 'asked';
  /** What is mended first: others build on it. */
  readonly order: (typeof ORDER)[keyof typeof ORDER];
  /** Puts the change into the plan; nothing for what taking the lock settles. */
  readonly plan: (planning: Planning) => void;
  /** A command of the configuration to be run afterwards. */
  readonly refresh?: string;
}

export const ORDER = { lock: 0, records: 1, names: 2, packages: 3, links: 4, table: 5 } as const;

export interface HostCheck {
  /** Stable. */
  readonly id: string;
  /** What it looks for, for `xh doctor --list`. */
  readonly what: string;
  /** Whether it is made on trees that are all there only: else it would find fault with everything. */
  readonly needsTrees?: boolean;
  readonly run: (examination: Examination) => Iterable<Finding>;
}

/** A finding with the check that found it. */
export interface Found extends Finding {
  readonly check: string;
}

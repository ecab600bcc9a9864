/**
 * The family of checks that `xh check` makes of a package: one object of this shape each, one line in
 * `table.ts`. They read, and touch nothing.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Subject, SubjectFile } from './subject.ts';

/**
 * `error`: it will not work, or endangers a host; `warning`: it is likely not meant; `note`: to be
 * known.
 */
export type Severity = 'error' | 'warning' | 'note';

/** What a check has found. */
export interface Found {
  readonly severity: Severity;
  /** Below the package; empty for the package itself. */
  readonly path: Bytes;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  /** What to do, a command where there is one. */
  readonly remedy: string;
}

export interface PackageCheck {
  /** Stable; what stands in `.admin/check-ignore`. */
  readonly id: string;
  /** What it looks for, for `xh check --list`. */
  readonly what: string;
  /** Of the package as a whole. */
  readonly ofPackage?: (subject: Subject) => Iterable<Found>;
  /** Of each object in it. */
  readonly ofFile?: (file: SubjectFile, subject: Subject) => Iterable<Found>;
}

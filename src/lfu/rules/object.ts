/** What rules look at: one object of a tree, and the site in which they are read. */
import type { Bytes } from '../../bytes/bytes.ts';

/** `f`ile, `d`irectory, symbolic `l`ink, FIFO (`p`ipe), `s`ocket, `b`lock or `c`haracter device. */
export type ObjectType = 'f' | 'd' | 'l' | 'p' | 's' | 'b' | 'c';

/** An object of the master, or of the slave where the master has none. */
export interface RuleObject {
  /** The last component of `path`. */
  readonly name: Bytes;
  /** Below the tree, without a leading slash. */
  readonly path: Bytes;
  readonly type: ObjectType;
  /** Permission bits with set-id and sticky; higher bits are not looked at. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly links: number;
  /** Seconds since the epoch, with or without a fraction. */
  readonly mtime: number;
  readonly atime: number;
}

/**
 * What rules are resolved against, once, when they are read. Where a function returns undefined the
 * thing does not exist; what it throws (an XhError) is told at the place of the script that asked.
 */
export interface RuleSources {
  /** The text of an included script. */
  readScript(path: Bytes): Bytes | undefined;
  /** The text of a list of names or paths, one a line. */
  readList(path: Bytes): Bytes | undefined;
  /** The users that a netgroup's user fields name. */
  netgroup(name: Bytes): readonly Bytes[] | undefined;
  /** The number of an account. */
  user(name: Bytes): number | undefined;
  group(name: Bytes): number | undefined;
  /** Known names, from which a misspelt one's correction is taken. */
  readonly users?: (() => Iterable<Bytes>) | undefined;
  readonly groups?: (() => Iterable<Bytes>) | undefined;
  /** Seconds since the epoch: the moment that ages are counted from. */
  readonly now: number;
  readonly host: Bytes;
  readonly arch: Bytes;
}

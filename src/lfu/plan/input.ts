/** What planning is given, and what it carries from directory to directory. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';
import type { Dir } from '../../files/dir.ts';
import type { PairScan } from '../../files/pair-scan.ts';
import type { RunningFiles } from '../../files/running.ts';
import type { ObjectStat } from '../../files/stat.ts';
import type { Place, Tree } from '../../files/tree.ts';
import type { Followable } from '../scan/follow.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory, LfuProblem } from './change.ts';
import type { Claims } from './claims.ts';
import type { Decide } from './decide.ts';
import type { RunFacts } from './facts.ts';
import type { Step } from './hard-links.ts';
import type { Ancestors, Looking } from './prepare.ts';

export interface Side {
  readonly scanner: Scanner;
  /** Real path of the root. */
  readonly path: Bytes;
}

export interface RootObject {
  readonly stat: ObjectStat;
  readonly attributes: Attributes;
}

export interface PlanInput {
  readonly master: Side & {
    readonly tree: Tree;
    /** Where its links are followed, when not in `tree`. */
    readonly lookup?: Followable;
    readonly root: RootObject;
    /** Whether its listings say what it was, and not what it is. */
    readonly isIndexed?: boolean;
  };
  /** `root` is undefined when there is no slave yet. */
  readonly slave: Side & {
    readonly root: RootObject | undefined;
    readonly open: (place: Place) => Dir;
  };
  readonly facts: RunFacts;
  /** Undefined without rules. */
  readonly decide: Decide | undefined;
  readonly checksum: boolean;
  readonly oneFileSystem: boolean;
  readonly privileged: boolean;
  /** Looks at both trees ahead, where that can be done. */
  readonly pairs?: () => PairScan | undefined;
  /** What other masters have on the slave; undefined when it has one master only. */
  readonly claims?: Claims | undefined;
  /** Whether only some of the master's names are told of, so that none of them means nothing. */
  readonly partly?: boolean;
  readonly hooks: PlanHooks;
}

export interface PlanHooks {
  readonly problem: (problem: LfuProblem) => void;
  /** An object that is to be logged whenever it is looked at. */
  readonly examined: (path: Bytes) => void;
  /** Called between directories, with how many objects have been looked at; awaited if it asks for it. */
  readonly breathe: (objects: number) => Promise<void> | undefined;
}

/** A plan in the making. */
export interface Run {
  readonly input: PlanInput;
  readonly steps: Step[];
  master: number;
  slave: number;
  /** Objects of which an index was found to be out of date. */
  doubted: number;
  /** Looked up when first needed. */
  running: RunningFiles | undefined;
  readonly unmounted: ReadonlySet<Bytes>;
}

/** A pair of directories that is still to be looked at. */
export interface Pending {
  readonly directory: Directory;
  readonly from: Place;
  readonly exists: boolean;
  readonly ancestors: Ancestors;
}

export function lookingAt({ input }: Run, { directory, from, ancestors }: Pending): Looking {
  return { at: directory, from, ancestors, problem: input.hooks.problem };
}

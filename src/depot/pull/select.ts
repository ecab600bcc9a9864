/**
 * What of a package a host takes: whether it is meant to have it, and which of the trees that the head
 * names. Pure.
 */
import { b, split, type Bytes } from '../../bytes/bytes.ts';
import type { Head } from '../../distribute/store/head.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import { isTarget, type TargetHost, type Target } from '../../package/targets.ts';
import { bestFit } from '../../site/arch.ts';
import type { FileType } from '../../site/file-types.ts';
import { compileGlob } from '../../site/glob.ts';

/** What a host subscribes to. */
export interface Subscription {
  readonly only: readonly Bytes[] | undefined;
  readonly never: readonly Bytes[];
  /** File types; all when undefined. */
  readonly types: readonly Bytes[] | undefined;
}

/** Whether a host keeps a package up to date without being told its name. */
export function isSubscribed({ only, never }: Subscription, directory: Bytes): boolean {
  const isIn = (patterns: readonly Bytes[]): boolean =>
    patterns.some((pattern) => compileGlob(pattern).matches(directory));
  return !isIn(never) && (only === undefined || isIn(only));
}

/** Whether the host is one of those that the package is for. */
export function isMeant(targets: readonly Target[] | undefined, host: TargetHost): boolean {
  return targets === undefined || isTarget(targets, host);
}

/** A tree that the host takes. */
export interface WantedTree {
  /** In the head. */
  readonly name: Bytes;
  readonly type: FileType;
  /** Of those whose files differ by architecture. */
  readonly architecture?: Bytes;
  readonly root: Hash;
}

export interface Selection {
  readonly trees: readonly WantedTree[];
  /** Types of which there are trees for other architectures alone, and for which. */
  readonly lacking: ReadonlyMap<Bytes, readonly Bytes[]>;
}

export interface Taker {
  readonly types: readonly FileType[];
  readonly subscription: Subscription;
  /** What the host runs, best first. */
  readonly runs: readonly Bytes[];
  /** Further architectures, whose trees it keeps for others. */
  readonly serves: readonly Bytes[];
}

/** The trees of a head that the host takes; a type that it does not know is passed over. */
export function select({ trees }: Head, taker: Taker): Selection {
  const offered = new Map<Bytes, Map<Bytes, { name: Bytes; root: Hash }>>();
  for (const [name, root] of trees) {
    const [type = name, architecture = b``] = split(name, '/');
    const ofType = offered.get(type) ?? new Map<Bytes, { name: Bytes; root: Hash }>();
    offered.set(type, ofType.set(architecture, { name, root }));
  }
  const taken: WantedTree[] = [];
  const lacking = new Map<Bytes, readonly Bytes[]>();
  for (const type of taker.types) {
    if (taker.subscription.types?.includes(type.name) === false) continue;
    const ofType = offered.get(type.name);
    if (ofType === undefined) continue;
    const common = ofType.get(b``);
    if (common !== undefined) taken.push({ ...common, type });
    const architectures = [...ofType.keys()].filter((each) => each !== '');
    if (architectures.length === 0) continue;
    const own = bestFit(architectures, taker.runs);
    if (own === undefined && common === undefined) lacking.set(type.name, architectures);
    const wanted = new Set([...(own === undefined ? [] : [own]), ...taker.serves]);
    for (const architecture of wanted) {
      const found = ofType.get(architecture);
      if (found !== undefined) taken.push({ ...found, type, architecture });
    }
  }
  return { trees: taken, lacking };
}

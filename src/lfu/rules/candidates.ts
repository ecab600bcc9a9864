/**
 * Which chains need be tried for an object. A chain of which every arm wants a certain name, path,
 * owner, group, type, mode, size or time is found by that; only the others are tried for every
 * object. So a script of a thousand rules costs what the few that may apply cost.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { CheckedChain } from './checker.ts';
import type { CheckedCondition } from './check-condition.ts';
import type { RuleObject } from './object.ts';
import { createRanges, type Ranges } from './ranges.ts';
import type { AmountKey, IndexKey, ModeOf } from './tests.ts';

export interface Candidates {
  /** Puts the numbers of the chains to try into `into`, in order; returns how many. */
  find(object: RuleObject, into: Int32Array): number;
}

/** The index over `chains`. */
export function indexChains(chains: readonly CheckedChain[]): Candidates {
  const always: number[] = [];
  const index: Index = {
    name: new Map(),
    path: new Map(),
    uid: new Map(),
    gid: new Map(),
    type: new Map(),
    modes: { tests: [], known: new Map() },
    size: createRanges(),
    links: createRanges(),
    mtime: createRanges(),
    atime: createRanges(),
    namePrefix: trie(),
    nameSuffix: trie(),
    pathPrefix: trie(),
    pathSuffix: trie(),
    nameInfix: trie(),
    pathInfix: trie(),
  };
  for (const [number, chain] of chains.entries()) {
    const keys = chainKeys(chain);
    if (keys === undefined) always.push(number);
    else for (const key of keys) enter(index, key, number);
  }
  return { find: (object, into) => merge(always, index, object, into) };
}

/** The keys of which an object has one when any arm applies; undefined when it may have none. */
export function chainKeys(chain: CheckedChain): readonly IndexKey[] | undefined {
  return union(
    chain.arms.map((arm) => (arm.condition ? conditionKeys(arm.condition, false) : undefined)),
  );
}

function conditionKeys(
  condition: CheckedCondition,
  negated: boolean,
): readonly IndexKey[] | undefined {
  if (condition.kind === 'not') return conditionKeys(condition.operand, !negated);
  if (condition.kind === 'test') {
    const isNegated = condition.negated !== negated;
    const { constant, keys } = condition.test;
    if (constant !== undefined) return constant === isNegated ? [] : undefined;
    return isNegated ? undefined : keys;
  }
  const all = condition.operands.map((operand) => conditionKeys(operand, negated));
  return (condition.kind === 'or') === negated ? mostSelective(all) : union(all);
}

function union(all: readonly (readonly IndexKey[] | undefined)[]): readonly IndexKey[] | undefined {
  const known = all.filter((keys) => keys !== undefined);
  return known.length === all.length ? known.flat() : undefined;
}

function mostSelective(
  all: readonly (readonly IndexKey[] | undefined)[],
): readonly IndexKey[] | undefined {
  let best: readonly IndexKey[] | undefined;
  for (const keys of all) {
    if (keys !== undefined && (best === undefined || breadth(keys) < breadth(best))) best = keys;
  }
  return best;
}

/** How much of a tree the keys let through, roughly. */
function breadth(keys: readonly IndexKey[]): number {
  return keys.reduce((most, key) => Math.max(most, BREADTH[key.on]), 0);
}

interface Index extends Readonly<Record<AmountKey, Ranges>> {
  readonly name: Map<Bytes, number[]>;
  readonly path: Map<Bytes, number[]>;
  readonly uid: Map<number, number[]>;
  readonly gid: Map<number, number[]>;
  readonly type: Map<string, number[]>;
  readonly modes: Modes;
  readonly namePrefix: Trie;
  readonly nameSuffix: Trie;
  readonly pathPrefix: Trie;
  readonly pathSuffix: Trie;
  readonly nameInfix: Trie;
  readonly pathInfix: Trie;
}

/** Types and permission bits are few in a tree, so for each the answer is found once. */
interface Modes {
  readonly tests: { readonly matches: (object: ModeOf) => boolean; readonly chain: number }[];
  readonly known: Map<string, Map<number, readonly number[]>>;
}

/** The bytes of prefixes and infixes, or of suffixes backwards, one a step. */
interface Trie {
  readonly next: Map<number, Trie>;
  chains: number[];
}

function trie(): Trie {
  return { next: new Map(), chains: [] };
}

function enter(index: Index, key: IndexKey, chain: number): void {
  switch (key.on) {
    case 'uid':
    case 'gid':
      enterMap(index[key.on], key.id, chain);
      break;
    case 'type':
      enterMap(index.type, key.type, chain);
      break;
    case 'mode':
      index.modes.tests.push({ matches: key.matches, chain });
      break;
    case 'size':
    case 'links':
    case 'mtime':
    case 'atime':
      index[key.on].enter(key.from, key.to, chain);
      break;
    case 'name':
    case 'path':
      enterMap(index[key.on], key.text, chain);
      break;
    default: {
      const isSuffix = key.on.endsWith('Suffix');
      let node = index[key.on];
      for (let at = 0; at < key.text.length; at++) {
        const byte = key.text.charCodeAt(isSuffix ? key.text.length - 1 - at : at);
        let next = node.next.get(byte);
        if (next === undefined) node.next.set(byte, (next = trie()));
        node = next;
      }
      enterList(node.chains, chain);
    }
  }
}

function enterMap<K>(map: Map<K, number[]>, key: K, chain: number): void {
  const chains = map.get(key);
  if (chains === undefined) map.set(key, [chain]);
  else enterList(chains, chain);
}

/** Chains come in order, so the list is sorted. */
function enterList(chains: number[], chain: number): void {
  if (chains.at(-1) !== chain) chains.push(chain);
}

/** The chains found by any key together with those that are always tried, sorted, none twice. */
function merge(
  always: readonly number[],
  index: Index,
  object: RuleObject,
  into: Int32Array,
): number {
  const { name } = object;
  let count = 0;
  if (index.name.size > 0) count = add(index.name.get(name), into, count);
  if (index.uid.size > 0) count = add(index.uid.get(object.uid), into, count);
  if (index.gid.size > 0) count = add(index.gid.get(object.gid), into, count);
  if (index.type.size > 0) count = add(index.type.get(object.type), into, count);
  if (index.modes.tests.length > 0) count = add(withMode(index.modes, object), into, count);
  for (const on of AMOUNTS) {
    const ranges = index[on];
    if (ranges.size === 0) continue;
    for (const chain of ranges.at(object[on])) {
      single[0] = chain;
      count = add(single, into, count);
    }
  }
  count = forwards(index.namePrefix, name, 0, into, count);
  count = backwards(index.nameSuffix, name, into, count);
  count = anywhere(index.nameInfix, name, into, count);
  // paths are put together when somebody asks for them
  if (index.path.size > 0) count = add(index.path.get(object.path), into, count);
  if (index.pathPrefix.next.size > 0)
    count = forwards(index.pathPrefix, object.path, 0, into, count);
  if (index.pathSuffix.next.size > 0) count = backwards(index.pathSuffix, object.path, into, count);
  if (index.pathInfix.next.size > 0) count = anywhere(index.pathInfix, object.path, into, count);
  return count === 0 ? copy(always, into) : add(always, into, count);
}

const AMOUNTS = ['size', 'links', 'mtime', 'atime'] as const;
const single: [number] = [0];

/** The chains whose arms want a type or mode such as this object's. */
function withMode({ tests, known }: Modes, object: RuleObject): readonly number[] {
  let ofType = known.get(object.type);
  if (ofType === undefined) known.set(object.type, (ofType = new Map<number, readonly number[]>()));
  let chains = ofType.get(object.mode);
  if (chains === undefined) {
    const found = tests.filter(({ matches }) => matches(object)).map(({ chain }) => chain);
    ofType.set(object.mode, (chains = [...new Set(found)]));
  }
  return chains;
}

/** The chains of the texts that stand at `start`. */
function forwards(root: Trie, text: Bytes, start: number, into: Int32Array, found: number): number {
  let count = found;
  let node: Trie | undefined = root;
  for (let at = start; at < text.length && node.next.size > 0; at++) {
    node = node.next.get(text.charCodeAt(at));
    if (node === undefined) break;
    if (node.chains.length > 0) count = add(node.chains, into, count);
  }
  return count;
}

/** The chains of the texts that stand at the end. */
function backwards(root: Trie, text: Bytes, into: Int32Array, found: number): number {
  let count = found;
  let node: Trie | undefined = root;
  for (let at = text.length - 1; at >= 0 && node.next.size > 0; at--) {
    node = node.next.get(text.charCodeAt(at));
    if (node === undefined) break;
    if (node.chains.length > 0) count = add(node.chains, into, count);
  }
  return count;
}

function anywhere(root: Trie, text: Bytes, into: Int32Array, found: number): number {
  if (root.next.size === 0) return found;
  let count = found;
  for (let start = 0; start < text.length; start++) {
    count = forwards(root, text, start, into, count);
  }
  return count;
}

function copy(chains: readonly number[], into: Int32Array): number {
  for (let i = 0; i < chains.length; i++) into[i] = chains[i] ?? 0;
  return chains.length;
}

/** Merges the sorted `chains` into the first `count` of `into`, from the back so that it fits in place. */
function add(chains: readonly number[] | undefined, into: Int32Array, count: number): number {
  if (chains === undefined) return count;
  if (count === 0) return copy(chains, into);
  let fresh = 0;
  for (let i = 0, j = 0; j < chains.length; j++) {
    const chain = chains[j] ?? 0;
    while (i < count && (into[i] ?? 0) < chain) i++;
    if (i === count || into[i] !== chain) fresh++;
  }
  let write = count + fresh - 1;
  for (let i = count - 1, j = chains.length - 1; j >= 0; write--) {
    const old = i >= 0 ? (into[i] ?? 0) : -1;
    const chain = chains[j] ?? 0;
    into[write] = Math.max(old, chain);
    if (old >= chain) i--;
    if (chain >= old) j--;
  }
  return count + fresh;
}

/** Smaller is better. */
const BREADTH: Readonly<Record<IndexKey['on'], number>> = {
  name: 1,
  path: 1,
  pathPrefix: 2,
  pathSuffix: 2,
  namePrefix: 2,
  nameSuffix: 2,
  nameInfix: 3,
  pathInfix: 3,
  uid: 4,
  gid: 5,
  size: 5,
  links: 5,
  mtime: 5,
  atime: 5,
  mode: 6,
  type: 6,
};

/**
 * A directory of the master made ready for planning: what the rules say of its objects, where links
 * that are followed lead, which files have the same contents. Whatever goes wrong with an object
 * here leaves it, and what the slave has of it, alone.
 */
import { closeSync } from 'node:fs';
import type { Bytes } from '../../bytes/bytes.ts';
import { isCarried, type Attributes } from '../../files/attributes.ts';
import { sameContents } from '../../files/copy.ts';
import { ROW, STRIDE, setRow, typeIn, type Listing } from '../../files/listing.ts';
import { pathBelow, type Identity, type Place, type Tree } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import { followableTree, followLink, type Followable } from '../scan/follow.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory, LfuProblem } from './change.ts';
import type { DirectoryInput } from './directory.ts';
import { problemOf } from './problem.ts';

/** The pair of directories that is looked at. */
export interface Looking {
  readonly at: Directory;
  readonly from: Place;
  /** The master's directories on the way here, this one last. */
  readonly ancestors: Ancestors;
  readonly problem: (problem: LfuProblem) => void;
}

export interface Ancestors {
  readonly identity: Identity;
  readonly above: Ancestors | undefined;
}

/** Objects to which no rule applies, until one does: so that nothing is made for nothing. */
export interface Prepared extends Pick<DirectoryInput, 'followed'> {
  readonly master: Listing;
  readonly decisions: Decision[] | undefined;
}

/** Resolves the links of `master` that are to be followed. */
export function followLinks(
  master: Listing,
  decisions: Decision[] | undefined,
  looking: Looking,
  tree: {
    readonly tree: Tree;
    readonly lookup?: Followable;
    readonly path: Bytes;
    readonly privileged: boolean;
  },
): Prepared {
  const followed = new Map<number, { readonly place: Place; readonly name: Bytes }>();
  if (decisions === undefined) return { master, decisions, followed };
  const lookup = tree.lookup ?? followableTree(tree.tree);
  const rows = new Map<number, ReturnType<typeof followLink>>();
  const attributes = new Map<number, Attributes>(master.attributes);
  const targets = new Map<number, Bytes>(master.targets);
  for (const [index, decision] of decisions.entries()) {
    if (!decision.follow || LEFT_ALONE.has(decision.disposition)) continue;
    if (typeIn(master, index) !== 'l') continue;
    const name = master.names[index] ?? ('' as Bytes);
    try {
      const found = followLink(lookup, tree.path, looking.from, name);
      if (found.stat.type === 'd') refuseLoop(found.stat, looking.ancestors);
      rows.set(index, found);
      followed.set(index, found);
      targets.delete(index);
      const all = lookup.attributes(found.place, found.name);
      const carried = [...all].filter(([key]) => isCarried(key, tree.privileged));
      attributes.delete(index);
      if (carried.length > 0) attributes.set(index, new Map(carried));
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      looking.problem(problemOf(pathBelow(looking.at, name), error));
      decisions[index] = LEAVE;
    }
  }
  if (rows.size === 0) return { master, decisions, followed };
  const table = Int32Array.from(master.rows);
  for (const [index, { stat }] of rows) setRow(table, index, stat);
  return { master: { ...master, rows: table, attributes, targets }, decisions, followed };
}

/** Compares files that may be the same; yields as often as somebody may want to interrupt. */
export function* compareFiles(
  { master, followed }: Prepared,
  slave: Listing,
  decisions: Decision[],
  looking: Looking,
  scanners: { readonly master: Scanner; readonly slave: Scanner },
): Generator<number, ReadonlyMap<number, boolean>> {
  const compared = new Map<number, boolean>();
  const indexOf = new Map(slave.names.map((name, index) => [name, index]));
  for (const [index, name] of master.names.entries()) {
    const slaveIndex = indexOf.get(name);
    const decision = decisions[index] ?? DEFAULT;
    if (slaveIndex === undefined || NOT_COPIED.has(decision.disposition) || decision.force)
      continue;
    if (typeIn(master, index) !== 'f' || typeIn(slave, slaveIndex) !== 'f') continue;
    const size = sizeIn(master, index);
    if (size !== sizeIn(slave, slaveIndex)) continue;
    const from = followed.get(index) ?? { place: looking.from, name };
    const opened: number[] = [];
    try {
      const other = scanners.slave.openFile(looking.at, name);
      opened.push(other.fd);
      const { holdsSame } = scanners.master;
      if (holdsSame !== undefined) {
        compared.set(index, yield* holdsSame(from.place, from.name, other));
        continue;
      }
      const one = scanners.master.openFile(from.place, from.name);
      opened.push(one.fd);
      compared.set(index, yield* sameContents(one, other, size));
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      looking.problem(problemOf(pathBelow(looking.at, name), error));
      decisions[index] = LEAVE;
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  }
  return compared;
}

function refuseLoop(target: Identity, ancestors: Ancestors): void {
  for (let above: Ancestors | undefined = ancestors; above; above = above.above) {
    const { inode, device } = above.identity;
    if (inode === target.inode && device === target.device) {
      throw new XhError('E_LFU_LOOP', 'the link leads to a directory that it stands in', {
        remedy: 'mend it, or do not follow it',
      });
    }
  }
}

function sizeIn(listing: Listing, index: number): number {
  const at = index * STRIDE + ROW.size;
  return ((listing.rows[at] ?? 0) >>> 0) + (listing.rows[at + 1] ?? 0) * 2 ** 32;
}

/** For an object that something other than a rule wants left alone: no rule has matched. */
export const LEAVE: Decision = { ...DEFAULT, disposition: 'ignore' };
const LEFT_ALONE: ReadonlySet<string> = new Set(['ignore', 'delete', 'error', 'link']);
const NOT_COPIED: ReadonlySet<string> = new Set([...LEFT_ALONE, 'shadow']);

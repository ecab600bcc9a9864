/**
 * `lfu scan`: looks at a master once and writes down what it is, so that its slaves need not look.
 * Only the way down to the current directories is in memory, never the tree.
 */
import { availableParallelism } from 'node:os';
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname } from '../bytes/path.ts';
import { closeDir, openDir, type Dir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import { holdAt } from '../files/held.ts';
import { AT_FDCWD } from '../files/kernel.ts';
import { readListing, statIn, typeIn, type Listing } from '../files/listing.ts';
import { unmountedPoints } from '../files/mounts.ts';
import { openPairScan, type PairScan } from '../files/pair-scan.ts';
import { replaceFileAt } from '../files/replace.ts';
import { completeListing, type ScannedPair } from '../files/scan-result.ts';
import { statAt, statOf, type ObjectStat } from '../files/stat.ts';
import {
  ROOT_PLACE,
  openTree,
  pathBelow,
  placeBelow,
  type Place,
  type Tree,
} from '../files/tree.ts';
import { EXIT, XhError } from '../message/error.ts';
import { ROOT } from './index/format.ts';
import { createIndexWriter, type IndexCounts, type IndexWriter } from './index/write.ts';
import { demandMarker, readMarker } from './marker.ts';
import { isTemporary } from './names.ts';
import { createPace, type StopSignal } from './pace.ts';
import type { LfuProblem } from './plan/change.ts';
import type { Ancestors } from './plan/prepare.ts';
import { problemOf } from './plan/problem.ts';
import { refusal, refuseEmpty, refuseLostMount } from './plan/refusals.ts';
import { openMaster, type Root } from './roots.ts';

export interface ScanMasterOptions {
  readonly master: Bytes;
  /** Where the index is to stand. */
  readonly file: Bytes;
  /** What the marker in the master's root has to say; undefined when it needs none. */
  readonly marker?: Bytes | undefined;
  readonly oneFileSystem?: boolean;
  /** How many threads look at the tree. */
  readonly jobs?: number | undefined;
  readonly stopped?: () => StopSignal | undefined;
  /** What could not be looked at: the index says so. */
  readonly problem: (problem: LfuProblem) => void;
  readonly progress?: (objects: number) => void;
}

/**
 * Writes the index of a master; its name is what it was until it is whole.
 * @throws XhError exit 2 for a master or a file that cannot be; exit 3 when the master is empty, not
 * mounted, unreadable or another one; Interrupted. Nothing is left behind then.
 */
export async function scanMaster(options: ScanMasterOptions): Promise<IndexCounts> {
  const made = Date.now() / 1000;
  const master = openMaster(options.master);
  let place: Dir | undefined;
  try {
    if (options.marker !== undefined) demandMarker(master, options.marker);
    if (unmountedPoints().has(master.path)) {
      throw refusal('E_LFU_UNMOUNTED', master.path, 'is not mounted');
    }
    place = openPlace(options.file);
    const name = basename(options.file);
    const old = statAt(place, name);
    if (old !== undefined && old.type !== 'f') throw fileError(options.file, 'it is no file');
    // it tells of directories into which others may not look
    const file = replaceFileAt(place, name, 0o600);
    try {
      const counts = await scan(master, made, options, (piece) => {
        file.write(piece);
      });
      file.commit();
      return counts;
    } finally {
      file.abandon();
    }
  } finally {
    if (place !== undefined) closeDir(place);
    closeDir(master.dir);
  }
}

async function scan(
  master: Root,
  made: number,
  options: ScanMasterOptions,
  write: (piece: Uint8Array) => void,
): Promise<IndexCounts> {
  const privileged = process.geteuid?.() === 0;
  const oneFileSystem = options.oneFileSystem === true;
  const root = statOf(master.dir.fd, master.dir.path);
  const { inode, device } = root;
  const marker = readMarker(master.dir);
  const head = { privileged, oneFileSystem, made, inode, marker, path: master.path };
  const writer = createIndexWriter(head, device, write);
  const tree = openTree(master.dir, { quiet: true });
  const workingDirectory = holdAt({ fd: AT_FDCWD, path: b`.` }, b`.`);
  try {
    const walk: Walk = { master, tree, root, writer, options, privileged, oneFileSystem };
    const native = openPairScan(master.dir, undefined, {
      threads: options.jobs ?? Math.min(availableParallelism(), MOST_THREADS),
      tell: 'all',
      asks: false,
      owners: true,
      privileged,
      oneFileSystem,
    });
    const ancestors = { identity: { inode, device }, above: undefined };
    const top = { place: ROOT_PLACE, number: ROOT, ancestors };
    const left = native === undefined ? [top] : await walkNatively(walk, native, top);
    await walkAlone(walk, left, workingDirectory);
    return writer.finish();
  } finally {
    tree.closeBelow();
    closeDir(workingDirectory);
  }
}

interface Walk {
  readonly master: Root;
  readonly tree: Tree;
  /** What the root is. */
  readonly root: ObjectStat;
  readonly writer: IndexWriter;
  readonly options: ScanMasterOptions;
  readonly privileged: boolean;
  readonly oneFileSystem: boolean;
}

/** A directory that is to be looked at, and its number in the index. */
interface Numbered {
  readonly place: Place;
  readonly number: number;
  /** What it was when it was seen, and what it stands in. */
  readonly ancestors: Ancestors;
}

/** @returns what is still to be looked at */
async function walkNatively(walk: Walk, pairs: PairScan, top: Numbered): Promise<Numbered[]> {
  const { options } = walk;
  const pace = createPace(options);
  const known = new Map<number, Numbered>();
  const left: Numbered[] = [];
  try {
    for (let found = pairs.next(WAIT); found !== undefined; found = pairs.next(WAIT)) {
      for (const pair of found) {
        if (pair.kind === 'done') continue;
        const here = pair.parent === 0 ? top : known.get(pair.id);
        known.delete(pair.id);
        if (here === undefined) continue;
        if (pair.kind === 'listed') addTold(walk, pair, here, known);
        else left.push(here);
      }
      options.progress?.(pairs.counts().master);
      const breath = pace.breathe();
      if (breath !== undefined) await breath;
    }
  } finally {
    pairs.close();
  }
  return left;
}

function addTold(
  walk: Walk,
  pair: ScannedPair,
  here: Numbered,
  known: Map<number, Numbered>,
): void {
  const { tree, privileged } = walk;
  const { place } = here;
  const listing = completeListing(pair.master, () => tree.open(place), { privileged });
  const numberOf = add(walk, here, listing);
  for (const { index, id } of pair.offers) {
    const name = listing.names[index] ?? ('' as Bytes);
    const ancestors = ancestorsOf(listing, index, here);
    known.set(id, { place: placeBelow(place, name), number: numberOf(index), ancestors });
  }
}

/** The directories of `left` with all below them, without threads that look ahead. */
async function walkAlone(walk: Walk, left: Numbered[], workingDirectory: Dir): Promise<void> {
  const { tree, privileged, writer, options } = walk;
  const pace = createPace(options);
  let objects = 0;
  for (let here = left.pop(); here !== undefined; here = left.pop()) {
    const { place, number } = here;
    let listing: Listing;
    try {
      refuseLostMount(() => tree.open(place), walk.root.device, here.ancestors);
      listing = readListing(tree.open(place), { privileged, workingDirectory });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      const problem = problemOf(place.path, error);
      const { path } = walk.master;
      if (number === ROOT) {
        throw refusal('E_LFU_UNREADABLE', path, `cannot be read: ${problem.message}`);
      }
      options.problem(problem);
      writer.addUnreadable(number, errnoOf(error) ?? 'EIO');
      continue;
    }
    const numberOf = add(walk, here, listing);
    for (const [index, name] of listing.names.entries()) {
      if (!isEntered(walk, listing, index)) continue;
      const ancestors = ancestorsOf(listing, index, here);
      left.push({ place: placeBelow(place, name), number: numberOf(index), ancestors });
    }
    options.progress?.((objects += listing.names.length));
    const breath = pace.breathe();
    if (breath !== undefined) await breath;
  }
}

function ancestorsOf(listing: Listing, index: number, { ancestors }: Numbered): Ancestors {
  const { inode, device } = statIn(listing, index);
  return { identity: { inode, device }, above: ancestors };
}

/** Adds a directory. @returns what tells the numbers of the directories in it by their positions */
function add(
  { writer, options, master }: Walk,
  { place, number }: Numbered,
  listing: Listing,
): (index: number) => number {
  if (number === ROOT) refuseEmpty(listing, master.path);
  for (const [name, error] of listing.failed) {
    options.problem(problemOf(pathBelow(place, name), error));
  }
  const first = writer.add(number, listing);
  let at = 0;
  let next = first;
  // positions are asked for in their order
  return (index) => {
    for (; at < index; at++) if (typeIn(listing, at) === 'd') next++;
    return next;
  };
}

function isEntered({ root, oneFileSystem }: Walk, listing: Listing, index: number): boolean {
  if (typeIn(listing, index) !== 'd' || isTemporary(listing.names[index] ?? ('' as Bytes))) {
    return false;
  }
  return !oneFileSystem || statIn(listing, index).device === root.device;
}

function openPlace(file: Bytes): Dir {
  try {
    return openDir(dirname(file));
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw fileError(file, error.message);
  }
}

function fileError(file: Bytes, what: string): XhError {
  return new XhError('E_LFU_INDEX_FILE', `${printable(file)} cannot be written: ${what}`, {
    exit: EXIT.usage,
    place: { file },
    remedy: 'name a file, in a directory that is there',
  });
}

/** Milliseconds to wait for the scan between two breaths. */
const WAIT = 50;
const MOST_THREADS = 4;

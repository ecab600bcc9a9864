/**
 * Fetching objects: those that are in packs by ranges, several in one request, the others by
 * themselves, large ones piece by piece; some at the same time, and each verified before anybody gets
 * to see it.
 */
import { fromBuffer } from '../../bytes/bytes.ts';
import { hashOf, type Hash } from '../store/hash.ts';
import type { PackReference } from '../store/head.ts';
import { parsePackIndex, type Packed } from '../store/pack.ts';
import { damagedObject, readObject } from '../store/reach.ts';
import { objectPath } from '../store/paths.ts';
import { inParallel } from '../store/parallel.ts';
import { CutOffError, type Range, type StoreReader } from '../store/store.ts';

export interface FetchOptions {
  /** Requests at the same time. */
  readonly jobs?: number;
  /** Called with each object, whole and verified; those that are larger than {@link PIECE} come to `large`. */
  readonly arrived: (object: Hash, content: Buffer) => void;
  /** Takes the pieces of a large object in order; the last call says whether the whole was right. */
  readonly large: (object: Hash) => LargeObject;
}

/** Where a large object goes to. */
export interface LargeObject {
  /** How much of it is there from an earlier run, to be gone on from. */
  readonly begun: number;
  write(piece: Buffer): void;
  /** What has been written is verified. @returns whether it is the object; else it begins at nothing again */
  finish(): boolean;
}

/** Of a request for a piece of a large object. */
export const PIECE = 8 << 20;

/**
 * Fetches `wanted`, with how many bytes each has.
 * @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_READ, E_STORE_PACK; what has arrived has arrived
 */
export async function fetchObjects(
  store: StoreReader,
  wanted: ReadonlyMap<Hash, number>,
  packs: readonly PackReference[],
  options: FetchOptions,
): Promise<void> {
  const rest = new Map(wanted);
  const requests: (() => Promise<void>)[] = [];
  for (const { pack, index } of packs) {
    if (rest.size === 0) break;
    const contents = parsePackIndex(fromBuffer(await readObject(store, index)));
    const ours = contents.filter(({ object, length }) => rest.get(object) === length);
    for (const { object } of ours) rest.delete(object);
    const total = contents.reduce((sum, { length }) => sum + length, 0);
    for (const run of runsOf(ours, total)) {
      requests.push(() => fetchRun(store, { pack, run, total }, options));
    }
  }
  for (const [object, length] of rest) {
    requests.push(
      length > PIECE
        ? () => fetchLarge(store, { object, length }, options)
        : async () => {
            options.arrived(object, await readObject(store, object));
          },
    );
  }
  await inParallel(requests, options.jobs ?? store.jobs ?? 8);
}

/** Objects of a pack that are asked for together: what lies between two of them costs less than asking twice. */
function runsOf(wanted: readonly Packed[], total: number): Packed[][] {
  const length = wanted.reduce((sum, each) => sum + each.length, 0);
  // most of it: then all of it, which a cache keeps for the next host
  if (length * 2 > total) return wanted.length === 0 ? [] : [[...wanted]];
  const runs: Packed[][] = [];
  for (const each of wanted) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const near = last !== undefined && each.offset - (last.offset + last.length) <= GAP;
    if (near) run?.push(each);
    else runs.push([each]);
  }
  return runs;
}

interface Run {
  readonly pack: Hash;
  readonly run: readonly Packed[];
  /** Bytes of the pack. */
  readonly total: number;
}

async function fetchRun(
  store: StoreReader,
  { pack, run, total }: Run,
  { arrived }: FetchOptions,
): Promise<void> {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return;
  const end = last.offset + last.length;
  const range = { from: first.offset, length: end - first.offset };
  const part = ({ offset, length }: Packed, content: Buffer): Buffer =>
    content.subarray(offset - range.from, offset - range.from + length);
  let verified: Buffer | undefined;
  const isRight = (content: Buffer): boolean => {
    if (content === verified) return true;
    const is =
      content.length === range.length &&
      run.every((each) => hashOf(part(each, content)) === each.object);
    if (is) verified = content;
    return is;
  };
  // a cache keeps what is asked for as a whole
  const whole = range.from === 0 && end === total;
  let content: Buffer | undefined;
  try {
    content = await store.read(objectPath(pack), { ...(!whole && { range }), isRight });
  } catch (error) {
    // what has come whole has come
    if (error instanceof CutOffError) {
      for (const each of run) {
        const found = part(each, error.content);
        if (found.length === each.length && hashOf(found) === each.object)
          arrived(each.object, found);
      }
    }
    throw error;
  }
  if (content === undefined) {
    // a host that feeds others has its own files, and not all that a pack may have besides
    if (!(await isFetchedApart(store, run, arrived))) await readObject(store, pack);
  } else if (!isRight(content)) throw damagedObject(store, objectPath(pack));
  else for (const each of run) arrived(each.object, part(each, content));
}

/** Whether the objects of a run are to be had each by itself. */
async function isFetchedApart(
  store: StoreReader,
  run: readonly Packed[],
  arrived: FetchOptions['arrived'],
): Promise<boolean> {
  for (const { object } of run) {
    const isRight = (found: Buffer): boolean => hashOf(found) === object;
    const content = await store.read(objectPath(object), { isRight });
    if (content === undefined || !isRight(content)) return false;
    arrived(object, content);
  }
  return true;
}

async function fetchLarge(
  store: StoreReader,
  { object, length }: { readonly object: Hash; readonly length: number },
  { large }: FetchOptions,
): Promise<void> {
  const path = objectPath(object);
  // what an earlier run has left may be of a bad cache: then once more from the beginning
  for (const _ of ['go on', 'begin again']) {
    const to = large(object);
    for (let at = to.begun; at < length;) {
      const range: Range = { from: at, length: Math.min(PIECE, length - at) };
      const isRight = (piece: Buffer): boolean => piece.length === range.length;
      let piece: Buffer | undefined;
      try {
        piece = await store.read(path, { range, isRight });
      } catch (error) {
        if (error instanceof CutOffError) to.write(error.content.subarray(0, range.length));
        throw error;
      }
      if (piece === undefined || !isRight(piece)) {
        throw damagedObject(store, path);
      }
      to.write(piece);
      at += piece.length;
    }
    if (to.finish()) return;
  }
  throw damagedObject(store, path);
}

/** Bytes that are read for nothing rather than asked around. */
const GAP = 32 << 10;

/**
 * Sweeping a store: what none of the last revisions of any package leads to goes, but for what was
 * written lately, since its publisher may be about to publish the head that leads to it.
 */
import { fromBuffer, slice, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { isHash, type Hash } from './hash.ts';
import { parseHead, type Head } from './head.ts';
import { parsePackIndex } from './pack.ts';
import { inParallel } from './parallel.ts';
import { reachable, readObject } from './reach.ts';
import { objectPath, treePath } from './paths.ts';
import type { Store, StoredName } from './store.ts';
import { headsOf } from './verify.ts';

export interface GcOptions {
  /** How many revisions of a package are kept, the current one among them: at least 1. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What is younger is left alone: milliseconds. */
  readonly grace: number;
  readonly dryRun?: boolean;
}

export interface Swept {
  readonly removed: readonly StoredName[];
  /** Objects, listings and heads that are left, and their bytes. */
  readonly kept: number;
  readonly keptBytes: number;
  /** Earlier revisions that are kept and lack something. */
  readonly broken: readonly Pick<Head, 'package' | 'revision'>[];
}

/**
 * Nothing is removed when a head cannot be read, or a current one leads to something that is missing:
 * then it is not known what is needed.
 * @throws XhError E_STORE_HEAD, E_STORE_MISSING, E_STORE_DAMAGED …
 */
export async function sweep(store: Store, options: GcOptions): Promise<Swept> {
  const { keep, now, grace, dryRun = false } = options;
  const { current, earlier, past } = await revisions(store, keep);
  const needed = new Set<Bytes>();
  for (const head of current) await addPaths(store, head, needed);
  const broken: Head[] = [];
  for (const head of earlier) {
    if (!(await addPaths(store, head, needed, { forgiving: true }))) broken.push(head);
  }
  const found: StoredName[] = [];
  let kept = 0;
  let keptBytes = 0;
  const old = (written: number): boolean => now - written > grace;
  for (const top of TOPS) {
    for await (const each of store.list(top)) {
      const name = slice(each.path, each.path.lastIndexOf('/') + 1);
      // what a killed publisher left half written begins with a dot
      const ours = top === 'heads' ? past.has(each.path) : isHash(name) && !needed.has(each.path);
      if ((ours || name.startsWith('.')) && old(each.written)) found.push(each);
      else {
        kept++;
        keptBytes += each.size;
      }
    }
  }
  if (dryRun) return { removed: found, kept, keptBytes, broken };
  const gone = new Set<StoredName>();
  const remove = async (each: StoredName): Promise<void> => {
    // a publisher may have found it meanwhile, and rely on it
    const written = await store.written(each.path);
    if (written !== undefined && !old(written)) return;
    await store.remove(each.path);
    gone.add(each);
  };
  // heads first: at no time does one lead to something that is gone
  for (const top of TOPS) {
    const these = found.filter(({ path }) => path.startsWith(`${top}/`));
    await inParallel(
      these.map((each) => () => remove(each)),
      REQUESTS,
    );
    await store.settle();
  }
  const removed = found.filter((each) => gone.has(each));
  return { removed, kept: kept + found.length - removed.length, keptBytes, broken };
}

/** The heads whose trees are kept, and the paths of those that are too old. */
async function revisions(
  store: Store,
  keep: number,
): Promise<{
  readonly current: readonly Head[];
  readonly earlier: readonly Head[];
  readonly past: ReadonlySet<Bytes>;
}> {
  const current: Head[] = [];
  const all = new Map<Bytes, { readonly path: Bytes; readonly head: Head }[]>();
  for await (const { path, text, past } of headsOf(store)) {
    const { head } = parseHead(text);
    if (past) all.set(head.package, [...(all.get(head.package) ?? []), { path, head }]);
    else current.push(head);
  }
  const standing = new Map(current.map((head) => [head.package, head.revision]));
  const earlier: Head[] = [];
  const past = new Set<Bytes>();
  for (const [name, heads] of all) {
    const sorted = heads
      // the current one may have been put there by a publisher that was killed before the next came
      .filter(({ head }) => head.revision !== standing.get(name))
      .toSorted((one, other) => other.head.revision - one.head.revision);
    earlier.push(...sorted.slice(0, keep - 1).map(({ head }) => head));
    for (const { path } of sorted.slice(keep - 1)) past.add(path);
  }
  return { current, earlier, past };
}

/**
 * Adds what a head leads to.
 * @returns whether all of it is there
 * @throws XhError when it is not, unless `forgiving`
 */
async function addPaths(
  store: Store,
  head: Head,
  paths: Set<Bytes>,
  { forgiving = false } = {},
): Promise<boolean> {
  let whole = true;
  const packed = new Set<Hash>();
  for (const { pack, index } of head.packs) {
    paths.add(objectPath(pack)).add(objectPath(index));
    try {
      const lines = fromBuffer(await readObject(store, index));
      for (const { object } of parsePackIndex(lines)) packed.add(object);
    } catch (error) {
      if (!forgiving || !isGone(error)) throw error;
      whole = false;
    }
  }
  const missing = (_: Hash, error: XhError): void => {
    if (!isGone(error)) throw error;
    whole = false;
  };
  const { trees, objects } = await reachable(
    store,
    head.trees.values(),
    forgiving ? missing : undefined,
  );
  for (const tree of trees) paths.add(treePath(tree));
  for (const object of objects.keys()) if (!packed.has(object)) paths.add(objectPath(object));
  return whole;
}

/** For good, and not only for now. */
function isGone(error: unknown): boolean {
  return error instanceof XhError && error.code !== 'E_STORE_READ';
}

const TOPS = ['heads', 'trees', 'objects'] as const;
/** At the same time. */
const REQUESTS = 8;

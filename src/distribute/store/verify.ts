/** Whether a store has all that its heads promise, as they promise it. */
import { fromBuffer, slice, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { hashOf, isHash, type Hash } from './hash.ts';
import { parseHead, type Head } from './head.ts';
import { parsePackIndex } from './pack.ts';
import { inParallel } from './parallel.ts';
import { reachable, readNamed } from './reach.ts';
import { isPastHead, objectPath, treePath } from './paths.ts';
import type { Store } from './store.ts';

/** Something that is missing or damaged. */
export interface StoreFinding {
  readonly code: string;
  readonly path: Bytes;
  readonly message: string;
  /** The packages that need it; none for what nobody needs any more. */
  readonly packages: readonly Bytes[];
  /** Only earlier revisions of them need it. */
  readonly past: boolean;
}

export interface StoreContents {
  /** The current ones. */
  readonly heads: readonly Head[];
  readonly findings: readonly StoreFinding[];
  /** Objects and trees that are as they should be. */
  readonly checked: number;
  readonly bytes: number;
}

export interface VerifyOptions {
  /** Contents of objects are not read: they only have to be there, with the right length. */
  readonly quick?: boolean;
  /** That a head may be believed. @throws XhError when it may not */
  readonly believe?: (head: Bytes, text: string) => void;
  readonly progress?: (done: number, bytes: number) => void;
}

/** The heads of a store, in the order of their names. @throws XhError E_STORE_READ */
export async function* headsOf(
  store: Store,
): AsyncGenerator<{ readonly path: Bytes; readonly text: string; readonly past: boolean }> {
  for await (const { path } of store.list('heads')) {
    if (!path.endsWith('.json')) continue;
    const text = (await store.read(path))?.toString();
    // one that has been swept meanwhile
    if (text !== undefined) yield { path, text, past: isPastHead(path) };
  }
}

/** Reads everything that the heads lead to, and all else that there is. @throws XhError E_STORE_READ */
export async function verifyStore(
  store: Store,
  options: VerifyOptions = {},
): Promise<StoreContents> {
  const look = await createLooking(store, options);
  const heads: Head[] = [];
  const earlier: Head[] = [];
  for await (const { path, text, past } of headsOf(store)) {
    try {
      const { head } = parseHead(text);
      (past ? earlier : heads).push(head);
      if (!past) options.believe?.(head.package, text);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      look.find(path, error, undefined);
    }
  }
  for (const head of heads) await verifyHead(store, head, look, { head, past: false });
  for (const head of earlier) await verifyHead(store, head, look, { head, past: true });
  await look.atTheRest();
  return { heads, ...look.result() };
}

/** For whom something is looked at. */
interface Needing {
  readonly head: Head;
  readonly past: boolean;
}

type Looking = Awaited<ReturnType<typeof createLooking>>;

async function createLooking(store: Store, { quick = false, progress }: VerifyOptions) {
  const sound = new Map<Bytes, number>();
  const findings = new Map<
    Bytes,
    { code: string; message: string; packages: Set<Bytes>; past: boolean }
  >();
  const there = new Map<Bytes, number>();
  for (const top of ['objects', 'trees'] as const) {
    for await (const { path, size } of store.list(top)) there.set(path, size);
  }
  let bytes = 0;

  function find(path: Bytes, error: XhError, needing: Needing | undefined): void {
    // what cannot be known is no finding about the store
    if (error.code === 'E_STORE_READ') throw error;
    const { code, message } = error;
    const found = findings.get(path) ?? { code, message, packages: new Set(), past: true };
    if (needing !== undefined) found.packages.add(needing.head.package);
    if (needing?.past === false) found.past = false;
    findings.set(path, found);
  }

  function pass(path: Bytes, length: number): void {
    if (sound.has(path)) return;
    sound.set(path, length);
    bytes += length;
    progress?.(sound.size, bytes);
  }

  /** The content when it is what it should be; it is read whether or not it was before. */
  async function read(path: Bytes, hash: Hash, needing?: Needing): Promise<Buffer | undefined> {
    try {
      const content = await readNamed(store, path, hash);
      pass(path, content.length);
      return content;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      find(path, error, needing);
      return undefined;
    }
  }

  return {
    find,
    read,
    quick,
    /** That an object is there, as it should be. */
    async at(object: Hash, length: number, needing: Needing): Promise<void> {
      const path = objectPath(object);
      if (sound.has(path)) return;
      if (!quick) await read(path, object, needing);
      else if (there.get(path) === length) pass(path, length);
      // it may have been published since, or not be listed yet
      else if (!there.has(path) && (await store.has(path))) pass(path, length);
      else find(path, wrongLength(store, path, there.get(path), length), needing);
    },
    tree(tree: Hash, error: XhError, needing: Needing): void {
      find(treePath(tree), error, needing);
    },
    /** What nobody needs is no harm, unless it is taken for what its name says. */
    async atTheRest(): Promise<void> {
      if (quick) return;
      const rest = [...there.keys()].filter((path) => !sound.has(path) && !findings.has(path));
      const tasks = rest.map((path) => async () => {
        const name = slice(path, path.lastIndexOf('/') + 1);
        // it may have been swept since
        if (isHash(name) && (await store.has(path))) await read(path, name);
      });
      await inParallel(tasks, REQUESTS);
    },
    pass,
    result: () => ({
      findings: [...findings].map(([path, { packages, ...rest }]) => ({
        path,
        ...rest,
        packages: [...packages],
      })),
      checked: sound.size,
      bytes,
    }),
  };
}

async function verifyHead(
  store: Store,
  { packs, trees }: Head,
  look: Looking,
  needing: Needing,
): Promise<void> {
  const packed = new Set<Hash>();
  for (const { pack, index } of packs) {
    const lines = await look.read(objectPath(index), index, needing);
    if (lines === undefined) continue;
    try {
      const contents = parsePackIndex(fromBuffer(lines));
      if (look.quick) {
        const length = contents.reduce((sum, each) => sum + each.length, 0);
        await look.at(pack, length, needing);
        for (const { object } of contents) packed.add(object);
        continue;
      }
      const content = await look.read(objectPath(pack), pack, needing);
      if (content === undefined) continue;
      for (const { object, offset, length } of contents) {
        if (hashOf(content.subarray(offset, offset + length)) === object) packed.add(object);
      }
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      look.find(objectPath(index), error, needing);
    }
  }
  const reached = await reachable(store, trees.values(), (tree, error) => {
    look.tree(tree, error, needing);
  });
  // each was read, and what is wrong with it told
  for (const [tree, length] of reached.lengths) look.pass(treePath(tree), length);
  const tasks = [...reached.objects]
    .filter(([object]) => !packed.has(object))
    .map(
      ([object, length]) =>
        () =>
          look.at(object, length, needing),
    );
  await inParallel(tasks, REQUESTS);
}

function wrongLength(
  store: Store,
  path: Bytes,
  found: number | undefined,
  length: number,
): XhError {
  return found === undefined
    ? new XhError('E_STORE_MISSING', `${store.name} has no ${path}`)
    : new XhError(
        'E_STORE_DAMAGED',
        `${store.name} has ${found} bytes at ${path}, where ${length} should be`,
      );
}

/** At the same time. */
const REQUESTS = 8;

/** Whether a store has all that its heads promise, as they promise it. */
import { fromBuffer, slice, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { hashOf, isHash, type Hash } from './hash.ts';
import { parseHead, type Head } from './head.ts';
import { parsePackIndex } from './pack.ts';
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
}

export interface StoreContents {
  readonly heads: readonly Head[];
  readonly findings: readonly StoreFinding[];
  /** Objects and trees that were read. */
  readonly checked: number;
  readonly bytes: number;
}

/** The heads of a store, the current ones, in the order of their names. @throws XhError E_STORE_READ */
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

/** Reads everything that the heads lead to, and all else that there is. */
export async function verifyStore(store: Store): Promise<StoreContents> {
  const heads: Head[] = [];
  const findings = new Map<Bytes, { code: string; message: string; packages: Set<Bytes> }>();
  const find = (path: Bytes, error: XhError, name?: Bytes): void => {
    const found = findings.get(path) ?? {
      code: error.code,
      message: error.message,
      packages: new Set(),
    };
    if (name !== undefined) found.packages.add(name);
    findings.set(path, found);
  };
  const sound = new Map<Bytes, number>();
  const look = async (path: Bytes, hash: Hash, name?: Bytes): Promise<Buffer | undefined> => {
    try {
      const content = await readNamed(store, path, hash);
      sound.set(path, content.length);
      return content;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      find(path, error, name);
      return undefined;
    }
  };
  for await (const { path, text, past } of headsOf(store)) {
    try {
      const { head } = parseHead(text);
      if (!past) heads.push(head);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      find(path, error);
    }
  }
  for (const head of heads) await verifyHead(store, head, { look, find });
  // the rest: what nobody needs is no harm, unless it is taken for what its name says
  for (const top of ['objects', 'trees'] as const) {
    for await (const { path } of store.list(top)) {
      const name = slice(path, path.lastIndexOf('/') + 1);
      if (isHash(name) && !sound.has(path) && !findings.has(path)) await look(path, name);
    }
  }
  return {
    heads,
    findings: [...findings].map(([path, { packages, ...rest }]) => ({
      path,
      ...rest,
      packages: [...packages],
    })),
    checked: sound.size,
    bytes: [...sound.values()].reduce((sum, length) => sum + length, 0),
  };
}

interface Looking {
  readonly look: (path: Bytes, hash: Hash, name?: Bytes) => Promise<Buffer | undefined>;
  readonly find: (path: Bytes, error: XhError, name?: Bytes) => void;
}

async function verifyHead(store: Store, head: Head, { look, find }: Looking): Promise<void> {
  const { package: name } = head;
  const packed = new Set<Hash>();
  for (const { pack, index } of head.packs) {
    const lines = await look(objectPath(index), index, name);
    const content = await look(objectPath(pack), pack, name);
    if (lines === undefined || content === undefined) continue;
    try {
      for (const { object, offset, length } of parsePackIndex(fromBuffer(lines))) {
        if (hashOf(content.subarray(offset, offset + length)) === object) packed.add(object);
      }
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      find(objectPath(index), error, name);
    }
  }
  const { objects } = await reachable(store, head.trees.values(), (tree, error) => {
    find(treePath(tree), error, name);
  });
  for (const object of objects.keys()) {
    if (!packed.has(object)) await look(objectPath(object), object, name);
  }
}

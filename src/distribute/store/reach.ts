/** What trees of a store lead to: their listings, and the objects that their files are. */
import { fromBuffer, printable, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { hashOf, type Hash } from './hash.ts';
import { objectPath, treePath } from './paths.ts';
import type { StoreReader } from './store.ts';
import { dataLength, parseTree, type TreeEntry } from './tree.ts';

export interface Reached {
  readonly trees: ReadonlySet<Hash>;
  /** With how many bytes each has. */
  readonly objects: ReadonlyMap<Hash, number>;
  /** Of the listings that are there: bytes. */
  readonly lengths: ReadonlyMap<Hash, number>;
}

/**
 * Everything below `roots`; each listing is read once.
 * @param missing told of listings that are missing or damaged; without it they are errors
 * @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_TREE
 */
export async function reachable(
  store: StoreReader,
  roots: Iterable<Hash>,
  missing?: (tree: Hash, error: XhError) => void,
): Promise<Reached> {
  const trees = new Set<Hash>(roots);
  const objects = new Map<Hash, number>();
  const lengths = new Map<Hash, number>();
  // a Set is walked in the order of insertion, additions included
  for (const tree of trees) {
    let entries: readonly TreeEntry[];
    try {
      const text = fromBuffer(await readNamed(store, treePath(tree), tree));
      entries = parseTree(text);
      lengths.set(tree, text.length);
    } catch (error) {
      if (missing === undefined || !(error instanceof XhError)) throw error;
      missing(tree, error);
      continue;
    }
    for (const entry of entries) {
      if (entry.type === 'd') trees.add(entry.tree);
      else if (entry.type === 'f' && entry.object !== undefined) {
        objects.set(entry.object, dataLength(entry));
      }
    }
  }
  return { trees, objects, lengths };
}

/** @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_TREE, E_STORE_READ */
export async function readTree(store: StoreReader, tree: Hash): Promise<readonly TreeEntry[]> {
  return parseTree(fromBuffer(await readNamed(store, treePath(tree), tree)));
}

/** An object that stands by itself. @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_READ */
export function readObject(store: StoreReader, object: Hash): Promise<Buffer> {
  return readNamed(store, objectPath(object), object);
}

/** What stands at `path`, when it is what `hash` names. @throws XhError E_STORE_MISSING, E_STORE_DAMAGED, E_STORE_READ */
export async function readNamed(store: StoreReader, path: Bytes, hash: Hash): Promise<Buffer> {
  let verified: Buffer | undefined;
  const isRight = (found: Buffer): boolean => {
    if (found === verified) return true;
    if (hashOf(found) !== hash) return false;
    verified = found;
    return true;
  };
  const content = await store.read(path, { isRight });
  if (content === undefined) {
    throw new XhError('E_STORE_MISSING', `${store.name} has no ${printable(path)}`, {
      remedy: 'xh store verify tells all that is missing; publish the package again',
    });
  }
  if (!isRight(content)) throw damagedObject(store, path);
  return content;
}

export function damagedObject(store: StoreReader, path: Bytes): XhError {
  return new XhError('E_STORE_DAMAGED', `${store.name} has something else at ${printable(path)}`, {
    remedy:
      'it was damaged, or changed on its way: use another store, and xh store verify on this one',
  });
}

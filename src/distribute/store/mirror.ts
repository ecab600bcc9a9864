/**
 * Making one store what another is: objects first, then trees, then heads and trust, each verified on
 * its way, so that the mirror never shows a head whose objects it has not.
 */
import { fromBuffer, type Bytes } from '../../bytes/bytes.ts';
import { enterPackage } from './catalogue.ts';
import type { Hash } from './hash.ts';
import { parseHead } from './head.ts';
import { parsePackIndex } from './pack.ts';
import { reachable, readNamed, readObject } from './reach.ts';
import { headPath, objectPath, treePath } from './paths.ts';
import type { Store, StoreReader } from './store.ts';

export interface Mirrored {
  readonly packages: number;
  readonly objects: number;
  readonly bytes: number;
}

/** Copies what `from` has of `packages` and `to` has not. @throws XhError E_STORE_* */
export async function mirror(
  from: StoreReader,
  to: Store,
  packages: readonly Bytes[],
): Promise<Mirrored> {
  let changed = 0;
  let objects = 0;
  let bytes = 0;
  async function copy(path: Bytes, hash: Hash): Promise<void> {
    if (await to.has(path)) return;
    const content = await readNamed(from, path, hash);
    if (await to.add(path, () => [content], content.length)) {
      objects++;
      bytes += content.length;
    }
  }
  for (const name of packages) {
    const path = headPath(name);
    const text = await from.read(path);
    if (text === undefined) continue;
    const before = await to.read(path);
    if (before?.equals(text) === true) continue;
    const { head } = parseHead(text.toString());
    // never back, whoever asks
    if (before !== undefined && parseHead(before.toString()).head.revision > head.revision)
      continue;
    const packed = new Set<Hash>();
    for (const { pack, index } of head.packs) {
      await copy(objectPath(pack), pack);
      await copy(objectPath(index), index);
      const lines = fromBuffer(await readObject(to, index));
      for (const { object } of parsePackIndex(lines)) packed.add(object);
    }
    const { trees, objects: files } = await reachable(from, head.trees.values());
    for (const object of files.keys())
      if (!packed.has(object)) await copy(objectPath(object), object);
    for (const tree of trees) await copy(treePath(tree), tree);
    await to.settle();
    if (await to.replace(path, text, before)) changed++;
    await enterPackage(to, name);
  }
  return { packages: changed, objects, bytes };
}

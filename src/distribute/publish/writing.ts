/**
 * Writing what a package needs and the store lacks: small files into packs, large ones by themselves,
 * and listings. What is there already is relied on, and looked for once more before the head is written.
 */
import { createHash } from 'node:crypto';
import { fromBuffer, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { hashOf, type Hash } from '../store/hash.ts';
import type { PackReference } from '../store/head.ts';
import { packIndexText, parsePackIndex, PACKED, PACK_SIZE, type Packed } from '../store/pack.ts';
import { inParallel } from '../store/parallel.ts';
import { objectPath, treePath } from '../store/paths.ts';
import { readObject, type Reached } from '../store/reach.ts';
import type { Pieces, Store } from '../store/store.ts';
import type { Fresh } from './fresh.ts';
import type { Source } from './scan.ts';

export interface WritingOptions {
  /** The pieces of a file's data, as they are now. @throws FileError */
  readonly read: (source: Source) => Iterable<Uint8Array>;
}

/** Written to the store. */
export interface Added {
  readonly objects: number;
  readonly trees: number;
  readonly bytes: number;
}

/** Writes what a package needs and the store lacks. */
export function createWriting(store: Store, options: WritingOptions) {
  const read = (object: Hash, source: Source): Iterable<Uint8Array> =>
    checked(object, source, options.read(source));
  let objects = 0;
  let trees = 0;
  let bytes = 0;

  /** What was there already, and how it would be written if it were not. */
  const reliedOn = new Map<Bytes, () => Promise<boolean>>();

  async function add(path: Bytes, length: number, pieces: Pieces): Promise<boolean> {
    if (await store.add(path, pieces, length)) {
      bytes += length;
      return true;
    }
    reliedOn.set(path, () => store.add(path, pieces, length));
    return false;
  }

  async function addObject(content: Buffer): Promise<Hash> {
    const hash = hashOf(content);
    await add(objectPath(hash), content.length, () => [content]);
    return hash;
  }

  async function pack(files: readonly (readonly [Hash, Source])[]): Promise<PackReference> {
    const content = Buffer.concat(files.flatMap(([object, source]) => [...read(object, source)]));
    const lines = files.map(([object, { length }]) => ({ object, length }));
    const reference = {
      pack: await addObject(content),
      index: await addObject(toBuffer(packIndexText(lines))),
    };
    objects += files.length;
    return reference;
  }

  return {
    added: () => ({ objects, trees, bytes }),

    /** That nobody has swept away meanwhile what was there; it counts as young from now on. */
    async confirm(): Promise<void> {
      const tasks = [...reliedOn].map(([path, again]) => async () => {
        if (!(await store.has(path))) await again();
      });
      await inParallel(tasks, REQUESTS);
    },

    /** Adds files: small ones go to packs, but for those that are in one of `before` that is kept. */
    async packs(
      before: readonly PackReference[],
      files: ReadonlyMap<Hash, Source>,
      { others, fresh }: { readonly others: Reached; readonly fresh: Fresh },
    ): Promise<PackReference[]> {
      const kept: PackReference[] = [];
      const packed = new Set<Hash>();
      for (const reference of before) {
        const contents = parsePackIndex(fromBuffer(await readObject(store, reference.index)));
        if (!isWorthKeeping(contents, files, others)) continue;
        kept.push(reference);
        for (const { object } of contents) packed.add(object);
      }
      let open: (readonly [Hash, Source])[] = [];
      let size = 0;
      for (const [object, source] of files) {
        if (packed.has(object)) continue;
        if (source.length > PACKED) {
          if (fresh.objects?.has(object) === false) continue;
          if (await add(objectPath(object), source.length, () => read(object, source))) objects++;
          continue;
        }
        if (size + source.length > PACK_SIZE) {
          kept.push(await pack(open));
          open = [];
          size = 0;
        }
        open.push([object, source]);
        size += source.length;
      }
      if (open.length > 0) kept.push(await pack(open));
      return kept;
    },

    async trees(texts: ReadonlyMap<Hash, Bytes>): Promise<void> {
      const tasks = [...texts].map(([hash, text]) => async () => {
        if (await add(treePath(hash), text.length, () => [toBuffer(text)])) trees++;
      });
      await inParallel(tasks, REQUESTS);
    },
  };
}

/** The pieces as they are; when they turn out to be something else than was to be published, an error. */
function* checked(
  object: Hash,
  { path }: Source,
  pieces: Iterable<Uint8Array>,
): Generator<Uint8Array> {
  const digest = createHash('sha256');
  for (const piece of pieces) {
    digest.update(piece);
    yield piece;
  }
  if (digest.digest('hex') === object) return;
  throw new XhError('E_PUBLISH_CHANGED', `${printable(path)} has changed while it was published`, {
    place: { file: path },
    remedy: 'publish again when whoever writes it is done',
  });
}

/** Whether at least half of a pack is still asked for, or something in it can be had from nowhere else. */
function isWorthKeeping(
  contents: readonly Packed[],
  files: ReadonlyMap<Hash, Source>,
  others: Reached,
): boolean {
  const total = contents.reduce((sum, { length }) => sum + length, 0);
  let live = 0;
  for (const { object, length } of contents) {
    if (files.has(object)) live += length;
    else if (others.objects.has(object)) return true;
  }
  return live * 2 >= total;
}

/** At the same time. */
const REQUESTS = 8;

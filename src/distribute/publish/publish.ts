/**
 * Publishing a package: its objects, then its trees, then its head, so that whoever sees the head finds
 * all of it. What the store has already is not written again, and when nothing has changed, nothing is.
 */
import { createHash } from 'node:crypto';
import { fromBuffer, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { enterPackage } from '../store/catalogue.ts';
import { hashOf, type Hash } from '../store/hash.ts';
import { headText, parseHead, type Head, type PackReference } from '../store/head.ts';
import { packIndexText, parsePackIndex, PACKED, PACK_SIZE, type Packed } from '../store/pack.ts';
import { reachable, readObject, type Reached } from '../store/reach.ts';
import type { SigningKey } from '../store/signed.ts';
import { headPath, objectPath, pastHeadPath, treePath } from '../store/paths.ts';
import type { Store } from '../store/store.ts';
import type { ScannedTree, Source } from './scan.ts';

/** A package as this host has it. */
export interface Publication {
  readonly directory: Bytes;
  readonly version?: Bytes;
  /** By `TYPE` or `TYPE/ARCHITECTURE`; trees that another host publishes stay as they are. */
  readonly trees: ReadonlyMap<Bytes, ScannedTree>;
}

export interface PublishOptions {
  readonly key: SigningKey;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the head is good for: milliseconds. */
  readonly lifetime: number;
  /** The pieces of a file's data, as they are now. @throws FileError */
  readonly read: (source: Source) => Iterable<Uint8Array>;
}

export interface Published {
  readonly head: Head;
  /** `refreshed`: nothing has changed, but it is good for longer. */
  readonly outcome: 'published' | 'refreshed' | 'unchanged';
  /** Written to the store. */
  readonly added: { readonly objects: number; readonly trees: number; readonly bytes: number };
}

/** @throws XhError E_PUBLISH_BUSY when another publisher is always quicker; E_STORE_* */
export async function publish(
  store: Store,
  publication: Publication,
  options: PublishOptions,
): Promise<Published> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const done = await tryPublish(store, publication, options);
    if (done !== undefined) return done;
  }
  throw new XhError(
    'E_PUBLISH_BUSY',
    `${printable(publication.directory)} is published by somebody else at the same time, again and again`,
    { exit: EXIT.locked, remedy: 'try again when he is done' },
  );
}

/** @returns undefined when another publisher has been quicker */
async function tryPublish(
  store: Store,
  publication: Publication,
  options: PublishOptions,
): Promise<Published | undefined> {
  const path = headPath(publication.directory);
  const before = await store.read(path);
  const last = before === undefined ? undefined : parseHead(before.toString()).head;
  const trees = new Map(last?.trees);
  for (const [name, tree] of publication.trees) trees.set(name, tree.root);
  const { now, lifetime, key } = options;
  const same =
    last !== undefined && sameTrees(last.trees, trees) && last.version === publication.version;
  if (same && Date.parse(last.expires) - now > lifetime / 2) {
    return { head: last, outcome: 'unchanged', added: NOTHING };
  }
  const elsewhere = [...trees].filter(([name]) => !publication.trees.has(name));
  const others = await reachable(
    store,
    elsewhere.map(([, tree]) => tree),
  );
  const writing = createWriting(store, options);
  const packs = await writing.packs(last?.packs ?? [], filesOf(publication), others);
  for (const tree of publication.trees.values()) await writing.trees(tree.trees);
  await store.settle();
  const head: Head = {
    package: publication.directory,
    ...(publication.version !== undefined && { version: publication.version }),
    revision: (last?.revision ?? 0) + 1,
    published: new Date(now).toISOString(),
    expires: new Date(now + lifetime).toISOString(),
    trees,
    packs,
    ...figures(publication, others),
  };
  if (last !== undefined && before !== undefined) {
    await store.replace(pastHeadPath(publication.directory, last.revision), before, undefined);
  }
  const text = Buffer.from(headText(head, [key]));
  if (!(await store.replace(path, text, before))) return undefined;
  await enterPackage(store, publication.directory);
  return { head, outcome: same ? 'refreshed' : 'published', added: writing.added() };
}

/** Writes what a package needs and the store lacks. */
function createWriting(store: Store, options: PublishOptions) {
  const read = (object: Hash, source: Source): Iterable<Uint8Array> =>
    checked(object, source, options.read(source));
  let objects = 0;
  let trees = 0;
  let bytes = 0;

  async function add(
    path: Bytes,
    length: number,
    pieces: () => Iterable<Uint8Array>,
  ): Promise<boolean> {
    if (await store.add(path, pieces)) {
      bytes += length;
      return true;
    }
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

    /** Adds files: small ones go to packs, but for those that are in one of `before` that is kept. */
    async packs(
      before: readonly PackReference[],
      files: ReadonlyMap<Hash, Source>,
      others: Reached,
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
      for (const [hash, text] of texts) {
        if (await add(treePath(hash), text.length, () => [toBuffer(text)])) trees++;
      }
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

function filesOf({ trees }: Publication): Map<Hash, Source> {
  return new Map([...trees.values()].flatMap(({ files }) => [...files]));
}

function figures({ trees }: Publication, others: Reached): Pick<Head, 'objects' | 'bytes'> {
  let objects = others.objects.size + others.trees.size;
  let bytes = 0;
  for (const length of others.objects.values()) bytes += length;
  for (const tree of trees.values()) {
    objects += tree.objects;
    bytes += tree.bytes;
  }
  return { objects, bytes };
}

function sameTrees(one: Head['trees'], other: Head['trees']): boolean {
  return one.size === other.size && [...one].every(([name, tree]) => other.get(name) === tree);
}

const NOTHING = { objects: 0, trees: 0, bytes: 0 };
const ATTEMPTS = 20;

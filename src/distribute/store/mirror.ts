/**
 * Making one store what another is: objects first, then trees, then the head of a package, each verified
 * on its way, so that the mirror never shows a head whose objects it has not; whom to believe at last.
 */
import { createHash } from 'node:crypto';
import { fromBuffer, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { enterPackage } from './catalogue.ts';
import type { Hash } from './hash.ts';
import { parseHead, type Head } from './head.ts';
import { parsePackIndex } from './pack.ts';
import { inParallel } from './parallel.ts';
import { damagedObject, reachable, readNamed, readObject } from './reach.ts';
import { headPath, objectPath, trustPath, TRUST_PATH, treePath } from './paths.ts';
import { severalStores } from './several.ts';
import type { Store, StoreReader } from './store.ts';
import { readTrust } from './trust.ts';

export interface MirrorOptions {
  /** Whether what a head leads to is looked for, too, when the mirror has that head already. */
  readonly anew?: boolean;
  /** That a head may be believed; without it, whoever reads the mirror finds out. @throws XhError when it may not */
  readonly believe?: (directory: Bytes, text: string) => void;
  /** Told of a package that is not mirrored, since its head is not believed or something of it is missing. */
  readonly failed?: (directory: Bytes, error: XhError) => void;
  readonly progress?: (done: Mirrored) => void;
}

export interface Mirrored {
  /** Whose heads have been replaced. */
  readonly packages: number;
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Copies what `from` has of `packages` and `to` has not.
 * @throws XhError E_STORE_READ, E_STORE_WRITE; others, too, unless `failed` is told of them
 */
export async function mirror(
  from: StoreReader,
  to: Store,
  packages: readonly Bytes[],
  { anew = false, believe, failed, progress }: MirrorOptions = {},
): Promise<Mirrored> {
  let changed = 0;
  let objects = 0;
  let bytes = 0;
  // what the mirror has of a package need not be asked for again
  const nearest = anew ? from : severalStores([to, from]);

  async function copy(path: Bytes, hash: Hash, length: number): Promise<void> {
    const pieces = (): AsyncIterable<Uint8Array> => piecesOf(from, { path, hash, length });
    if (!(await to.add(path, pieces, length))) return;
    objects++;
    bytes += length;
    progress?.({ packages: changed, objects, bytes });
  }

  async function copyHead({ packs, trees }: Head): Promise<void> {
    const packed = new Set<Hash>();
    for (const { pack, index } of packs) {
      const content = await readObject(nearest, index);
      const contents = parsePackIndex(fromBuffer(content));
      const length = contents.reduce((sum, each) => sum + each.length, 0);
      await copy(objectPath(pack), pack, length);
      await copy(objectPath(index), index, content.length);
      for (const { object } of contents) packed.add(object);
    }
    const reached = await reachable(nearest, trees.values());
    const files = [...reached.objects]
      .filter(([object]) => !packed.has(object))
      .map(
        ([object, length]) =>
          () =>
            copy(objectPath(object), object, length),
      );
    const listings = [...reached.lengths].map(
      ([tree, length]) =>
        () =>
          copy(treePath(tree), tree, length),
    );
    await inParallel(files, REQUESTS);
    await inParallel(listings, REQUESTS);
    await to.settle();
  }

  async function copyPackage(name: Bytes): Promise<void> {
    const path = headPath(name);
    const text = await from.read(path);
    if (text === undefined) return;
    const before = await to.read(path);
    const same = before?.equals(text) === true;
    if (same && !anew) return;
    const { head } = parseHead(text.toString());
    believe?.(name, text.toString());
    // never back, whoever asks
    if (before !== undefined && isOlder(head, before.toString(), name, believe)) return;
    await copyHead(head);
    if (!same && (await to.replace(path, text, before))) changed++;
    await enterPackage(to, name);
  }

  for (const name of packages) {
    try {
      await copyPackage(name);
    } catch (error) {
      if (!(error instanceof XhError) || failed === undefined || FOR_ALL.has(error.code))
        throw error;
      failed(name, error);
    }
  }
  await copyTrust(from, to);
  return { packages: changed, objects, bytes };
}

/** Whether the mirror has a later revision, of somebody who is believed. */
function isOlder(
  head: Head,
  standing: string,
  name: Bytes,
  believe: MirrorOptions['believe'],
): boolean {
  try {
    if (parseHead(standing).head.revision <= head.revision) return false;
    believe?.(name, standing);
    return true;
  } catch (error) {
    if (error instanceof XhError) return false;
    throw error;
  }
}

/** Records of trust are signed: whoever reads them finds out whose they are. */
async function copyTrust(from: StoreReader, to: Store): Promise<void> {
  const text = await from.read(TRUST_PATH);
  if (text === undefined) return;
  const before = await to.read(TRUST_PATH);
  if (before?.equals(text) === true) return;
  const { version } = readTrust(text.toString());
  const standing = before === undefined ? 0 : readTrust(before.toString()).version;
  if (standing > version) return;
  for (let number = Math.max(1, standing); number < version; number++) {
    const record = await from.read(trustPath(number));
    if (record !== undefined) await to.replace(trustPath(number), record, undefined);
  }
  await to.replace(TRUST_PATH, text, before);
}

/** An object, a large one by ranges; what turns out to be another one is not added. */
async function* piecesOf(
  from: StoreReader,
  { path, hash, length }: { readonly path: Bytes; readonly hash: Hash; readonly length: number },
): AsyncGenerator<Uint8Array> {
  if (length <= PIECE) {
    yield await readNamed(from, path, hash);
    return;
  }
  const digest = createHash('sha256');
  for (let at = 0; at < length; at += PIECE) {
    const range = { from: at, length: Math.min(PIECE, length - at) };
    const isRight = (piece: Buffer): boolean => piece.length === range.length;
    const piece = await from.read(path, { range, isRight });
    // that it is not there at all is told otherwise than that it ends too soon
    if (piece === undefined) await readNamed(from, path, hash);
    if (piece === undefined || !isRight(piece)) throw damagedObject(from, path);
    digest.update(piece);
    yield piece;
  }
  if (digest.digest('hex') !== hash) throw damagedObject(from, path);
}

/** What concerns every package, and not one alone. */
const FOR_ALL: ReadonlySet<string> = new Set([
  'E_STORE_READ',
  'E_STORE_WRITE',
  'E_NO_SPACE',
  'E_READ_ONLY',
  'E_PERMISSION',
]);
/** Bytes that are asked for at a time. */
const PIECE = 8 << 20;
/** At the same time. */
const REQUESTS = 8;

/**
 * The depot of this host as a store, without a copy of anything: listings are made from the trees as
 * they are, and data are read from the packages' own files when somebody asks for them. What has
 * changed since it was looked at is not handed out under the name of what it was.
 */
import { printable, slice, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { FileError } from '../files/error.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import { XhError } from '../message/error.ts';
import { packageNameProblem } from '../package/name.ts';
import type { Accounts } from '../site/accounts.ts';
import {
  scanTree,
  sourceReader,
  type ScannedTree,
  type ScanOptions,
  type Source,
} from './publish/scan.ts';
import { siteLinks } from './site-links.ts';
import { hashOf, isHash, type Hash } from './store/hash.ts';
import { headText, type Head } from './store/head.ts';
import { parsePackIndex } from './store/pack.ts';
import { headPath, CATALOGUE_PATH } from './store/paths.ts';
import type { Range, StoreReader } from './store/store.ts';

/** A tree of a package on this host. */
export interface HeldTree {
  /** `TYPE`, or `TYPE/ARCHITECTURE` where hosts differ. */
  readonly name: Bytes;
  /** Below the site root; links on the way are followed. */
  readonly path: Bytes;
  /** Whether of what is in it the directories alone are given. */
  readonly directoriesOnly?: boolean;
}

/** A package as it is now. */
export interface HeldPackage {
  readonly directory: Bytes;
  readonly trees: ReadonlyMap<Bytes, ScannedTree>;
}

/** What else is said in the head that is given for a package; `text` is one that somebody has signed. */
export interface HeldHead {
  readonly head: Head;
  readonly text?: string;
  /** The texts of the indexes of the head's packs, where the packs are to be had from here. */
  readonly packs?: readonly Bytes[];
}

export interface HeldOptions {
  readonly walker: Walker;
  readonly accounts: Accounts;
  /** The packages that are given to others, and where each has its trees; asked anew each time. */
  readonly packages: () => readonly Bytes[];
  readonly trees: (directory: Bytes) => readonly HeldTree[];
  /** The head of a package that is like this now. */
  readonly head: (held: HeldPackage) => HeldHead;
  /** What is known already of a package's files that have not changed, and who learns of the others. */
  readonly files?: (directory: Bytes) => Pick<ScanOptions, 'known' | 'learn'>;
}

export interface HeldStore extends StoreReader {
  packages(): readonly Bytes[];
  /** The head of a package, its trees looked at if they have not been; undefined when it is not given. @throws FileError; XhError E_PUBLISH_CHANGED */
  head(directory: Bytes): { readonly head: Head; readonly text: string } | undefined;
  /** A package as it was looked at; undefined when it is not given. @throws FileError; XhError E_PUBLISH_CHANGED */
  held(directory: Bytes): HeldPackage | undefined;
  /** Where the data of an object are on this host; of packs there is none. */
  source(object: Hash): Source | undefined;
  /** Has a package's trees looked at again when they are asked for next. */
  forget(directory: Bytes): void;
}

/** The packages of this host as a store. Its walker is not closed with it. @param name for messages */
export function heldStore(name: string, options: HeldOptions): HeldStore {
  const { walker, accounts, files = () => NOTHING_KNOWN } = options;
  const scanned = new Map<Bytes, Scanned>();
  const readSource = sourceReader(walker);
  const links = siteLinks(walker.root.path);

  function scan(directory: Bytes): Scanned | undefined {
    const there = scanned.get(directory);
    if (there !== undefined || !isGiven(directory)) return there;
    const trees = new Map<Bytes, ScannedTree>();
    const known = files(directory);
    for (const tree of options.trees(directory)) {
      const place = walker.tryLocate(tree.path, { follow: true });
      if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') continue;
      const { dir, name: last, path } = place;
      const { directoriesOnly = false } = tree;
      trees.set(
        tree.name,
        scanTree(dir, last, path, { accounts, directoriesOnly, links, ...known }),
      );
    }
    if (trees.size === 0) return undefined;
    const { head, text = headText(head, []), packs = [] } = options.head({ directory, trees });
    const found: Scanned = { head, text, trees, indexes: indexesOf(packs, head) };
    scanned.set(directory, found);
    return found;
  }

  function isGiven(directory: Bytes): boolean {
    return packageNameProblem(directory) === undefined && options.packages().includes(directory);
  }

  /** What `look` finds in one of the packages, those last that have not been looked at yet. */
  function findIn<T>(look: (held: Scanned) => T | undefined): T | undefined {
    for (const held of scanned.values()) {
      const found = look(held);
      if (found !== undefined) return found;
    }
    let failure: XhError | undefined;
    for (const directory of options.packages()) {
      if (scanned.has(directory)) continue;
      try {
        const held = scan(directory);
        const found = held === undefined ? undefined : look(held);
        if (found !== undefined) return found;
      } catch (error) {
        // what is wrong with one package is no reason not to find it in another
        if (!(error instanceof XhError)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  function source(object: Hash): Source | undefined {
    return findIn(({ trees }) => firstOf(trees.values(), (tree) => tree.files.get(object)));
  }

  function readObject(object: Hash, range: Range | undefined): Buffer | undefined {
    const index = findIn(({ indexes }) => firstOf(indexes, (each) => indexPart(each, object)));
    if (index !== undefined) {
      if (typeof index === 'string') return part(toBuffer(index), range);
      return readPack(index, range);
    }
    return readFile(object, range);
  }

  function readFile(object: Hash, range: Range | undefined): Buffer | undefined {
    const from = source(object);
    if (from === undefined) return undefined;
    const content = readPart(from, range);
    // a part cannot be told from what it was; whoever puts the parts together verifies them
    return range === undefined && content !== undefined && hashOf(content) !== object
      ? undefined
      : content;
  }

  function readPart(from: Source, range: Range | undefined): Buffer | undefined {
    const wanted = range === undefined ? from : { ...from, data: partOf(from.data, range) };
    try {
      return Buffer.concat([...readSource(wanted)]);
    } catch (error) {
      // gone, or something else, since it was looked at
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }

  /** A pack is made anew of the files that are in it. */
  function readPack({ text, pack }: PackIndex, range: Range | undefined): Buffer | undefined {
    const contents = parsePackIndex(text);
    const last = contents.at(-1);
    const all = { from: 0, length: last === undefined ? 0 : last.offset + last.length };
    const { from, length } = range ?? all;
    const pieces: Buffer[] = [];
    for (const file of contents) {
      const [start, end] = [
        Math.max(from, file.offset),
        Math.min(from + length, file.offset + file.length),
      ];
      if (start >= end) continue;
      // a pack of one file has its hash
      const content = readFile(file.object, undefined);
      if (content === undefined) return undefined;
      pieces.push(content.subarray(start - file.offset, end - file.offset));
    }
    const content = Buffer.concat(pieces);
    return range === undefined && hashOf(content) !== pack ? undefined : content;
  }

  function contentAt(path: Bytes, range: Range | undefined): Buffer | undefined {
    if (path === CATALOGUE_PATH) return part(Buffer.from(catalogueText(options.packages())), range);
    const [top, , last = ''] = path.split('/');
    if (top === 'objects' && isHash(last)) return readObject(last, range);
    if (top === 'trees' && isHash(last)) {
      const text = findIn(({ trees }) => firstOf(trees.values(), (tree) => tree.trees.get(last)));
      return text === undefined ? undefined : part(toBuffer(text), range);
    }
    const directory = slice(path, 'heads/'.length, -'.json'.length);
    if (path !== headPath(directory)) return undefined;
    const head = scan(directory);
    return head === undefined ? undefined : part(Buffer.from(head.text), range);
  }

  return {
    name,
    read: (path, { range } = {}) =>
      new Promise((resolve) => {
        resolve(attempt(path, () => contentAt(path, range)));
      }),
    packages: options.packages,
    head(directory) {
      const held = scan(directory);
      return held === undefined ? undefined : { head: held.head, text: held.text };
    },
    held(directory) {
      const held = scan(directory);
      return held === undefined ? undefined : { directory, trees: held.trees };
    },
    source,
    forget(directory) {
      scanned.delete(directory);
    },
    close() {
      scanned.clear();
    },
  };
}

const NOTHING_KNOWN = { known: () => undefined, learn: () => undefined };

interface Scanned {
  readonly head: Head;
  readonly text: string;
  readonly trees: ReadonlyMap<Bytes, ScannedTree>;
  readonly indexes: readonly PackIndex[];
}

interface PackIndex {
  readonly pack: Hash;
  readonly index: Hash;
  readonly text: Bytes;
}

/** Those packs of the head whose indexes are known. */
function indexesOf(texts: readonly Bytes[], head: Head): PackIndex[] {
  const byHash = new Map(texts.map((text) => [hashOf(text), text]));
  return head.packs.flatMap(({ pack, index }) => {
    const text = byHash.get(index);
    return text === undefined ? [] : [{ pack, index, text }];
  });
}

/** The text of an index, or the pack, when it is what is asked for. */
function indexPart(index: PackIndex, object: Hash): Bytes | PackIndex | undefined {
  if (index.index === object) return index.text;
  return index.pack === object ? index : undefined;
}

/** Where the data of a part of an object are: its bytes are those of all extents put together. */
export function partOf(data: Source['data'], { from, length }: Range): Source['data'] {
  const parts: (readonly [number, number])[] = [];
  let at = 0;
  for (const [offset, size] of data) {
    const [start, end] = [Math.max(from, at), Math.min(from + length, at + size)];
    if (start < end) parts.push([offset + start - at, end - start]);
    at += size;
  }
  return parts;
}

function part(content: Buffer, range: Range | undefined): Buffer {
  return range === undefined ? content : content.subarray(range.from, range.from + range.length);
}

function catalogueText(packages: readonly Bytes[]): string {
  return `${JSON.stringify({ format: 1, packages: packages.map((each) => Buffer.from(each, 'latin1').toString()) }, null, 1)}\n`;
}

function firstOf<T, R>(all: Iterable<T>, look: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = look(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What this host cannot read of its own, as a store's error. */
function attempt<T>(path: Bytes, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_STORE_READ', `${printable(path)} cannot be had: ${error.message}`, {
      ...(error.place !== undefined && { place: error.place }),
      remedy: error.remedy ?? 'xh verify and xh doctor tell what is wrong with the package',
      cause: error,
    });
  }
}

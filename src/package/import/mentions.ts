/**
 * Absolute paths in the contents of files that name something of the software at its old place.
 * They are counted and reported, never patched: what they should say is for people to decide.
 */
import { b, bytes, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { pathBytes } from '../path-bytes.ts';
import { MERGED, type SoftwareTree, type TreeNode } from './tree.ts';

/** Something of the software that a file names by its old absolute path. */
export interface Mention {
  /** Relative to the software's base. */
  readonly path: Bytes;
  readonly count: number;
  /** Where the first one is: bytes from the start. */
  readonly offset: number;
  /** Its line, from 1, in a text. */
  readonly line?: number;
}

export interface MentionFinder {
  /** Takes the next piece of the file. */
  add(piece: Buffer): void;
  /** At the end of the file. */
  finish(): readonly Mention[];
}

/** What stands at the end of an absolute path that is searched for. */
interface Needle {
  readonly text: Buffer;
  readonly node: TreeNode;
  /** `/lib` is not meant by `/usr/lib`, which is another needle. */
  readonly notBelowUsr: boolean;
}

/** A path that is longer is none; so much of a piece is looked at again with the next. */
const LONGEST_PATH = 4096;
/** What stands before a path and matters. */
const LOOK_BACK = '/usr'.length;
/** A root with more names in it is no root of a host. */
const MOST_NEEDLES = 64;
/** Different paths that are told of one file. */
const MOST_MENTIONS = 20;

/**
 * A function that makes a finder for one file at a time. `isCommon` tells the directories of all
 * software, whose mention tells nothing.
 */
export function mentionFinder(
  tree: SoftwareTree,
  isCommon: (path: Bytes) => boolean,
): () => MentionFinder {
  const needles = needlesOf(tree);
  // a prefix of the software's own has nothing in common with others
  const tellsNothing = tree.origin === '/' ? isCommon : () => false;
  return () => finder(needles, tellsNothing);
}

function needlesOf(tree: SoftwareTree): readonly Needle[] {
  const { origin, root } = tree;
  if (origin === undefined) return [];
  if (origin !== '/')
    return [{ text: Buffer.from(origin, 'latin1'), node: root, notBelowUsr: false }];
  const needles = new Map<Bytes, Needle[]>();
  const add = (path: Bytes, node: TreeNode | undefined): void => {
    if (node === undefined) return;
    const needle = {
      text: Buffer.from(`/${path}`, 'latin1'),
      node,
      notBelowUsr: MERGED.has(path),
    };
    needles.set(path, [...(needles.get(path) ?? []), needle]);
  };
  for (const [name, node] of root.children) add(name, node);
  const usr = root.children.get(b`usr`);
  for (const name of MERGED) {
    add(bytes(name), usr?.children.get(bytes(name)));
    add(bytes(`usr/${name}`), root.children.get(bytes(name)));
  }
  const names = [...needles.keys()].toSorted(compareBytes).slice(0, MOST_NEEDLES);
  return names.flatMap((name) => needles.get(name) ?? []);
}

function finder(needles: readonly Needle[], isCommon: (path: Bytes) => boolean): MentionFinder {
  const found = new Map<Bytes, { count: number; offset: number; line?: number }>();
  let carried: Buffer = Buffer.alloc(0);
  /** Offset of the first carried byte in the file, and how many lines end before it. */
  let offset = 0;
  let lines = 0;
  let text: boolean | undefined;
  /** For each needle, up to where it has been searched. */
  const done = needles.map(() => 0);

  function search(window: Buffer, limit: number): void {
    for (const [i, { text: needle, node, notBelowUsr }] of needles.entries()) {
      let from = Math.max(0, (done[i] ?? 0) - offset);
      for (;;) {
        const at = window.indexOf(needle, from);
        if (at < 0 || at >= limit) break;
        const end = at + needle.length;
        const isOther =
          notBelowUsr && window.toString('latin1', Math.max(0, at - 4), at) === '/usr';
        const match = isOther ? undefined : longestMatch(window, end, node);
        if (match !== undefined && !isCommon(match.node.path)) record(window, at, match.node.path);
        from = match?.end ?? end;
      }
      done[i] = offset + Math.max(from, limit);
    }
  }

  function record(window: Buffer, at: number, path: Bytes): void {
    const known = found.get(path);
    if (known !== undefined) {
      known.count++;
      if (offset + at < known.offset) known.offset = offset + at;
      return;
    }
    if (found.size >= MOST_MENTIONS) return;
    const line = text === true ? { line: lines + countLines(window, at) + 1 } : {};
    found.set(path, { count: 1, offset: offset + at, ...line });
  }

  return {
    add(piece) {
      if (needles.length === 0 || piece.length === 0) return;
      text ??= !piece.subarray(0, 8000).includes(0);
      const window = carried.length === 0 ? piece : Buffer.concat([carried, piece]);
      const limit = Math.max(0, window.length - LONGEST_PATH);
      search(window, limit);
      const cut = Math.max(0, limit - LOOK_BACK);
      if (text) lines += countLines(window, cut);
      offset += cut;
      carried = window.subarray(cut);
    },
    finish() {
      search(carried, carried.length);
      const mentions = [...found].map(([path, mention]) => ({ path, ...mention }));
      return mentions.toSorted((one, other) => one.offset - other.offset);
    },
  };
}

/**
 * The deepest node that the path at `start` of `window` leads to from `node`, and where that ends;
 * undefined when the name before `start` goes on.
 */
function longestMatch(
  window: Buffer,
  start: number,
  node: TreeNode,
): { readonly node: TreeNode; readonly end: number } | undefined {
  if (start < window.length && window[start] !== SLASH && isPathByte(window[start]))
    return undefined;
  let deepest = node;
  let end = start;
  while (window[end] === SLASH) {
    let stop = end + 1;
    while (stop < window.length && stop - end <= 256 && isPathByte(window[stop])) stop++;
    const name = window.toString('latin1', end + 1, stop) as Bytes;
    // a path at the end of a sentence
    const child =
      deepest.children.get(name) ?? deepest.children.get(name.replace(/[.,]$/, '') as Bytes);
    if (child === undefined) break;
    deepest = child;
    end = stop;
  }
  return { node: deepest, end };
}

const SLASH = 0x2f;
const isPathByte = pathBytes('/');

function countLines(window: Buffer, end: number): number {
  let count = 0;
  for (let at = window.indexOf(10); at >= 0 && at < end; at = window.indexOf(10, at + 1)) count++;
  return count;
}

/** What a pull would do, shown before it does: what would be fetched, and which files would be others. */
import { b, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { listingsOf } from '../../distribute/pull/trees.ts';
import type { ScannedTree } from '../../distribute/publish/scan.ts';
import { hashOf, type Hash } from '../../distribute/store/hash.ts';
import { dataLength, parseTree, treeText, type TreeEntry } from '../../distribute/store/tree.ts';
import { XhError } from '../../message/error.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { aboutOf, attached, isNewHere, look, revisionOf, type SeenTree } from './look.ts';
import type { Offer } from './offers.ts';
import { outcomeOf, type FileChange, type PullOutcome } from './outcome.ts';
import type { Looked } from './pulling.ts';

/** What pulling these would come to; nothing is made. */
export async function preview(
  offers: readonly Offer[],
  looked: Looked,
): Promise<readonly PullOutcome[]> {
  const outcomes: PullOutcome[] = [];
  for (const offer of offers) {
    try {
      outcomes.push(await previewOne(offer, looked));
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      outcomes.push(outcomeOf(error, aboutOf(offer)));
    }
  }
  return outcomes;
}

async function previewOne(offer: Offer, looked: Looked): Promise<PullOutcome> {
  const about = { ...aboutOf(offer), revision: revisionOf(offer) };
  const seen = look(offer, looked);
  if (seen === 'attached') return attached(aboutOf(offer));
  if (seen.stale.length === 0) return { ...about, result: 'current' };
  let objects = 0;
  let bytes = 0;
  const changes: FileChange[] = [];
  for (const tree of seen.stale) {
    if (isHostsOwn(tree.wanted.type)) continue;
    const found = await previewTree(offer.directory, tree, looked);
    for (const length of found.missing.values()) bytes += length;
    objects += found.missing.size;
    changes.push(...found.changes);
  }
  const result = isNewHere(seen) ? 'new' : 'updated';
  return { ...about, result, fetched: { objects, bytes }, changes };
}

interface TreePreview {
  /** Objects that are not here, with how many bytes each has. */
  readonly missing: ReadonlyMap<Hash, number>;
  readonly changes: readonly FileChange[];
}

async function previewTree(
  directory: Bytes,
  { wanted, root, standing }: SeenTree,
  { source }: Looked,
): Promise<TreePreview> {
  const here = standing.is === 'tree' ? standing.tree : undefined;
  const listings = await listingsOf(source.store, wanted.root, here?.trees ?? new Map());
  const missing = new Map<Hash, number>();
  for (const entries of listings.values()) {
    for (const entry of entries) {
      if (entry.type !== 'f' || entry.object === undefined) continue;
      if (here?.files.has(entry.object) !== true) missing.set(entry.object, dataLength(entry));
    }
  }
  const then = objectsOf(wanted.root, (tree) => listings.get(tree) ?? []);
  const now = here === undefined ? new Map<Bytes, Bytes>() : objectsOf(here.root, listingOf(here));
  const changes: FileChange[] = [];
  for (const path of [...new Set([...then.keys(), ...now.keys()])].toSorted(compareBytes)) {
    const [is, was] = [then.get(path), now.get(path)];
    if (is === was) continue;
    const change = was === undefined ? 'new' : is === undefined ? 'gone' : 'changed';
    const top = b`${root}/${directory}`;
    changes.push({ path: path === '' ? top : b`${top}/${path}`, change });
  }
  return { missing, changes };
}

function listingOf({ trees }: ScannedTree): (tree: Hash) => readonly TreeEntry[] {
  return (tree) => {
    const text = trees.get(tree);
    return text === undefined ? [] : parseTree(text);
  };
}

/** Each object below a tree as its line in a listing has it; directories without what is in them, and the times that this gives them. */
function objectsOf(
  root: Hash,
  listing: (tree: Hash) => readonly TreeEntry[],
): ReadonlyMap<Bytes, Bytes> {
  const found = new Map<Bytes, Bytes>();
  const enter = (tree: Hash, at: Bytes): void => {
    for (const entry of listing(tree)) {
      const path = entry.name === '.' ? at : at === '' ? entry.name : b`${at}/${entry.name}`;
      found.set(
        path,
        treeText([entry.type === 'd' ? { ...entry, tree: ANY, mtime: NEVER } : entry]),
      );
      if (entry.type === 'd') enter(entry.tree, path);
    }
  };
  enter(root, b``);
  return found;
}

const ANY = hashOf(b``);
const NEVER = { seconds: 0, nanoseconds: 0 };

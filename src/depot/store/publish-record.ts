/**
 * What this host knows of the trees that it has published, below /.software/local/.admin/publish: what
 * each was by the word of the file system, and the root of the listing that was made of it. It may be
 * lost at any time, and costs one look at the files then.
 */
import { b, bytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import type { Fingerprint } from '../../distribute/publish/fingerprint.ts';
import { isHash, type Hash } from '../../distribute/store/hash.ts';
import { readAt, writeFileDurably } from '../../files/content.ts';
import { statAt } from '../../files/stat.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { unlessRefused } from '../../message/error.ts';

const PUBLISH = b`/.software/local/.admin/publish`;
const HEADER = 'xhier-published-trees 1';

export interface PublishRecord {
  /** The root that the listing of a tree has when it is like this. */
  root(tree: Bytes, fingerprint: Fingerprint): Hash | undefined;
  /** @param looked when it was begun to look at the tree: milliseconds since the epoch */
  learn(tree: Bytes, fingerprint: Fingerprint, root: Hash, looked: number): void;
  /** Who may not write it down does without. */
  save(): void;
}

/** Where what is known of the files of a package is kept. */
export function filesRecordPath(directory: Bytes): Bytes {
  return b`${PUBLISH}/${directory}.files`;
}

export function openPublishRecord(walker: Walker, directory: Bytes): PublishRecord {
  return openTreeRecord(walker, b`${PUBLISH}/${directory}.trees`);
}

/** The same at another place. */
export function openTreeRecord(walker: Walker, path: Bytes): PublishRecord {
  const trees = readTrees(walker, path);
  let news = false;
  return {
    root(tree, { text }) {
      const known = trees.get(tree);
      return known?.fingerprint === text ? known.root : undefined;
    },
    learn(tree, { text, changed }, root, looked) {
      // what changes in the moment in which it is looked at could change again unseen
      if (looked - changed * 1000 < SETTLED) return;
      trees.set(tree, { fingerprint: text, root });
      news = true;
    },
    save() {
      if (!news) return;
      const lines = [...trees].map(
        ([name, each]) => `${toText(name)} ${each.fingerprint} ${each.root}\n`,
      );
      unlessRefused(() => {
        makeDirs(walker, dirname(path));
        const { dir, name } = walker.locate(path, { follow: true });
        writeFileDurably(dir, name, bytes(`${HEADER}\n${lines.join('')}`), 0o644);
      });
    },
  };
}

function readTrees(
  walker: Walker,
  path: Bytes,
): Map<Bytes, { readonly fingerprint: string; readonly root: Hash }> {
  const text = unlessRefused(() => {
    const place = walker.tryLocate(path, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return undefined;
    return readAt(place.dir, place.name);
  });
  const [header, ...lines] = (text ?? '').split('\n');
  const trees = new Map<Bytes, { readonly fingerprint: string; readonly root: Hash }>();
  if (header !== HEADER) return trees;
  for (const line of lines) {
    const [name = '', fingerprint = '', root = ''] = line.split(' ');
    if (isHash(fingerprint) && isHash(root)) trees.set(bytes(name), { fingerprint, root });
  }
  return trees;
}

/** Milliseconds: more than the grain of any clock of a file system. */
const SETTLED = 2000;

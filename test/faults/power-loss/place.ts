/** The states of a disk put on a real file system, one after the other; only what differs is made anew. */
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bytes } from '../../../src/bytes/bytes.ts';
import { closeDir, openDir } from '../../../src/files/dir.ts';
import { setTimesAt } from '../../../src/files/names.ts';
import { objectText, type DiskObject, type Reached } from './disk.ts';
import { isLeftOut, type Standing } from './standing.ts';

export interface Place {
  /** Makes it so. */
  put(wanted: ReadonlyMap<string, Reached>): void;
  /** What stands there. */
  look(): Standing;
  /** Something else has been at it. */
  forget(): void;
}

/** A place for states, which may hold something already. */
export function placeAt(root: string): Place {
  /** What stands there, with the time that tells it from another of the same text. */
  let there = new Map<string, { readonly text: string; readonly mtime?: bigint | undefined }>();
  const contents = new Map<string, { readonly ctime: bigint; readonly text: string }>();

  function look(): Standing {
    const found = new Map<string, string>();
    there = new Map();
    const visit = (below: string): void => {
      for (const name of readdirSync(join(root, below), 'latin1')) {
        const path = below === '' ? name : `${below}/${name}`;
        const file = join(root, path);
        const stat = lstatSync(file, { bigint: true });
        const owner = `${(Number(stat.mode) & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
        let text = `directory ${owner}`;
        if (stat.isSymbolicLink()) text = `link ${readlinkSync(file, 'latin1')}`;
        else if (!stat.isDirectory()) text = `file ${owner} ${contentOf(file, path, stat.ctimeNs)}`;
        there.set(path, { text, mtime: stat.mtimeNs });
        if (!isLeftOut(path)) found.set(path, text);
        if (stat.isDirectory()) visit(path);
      }
    };
    visit('');
    return found;
  }

  function contentOf(file: string, path: string, ctime: bigint): string {
    const known = contents.get(path);
    if (known?.ctime === ctime) return known.text;
    const text = readFileSync(file, 'latin1');
    contents.set(path, { ctime, text });
    return text;
  }

  function put(wanted: ReadonlyMap<string, Reached>): void {
    if (there.size === 0) look();
    const second = new Set<string>();
    const names = new Map<number, string>();
    for (const [path, { number, type }] of wanted) {
      const first = type === 'directory' ? undefined : names.get(number);
      if (first === undefined) names.set(number, path);
      else second.add(path).add(first);
    }
    for (const path of [...there.keys()].toReversed()) {
      const object = wanted.get(path);
      if (object !== undefined && !second.has(path) && isAsItIs(path, object)) continue;
      if (object?.type === 'directory' && there.get(path)?.text.startsWith('directory')) continue;
      rmSync(join(root, path), { recursive: true, force: true });
      for (const other of there.keys()) {
        if (other === path || other.startsWith(`${path}/`)) there.delete(other);
      }
    }
    const timed: (() => void)[] = [];
    for (const [path, object] of wanted) {
      const isThere = there.has(path) && object.type !== 'directory';
      if (!isThere) make(path, object, names.get(object.number));
      const { mtime } = object;
      if (mtime !== undefined && !isThere) timed.push(() => setTime(path, mtime));
    }
    // what is made in a directory changes its time
    for (const set of timed.toReversed()) set();
  }

  function isAsItIs(path: string, object: DiskObject): boolean {
    const standing = there.get(path);
    return (
      standing?.text === objectText(object) &&
      (object.mtime === undefined || object.mtime === standing.mtime)
    );
  }

  function make(path: string, object: DiskObject, first: string | undefined): void {
    const file = join(root, path);
    if (object.type === 'directory') {
      if (!there.has(path)) mkdirSync(file);
      if (isAsItIs(path, object)) return;
    } else if (object.type === 'link') symlinkSync(object.target, file);
    else if (first !== undefined && first !== path) {
      linkSync(join(root, first), file);
      return;
    } else writeFileSync(file, object.content, 'latin1');
    lchownSync(file, object.uid, object.gid);
    if (object.type !== 'link') chmodSync(file, object.mode);
  }

  function setTime(path: string, mtime: bigint): void {
    const dir = openDir(bytes(dirname(join(root, path))));
    try {
      const time = {
        seconds: Number(mtime / 1_000_000_000n),
        nanoseconds: Number(mtime % 1_000_000_000n),
      };
      setTimesAt(dir, bytes(path.slice(path.lastIndexOf('/') + 1)), { mtime: time });
    } finally {
      closeDir(dir);
    }
  }

  return {
    put,
    look,
    forget() {
      there = new Map();
      contents.clear();
    },
  };
}

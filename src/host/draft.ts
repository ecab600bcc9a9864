/**
 * A plan in the making: planners say what should be, one after the other, and each sees what those
 * before it decided. It reads the host and touches nothing; every path ends in at most one change.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { components, dirname, join } from '../bytes/path.ts';
import { readAt, sha256 } from '../files/content.ts';
import { closeDir, listDir, openDirAt } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import type { Before, Change } from './plan.ts';
import { sameState, stateOf } from './state.ts';

export interface WriteOptions {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** As in a plan's write. */
  readonly like?: Bytes;
  readonly bookkeeping?: boolean;
}

export interface Draft {
  readonly walker: Walker;
  /** What will be at `path` itself. */
  look(path: Bytes): Before;
  /** The content that the file at `path` will have, links followed; undefined when there is no file. */
  read(path: Bytes): { readonly content: Bytes; readonly mode: number } | undefined;
  /** What the link at `path`, or the links on the way, lead to. */
  follow(path: Bytes): Bytes;
  /** Names that will be in a directory. */
  list(path: Bytes): ReadonlySet<Bytes>;
  write(path: Bytes, content: Bytes, options?: WriteOptions): void;
  /** A file takes the place of the link at `path`, which is not followed. */
  writeOverLink(path: Bytes, content: Bytes, options?: WriteOptions): void;
  link(path: Bytes, target: Bytes): void;
  remove(path: Bytes, options?: { readonly bookkeeping?: boolean }): void;
  displace(path: Bytes, keptAs: Bytes, target: Bytes): void;
  restore(path: Bytes, keptAs: Bytes): void;
  /** Makes a directory and those above it, where missing. @returns those that are made */
  makeDir(path: Bytes): readonly Bytes[];
  /** The first of `path` and the names above it that is there and is no directory: nothing can be made below it. */
  obstacle(path: Bytes): Bytes | undefined;
  /** Removes a directory that will be empty. */
  removeDir(path: Bytes): void;
  /**
   * What one of our own records says, as an object that planners change in place; it is read once and
   * written once, with the other changes, however many planners have had a hand in it.
   */
  record<T>(path: Bytes, form: RecordForm<T>): T;
  tree(change: Omit<Extract<Change, { op: 'tree' }>, 'op' | 'before'>): void;
  /** A tree that was made beside its place takes it. */
  place(change: Omit<Extract<Change, { op: 'place' }>, 'op' | 'before'>): void;
  /** How many paths change so far. */
  size(): number;
  /** The changes so far, in the order in which they are to be made. */
  changes(): readonly Change[];
}

/** How one of our own records is read and written. */
export interface RecordForm<T> {
  /** From the file's content; undefined when there is none. @throws XhError */
  parse(content: Bytes | undefined): T;
  /** The file's content, or undefined when there is nothing to remember. */
  print(value: T): Bytes | undefined;
}

/** What a path will be, with what it is. */
interface Entry {
  readonly before: Before;
  readonly after: Before;
  readonly content?: Bytes;
  readonly options: WriteOptions;
  /** Displaced, restored and published things, which are more than before and after. */
  readonly special?: Change;
}

/** Starts a plan on a host. */
export function createDraft(walker: Walker): Draft {
  const entries = new Map<Bytes, Entry>();
  const made = new Set<Bytes>();
  const removed = new Set<Bytes>();
  /** Directories that are known to be there. */
  const present = new Set<Bytes>();
  /** What stands at a path now: it is asked for several times, and apply looks again. */
  const standing = new Map<Bytes, Before>();
  /** Paths with an entry, and directories made, by their directory; some may have lost it again. */
  const changedIn = new Map<Bytes, Set<Bytes>>();
  const records = new Map<
    Bytes,
    { readonly value: unknown; readonly print: () => Bytes | undefined }
  >();

  function now(path: Bytes): Before {
    const known = standing.get(path);
    if (known !== undefined) return known;
    // there is nothing in a directory that is not there yet
    const found = made.has(dirname(path)) ? ABSENT : stateOf(walker, path);
    standing.set(path, found);
    return found;
  }

  function look(path: Bytes): Before {
    const entry = entries.get(path);
    if (entry !== undefined) return entry.after;
    if (made.has(path)) return MADE_DIRECTORY;
    return removed.has(path) ? ABSENT : now(path);
  }

  /** Sets what a path will be; what it is now is remembered from the first time. */
  function put(path: Bytes, after: Before, rest: Partial<Entry> = {}): void {
    const old = entries.get(path);
    const before = old?.before ?? now(path);
    const entry: Entry = { options: {}, ...rest, before, after };
    if (sameEntry(entry)) {
      entries.delete(path);
      return;
    }
    entries.set(path, entry);
    changedBelow(path);
  }

  function changedBelow(path: Bytes): void {
    const directory = dirname(path);
    const siblings = changedIn.get(directory);
    if (siblings === undefined) changedIn.set(directory, new Set([path]));
    else siblings.add(path);
  }

  function write(path: Bytes, content: Bytes, options: WriteOptions = {}): void {
    writeAt(follow(path), content, options);
  }

  function writeAt(real: Bytes, content: Bytes, options: WriteOptions): void {
    const before = entries.get(real)?.before ?? now(real);
    const old = before.type === 'file' ? before : undefined;
    const after: Before = {
      type: 'file',
      sha256: sha256(content),
      mode: options.mode ?? old?.mode ?? 0o644,
      uid: options.uid ?? old?.uid ?? -1,
      gid: options.gid ?? old?.gid ?? -1,
    };
    put(real, after, { content, options });
  }

  function remove(path: Bytes, options: { readonly bookkeeping?: boolean } = {}): void {
    put(path, ABSENT, { options });
  }

  function read(path: Bytes): { readonly content: Bytes; readonly mode: number } | undefined {
    const real = follow(path);
    const entry = entries.get(real);
    if (entry !== undefined) {
      if (entry.content === undefined || entry.after.type !== 'file') return undefined;
      return { content: entry.content, mode: entry.after.mode };
    }
    const place = walker.tryLocate(real);
    const found = place === undefined ? undefined : statAt(place.dir, place.name);
    if (place === undefined || found?.type !== 'f') return undefined;
    return { content: readAt(place.dir, place.name), mode: found.mode };
  }

  function writeRecords(): void {
    for (const [path, { print }] of records) {
      const content = print();
      if (content !== undefined) write(path, content, { bookkeeping: true });
      else if (look(path).type !== 'absent') remove(path, { bookkeeping: true });
    }
  }

  function follow(path: Bytes): Bytes {
    return walker.tryLocate(path, { follow: true })?.path ?? path;
  }

  return {
    walker,
    look,
    follow,
    read,
    list(path) {
      const names = new Set(listNow(walker, path));
      for (const at of changedIn.get(path) ?? []) {
        const entry = entries.get(at);
        const name = at.slice(path.length + 1) as Bytes;
        if (entry?.after.type === 'absent') names.delete(name);
        else if (entry !== undefined || made.has(at)) names.add(name);
      }
      for (const at of removed) {
        if (dirname(at) === path) names.delete(at.slice(path.length + 1) as Bytes);
      }
      return names;
    },
    write,
    writeOverLink(path, content, options = {}) {
      writeAt(path, content, options);
    },
    link(path, target) {
      put(path, { type: 'link', target });
    },
    remove,
    displace(path, keptAs, target) {
      const before = now(path);
      const special: Change = { op: 'displace', path, keptAs, target, before };
      put(path, { type: 'link', target }, { special });
    },
    restore(path, keptAs) {
      const special: Change = { op: 'restore', path, keptAs, before: now(path) };
      put(path, look(keptAs), { special });
    },
    makeDir(path) {
      if (present.has(path)) return [];
      const missing: Bytes[] = [];
      for (const at of prefixes(path)) {
        if (made.has(at)) continue;
        // it was to go, and is needed after all: it stays, and is ours as before
        if (removed.delete(at)) missing.push(at);
        else if (walker.stat(at, { follow: true }) === undefined) {
          made.add(at);
          missing.push(at);
          changedBelow(at);
        }
      }
      present.add(path);
      return missing;
    },
    obstacle(path) {
      if (present.has(path)) return undefined;
      return prefixes(path).find((at) => {
        if (made.has(at)) return false;
        const entry = entries.get(at);
        // what gives way does so when the directory should be there already
        if (entry !== undefined && entry.special === undefined) {
          return entry.after.type !== 'absent' || entry.before.type !== 'absent';
        }
        const found = walker.stat(at, { follow: true })?.type;
        // a link that leads nowhere is in the way too
        return found === undefined ? walker.stat(at) !== undefined : found !== 'd';
      });
    },
    removeDir(path) {
      present.clear();
      if (!made.delete(path)) removed.add(path);
    },
    record<T>(path: Bytes, form: RecordForm<T>): T {
      const known = records.get(path);
      if (known !== undefined) return known.value as T;
      const value = form.parse(read(path)?.content);
      records.set(path, { value, print: () => form.print(value) });
      return value;
    },
    tree(change) {
      const before = now(change.path);
      const special: Change = { op: 'tree', ...change, before };
      put(change.path, MADE_DIRECTORY, { special });
    },
    place(change) {
      const special: Change = { op: 'place', ...change, before: now(change.path) };
      put(change.path, MADE_DIRECTORY, { special });
    },
    size: () => entries.size + made.size + removed.size,
    changes() {
      writeRecords();
      const directories = [...made].map((path): Change => ({ op: 'mkdir', path, mode: 0o755 }));
      const leaves = [...entries].map(([path, entry]) => changeOf(path, entry));
      // deepest first
      const gone = [...removed]
        .toSorted((one, other) => components(other).length - components(one).length)
        .map((path): Change => ({ op: 'rmdir', path, before: now(path) }));
      return [...directories, ...leaves, ...gone];
    },
  };
}

const ABSENT: Before = { type: 'absent' };
const MADE_DIRECTORY: Before = { type: 'directory', mode: 0o755, uid: -1, gid: -1 };

/** `/a`, `/a/b`, `/a/b/c`. */
function prefixes(path: Bytes): Bytes[] {
  let at: Bytes = b`/`;
  return components(path).map((name) => (at = join(at, name)));
}

function sameEntry(entry: Entry): boolean {
  if (entry.special !== undefined) return false;
  if (!sameState(entry.before, entry.after)) return false;
  if (entry.before.type !== 'file' || entry.after.type !== 'file') return true;
  const { mode, uid, gid } = entry.options;
  const { before } = entry;
  return (
    (mode ?? before.mode) === before.mode &&
    (uid ?? before.uid) === before.uid &&
    (gid ?? before.gid) === before.gid
  );
}

function changeOf(path: Bytes, entry: Entry): Change {
  const { before, after, content, options, special } = entry;
  if (special !== undefined) return special;
  switch (after.type) {
    case 'file':
      return { op: 'write', path, content: content ?? bytes(''), ...options, before };
    case 'link':
      return { op: 'link', path, target: after.target, before };
    case 'absent':
      return {
        op: 'remove',
        path,
        before,
        ...(options.bookkeeping === true && { bookkeeping: true }),
      };
    case 'directory':
    case 'special':
      throw new Error(`a draft cannot make ${after.type} of ${path}`);
  }
}

function listNow(walker: Walker, path: Bytes): Bytes[] {
  const place = walker.tryLocate(path, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  const dir = openDirAt(place.dir, place.name);
  try {
    return listDir(dir);
  } finally {
    closeDir(dir);
  }
}

/**
 * The listing of one directory in a store: a text that is the same wherever it is made from the same
 * directory, so that its hash names it. doc/store.md has the form; here it is written, and read
 * strictly: what would be written otherwise is refused, so that two texts never mean one tree.
 */
import { compareBytes, printable, slice, split, type Bytes } from '../../bytes/bytes.ts';
import type { Time } from '../../files/stat.ts';
import { XhError } from '../../message/error.ts';
import { isHash, type Hash } from './hash.ts';

/** A number, and the name that it had where the tree was published; empty when it had none. */
export interface Account {
  readonly id: number;
  readonly name: Bytes;
}

interface Common {
  /** One component; `.` for the directory at the root of a tree, in the listing that has nothing else. */
  readonly name: Bytes;
  /** Permission bits with set-id and sticky, 0–07777. */
  readonly mode: number;
  readonly owner: Account;
  readonly group: Account;
  readonly mtime: Time;
  /** In the order of their names. */
  readonly attributes: readonly (readonly [name: Bytes, value: Bytes])[];
  /** The same for all names of one object in a tree, where it has several. */
  readonly hardLink?: Bytes;
}

/** Data of a sparse file: where it begins, how many bytes. */
export type Extent = readonly [offset: number, length: number];

export type TreeEntry =
  | (Common & {
      readonly type: 'f';
      /** Bytes, holes among them. */
      readonly size: number;
      /** SHA-256 of its data, that of all extents put together; absent when it has none. */
      readonly object?: Hash;
      /** Where its data are, when there are holes: in order, apart from each other, none empty. */
      readonly data?: readonly Extent[];
    })
  | (Common & { readonly type: 'd'; readonly tree: Hash })
  | (Common & { readonly type: 'l'; readonly target: Bytes })
  | (Common & { readonly type: 'b' | 'c'; readonly major: number; readonly minor: number })
  | (Common & { readonly type: 'p' | 's' });

export const TREE_HEADER = 'xhier-tree 1';

/** How many bytes of data a file has. */
export function dataLength(file: Extract<TreeEntry, { type: 'f' }>): number {
  return file.data === undefined
    ? file.size
    : file.data.reduce((sum, [, length]) => sum + length, 0);
}

/** The listing of a directory that holds `entries`, in any order. */
export function treeText(entries: readonly TreeEntry[]): Bytes {
  const lines = entries.toSorted((one, other) => compareBytes(one.name, other.name)).map(lineOf);
  return [TREE_HEADER, ...lines, ''].join('\n') as Bytes;
}

/** @throws XhError E_STORE_TREE for anything that {@link treeText} would not have written */
export function parseTree(text: Bytes): readonly TreeEntry[] {
  const lines = split(text, '\n');
  const [header] = lines;
  if (header !== TREE_HEADER) {
    throw damaged(
      header?.startsWith('xhier-tree ') === true
        ? `it is of another version (${printable(header)})`
        : 'it is no listing of a directory',
    );
  }
  if (lines.at(-1) !== '') throw damaged('it ends in the middle of a line');
  const entries = lines.slice(1, -1).map(readLine);
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before !== undefined && compareBytes(before.name, entry.name) >= 0) {
      throw damaged(`'${printable(entry.name)}' is not in its place`);
    }
    // whoever reads a number with a leading zero, or a letter that need not be quoted, reads it all the same
    if (lineOf(entry) !== lines[i + 1]) {
      throw damaged(`line ${i + 2} is not in the form in which it is written`);
    }
  }
  return entries;
}

function lineOf(entry: TreeEntry): string {
  const { type, name, mode, owner, group, mtime } = entry;
  const words = [
    type,
    quote(name),
    mode.toString(8).padStart(4, '0'),
    accountText(owner),
    accountText(group),
    `${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, '0')}`,
  ];
  switch (entry.type) {
    case 'f':
      words.push(`size=${entry.size}`);
      if (entry.object !== undefined) words.push(`object=${entry.object}`);
      if (entry.data !== undefined) {
        words.push(`data=${entry.data.map(([at, length]) => `${at}+${length}`).join(',')}`);
      }
      break;
    case 'd':
      words.push(`tree=${entry.tree}`);
      break;
    case 'l':
      words.push(`target=${quote(entry.target)}`);
      break;
    case 'b':
    case 'c':
      words.push(`device=${entry.major},${entry.minor}`);
      break;
    case 'p':
    case 's':
  }
  if (entry.hardLink !== undefined) words.push(`link=${quote(entry.hardLink)}`);
  for (const [key, value] of entry.attributes)
    words.push(`attribute=${quote(key)},${quote(value)}`);
  return words.join(' ');
}

function readLine(line: Bytes, index: number): TreeEntry {
  const where = `line ${index + 2}`;
  const [type, name, mode, owner, group, mtime, ...rest] = split(line, ' ');
  if (mtime === undefined || mode === undefined || owner === undefined || group === undefined) {
    throw damaged(`${where} has too few words`);
  }
  const common = {
    name: readName(name, where),
    mode: readMode(mode, where),
    owner: readAccount(owner, where),
    group: readAccount(group, where),
    mtime: readTime(mtime, where),
  };
  const fields = readFields(rest, where);
  const take = (key: string): Bytes | undefined => {
    const value = fields.get(key);
    fields.delete(key);
    return value;
  };
  const need = (key: string): Bytes => {
    const value = take(key);
    if (value === undefined) throw damaged(`${where} has no '${key}'`);
    return value;
  };
  const hardLink = take('link');
  const attributes = attributesIn(rest, where);
  const shared = {
    ...common,
    attributes,
    ...(hardLink !== undefined && { hardLink: unquote(hardLink, where) }),
  };
  const entry = ((): TreeEntry => {
    switch (type as string) {
      case 'f':
        return readFile(shared, { take, need, where });
      case 'd':
        return { ...shared, type: 'd', tree: hashIn(need('tree'), where) };
      case 'l':
        return { ...shared, type: 'l', target: unquote(need('target'), where) };
      case 'b':
        return { ...shared, type: 'b', ...deviceIn(need('device'), where) };
      case 'c':
        return { ...shared, type: 'c', ...deviceIn(need('device'), where) };
      case 'p':
        return { ...shared, type: 'p' };
      case 's':
        return { ...shared, type: 's' };
      default:
        throw damaged(`${where} is of no known type`);
    }
  })();
  const [unknown] = fields.keys();
  if (unknown !== undefined) throw damaged(`${where}: '${unknown}' does not belong there`);
  return entry;
}

interface Fields {
  readonly take: (key: string) => Bytes | undefined;
  readonly need: (key: string) => Bytes;
  readonly where: string;
}

function readFile(shared: Common, { take, need, where }: Fields): TreeEntry {
  const size = readNumber(need('size'), where);
  const object = take('object');
  const data = take('data');
  const file = {
    ...shared,
    type: 'f',
    size,
    ...(object !== undefined && { object: hashIn(object, where) }),
    ...(data !== undefined && { data: readExtents(data, size, where) }),
  } as const;
  if (dataLength(file) > 0 !== (object !== undefined)) {
    throw damaged(`${where}: a file has an object if and only if it has data`);
  }
  return file;
}

/** `0+4096,8192+10`; nothing when the whole file is a hole. */
function readExtents(text: Bytes, size: number, where: string): Extent[] {
  const extents: Extent[] = [];
  let end = -1;
  for (const each of text === '' ? [] : split(text, ',')) {
    const [at, length] = split(each, '+').map((word) => readNumber(word, where));
    if (at === undefined || length === undefined || length === 0 || at <= end) {
      throw damaged(`${where}: '${printable(each)}' is no piece of the file's data`);
    }
    end = at + length;
    extents.push([at, length]);
  }
  const whole = extents.length === 1 && extents[0]?.[0] === 0 && extents[0][1] === size;
  if (end > size || whole || size === 0) throw damaged(`${where}: data and size disagree`);
  return extents;
}

function readFields(words: readonly Bytes[], where: string): Map<string, Bytes> {
  const fields = new Map<string, Bytes>();
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, Math.max(at, 0));
    if (key === 'attribute') continue;
    if (at < 1 || fields.has(key)) throw damaged(`${where}: '${printable(word)}' is out of place`);
    fields.set(key, slice(word, at + 1));
  }
  return fields;
}

function attributesIn(words: readonly Bytes[], where: string): Common['attributes'] {
  const found: (readonly [Bytes, Bytes])[] = [];
  for (const word of words) {
    if (!word.startsWith('attribute=')) continue;
    const [name, value] = split(slice(word, 'attribute='.length), ',');
    if (name === undefined || value === undefined)
      throw damaged(`${where}: an attribute is cut off`);
    const pair = [unquote(name, where), unquote(value, where)] as const;
    const before = found.at(-1);
    if (before !== undefined && compareBytes(before[0], pair[0]) >= 0) {
      throw damaged(`${where}: attribute '${printable(pair[0])}' is not in its place`);
    }
    found.push(pair);
  }
  return found;
}

function readName(word: Bytes | undefined, where: string): Bytes {
  const name = unquote(word ?? ('' as Bytes), where);
  if (name === '' || name === '..' || /[/\0]/.test(name)) {
    throw damaged(`${where}: '${printable(name)}' cannot be the name of a file`);
  }
  return name;
}

function readMode(word: Bytes, where: string): number {
  if (!/^[0-7]{4}$/.test(word)) throw damaged(`${where}: '${printable(word)}' are no permissions`);
  return Number.parseInt(word, 8);
}

function accountText({ id, name }: Account): string {
  return `${id}:${quote(name)}`;
}

function readAccount(word: Bytes, where: string): Account {
  const at = word.indexOf(':');
  if (at < 1) throw damaged(`${where}: '${printable(word)}' is no owner`);
  return { id: readNumber(slice(word, 0, at), where), name: unquote(slice(word, at + 1), where) };
}

function readTime(word: Bytes, where: string): Time {
  const [, seconds, nanoseconds] = /^(-?\d{1,15})\.(\d{9})$/.exec(word) ?? [];
  if (seconds === undefined) throw damaged(`${where}: '${printable(word)}' is no time`);
  return { seconds: Number(seconds), nanoseconds: Number(nanoseconds) };
}

function readNumber(word: Bytes, where: string): number {
  if (!/^\d{1,16}$/.test(word) || !Number.isSafeInteger(Number(word))) {
    throw damaged(`${where}: '${printable(word)}' is no number`);
  }
  return Number(word);
}

function deviceIn(word: Bytes, where: string): { readonly major: number; readonly minor: number } {
  const [, major, minor] = /^(\d{1,10}),(\d{1,10})$/.exec(word) ?? [];
  if (major === undefined) throw damaged(`${where} has no device number`);
  return { major: Number(major), minor: Number(minor) };
}

function hashIn(word: Bytes, where: string): Hash {
  if (!isHash(word)) throw damaged(`${where}: '${printable(word)}' is no hash`);
  return word;
}

/** What would end a word, or not be seen, as `%XX`. */
export function quote(value: Bytes): string {
  return value.replace(/[^!-$&-+\--<>-~]/g, (byte) => {
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

export function unquote(word: Bytes, where: string): Bytes {
  if (!/^(?:[^%]|%[0-9A-F]{2})*$/.test(word)) {
    throw damaged(`${where}: '${printable(word)}' is not quoted as it should be`);
  }
  return word.replace(/%(..)/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  }) as Bytes;
}

function damaged(what: string): XhError {
  return new XhError('E_STORE_TREE', `a tree of the store cannot be used: ${what}`, {
    remedy: 'xh store verify finds what is damaged; publish the package again',
  });
}

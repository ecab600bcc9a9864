/**
 * The file in which a ledger is kept, one for each slave tree:
 *
 *     xhier-lfu-ledger 1 CRC LENGTH          CRC-32 (hexadecimal) and length of all that follows
 *     {"slave":…,"shared":…,"masters":[…],"states":[[SUPPLIER,OFFER…],…]}
 *     SAME REST\0 STATE NAME/NAME…\0 … \0    one for each directory, nothing between the parts
 *
 * - `masters`: a master's number is its place in the list; null for one that was forgotten.
 *   `{"name", "path", "order", "complete"}`: `order` is its place in the configuration, null when it
 *   is in none; `complete` says that every name it offers is in the ledger.
 * - `states`: who supplied an object (-1: nobody is known), then who offers it, by number.
 * - A directory's path is the first SAME bytes of the path before it, then REST; the root's is empty.
 *   Directories stand in the order of the tree, `/` before all other bytes. STATE is a place in
 *   `states`; names cannot contain `/` and NUL, so they stand as they are, in the order in which
 *   their master listed them. A directory itself is a name in its parent.
 *
 * A million names take about as many bytes as the names themselves.
 */
import { crc32 } from 'node:zlib';
import {
  fromBuffer,
  fromJson,
  slice,
  toBuffer,
  toJson,
  toText,
  type Bytes,
  type JsonBytes,
} from '../../bytes/bytes.ts';

export interface LedgerMaster {
  readonly name: Bytes;
  /** Real path. */
  readonly path: Bytes;
  /** Place in the configuration, from 0; undefined for one that is in none any more. */
  readonly order: number | undefined;
  /** Whether every name that it offers is known. */
  readonly complete: boolean;
}

/** Masters by number. */
export interface State {
  /** Whose object stands there; -1 when that is not known. */
  readonly supplier: number;
  /** Who has an object for that name, by the last run of each; ascending. */
  readonly offers: readonly number[];
}

export interface LedgerContent {
  readonly slave: Bytes;
  /** Whether it ever had several masters, or may have had: then nobody's objects stay. */
  readonly shared: boolean;
  readonly masters: readonly (LedgerMaster | undefined)[];
  readonly states: readonly State[];
  /** The names of each directory, by its path: {@link Group}s as they stand in the file. */
  readonly directories: ReadonlyMap<Bytes, Bytes>;
}

/** Names of one directory that are in one state. */
export interface Group {
  readonly state: number;
  readonly names: readonly Bytes[];
}

export type Decoded =
  | LedgerContent
  /** `newer`: written by a version that knows more. */
  | { readonly unreadable: 'damaged' | 'newer' };

/** The file for `content`, whose directories stand in the order of the tree. */
export function encodeLedger(content: LedgerContent): Buffer {
  const { slave, shared, masters, states } = content;
  const header = JSON.stringify({
    slave: toJson(slave),
    shared,
    masters: masters.map((master) => master && masterForm(master)),
    states: states.map(({ supplier, offers }) => [supplier, ...offers]),
  });
  const parts: string[] = [fromBuffer(Buffer.from(header)), '\n'];
  let before = '';
  for (const [path, names] of content.directories) {
    const same = commonLength(before, path);
    parts.push(`${same} ${path.slice(same)}\0`, names, '\0');
    before = path;
  }
  const body = toBuffer(parts.join('') as Bytes);
  const first = `${MAGIC} ${VERSION} ${crc32(body).toString(16)} ${body.length}\n`;
  return Buffer.concat([Buffer.from(first), body]);
}

/** What a file says; whatever it is, there is an answer. */
export function decodeLedger(file: Uint8Array): Decoded {
  const end = file.indexOf(10);
  const first = fromBuffer(file.subarray(0, Math.max(0, Math.min(end, 100))));
  const [magic, version, crc, length] = first.split(' ');
  if (magic === MAGIC && /^[0-9]{1,9}$/.test(version ?? '') && Number(version) > VERSION) {
    return { unreadable: 'newer' };
  }
  const body = file.subarray(end + 1);
  const isWhole =
    magic === MAGIC &&
    version === String(VERSION) &&
    String(body.length) === length &&
    crc32(body).toString(16) === crc;
  if (!isWhole) return DAMAGED;
  const text = fromBuffer(body);
  const headerEnd = text.indexOf('\n');
  try {
    const header = JSON.parse(toText(slice(text, 0, headerEnd))) as HeaderForm;
    return {
      slave: fromJson(header.slave),
      shared: header.shared,
      masters: header.masters.map((form) => (form === null ? undefined : masterOf(form))),
      states: header.states.map(([supplier, ...offers]) => ({ supplier, offers })),
      directories: decodeDirectories(text, headerEnd + 1),
    };
  } catch (error) {
    // somebody has written it by hand, and even counted the checksum
    if (error instanceof SyntaxError || error instanceof TypeError) return DAMAGED;
    throw error;
  }
}

/** The groups of a directory's names as they stand in the file. */
export function encodeGroups(groups: Iterable<Group>): Bytes {
  let text = '';
  for (const { state, names } of groups) text += `${state} ${names.join('/')}\0`;
  return text as Bytes;
}

/** The groups of a directory, their names as one text with `/` between them. */
export function* groupsIn(
  text: Bytes,
): Generator<{ readonly state: number; readonly names: Bytes }> {
  for (let at = 0; at < text.length;) {
    const blank = text.indexOf(' ', at);
    const end = text.indexOf('\0', at);
    yield { state: Number(text.slice(at, blank)), names: slice(text, blank + 1, end) };
    at = end + 1;
  }
}

const MAGIC = 'xhier-lfu-ledger';
const VERSION = 1;
const DAMAGED = { unreadable: 'damaged' } as const;

interface HeaderForm {
  readonly slave: JsonBytes;
  readonly shared: boolean;
  readonly masters: readonly (MasterForm | null)[];
  readonly states: readonly (readonly [number, ...number[]])[];
}

interface MasterForm {
  readonly name: JsonBytes;
  readonly path: JsonBytes;
  readonly order: number | null;
  readonly complete: boolean;
}

function masterForm({ name, path, order, complete }: LedgerMaster): MasterForm {
  return { name: toJson(name), path: toJson(path), order: order ?? null, complete };
}

function masterOf({ name, path, order, complete }: MasterForm): LedgerMaster {
  return { name: fromJson(name), path: fromJson(path), order: order ?? undefined, complete };
}

function decodeDirectories(text: Bytes, start: number): ReadonlyMap<Bytes, Bytes> {
  const directories = new Map<Bytes, Bytes>();
  let before = '';
  for (let at = start; at < text.length;) {
    const pathEnd = text.indexOf('\0', at);
    const blank = text.indexOf(' ', at);
    // the groups end each in a NUL, and all of them in another one
    const end = text[pathEnd + 1] === '\0' ? pathEnd + 1 : text.indexOf('\0\0', pathEnd + 1) + 1;
    if (pathEnd < 0 || blank < 0 || end <= 0) throw new SyntaxError('a directory without an end');
    const path = before.slice(0, Number(text.slice(at, blank))) + text.slice(blank + 1, pathEnd);
    directories.set(path as Bytes, slice(text, pathEnd + 1, end));
    before = path;
    at = end + 1;
  }
  return directories;
}

function commonLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return length;
}

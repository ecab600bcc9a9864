/**
 * Entries of inetd.conf(5), as OpenBSD's inetd (Debian's) reads them: blanks and tabs between words,
 * a comment only when `#` is the first byte, a line that begins with a blank continues the one
 * above, and `HOST:` alone changes the address of every entry below that names none.
 */
import { b, slice, split, type Bytes } from '../bytes/bytes.ts';
import type { LineEntry } from './block-spec.ts';
import { isBlank, lineAt, words, type Word } from './lines.ts';

export interface InetdEntry extends LineEntry {
  /** Local addresses that it listens on; undefined where the entry names none. */
  readonly addresses: readonly Bytes[] | undefined;
  /** Service name, port number, RPC name, or the path of a `unix` socket. */
  readonly service: Bytes;
  readonly socket: Bytes;
  /** Without buffer sizes: `tcp`, `tcp6`, `rpc/udp`, `unix`. */
  readonly protocol: Bytes;
  /** RPC versions, from and to. */
  readonly versions: readonly [number, number] | undefined;
  readonly user: Bytes;
  /** Absolute path, or `internal`. */
  readonly program: Bytes;
  /** `argv`, from `argv[0]` on. */
  readonly arguments: readonly Bytes[];
  /** All words after the service: what makes two entries say the same. */
  readonly rest: Bytes;
}

/** Whether a line belongs to the one above it. */
export function continuesInetd(text: Bytes): boolean {
  return text.startsWith(' ') || text.startsWith('\t');
}

/** The active entries of a file; lines that inetd would complain about are passed over. */
export function readInetd(texts: readonly Bytes[]): readonly InetdEntry[] {
  const entries: InetdEntry[] = [];
  let inForce: readonly Bytes[] | undefined;
  for (const group of entryLines(texts)) {
    const found = group.flatMap((index) => words(lineAt(texts, index)));
    const first = found[0];
    if (first === undefined) continue;
    if (found.length === 1 && first.text.endsWith(':')) {
      inForce = addressesOf(slice(first.text, 0, -1));
      continue;
    }
    const entry = entryOf(found, (group[0] ?? 0) + 1, group.length);
    if (entry) entries.push({ ...entry, addresses: entry.addresses ?? inForce });
  }
  return entries;
}

/** The address that an entry without one gets below the lines `above`. */
export function addressInForce(above: readonly Bytes[]): readonly Bytes[] | undefined {
  for (let index = above.length - 1; index >= 0; index--) {
    const text = lineAt(above, index);
    if (text.startsWith('#')) continue;
    const [first, ...more] = words(text);
    if (first?.text.endsWith(':') && more.length === 0 && !continuesInetd(text)) {
      return addressesOf(slice(first.text, 0, -1));
    }
  }
  return undefined;
}

/** Line indices of each entry: its line and those that continue it. Comments are in none. */
export function entryLines(texts: readonly Bytes[]): number[][] {
  const found: number[][] = [];
  let open: number[] | undefined;
  for (const [index, text] of texts.entries()) {
    if (text.startsWith('#')) open = undefined;
    else if (open && continuesInetd(text)) open.push(index);
    else found.push((open = [index]));
  }
  for (const group of found) {
    while (group.length > 1 && isBlank(lineAt(texts, group.at(-1) ?? 0))) group.pop();
  }
  return found.filter((group) => group.some((index) => !isBlank(lineAt(texts, index))));
}

/** The entry that the words say, or undefined when some are missing. */
export function entryOf(
  found: readonly Word[],
  line: number,
  span: number,
): InetdEntry | undefined {
  const [name, socket, protocol, wait, user, program, ...args] = found.map((word) => word.text);
  if (!name || !socket || !protocol || !wait || !user || !program) return undefined;
  const family = split(protocol, ',')[0] ?? protocol;
  const { addresses, service } = addressed(name, family);
  const [rpcName, versions] = family.startsWith('rpc/') ? rpcParts(service) : [service, undefined];
  return {
    line,
    span,
    addresses,
    service: rpcName,
    socket,
    protocol: family,
    versions,
    user,
    program,
    arguments: args,
    rest: [service, socket, protocol, wait, user, program, ...args].join(' ') as Bytes,
  };
}

/** `host,[::1]:name`: inetd cuts at the last colon. The name of a `unix` socket has no address. */
export function addressed(
  name: Bytes,
  protocol: Bytes,
): { readonly addresses: readonly Bytes[] | undefined; readonly service: Bytes } {
  const cut = name.lastIndexOf(':');
  if (cut < 0 || protocol === 'unix') return { addresses: undefined, service: name };
  return { addresses: addressesOf(slice(name, 0, cut)), service: slice(name, cut + 1) };
}

function addressesOf(list: Bytes): readonly Bytes[] {
  const bare = list.startsWith('[') && list.endsWith(']') ? slice(list, 1, -1) : list;
  const each = split(bare, ',').filter((address) => address !== '');
  return each.length === 0 ? [b`*`] : each;
}

/** `name/1-3` as name and versions. */
export function rpcParts(service: Bytes): readonly [Bytes, readonly [number, number] | undefined] {
  const cut = service.indexOf('/');
  if (cut < 0) return [service, undefined];
  const [, from, to] = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(slice(service, cut + 1)) ?? [];
  if (from === undefined) return [service, undefined];
  return [slice(service, 0, cut), [Number(from), Number(to ?? from)]];
}

/**
 * Users and groups by name and number: passwd(5) and group(5) as files, and getent(1) for names that
 * a directory service knows. Each file is read once, each name asked for once.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { b, fromBuffer, printable, split, toBuffer, utf8, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { XhError } from '../message/error.ts';

export interface User {
  readonly name: Bytes;
  readonly uid: number;
  readonly gid: number;
  readonly home: Bytes;
  readonly shell: Bytes;
}

export interface Group {
  readonly name: Bytes;
  readonly gid: number;
  readonly members: readonly Bytes[];
}

export interface Accounts {
  user(name: Bytes): User | undefined;
  userById(uid: number): User | undefined;
  group(name: Bytes): Group | undefined;
  groupById(gid: number): Group | undefined;
  /** The names in the files; what only a directory service knows is not among them. */
  userNames(): Iterable<Bytes>;
  groupNames(): Iterable<Bytes>;
}

export interface AccountFiles {
  /** The directory of `passwd` and `group`; default `/etc`. */
  readonly etc?: Bytes;
  /** Whether getent is asked for what the files lack; default: only when they are the system's. */
  readonly getent?: boolean;
}

/**
 * The accounts of a system. A missing file is an empty one.
 *
 * @throws XhError `E_ACCOUNTS` when a file is there and cannot be read.
 */
export function readAccounts(files: AccountFiles = {}): Accounts {
  const etc = files.etc ?? b`/etc`;
  const getent = files.getent ?? etc === '/etc';
  const users = table(
    () => parsePasswd(readText(join(etc, b`passwd`))),
    (user) => user.uid,
    (key) => (getent ? parsePasswd(askGetent('passwd', key))[0] : undefined),
  );
  const groups = table(
    () => parseGroup(readText(join(etc, b`group`))),
    (group) => group.gid,
    (key) => (getent ? parseGroup(askGetent('group', key))[0] : undefined),
  );
  return {
    user: users.byName,
    userById: users.byId,
    group: groups.byName,
    groupById: groups.byId,
    userNames: users.names,
    groupNames: groups.names,
  };
}

/** The entries of passwd(5) `text`; lines that are none (comments, `+` of NIS) are passed over. */
export function parsePasswd(text: Bytes): User[] {
  return entries(text, 7).flatMap(
    ([name = b``, , uid = b``, gid = b``, , home = b``, shell = b``]) =>
      isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }] : [],
  );
}

/** The entries of group(5) `text`. */
export function parseGroup(text: Bytes): Group[] {
  return entries(text, 4).flatMap(([name = b``, , gid = b``, members = b``]) =>
    isId(gid)
      ? [{ name, gid: Number(gid), members: split(members, ',').filter((one) => one !== '') }]
      : [],
  );
}

function entries(text: Bytes, fields: number): Bytes[][] {
  return split(text, '\n')
    .filter((line) => line !== '' && !/^[#+-]/.test(line))
    .map((line) => split(line, ':'))
    .filter((line) => line.length >= fields && line[0] !== '');
}

function isId(text: Bytes): boolean {
  return /^[0-9]{1,10}$/.test(text) && Number(text) < 0xffff_ffff;
}

interface Table<Entry> {
  byName(name: Bytes): Entry | undefined;
  byId(id: number): Entry | undefined;
  names(): Iterable<Bytes>;
}

/** Entries by name and number; of two that share one the first counts, as in getpwnam(3). */
function table<Entry extends { readonly name: Bytes }>(
  read: () => readonly Entry[],
  idOf: (entry: Entry) => number,
  ask: (key: string) => Entry | undefined,
): Table<Entry> {
  let filled = false;
  const byName = new Map<Bytes, Entry | undefined>();
  const byId = new Map<number, Entry | undefined>();
  const enter = (entry: Entry): void => {
    if (byName.get(entry.name) === undefined) byName.set(entry.name, entry);
    if (byId.get(idOf(entry)) === undefined) byId.set(idOf(entry), entry);
  };
  const fill = (): void => {
    if (filled) return;
    read().forEach(enter);
    filled = true;
  };
  return {
    byName(name) {
      fill();
      if (byName.has(name)) return byName.get(name);
      const text = utf8(name);
      // getent takes digits for a number
      const answer = text === undefined || /^[0-9]*$|[:\0\n]/.test(text) ? undefined : ask(text);
      byName.set(name, undefined);
      if (answer?.name === name) enter(answer);
      return byName.get(name);
    },
    byId(id) {
      fill();
      if (byId.has(id)) return byId.get(id);
      const answer = Number.isSafeInteger(id) && id >= 0 ? ask(String(id)) : undefined;
      byId.set(id, undefined);
      if (answer !== undefined && idOf(answer) === id) enter(answer);
      return byId.get(id);
    },
    names() {
      fill();
      return [...byName].flatMap(([name, entry]) => (entry === undefined ? [] : [name]));
    },
  };
}

function askGetent(database: 'passwd' | 'group', key: string): Bytes {
  try {
    const output = execFileSync('getent', [database, '--', key], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    return fromBuffer(output);
  } catch {
    // it knows no such name, or there is no getent
    return b``;
  }
}

function readText(path: Bytes): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return b``;
    throw new XhError('E_ACCOUNTS', `cannot read ${printable(path)}: ${code ?? String(error)}`, {
      place: { file: path },
      cause: error,
    });
  }
}

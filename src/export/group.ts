/**
 * `export/group` → `/etc/group`, and `/etc/gshadow` where there is one. A group that is there already
 * is taken as it is; its number is never changed, and neither is one that somebody else has.
 */
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import { parseGroupFragment, type GroupEntry } from './account-entry.ts';
import {
  lineNamed,
  linesBefore,
  mergeAccounts,
  bringerOf,
  openAccounts,
  removeAccounts,
  type AccountText,
} from './account-lines.ts';
import { freeNumber } from './account-number.ts';
import type {
  FragmentConflict,
  FragmentFile,
  FragmentKind,
  MergeInput,
  MergeResult,
  RemoveInput,
} from './fragment.ts';
import { at, refused } from './result.ts';

const NAME = 'group';
export const GROUP_PATH = b`/etc/group`;
const GSHADOW_PATH = b`/etc/gshadow`;

export const group: FragmentKind<GroupEntry> = {
  name: NAME,
  layout: 'file',
  summary: 'NAME:x:[GID]:[MEMBER,…] lines for /etc/group; without GID the site gives one',
  parse: parseGroupFragment,
  identity: ({ name, gid }) => [name, ...(gid === undefined ? [] : [String(gid)])],
  check: () => [],
  merge,
  remove,
};

function merge({ owner, files, before, host }: MergeInput): MergeResult {
  const [file] = files;
  if (file === undefined) return remove({ owner, before, host });
  const standing = openAccounts(GROUP_PATH, host);
  const shadow = openAccounts(GSHADOW_PATH, host);
  const broken = [standing, shadow].flatMap((each) => ('conflict' in each ? [each.conflict] : []));
  if ('conflict' in standing || 'conflict' in shadow) return refused(...broken);
  const conflicts: FragmentConflict[] = [];
  const notes: string[] = [];
  const lines = new Map<Bytes, Bytes>();
  const secrets = new Map<Bytes, Bytes>();
  const given = new Map<number, Bytes>();
  const old = linesBefore(before, GROUP_PATH);
  for (const entry of parseGroupFragment(file)) {
    const { name, members } = entry;
    const there = lineNamed(standing, name);
    const mine = old.get(name);
    // another package brought the very same: it stays until both are gone
    const shared = old.has(name) ? undefined : bringerOf(GROUP_PATH, there?.text, owner, host);
    const known = mine ?? (shared && there?.text);
    if (there !== undefined) {
      const clash = contradiction(file, entry, { ...there, theirs: shared?.package });
      if (clash !== undefined) {
        conflicts.push(clash);
        continue;
      }
      if (known === undefined) {
        const missing = members.filter((member) => !membersIn(there.text).includes(member));
        if (missing.length > 0) conflicts.push(noMembers(file, entry, there, missing));
        else notes.push(takenAsItIs(name, there.line, at(file.path, entry.line)));
        continue;
      }
    }
    if (there === undefined && known === undefined && host.inDirectory('group', name)) {
      notes.push(`a directory service has the group '${printable(name)}': left as it is`);
      continue;
    }
    const kept = known === undefined ? undefined : numberIn(known);
    const gid =
      kept !== undefined && (there !== undefined || isFreeAgain(standing, kept))
        ? kept
        : freeNumber({
            of: 'group',
            file,
            entry,
            wanted: entry.gid,
            path: GROUP_PATH,
            standing,
            host,
            given,
          });
    if (typeof gid === 'object') conflicts.push(gid);
    else {
      given.set(gid, name);
      const list = members.join(',') as Bytes;
      lines.set(name, b`${name}:x:${gid}:${list}`);
      secrets.set(name, b`${name}:!*::${list}`);
    }
  }
  if (conflicts.length > 0) return { ...refused(...conflicts), notes };
  const result = mergeAccounts({ kind: NAME, name: file.name, owner, before, host }, [
    { path: GROUP_PATH, mode: 0o644, lines },
    ...(shadow.absent ? [] : [{ path: GSHADOW_PATH, mode: 0o640, lines: secrets }]),
  ]);
  return { ...result, notes: [...notes, ...result.notes] };
}

/** A group that an account has as its own stays, as groupdel(8) would have it. */
function remove({ owner, before, host }: RemoveInput): MergeResult {
  const passwd = openAccounts(b`/etc/passwd`, host);
  const ids = new Map(
    [...linesBefore(before, GROUP_PATH)].map(([name, text]) => [name, numberIn(text)]),
  );
  return removeAccounts({
    owner,
    before,
    host,
    needed: (name) => {
      if ('conflict' in passwd) return undefined;
      const id = ids.get(name);
      const account = passwd.lines.find(({ text }) => numberIn(text, 3) === id);
      if (account === undefined || id === undefined) return undefined;
      return `the group '${printable(name)}' stays: it is that of the account '${printable(split(account.text, ':')[0] ?? b``)}'`;
    },
  });
}

/** The number of a group with `name`, as `/etc/group` has it. */
export function numberOfGroup(standing: AccountText, name: Bytes): number | undefined {
  const there = lineNamed(standing, name);
  return there === undefined ? undefined : numberIn(there.text);
}

function isFreeAgain(standing: AccountText, id: number): boolean {
  return !standing.lines.some(({ text }) => numberIn(text) === id);
}

function contradiction(
  file: FragmentFile,
  { name, gid, line }: GroupEntry,
  there: { readonly text: Bytes; readonly line: number; readonly theirs: Bytes | undefined },
): FragmentConflict | undefined {
  if (gid === undefined || gid === numberIn(there.text)) return undefined;
  const whose = there.theirs === undefined ? '' : ` of package ${printable(there.theirs)}`;
  return {
    code: 'E_GROUP_NAME',
    path: GROUP_PATH,
    line: there.line,
    message:
      `two numbers for the group '${printable(name)}': '${printable(there.text)}'${whose}` +
      ` (${at(GROUP_PATH, there.line)}) and ${gid} (${at(file.path, line)})`,
    remedy: 'files have the number that is there: write that, or none, into the fragment',
  };
}

function noMembers(
  file: FragmentFile,
  { name, line }: GroupEntry,
  there: { readonly text: Bytes; readonly line: number },
  missing: readonly Bytes[],
): FragmentConflict {
  const shown = missing.map(printable).join(', ');
  return {
    code: 'E_GROUP_MEMBERS',
    path: GROUP_PATH,
    line: there.line,
    message:
      `the group '${printable(name)}' is not the package's and lacks ${shown}:` +
      ` '${printable(there.text)}' (${at(GROUP_PATH, there.line)}), wanted by ${at(file.path, line)}`,
    remedy: missing.map((each) => `gpasswd -a ${printable(each)} ${printable(name)}`).join('; '),
  };
}

function takenAsItIs(name: Bytes, line: number, place: string): string {
  return `${at(GROUP_PATH, line)} has '${printable(name)}' already: left as it is, also at removal (${place})`;
}

function numberIn(text: Bytes, field = 2): number | undefined {
  const number = split(text, ':')[field];
  return number !== undefined && /^[0-9]{1,10}$/.test(number) ? Number(number) : undefined;
}

function membersIn(text: Bytes): readonly Bytes[] {
  return split(split(text, ':')[3] ?? b``, ',');
}

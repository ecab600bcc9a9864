/**
 * `export/passwd` → `/etc/passwd`, and `/etc/shadow` where there is one, locked for passwords. An
 * account that is there already is taken as it is; numbers are never changed.
 */
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import { basename, isWithin } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { parsePasswdFragment, type PasswdEntry } from './account-entry.ts';
import {
  lineNamed,
  lineNumbered,
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
  HostView,
  MergeInput,
  MergeResult,
  RemoveInput,
} from './fragment.ts';
import { GROUP_PATH, numberOfGroup } from './group.ts';
import { at, refused } from './result.ts';
import { shellsOf } from './shells.ts';
import { diagnostic } from './strict.ts';

const NAME = 'passwd';
const PASSWD_PATH = b`/etc/passwd`;
const SHADOW_PATH = b`/etc/shadow`;

export const passwd: FragmentKind<PasswdEntry> = {
  name: NAME,
  layout: 'file',
  summary: 'NAME:x:[UID]:[GID]:COMMENT:HOME:[SHELL] lines for /etc/passwd, no password',
  parse: parsePasswdFragment,
  identity: ({ name, uid }) => [name, ...(uid === undefined ? [] : [String(uid)])],
  check: (file, entries, host) => entries.flatMap((entry) => checkShell(file, entry, host)),
  merge,
  remove,
};

function merge({ owner, files, before, host }: MergeInput): MergeResult {
  const [file] = files;
  if (file === undefined) return remove({ owner, before, host });
  const standing = openAccounts(PASSWD_PATH, host);
  const shadow = openAccounts(SHADOW_PATH, host);
  const groups = openAccounts(GROUP_PATH, host);
  const broken = [standing, shadow, groups].flatMap((each) =>
    'conflict' in each ? [each.conflict] : [],
  );
  if ('conflict' in standing || 'conflict' in shadow || 'conflict' in groups) {
    return refused(...broken);
  }
  const conflicts: FragmentConflict[] = [];
  const notes: string[] = [];
  const lines = new Map<Bytes, Bytes>();
  const secrets = new Map<Bytes, Bytes>();
  const given = new Map<number, Bytes>();
  const old = linesBefore(before, PASSWD_PATH);
  for (const entry of parsePasswdFragment(file)) {
    const { name } = entry;
    const there = lineNamed(standing, name);
    // another package brought the very same: it stays until both are gone
    const shared = old.has(name) ? undefined : bringerOf(PASSWD_PATH, there?.text, owner, host);
    const known = old.get(name) ?? (shared && there?.text);
    if (there !== undefined) {
      const clash = contradiction(file, entry, { ...there, theirs: shared?.package });
      if (clash !== undefined || known === undefined) {
        if (clash !== undefined) conflicts.push(clash);
        else notes.push(takenAsItIs(name, there.line, at(file.path, entry.line)));
        continue;
      }
    }
    if (there === undefined && known === undefined && host.inDirectory('account', name)) {
      notes.push(`a directory service has the account '${printable(name)}': left as it is`);
      continue;
    }
    const gid = groupOf(file, entry, groups, host);
    if (typeof gid === 'object') {
      conflicts.push(gid);
      continue;
    }
    const kept = known === undefined ? undefined : numberIn(known);
    const uid =
      kept !== undefined && (there !== undefined || lineNumbered(standing, kept) === undefined)
        ? kept
        : freeNumber({
            of: 'account',
            file,
            entry,
            wanted: entry.uid,
            rather: gid,
            path: PASSWD_PATH,
            standing,
            host,
            given,
          });
    if (typeof uid === 'object') conflicts.push(uid);
    else {
      given.set(uid, name);
      const { gecos, home, shell } = entry;
      const password = shadow.absent ? b`*` : b`x`;
      lines.set(name, b`${name}:${password}:${uid}:${gid}:${gecos}:${home}:${shell}`);
      secrets.set(name, b`${name}:!*:::::::`);
    }
  }
  if (conflicts.length > 0) return { ...refused(...conflicts), notes };
  const result = mergeAccounts({ kind: NAME, name: file.name, owner, before, host }, [
    { path: PASSWD_PATH, mode: 0o644, lines },
    ...(shadow.absent ? [] : [{ path: SHADOW_PATH, mode: 0o640, lines: secrets }]),
  ]);
  return { ...result, notes: [...notes, ...result.notes] };
}

function remove({ owner, before, host }: RemoveInput): MergeResult {
  const result = removeAccounts({ owner, before, host });
  const after = result.edits.find(({ path }) => path === PASSWD_PATH);
  if (after === undefined) return result;
  const left = after.op === 'write' ? after.content : b``;
  const gone = [...linesBefore(before, PASSWD_PATH)].filter(
    ([, text]) => !left.includes(`${text}\n`),
  );
  const notes = gone.map(
    ([name, text]) =>
      `the account '${printable(name)}' is taken out; what is still its own:` +
      ` find / -xdev -uid ${numberIn(text) ?? '?'}`,
  );
  return { ...result, notes: [...result.notes, ...notes] };
}

/** The number of the primary group, or why there is none. */
function groupOf(
  file: FragmentFile,
  { name, group, line }: PasswdEntry,
  groups: AccountText,
  host: HostView,
): number | FragmentConflict {
  const asked = group ?? name;
  const number = typeof asked === 'number' ? asked : numberOfGroup(groups, asked);
  const isThere =
    number !== undefined &&
    (typeof asked !== 'number' ||
      lineNumbered(groups, number) !== undefined ||
      host.hasNumber('group', number));
  if (isThere) return number;
  const shown = typeof asked === 'number' ? `with number ${asked}` : `'${printable(asked)}'`;
  return {
    code: 'E_ACCOUNT_GROUP',
    path: GROUP_PATH,
    message: `there is no group ${shown} for the account '${printable(name)}' (${at(file.path, line)})`,
    remedy:
      typeof asked === 'number'
        ? 'write the name of a group that is there, or bring one with export/group'
        : `bring it with the package: a line '${printable(asked)}:x::' in export/group`,
  };
}

/** Who has a shell that is not there cannot log in; who has one that no login knows, not by ftp or chsh. */
function checkShell(
  file: FragmentFile,
  { line, shell, name }: PasswdEntry,
  host: HostView,
): readonly Diagnostic[] {
  const source = split(file.content, '\n')[line - 1] ?? b``;
  const last = Math.max(0, source.lastIndexOf(':')) + 2;
  const place = { line, column: Math.min(last, source.length + 1), length: shell.length };
  // with these nobody is to log in
  if (['nologin', 'false'].includes(basename(shell))) return [];
  const object = host.read(shell);
  if (object.type !== 'file' || (object.mode & 0o111) === 0) {
    const what = object.type === 'file' ? 'is not executable' : 'does not exist';
    return [
      diagnostic(file, {
        ...place,
        code: 'E_ACCOUNT_SHELL',
        message: `the shell ${printable(shell)} of '${printable(name)}' ${what}`,
      }),
    ];
  }
  const shells = shellsOf(host);
  if (shells === undefined || shells.has(shell)) return [];
  return [
    diagnostic(file, {
      ...place,
      severity: 'warning',
      code: 'E_ACCOUNT_SHELL',
      message: `${printable(shell)} is not in /etc/shells`,
      hint: isWithin(b`/software`, shell) ? 'add export/shells' : undefined,
    }),
  ];
}

function contradiction(
  file: FragmentFile,
  { name, uid, line }: PasswdEntry,
  there: { readonly text: Bytes; readonly line: number; readonly theirs: Bytes | undefined },
): FragmentConflict | undefined {
  if (uid === undefined || uid === numberIn(there.text)) return undefined;
  const whose = there.theirs === undefined ? '' : ` of package ${printable(there.theirs)}`;
  return {
    code: 'E_ACCOUNT_NAME',
    path: PASSWD_PATH,
    line: there.line,
    message:
      `two numbers for the account '${printable(name)}': '${printable(there.text)}'${whose}` +
      ` (${at(PASSWD_PATH, there.line)}) and ${uid} (${at(file.path, line)})`,
    remedy: 'files have the number that is there: write that, or none, into the fragment',
  };
}

function takenAsItIs(name: Bytes, line: number, place: string): string {
  return `${at(PASSWD_PATH, line)} has '${printable(name)}' already: left as it is, also at removal (${place})`;
}

function numberIn(text: Bytes): number | undefined {
  const number = split(text, ':')[2];
  return number !== undefined && /^[0-9]{1,10}$/.test(number) ? Number(number) : undefined;
}

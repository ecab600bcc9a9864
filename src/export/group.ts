/** `export/group` → `/etc/group`, and `/etc/gshadow` where there is one. */
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import { parseGroupFragment, type GroupEntry } from './account-entry.ts';
import { accountKind } from './account-kind.ts';
import { linesBefore, numberIn, openAccounts } from './account-lines.ts';
import type { FragmentConflict, FragmentFile, HostView, MergedFragment } from './fragment.ts';
import { at } from './result.ts';

export const GROUP_PATH = b`/etc/group`;

export const group = accountKind<GroupEntry>({
  name: 'group',
  of: 'group',
  summary: 'NAME:x:[GID]:[MEMBER,…] lines for /etc/group; without GID the site gives one',
  path: GROUP_PATH,
  shadowPath: b`/etc/gshadow`,
  parse: parseGroupFragment,
  number: ({ gid }) => gid,
  lacks: lacksMembers,
  text: ({ name, members }, { id }) => b`${name}:x:${id}:${list(members)}`,
  secret: ({ name, members }) => b`${name}:!*::${list(members)}`,
  needed,
});

/** Members are added to a group by those whose group it is: its line is theirs. */
function lacksMembers(
  file: FragmentFile,
  { name, line, members }: GroupEntry,
  there: { readonly text: Bytes; readonly line: number },
): FragmentConflict | undefined {
  const present = split(split(there.text, ':')[3] ?? b``, ',');
  const missing = members.filter((member) => !present.includes(member));
  if (missing.length === 0) return undefined;
  return {
    code: 'E_GROUP_MEMBERS',
    path: GROUP_PATH,
    line: there.line,
    message:
      `the group '${printable(name)}' is not the package's and lacks ${missing.map(printable).join(', ')}:` +
      ` '${printable(there.text)}' (${at(GROUP_PATH, there.line)}), wanted by ${at(file.path, line)}`,
    remedy: missing.map((each) => `gpasswd -a ${printable(each)} ${printable(name)}`).join('; '),
  };
}

/** A group that an account has as its own stays, as groupdel(8) would have it. */
function needed(
  host: HostView,
  before: readonly MergedFragment[],
): (name: Bytes) => string | undefined {
  const passwd = openAccounts(b`/etc/passwd`, host);
  const accounts = 'conflict' in passwd ? [] : passwd.lines.map(({ text }) => text);
  const lines = linesBefore(before, GROUP_PATH);
  return (name) => {
    const id = numberIn(lines.get(name) ?? b``);
    const account = accounts.find((text) => id !== undefined && numberIn(text, 3) === id);
    if (account === undefined) return undefined;
    const whose = printable(split(account, ':')[0] ?? b``);
    return `the group '${printable(name)}' stays: it is that of the account '${whose}'`;
  };
}

function list(members: readonly Bytes[]): Bytes {
  return members.join(',') as Bytes;
}

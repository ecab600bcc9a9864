/** `export/passwd` → `/etc/passwd`, and `/etc/shadow` where there is one, locked for passwords. */
import { b, printable, split } from '../bytes/bytes.ts';
import { basename, isWithin } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { parsePasswdFragment, type PasswdEntry } from './account-entry.ts';
import { accountKind } from './account-kind.ts';
import { lineNamed, lineNumbered, numberIn, openAccounts } from './account-lines.ts';
import type { FragmentConflict, FragmentFile, HostView } from './fragment.ts';
import { GROUP_PATH } from './group.ts';
import { at } from './result.ts';
import { shellsOf } from './shells.ts';
import { diagnostic } from './strict.ts';

export const passwd = accountKind<PasswdEntry>({
  name: 'passwd',
  of: 'account',
  summary: 'NAME:x:[UID]:[GID]:COMMENT:HOME:[SHELL] lines for /etc/passwd, no password',
  path: b`/etc/passwd`,
  shadowPath: b`/etc/shadow`,
  parse: parsePasswdFragment,
  check: (file, entries, host) => entries.flatMap((entry) => checkShell(file, entry, host)),
  number: ({ uid }) => uid,
  group: primaryGroup,
  text: ({ name, gecos, home, shell }, { id, group = id, hasShadow }) =>
    b`${name}:${hasShadow ? b`x` : b`*`}:${id}:${group}:${gecos}:${home}:${shell}`,
  secret: ({ name }) => b`${name}:!*:::::::`,
  afterRemoval: (text) =>
    `the account '${printable(split(text, ':')[0] ?? b``)}' is taken out; what is still its own:` +
    ` find / -xdev -uid ${numberIn(text) ?? '?'}`,
});

/** The number of the primary group, or why there is none. */
function primaryGroup(
  file: FragmentFile,
  { name, group, line }: PasswdEntry,
  host: HostView,
): number | FragmentConflict {
  const groups = openAccounts(GROUP_PATH, host);
  if ('conflict' in groups) return groups.conflict;
  const asked = group ?? name;
  if (typeof asked === 'number') {
    if (lineNumbered(groups, asked) !== undefined || host.hasNumber('group', asked)) return asked;
  } else {
    const number = numberIn(lineNamed(groups, asked)?.text ?? b``);
    if (number !== undefined) return number;
  }
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

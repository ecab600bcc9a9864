/** The lines of `export/passwd` and `export/group`, read strictly. Formats: passwd(5), group(5). */
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import type { LineEntry } from './block-spec.ts';
import type { FragmentFile } from './fragment.ts';
import { isBlank } from './lines.ts';
import { readStrictly, type Finding } from './strict.ts';

export interface PasswdEntry extends LineEntry {
  readonly name: Bytes;
  /** Undefined: the site gives one. */
  readonly uid: number | undefined;
  /** The number or name of the primary group; undefined: the group of the account's own name. */
  readonly group: number | Bytes | undefined;
  readonly gecos: Bytes;
  readonly home: Bytes;
  readonly shell: Bytes;
}

export interface GroupEntry extends LineEntry {
  readonly name: Bytes;
  readonly gid: number | undefined;
  readonly members: readonly Bytes[];
}

type Report = (finding: Omit<Finding, 'line'>) => void;
interface Field {
  readonly text: Bytes;
  readonly column: number;
}

const NO_LOGIN = b`/usr/sbin/nologin`;

/** @throws DiagnosticError */
export function parsePasswdFragment(file: FragmentFile): readonly PasswdEntry[] {
  return readEntries(file, 7, 'NAME:x:[UID]:[GID]:COMMENT:HOME:[SHELL]', (fields, line, report) => {
    const [name, password, uid, group, gecos, home, shell] = fields as [
      Field,
      Field,
      Field,
      Field,
      Field,
      Field,
      Field,
    ];
    checkName(name, report);
    checkPassword(password, report);
    const number = readNumber(uid, 'ACCOUNT', report);
    if (number === 0) {
      report({
        ...place(uid),
        code: 'E_ACCOUNT_NUMBER',
        message: 'the account with number 0 is root',
      });
    }
    const isNumber = /^[0-9]+$/.test(group.text);
    const gid = isNumber ? readNumber(group, 'GROUP', report) : undefined;
    if (!isNumber && group.text !== '') checkName(group, report);
    if (!home.text.startsWith('/')) {
      report({
        ...place(home),
        code: 'E_ACCOUNT_HOME',
        message:
          home.text === '' ? 'no home directory' : `'${printable(home.text)}' is no directory`,
        hint: 'a full path; /nonexistent for an account that has none',
      });
    }
    if (shell.text !== '' && !shell.text.startsWith('/')) {
      report({
        ...place(shell),
        code: 'E_ACCOUNT_SHELL',
        message: `'${printable(shell.text)}' is no path of a shell`,
        hint: `a full path; nothing for ${NO_LOGIN}`,
      });
    }
    return {
      line,
      span: 1,
      name: name.text,
      uid: number,
      group: isNumber ? gid : group.text === '' ? undefined : group.text,
      gecos: gecos.text,
      home: home.text,
      shell: shell.text === '' ? NO_LOGIN : shell.text,
    };
  });
}

/** @throws DiagnosticError */
export function parseGroupFragment(file: FragmentFile): readonly GroupEntry[] {
  return readEntries(file, 4, 'NAME:x:[GID]:[MEMBER,…]', (fields, line, report) => {
    const [name, password, gid, members] = fields as [Field, Field, Field, Field];
    checkName(name, report);
    checkPassword(password, report);
    const number = readNumber(gid, 'GROUP', report);
    if (number === 0) {
      report({ ...place(gid), code: 'E_GROUP_NUMBER', message: 'the group with number 0 is root' });
    }
    const list = members.text === '' ? [] : split(members.text, ',');
    let column = members.column;
    for (const text of list) {
      checkName({ text, column }, report);
      column += text.length + 1;
    }
    return { line, span: 1, name: name.text, gid: number, members: list };
  });
}

function readEntries<Entry extends { readonly name: Bytes; readonly line: number }>(
  file: FragmentFile,
  count: number,
  form: string,
  read: (fields: readonly Field[], line: number, report: Report) => Entry,
): readonly Entry[] {
  return readStrictly(file, (lines, found) => {
    const seen = new Map<Bytes, number>();
    return lines.flatMap((text, index) => {
      if (isBlank(text) || text.startsWith('#')) return [];
      const line = index + 1;
      const fields = fieldsOf(text);
      if (fields.length !== count) {
        found({
          code: 'E_ACCOUNT_FIELDS',
          message: `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, not ${count}`,
          line,
          length: text.length,
          hint: form,
        });
        return [];
      }
      const entry = read(fields, line, (finding) => {
        found({ ...finding, line });
      });
      const first = seen.get(entry.name);
      if (first !== undefined) {
        found({
          code: 'E_FRAGMENT_TWICE',
          message: `'${printable(entry.name)}' a second time; the first is in line ${first}`,
          line,
          length: entry.name.length,
        });
      }
      seen.set(entry.name, first ?? line);
      return [entry];
    });
  });
}

function fieldsOf(text: Bytes): readonly Field[] {
  let column = 1;
  return split(text, ':').map((field) => {
    const at = { text: field, column };
    column += field.length + 1;
    return at;
  });
}

/** What every tool on a Linux host takes for a name. */
function checkName(field: Field, report: Report): void {
  if (/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(field.text)) return;
  report({
    ...place(field),
    code: 'E_ACCOUNT_NAME',
    message: `'${printable(field.text)}' is no name of an account or group`,
    hint: 'a letter, then letters, digits and _ . -, at most 32',
  });
}

/** A password that everybody has who has the package is none. */
function checkPassword(field: Field, report: Report): void {
  if (['', 'x', '*', '!', '!*'].includes(field.text)) return;
  report({
    ...place(field),
    code: 'E_ACCOUNT_PASSWORD',
    message: 'a password in a package',
    hint: 'write x: nobody logs in with a password until root sets one',
  });
}

function readNumber(field: Field, what: 'ACCOUNT' | 'GROUP', report: Report): number | undefined {
  if (field.text === '') return undefined;
  // 65535 and the highest number mean "no change" to chown(2)
  const number = /^[0-9]{1,10}$/.test(field.text) ? Number(field.text) : NaN;
  if (number < 0xffff_ffff && number !== 0xffff) return number;
  report({
    ...place(field),
    code: `E_${what}_NUMBER`,
    message: `'${printable(field.text)}' is no number of ${what === 'ACCOUNT' ? 'an account' : 'a group'}`,
    hint: '1 to 4294967294, or nothing for one of the site',
  });
  return undefined;
}

function place({ text, column }: Field): { readonly column: number; readonly length: number } {
  return { column, length: Math.max(1, text.length) };
}

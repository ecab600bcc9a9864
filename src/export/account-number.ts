/** Numbers of accounts and groups: the one that a fragment asks for, or the first free one of the site's range. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { lineNumbered, numberIn, type AccountText } from './account-lines.ts';
import type { FragmentConflict, FragmentFile, HostView } from './fragment.ts';
import { at } from './result.ts';

export type Of = 'account' | 'group';

export interface NumberRequest {
  readonly of: Of;
  readonly file: FragmentFile;
  readonly entry: { readonly name: Bytes; readonly line: number };
  /** What the fragment asks for. */
  readonly wanted: number | undefined;
  /** What would be best where it asks for none: that of the group of the same name. */
  readonly rather?: number | undefined;
  readonly path: Bytes;
  readonly standing: AccountText;
  readonly host: HostView;
  /** Numbers that this fragment has got already. */
  readonly given: ReadonlyMap<number, Bytes>;
}

/** A number that nobody has, or why there is none. Numbers that somebody has are never given again. */
export function freeNumber(request: NumberRequest): number | FragmentConflict {
  const { of, file, entry, wanted, rather, path, standing, host, given } = request;
  const code = of === 'account' ? 'E_ACCOUNT_NUMBER' : 'E_GROUP_NUMBER';
  const isFree = (id: number): boolean =>
    !given.has(id) && lineNumbered(standing, id) === undefined && !host.hasNumber(of, id);
  const ours = `'${printable(entry.name)}' (${at(file.path, entry.line)})`;
  if (wanted !== undefined) {
    if (isFree(wanted)) return wanted;
    const there = lineNumbered(standing, wanted);
    const other = given.get(wanted);
    const holder =
      there !== undefined
        ? `'${printable(there.text)}' (${at(path, there.line)})`
        : other === undefined
          ? 'one that only a directory service knows'
          : `'${printable(other)}' of the same fragment`;
    return {
      code,
      path,
      ...(there !== undefined && { line: there.line }),
      message: `two ${of}s with number ${wanted}: ${holder} and ${ours}`,
      remedy: 'give the one in the fragment another number, or none, so that the site gives it one',
    };
  }
  const [first, last] = host.idRange;
  if (rather !== undefined && rather >= first && rather <= last && isFree(rather)) return rather;
  const other: Of = of === 'account' ? 'group' : 'account';
  for (let id = first; id <= last; id++) {
    // one that both have free, so that an account and its group can share it
    if (isFree(id) && (of === 'account' || !host.hasNumber(other, id))) return id;
  }
  return {
    code,
    path,
    message: `no number is free for the ${of} ${ours}: the site gives ${first} to ${last}`,
    remedy: 'widen id-range in /etc/xhier.toml, or write a number into the fragment',
  };
}

export interface Renumbering {
  readonly of: Of;
  readonly file: FragmentFile;
  readonly entry: { readonly name: Bytes; readonly line: number };
  readonly wanted: number | undefined;
  readonly path: Bytes;
  /** The line of that name, and the other package that brought it. */
  readonly there: { readonly text: Bytes; readonly line: number; readonly by: Bytes | undefined };
}

/** Why a name cannot have the number that a fragment asks for: it has another, and files have that. */
export function renumbering(request: Renumbering): FragmentConflict | undefined {
  const { of, file, entry, wanted, path, there } = request;
  if (wanted === undefined || wanted === numberIn(there.text)) return undefined;
  const whose = there.by === undefined ? '' : ` of package ${printable(there.by)}`;
  return {
    code: of === 'account' ? 'E_ACCOUNT_NAME' : 'E_GROUP_NAME',
    path,
    line: there.line,
    message:
      `two numbers for the ${of} '${printable(entry.name)}': '${printable(there.text)}'${whose}` +
      ` (${at(path, there.line)}) and ${wanted} (${at(file.path, entry.line)})`,
    remedy: 'files have the number that is there: write that, or none, into the fragment',
  };
}

/**
 * The kinds whose fragment becomes entries of an account file and of its shadow file: `passwd` and
 * `group`. What is there already is taken as it is; numbers that somebody has are never changed.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import {
  accountStanding,
  bringerOf,
  lineNamed,
  lineNumbered,
  linesBefore,
  mergeAccounts,
  numberIn,
  openAccounts,
  removeAccounts,
  type AccountText,
} from './account-lines.ts';
import { freeNumber, renumbering, type Of } from './account-number.ts';
import type { LineEntry } from './block-spec.ts';
import type {
  FragmentConflict,
  FragmentFile,
  FragmentKind,
  HostView,
  MergeInput,
  MergeResult,
  RemoveInput,
} from './fragment.ts';
import { at, refused } from './result.ts';

export interface AccountEntry extends LineEntry {
  readonly name: Bytes;
}

export interface AccountKind<Entry extends AccountEntry> {
  readonly name: 'passwd' | 'group';
  readonly of: Of;
  readonly summary: string;
  readonly path: Bytes;
  /** Written only where it is there. */
  readonly shadowPath: Bytes;
  parse(file: FragmentFile): readonly Entry[];
  check?(file: FragmentFile, entries: readonly Entry[], host: HostView): readonly Diagnostic[];
  /** The number that the fragment asks for. */
  number(entry: Entry): number | undefined;
  /** Why an entry that others have brought will not do. */
  lacks?(
    file: FragmentFile,
    entry: Entry,
    there: { readonly text: Bytes; readonly line: number },
  ): FragmentConflict | undefined;
  /** The number of the primary group of an account: it is in the entry, and would be its best number. */
  group?(file: FragmentFile, entry: Entry, host: HostView): number | FragmentConflict;
  text(entry: Entry, numbers: EntryNumbers): Bytes;
  secret(entry: Entry): Bytes;
  /** Why a name stays at removal, although nobody has edited it. */
  needed?(host: HostView, before: RemoveInput['before']): (name: Bytes) => string | undefined;
  /** What is told of removed entries, by their lines. */
  afterRemoval?(text: Bytes): string;
}

export interface EntryNumbers {
  readonly id: number;
  readonly group: number | undefined;
  readonly hasShadow: boolean;
}

export function accountKind<Entry extends AccountEntry>(
  spec: AccountKind<Entry>,
): FragmentKind<Entry> {
  return {
    name: spec.name,
    layout: 'file',
    summary: spec.summary,
    parse: (file) => spec.parse(file),
    identity: (entry) => {
      const number = spec.number(entry);
      return [entry.name, ...(number === undefined ? [] : [String(number)])];
    },
    check: (file, entries, host) => spec.check?.(file, entries, host) ?? [],
    merge: (input) => merge(spec, input),
    remove: (input) => remove(spec, input),
    standing: (record, _, host) => accountStanding(record, record.path === spec.shadowPath, host),
  };
}

function merge<Entry extends AccountEntry>(
  spec: AccountKind<Entry>,
  { owner, files, before, host }: MergeInput,
): MergeResult {
  const [file] = files;
  if (file === undefined) return remove(spec, { owner, before, host });
  const { path, shadowPath, of, name: kind } = spec;
  const standing = openAccounts(path, host);
  const shadow = openAccounts(shadowPath, host);
  if ('conflict' in standing) return refused(standing.conflict);
  if ('conflict' in shadow) return refused(shadow.conflict);
  const conflicts: FragmentConflict[] = [];
  const notes: string[] = [];
  const lines = new Map<Bytes, Bytes>();
  const secrets = new Map<Bytes, Bytes>();
  const given = new Map<number, Bytes>();
  const old = linesBefore(before, path);
  for (const entry of spec.parse(file)) {
    const { name } = entry;
    const wanted = spec.number(entry);
    const there = lineNamed(standing, name);
    // another package brought the very same: it stays until both are gone
    const shared = old.has(name) ? undefined : bringerOf(path, there?.text, owner, host);
    const known = old.get(name) ?? (shared && there?.text);
    if (there !== undefined) {
      const by = shared?.package;
      const clash =
        renumbering({ of, file, entry, wanted, path, there: { ...there, by } }) ??
        (known === undefined ? spec.lacks?.(file, entry, there) : undefined);
      if (clash !== undefined) conflicts.push(clash);
      else if (known === undefined) notes.push(takenAsItIs(spec, file, entry, there.line));
      if (clash !== undefined || known === undefined) continue;
    } else if (known === undefined && host.inDirectory(of, name)) {
      notes.push(`a directory service has the ${of} '${printable(name)}': left as it is`);
      continue;
    }
    const group = spec.group?.(file, entry, host);
    if (typeof group === 'object') {
      conflicts.push(group);
      continue;
    }
    const id =
      keptNumber(standing, known, there !== undefined) ??
      freeNumber({ of, file, entry, wanted, rather: group, path, standing, host, given });
    if (typeof id === 'object') {
      conflicts.push(id);
      continue;
    }
    given.set(id, name);
    lines.set(name, spec.text(entry, { id, group, hasShadow: !shadow.absent }));
    secrets.set(name, spec.secret(entry));
  }
  if (conflicts.length > 0) return { ...refused(...conflicts), notes };
  const result = mergeAccounts({ kind, name: file.name, owner, before, host }, [
    { path, mode: 0o644, lines },
    ...(shadow.absent ? [] : [{ path: shadowPath, mode: 0o640, lines: secrets }]),
  ]);
  return { ...result, notes: [...notes, ...result.notes] };
}

function remove<Entry extends AccountEntry>(
  { path, needed, afterRemoval }: AccountKind<Entry>,
  { owner, before, host }: RemoveInput,
): MergeResult {
  const why = needed?.(host, before);
  const result = removeAccounts({ owner, before, host, ...(why && { needed: why }) });
  const edit = result.edits.find((each) => each.path === path);
  if (edit === undefined || afterRemoval === undefined) return result;
  const left = edit.op === 'write' ? edit.content : '';
  const gone = [...linesBefore(before, path).values()].filter(
    (text) => !left.includes(`${text}\n`),
  );
  return { ...result, notes: [...result.notes, ...gone.map(afterRemoval)] };
}

/** The number that an entry of ours had: it stays its own as long as nobody else has got it. */
function keptNumber(
  standing: AccountText,
  known: Bytes | undefined,
  isThere: boolean,
): number | undefined {
  const id = known === undefined ? undefined : numberIn(known);
  if (id === undefined) return undefined;
  return isThere || lineNumbered(standing, id) === undefined ? id : undefined;
}

function takenAsItIs<Entry extends AccountEntry>(
  { path }: AccountKind<Entry>,
  file: FragmentFile,
  { name, line }: Entry,
  there: number,
): string {
  return (
    `${at(path, there)} has '${printable(name)}' already: left as it is, also at removal` +
    ` (${at(file.path, line)})`
  );
}

/**
 * Lines of passwd, group and their shadow files. These files have no comments in which markers could
 * stand, so a package's lines are known by its receipt: one that still says what was written is ours,
 * any other is a person's. A line that several packages brought goes with the last of them.
 */
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import type {
  FragmentConflict,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
  OthersFragment,
  Standing,
} from './fragment.ts';
import { joinLines, readLines, type Line } from './lines.ts';
import { AS_MERGED, at, MISSING, refused, sha256 } from './result.ts';

/** One file, and the lines that the package shall have in it, by the names that they begin with. */
export interface WantedLines {
  readonly path: Bytes;
  /** When it is new. */
  readonly mode: number;
  readonly lines: ReadonlyMap<Bytes, Bytes>;
}

export interface AccountText {
  readonly absent: boolean;
  readonly lines: readonly Line[];
}

/** What is to be said of it, and `kind` and `name` for the receipt. */
export interface AccountMerge {
  readonly kind: string;
  readonly name: Bytes;
  readonly owner: FragmentOwner;
  readonly before: readonly MergedFragment[];
  readonly host: HostView;
}

/** The file at `path`, or why it cannot be edited. An absent one has no lines. */
export function openAccounts(
  path: Bytes,
  host: HostView,
): AccountText | { readonly conflict: FragmentConflict } {
  const object = host.read(path);
  if (object.type === 'file') return { absent: false, lines: readLines(object.content) };
  if (object.type === 'absent' && host.look(path).type === 'absent') {
    return { absent: true, lines: [] };
  }
  return {
    conflict: {
      code: 'E_FRAGMENT_TARGET',
      path,
      message: `${at(path)} is no file with accounts`,
      remedy: 'put the file back: without it nobody can log in',
    },
  };
}

/** The line of that name, with its number from 1. */
export function lineNamed(
  { lines }: AccountText,
  name: Bytes,
): { readonly text: Bytes; readonly line: number } | undefined {
  const index = lines.findIndex(({ text }) => text.startsWith(`${name}:`));
  const text = lines[index]?.text;
  return text === undefined ? undefined : { text, line: index + 1 };
}

/** The first line that has this number. */
export function lineNumbered(
  { lines }: AccountText,
  id: number,
): { readonly text: Bytes; readonly line: number } | undefined {
  const index = lines.findIndex(({ text }) => numberIn(text) === id);
  const text = lines[index]?.text;
  return text === undefined ? undefined : { text, line: index + 1 };
}

/** The number of an account or group, or another field that is one. */
export function numberIn(text: Bytes, field = 2): number | undefined {
  const number = split(text, ':')[field];
  return number !== undefined && /^[0-9]{1,10}$/.test(number) ? Number(number) : undefined;
}

/** The lines that the last install wrote into `path`, by their names. */
export function linesBefore(
  before: readonly MergedFragment[],
  path: Bytes,
): ReadonlyMap<Bytes, Bytes> {
  const record = before.find((each) => each.path === path);
  return new Map((record?.lines ?? []).map((text) => [nameOf(text), text]));
}

/**
 * What has become of a package's lines. In a shadow file (`names`) only the names count: what stands
 * behind them is the password, which whoever owns the account sets.
 */
export function accountStanding(record: MergedFragment, names: boolean, host: HostView): Standing {
  const standing = openAccounts(record.path, host);
  if ('conflict' in standing) return { is: 'edited', why: standing.conflict.message };
  for (const text of record.lines ?? []) {
    const there = lineNamed(standing, nameOf(text));
    if (there === undefined) return MISSING;
    if (!names && there.text !== text) return { is: 'edited', line: there.line };
  }
  return AS_MERGED;
}

/** Makes each file have its wanted lines, and those that the package wants no more go. */
export function mergeAccounts(input: AccountMerge, files: readonly WantedLines[]): MergeResult {
  const { before, host, kind, name: fragment, owner } = input;
  const edits: MergeResult['edits'][number][] = [];
  const merged: MergedFragment[] = [];
  const notes: string[] = [];
  const gone = goneNames(before, files);
  const kept = edited(before, host, notes, { names: gone, owner });
  for (const { path, mode, lines: wanted } of files) {
    const standing = openAccounts(path, host);
    if ('conflict' in standing) return refused(standing.conflict);
    const record = before.find((each) => each.path === path);
    const old = linesBefore(before, path);
    const others = othersNames(host, path, owner.package);
    const lines = [...standing.lines];
    const ours: Bytes[] = [];
    for (const name of gone) {
      if (!kept.has(name) && !others().has(name)) takeOut(lines, old.get(name));
    }
    for (const [name, text] of wanted) {
      const there = lines.findIndex((line) => line.text.startsWith(`${name}:`));
      const now = lines[there];
      const last = old.get(name);
      if (now === undefined) {
        lines.splice(endOf(lines), 0, { text, end: '\n' });
        ours.push(text);
        if (last !== undefined)
          notes.push(`${at(path)}: '${printable(name)}' was gone and is written again`);
      } else if (now.text === text || (now.text === last && !others().has(name))) {
        lines[there] = { ...now, text };
        ours.push(text);
      } else {
        ours.push(last ?? now.text);
        if (last !== undefined && now.text !== last) notes.push(editedNote(path, there + 1, name));
      }
    }
    const content = joinLines(lines);
    const created = record?.created ?? standing.absent;
    if (content !== joinLines(standing.lines)) {
      edits.push({ op: 'write', path, content, ...(standing.absent && { mode }) });
    }
    if (ours.length > 0) {
      merged.push({
        kind,
        name: fragment,
        path,
        sha256: sha256(ours.join('\n') as Bytes),
        created,
        lines: ours,
      });
    }
  }
  return { edits, merged, conflicts: [], notes };
}

/** The other package that brought the very line, so that it stays until both are gone. */
export function bringerOf(
  path: Bytes,
  text: Bytes | undefined,
  owner: FragmentOwner,
  host: HostView,
): OthersFragment | undefined {
  if (text === undefined) return undefined;
  return host
    .othersIn(path, owner.package)
    .find(({ merged }) => merged.lines?.includes(text) === true);
}

export interface RemoveAccounts {
  readonly owner: FragmentOwner;
  readonly before: readonly MergedFragment[];
  readonly host: HostView;
  /** Why a name has to stay, although nobody has edited it. */
  readonly needed?: (name: Bytes) => string | undefined;
}

/** Takes out the lines that nobody has changed since and no other package has brought too. */
export function removeAccounts({ owner, before, host, needed }: RemoveAccounts): MergeResult {
  const edits: MergeResult['edits'][number][] = [];
  const notes: string[] = [];
  const names = new Set(before.flatMap(({ lines }) => (lines ?? []).map(nameOf)));
  const kept = edited(before, host, notes, { names, owner });
  for (const name of names) {
    const why = kept.has(name) ? undefined : needed?.(name);
    if (why === undefined) continue;
    kept.add(name);
    notes.push(why);
  }
  for (const { path, lines: wrote = [], created } of before) {
    const standing = openAccounts(path, host);
    if ('conflict' in standing) return refused(standing.conflict);
    if (standing.absent) continue;
    const others = othersNames(host, path, owner.package);
    const lines = [...standing.lines];
    for (const text of wrote) {
      const name = nameOf(text);
      if (!kept.has(name) && !others().has(name)) takeOut(lines, text);
    }
    if (lines.length === standing.lines.length) continue;
    if (created && lines.length === 0) edits.push({ op: 'remove', path });
    else edits.push({ op: 'write', path, content: joinLines(lines) });
  }
  return { edits, merged: [], conflicts: [], notes };
}

/** Names whose lines are not what we wrote in one of the files: all of it is a person's then. */
function edited(
  before: readonly MergedFragment[],
  host: HostView,
  notes: string[],
  { names, owner }: { readonly names: ReadonlySet<Bytes>; readonly owner: FragmentOwner },
): Set<Bytes> {
  const kept = new Set<Bytes>();
  for (const { path, lines: wrote = [] } of before) {
    const standing = openAccounts(path, host);
    if ('conflict' in standing || standing.absent) continue;
    const others = othersNames(host, path, owner.package);
    for (const text of wrote) {
      const name = nameOf(text);
      const now = lineNamed(standing, name);
      if (!names.has(name) || now?.text === text || others().has(name)) continue;
      if (now === undefined) {
        notes.push(`${at(path)}: '${printable(name)}' is gone: nothing to take out`);
      } else if (!kept.has(name)) {
        kept.add(name);
        notes.push(editedNote(path, now.line, name));
      }
    }
  }
  return kept;
}

function goneNames(
  before: readonly MergedFragment[],
  files: readonly WantedLines[],
): ReadonlySet<Bytes> {
  const wanted = new Set(files.flatMap(({ lines }) => [...lines.keys()]));
  const had = before.flatMap(({ lines }) => (lines ?? []).map(nameOf));
  return new Set(had.filter((name) => !wanted.has(name)));
}

/** What other packages have in the file. Every receipt is read for this, so only when it is asked for. */
function othersNames(host: HostView, path: Bytes, owner: Bytes): () => ReadonlySet<Bytes> {
  let names: ReadonlySet<Bytes> | undefined;
  return () =>
    (names ??= new Set(
      host.othersIn(path, owner).flatMap(({ merged }) => (merged.lines ?? []).map(nameOf)),
    ));
}

function takeOut(lines: Line[], text: Bytes | undefined): void {
  const index = lines.findIndex((line) => line.text === text);
  if (index >= 0) lines.splice(index, 1);
}

/** Before the entries for a directory service (`+`), and before a last line without newline. */
function endOf(lines: readonly Line[]): number {
  const compat = lines.findIndex(({ text }) => /^[+-]/.test(text));
  if (compat >= 0) return compat;
  return lines.at(-1)?.end === '' ? lines.length - 1 : lines.length;
}

function editedNote(path: Bytes, line: number, name: Bytes): string {
  return `${at(path, line)}: '${printable(name)}' was edited since it was installed: kept as it is`;
}

function nameOf(text: Bytes): Bytes {
  return split(text, ':')[0] ?? b``;
}

/**
 * `export/patches/PATH.patch`: lines of the system's file `/PATH` changed by a unified diff, without
 * fuzz. What the file was before and after is kept as hashes, so that the way back is exact; where
 * people have changed other lines since, the patch alone is taken out.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { components, normalize } from '../bytes/path.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import type {
  FragmentConflict,
  FragmentFile,
  FragmentKind,
  HostView,
  MergedFragment,
  MergeResult,
  Standing,
} from './fragment.ts';
import {
  hunksIn,
  misfits,
  patched,
  readPatch,
  textsOf,
  unpatched,
  type Hunk,
} from './patch-file.ts';
import { AS_MERGED, at, combined, MISSING, NOTHING, refused, sha256 } from './result.ts';
import { diagnostic } from './strict.ts';

export interface Patch {
  /** The file, as inside the site. */
  readonly path: Bytes;
  readonly hunks: readonly Hunk[];
}

const NAME = 'patches';
const SUFFIX = '.patch';

export const patches: FragmentKind<Patch> = {
  name: NAME,
  layout: 'directory',
  summary: 'PATH.patch: a unified diff for the system file /PATH, without fuzz',
  parse: (file) => [{ path: pathOf(file), hunks: readPatch(file) }],
  identity: ({ path }) => [path],
  check: () => [],
  merge: ({ files, before, host }) => {
    const wanted = files.map((file) => ({ file, path: pathOf(file), hunks: readPatch(file) }));
    const paths = new Set(wanted.map(({ path }) => path));
    return combined([
      ...before.filter(({ path }) => !paths.has(path)).map((record) => remove(record, host)),
      ...wanted.map((each) => {
        const record = before.find(({ path }) => path === each.path);
        return merge(each, record, host);
      }),
    ]);
  },
  remove: ({ before, host }) => combined(before.toReversed().map((record) => remove(record, host))),
  standing: (record, _, host) => standing(record, host),
};

function standing(record: MergedFragment, host: HostView): Standing {
  const object = host.read(record.path);
  if (object.type !== 'file') return MISSING;
  const hunks = hunksIn(record.lines ?? []);
  if (hasPatch(object.content, hunks, record)) return AS_MERGED;
  if (patched(object.content, hunks) !== undefined) return MISSING;
  const [first] = hunks;
  return { is: 'edited', ...(first && { line: first.newStart }) };
}

interface Wanted extends Patch {
  readonly file: FragmentFile;
}

function merge(wanted: Wanted, record: MergedFragment | undefined, host: HostView): MergeResult {
  const { file, path, hunks } = wanted;
  const object = host.read(path);
  if (object.type !== 'file') return refused(noFile(wanted, object.type));
  const texts = textsOf(file.content);
  const text = object.content;
  const merged = (from: Bytes, to: Bytes, created: boolean): MergedFragment => ({
    kind: NAME,
    name: file.name,
    path,
    sha256: sha256(to),
    created,
    lines: texts,
    detail: { before: sha256(from), after: sha256(to) },
  });
  const isSame = record !== undefined && sameTexts(record.lines ?? [], texts);
  if (isSame && hasPatch(text, hunks, record)) return { ...NOTHING, merged: [record] };

  const notes: string[] = [];
  let clean = text;
  if (record?.created === true && !isSame) {
    const old = hunksIn(record.lines ?? []);
    const without = unpatched(text, old);
    if (without !== undefined) clean = without;
    else if (patched(text, old) === undefined) notes.push(editedSince(path));
  }
  const result = patched(clean, hunks);
  if (result === undefined) {
    if (unpatched(clean, hunks) === undefined) return { ...refused(misfit(wanted, clean)), notes };
    return {
      ...NOTHING,
      merged: [merged(text, text, false)],
      notes: [...notes, `${at(path)} has the patch already: left as it is, also at removal`],
    };
  }
  if (isSame)
    notes.push(`${at(path)} had lost the patch of ${printable(file.name)} and has it again`);
  const edits = result === text ? [] : [{ op: 'write', path, content: result } as const];
  return { ...NOTHING, edits, merged: [merged(clean, result, true)], notes };
}

/** Whether the file is what the patch made of it, or has it in spite of later edits. */
function hasPatch(text: Bytes, hunks: readonly Hunk[], { detail }: MergedFragment): boolean {
  return sha256(text) === detail?.['after'] || unpatched(text, hunks) !== undefined;
}

function remove(record: MergedFragment, host: HostView): MergeResult {
  const { path, created, lines = [], detail } = record;
  // it had the patch before us
  if (!created) return NOTHING;
  const object = host.read(path);
  if (object.type !== 'file') {
    return {
      ...NOTHING,
      notes: [`${at(path)} is gone, and with it the patch: nothing to take out`],
    };
  }
  const text = object.content;
  const hunks = hunksIn(lines);
  const original = unpatched(text, hunks);
  if (original === undefined) {
    const isClean = sha256(text) === detail?.['before'] || patched(text, hunks) !== undefined;
    const note = isClean ? `${at(path)} does not have the patch any more` : editedSince(path);
    return { ...NOTHING, notes: [note] };
  }
  return { ...NOTHING, edits: [{ op: 'write', path, content: original }] };
}

function pathOf(file: FragmentFile): Bytes {
  const below = slice(file.name, NAME.length + 1);
  const path = b`/${slice(below, 0, -SUFFIX.length)}`;
  const sound =
    below.endsWith(SUFFIX) &&
    below.length > SUFFIX.length &&
    path === normalize(path) &&
    !components(path).includes(b`..`);
  if (sound) return path;
  throw new DiagnosticError([
    {
      // it is about the name: that is shown in the place of a line
      ...diagnostic(file, {
        code: 'E_PATCH_NAME',
        message: `'${printable(file.name)}' does not say which file it is for`,
        line: 1,
        length: file.name.length,
        hint: 'patches/etc/rc.patch is for /etc/rc',
      }),
      source: file.name,
    },
  ]);
}

function noFile({ file, path }: Wanted, type: string): FragmentConflict {
  return {
    code: 'E_PATCH_TARGET',
    path,
    message: `${at(path)} is ${type === 'absent' ? 'not there' : `a ${type}`}, and ${at(file.path)} is a patch for it`,
    remedy: 'install what brings the file, or take the patch out of the package',
  };
}

function misfit({ file, path, hunks }: Wanted, text: Bytes): FragmentConflict {
  const alone = misfits(text, hunks);
  const [first = hunks[0]] = alone;
  const count = alone.length > 1 ? ` (and ${alone.length - 1} more)` : '';
  const line = first?.oldStart ?? 1;
  return {
    code: 'E_PATCH_FUZZ',
    path,
    line,
    message:
      `${at(path, line)}: the lines are not those that the patch changes: the hunk in` +
      ` ${at(file.path, first?.line ?? 1)}${count} does not apply, and it is not applied already`,
    remedy: `make the patch anew for this file: diff -u ${printable(path)} NEW`,
  };
}

function editedSince(path: Bytes): string {
  return `${at(path)} was edited where it was patched: left as it is`;
}

function sameTexts(a: readonly Bytes[], c: readonly Bytes[]): boolean {
  return a.length === c.length && a.every((text, index) => text === c[index]);
}

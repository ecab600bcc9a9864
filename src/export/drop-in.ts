/**
 * Directories that take one file from each package: `export/profile.d/NAME` → `/etc/profile.d/NAME`.
 * One such directory is one line in `kinds.ts`. A file that is there and says something else is
 * never written over, whoever put it there.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { basename, join } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type {
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
} from './fragment.ts';
import { at, combined, NOTHING, refused, sha256 } from './result.ts';
import { diagnostic } from './strict.ts';

export interface DropIn {
  /** Name under `export/`. */
  readonly name: string;
  readonly summary: string;
  /** `/etc/NAME` unless given. */
  readonly directory?: Bytes;
  /** Of the file on the host, whatever it is in the package; 0644 unless given. */
  readonly mode?: number;
  /** Which names the programs read that use the directory: all unless given. */
  readonly reads?: { readonly names: RegExp; readonly rule: string };
}

export interface DropInFile {
  readonly name: Bytes;
  readonly content: Bytes;
}

/** The kind for one directory. */
export function dropInKind(spec: DropIn): FragmentKind<DropInFile> {
  return {
    name: spec.name,
    layout: 'directory',
    summary: spec.summary,
    parse: (file) => [parse(spec, file)],
    identity: ({ name }) => [name],
    check: (file) => checkName(spec, file),
    merge: ({ owner, files, before, host }) => {
      const paths = new Set(files.map((file) => pathOf(spec, file)));
      return combined([
        ...before
          .filter(({ path }) => !paths.has(path))
          .map((record) => remove(owner, record, host)),
        ...files.map((file) => {
          const path = pathOf(spec, parseChecked(spec, file));
          const record = before.find((each) => each.path === path);
          return merge(spec, owner, { ...file, target: path }, record, host);
        }),
      ]);
    },
    remove: ({ owner, before, host }) =>
      combined(before.map((record) => remove(owner, record, host))),
  };
}

function parse(spec: DropIn, file: FragmentFile): DropInFile {
  const name = slice(file.name, spec.name.length + 1);
  if (name === '' || name.includes('/')) {
    throw new DiagnosticError([
      diagnostic(file, {
        code: 'E_DROPIN_NESTED',
        message: `${pathShown(spec)} takes files, not directories`,
        line: 1,
        hint: `put it at export/${spec.name}/${printable(basename(file.name))}`,
      }),
    ]);
  }
  return { name, content: file.content };
}

function parseChecked(spec: DropIn, file: FragmentFile): FragmentFile {
  parse(spec, file);
  return file;
}

/** A name that nothing reads is no harm, but also no use. */
function checkName(spec: DropIn, file: FragmentFile): readonly Diagnostic[] {
  const { reads } = spec;
  const name = basename(file.name);
  if (reads === undefined || reads.names.test(name)) return [];
  return [
    diagnostic(file, {
      severity: 'warning',
      code: 'E_DROPIN_NAME',
      message: `nothing reads '${printable(name)}' in ${pathShown(spec)}`,
      line: 1,
      hint: reads.rule,
    }),
  ];
}

function merge(
  spec: DropIn,
  owner: FragmentOwner,
  { target: path, name, content }: FragmentFile & { readonly target: Bytes },
  record: MergedFragment | undefined,
  host: HostView,
): MergeResult {
  const standing = host.look(path);
  const merged: MergedFragment = {
    kind: spec.name,
    name,
    path,
    sha256: sha256(content),
    created: true,
  };
  const write: MergeResult = {
    ...NOTHING,
    edits: [{ op: 'write', path, content, mode: spec.mode ?? 0o644 }],
    merged: [merged],
  };
  if (standing.type === 'absent') {
    if (!record?.created) return write;
    return { ...write, notes: [`${at(path)} was gone and is written again`] };
  }
  const now = standing.type === 'file' ? sha256(standing.content) : undefined;
  if (now === merged.sha256) {
    if (record) return { ...NOTHING, merged: [{ ...merged, created: record.created }] };
    return {
      ...NOTHING,
      merged: [{ ...merged, created: false }],
      notes: [`${at(path)} is there already and says the same: left as it is, also at removal`],
    };
  }
  if (record?.created === true) {
    if (now === record.sha256) return write;
    return {
      ...NOTHING,
      merged: [record],
      notes: [
        `${at(path)} was edited since it was installed: kept as it is` +
          " (delete it and install again to have the package's own)",
      ],
    };
  }
  const what = standing.type === 'file' ? 'another file' : `a ${standing.type}`;
  return refused({
    code: 'E_DROPIN_TAKEN',
    path,
    message: `${at(path)} is ${what}, and not of package ${printable(owner.package)}`,
    remedy: 'move it away, or give the file in the package another name',
  });
}

function remove(owner: FragmentOwner, record: MergedFragment, host: HostView): MergeResult {
  const { path } = record;
  // it was there before us
  if (!record.created) return NOTHING;
  const standing = host.look(path);
  if (standing.type === 'absent') {
    return { ...NOTHING, notes: [`${at(path)} is gone: nothing to remove`] };
  }
  if (standing.type === 'file' && sha256(standing.content) === record.sha256) {
    return { ...NOTHING, edits: [{ op: 'remove', path }] };
  }
  const note = `${at(path)} was edited since ${printable(owner.package)} was installed: kept`;
  return { ...NOTHING, notes: [note] };
}

function pathOf(spec: DropIn, file: FragmentFile): Bytes {
  return join(directoryOf(spec), slice(file.name, spec.name.length + 1));
}

function directoryOf({ directory, name }: DropIn): Bytes {
  return directory ?? b`/etc/${name as Bytes}`;
}

function pathShown(spec: DropIn): string {
  return printable(directoryOf(spec));
}

/**
 * Directories that take one file from each package: `export/profile.d/NAME` → `/etc/profile.d/NAME`.
 * One such directory is one line in `kinds.ts`. A file that is there and says something else is
 * never written over, whoever put it there.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { basename, join } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type {
  FragmentConflict,
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
  OthersFragment,
  Standing,
} from './fragment.ts';
import { AS_MERGED, at, combined, MISSING, NOTHING, refused, sha256 } from './result.ts';
import { diagnostic } from './strict.ts';
import { verdictOn, type OwnCheck } from './verify.ts';

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
  /** Directories where the vendor has such files; one of the same name is not read any more. */
  readonly overrides?: readonly Bytes[];
  /** What is wrong with the content. */
  readonly content?: (file: FragmentFile, host: HostView) => readonly Diagnostic[];
  /** What in other files forbids this one to be written at `path`. */
  readonly clashes?: (
    file: FragmentFile,
    path: Bytes,
    host: HostView,
  ) => readonly FragmentConflict[];
  /** The program that owns the format. */
  readonly verify?: OwnCheck;
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
    check: (file, _, host) => [
      ...checkName(spec, file, host),
      ...(spec.content?.(file, host) ?? []),
    ],
    ...(spec.verify && { verify: verifier(spec.verify) }),
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
    standing: fileStanding,
  };
}

function fileStanding(
  { path, sha256: wrote }: MergedFragment,
  _: FragmentOwner,
  host: HostView,
): Standing {
  const now = host.look(path);
  if (now.type === 'absent') return MISSING;
  return now.type === 'file' && sha256(now.content) === wrote ? AS_MERGED : { is: 'edited' };
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

/** Each file is asked about alone: what is wrong with one says nothing of the others. */
function verifier(check: OwnCheck): NonNullable<FragmentKind['verify']> {
  return (files, host) => {
    const verdicts = files.map((file) => verdictOn([file], check, host));
    const skipped = verdicts.find((verdict) => verdict.skipped !== undefined)?.skipped;
    const findings = verdicts.flatMap((verdict) => verdict.findings);
    return { findings, ...(skipped !== undefined && { skipped }) };
  };
}

/** A name that nothing reads is no harm, but also no use; one that the vendor uses turns his file off. */
function checkName(spec: DropIn, file: FragmentFile, host: HostView): readonly Diagnostic[] {
  const { reads, overrides = [] } = spec;
  const name = basename(file.name);
  const found: Diagnostic[] = [];
  if (reads !== undefined && !reads.names.test(name)) {
    found.push(
      diagnostic(file, {
        severity: 'warning',
        code: 'E_DROPIN_NAME',
        message: `nothing reads '${printable(name)}' in ${pathShown(spec)}`,
        line: 1,
        hint: reads.rule,
      }),
    );
  }
  for (const directory of overrides) {
    const vendor = join(directory, name);
    if (host.look(vendor).type === 'absent') continue;
    found.push(
      diagnostic(file, {
        severity: 'warning',
        code: 'E_DROPIN_OVERRIDES',
        message: `${printable(join(directoryOf(spec), name))} turns ${printable(vendor)} off`,
        line: 1,
        hint: 'give it another name, unless that is meant',
      }),
    );
    // the others are most often the same directory by another name: /lib is /usr/lib
    break;
  }
  return found;
}

function merge(
  spec: DropIn,
  owner: FragmentOwner,
  file: FragmentFile & { readonly target: Bytes },
  record: MergedFragment | undefined,
  host: HostView,
): MergeResult {
  const { target: path, name, content } = file;
  const standing = host.look(path);
  // every receipt is read for this: only when it matters
  const others = (): readonly OthersFragment[] => host.othersIn(path, owner.package);
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
  const writing = (notes: readonly string[] = []): MergeResult => {
    const clashes = spec.clashes?.(file, path, host) ?? [];
    return clashes.length > 0 ? refused(...clashes) : { ...write, notes };
  };
  if (standing.type === 'absent') {
    return writing(record?.created === true ? [`${at(path)} was gone and is written again`] : []);
  }
  const now = standing.type === 'file' ? sha256(standing.content) : undefined;
  if (now === merged.sha256) {
    // brought by another package too: it stays until both are gone
    const created = record?.created ?? others().some((other) => other.merged.created);
    if (record || created) return { ...NOTHING, merged: [{ ...merged, created }] };
    return {
      ...NOTHING,
      merged: [{ ...merged, created: false }],
      notes: [`${at(path)} is there already and says the same: left as it is, also at removal`],
    };
  }
  if (record?.created === true) {
    if (now === record.sha256) return others().length === 0 ? writing() : taken(owner, file, host);
    return {
      ...NOTHING,
      merged: [record],
      notes: [
        `${at(path)} was edited since it was installed: kept as it is` +
          " (delete it and install again to have the package's own)",
      ],
    };
  }
  return taken(owner, file, host);
}

/** Something else is there, or another package has brought what is. */
function taken(
  owner: FragmentOwner,
  { target: path, path: ours }: FragmentFile & { readonly target: Bytes },
  host: HostView,
): MergeResult {
  const { type } = host.look(path);
  const what = type === 'file' ? 'another file' : `a ${type}`;
  const [other] = host.othersIn(path, owner.package);
  const whose = other === undefined ? '' : ` of package ${printable(other.package)}`;
  return refused({
    code: 'E_DROPIN_TAKEN',
    path,
    message: `${at(path)} is ${what}${whose}, not that of package ${printable(owner.package)} (${at(ours)})`,
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
    if (host.othersIn(path, owner.package).length > 0) return NOTHING;
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

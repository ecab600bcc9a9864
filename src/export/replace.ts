/**
 * `export/replace/PATH`: the stock file at PATH becomes a link into the package. What stood there is
 * renamed to a hidden name beside it and comes back at removal, whatever it was: mode, owner and a
 * link's own target are kept because the object itself is.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { basename, components, dirname, isWithin, join, normalize } from '../bytes/path.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import type {
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
} from './fragment.ts';
import { AS_MERGED, at, combined, MISSING, NOTHING, refused, sha256 } from './result.ts';
import { diagnostic } from './strict.ts';

export interface Replacement {
  /** The stock path, as inside the site. */
  readonly path: Bytes;
  /** The target that the file in the package gives, when it is a link itself. */
  readonly link: Bytes | undefined;
}

const NAME = 'replace';

export const replace: FragmentKind<Replacement> = {
  name: NAME,
  layout: 'directory',
  summary: 'PATH: a link into the package in the place of the stock file /PATH',
  parse: (file) => [parse(file)],
  identity: ({ path }) => [path],
  check: () => [],
  merge: ({ owner, files, before, host }) => {
    const wanted = files.map((file) => ({ file, ...parse(file) }));
    const paths = new Set(wanted.map(({ path }) => path));
    return combined([
      ...before.filter(({ path }) => !paths.has(path)).map((record) => remove(record, host)),
      ...wanted.map(({ file, path }) => {
        const record = before.find((each) => each.path === path);
        return merge(owner, file, path, record, host);
      }),
    ]);
  },
  remove: ({ before, host }) => combined(before.map((record) => remove(record, host))),
  standing: ({ path, detail }, _, host) => {
    const now = host.look(path);
    if (now.type === 'absent') return MISSING;
    return now.type === 'link' && now.target === detail?.['target'] ? AS_MERGED : EDITED;
  },
};

const EDITED = { is: 'edited' } as const;

/**
 * Where the link at the stock path points: at the file in `export/replace`, or, when that is a link,
 * at what it names as seen from the package, absolute through `/software/PKG`.
 * @throws DiagnosticError when that is not in the package.
 */
export function replacementTarget(owner: FragmentOwner, file: FragmentFile): Bytes {
  const here = join(owner.directory, b`export/${file.name}`);
  if (file.link === undefined) return here;
  const target = file.link.startsWith('/')
    ? normalize(file.link)
    : resolved(owner, join(dirname(here), file.link));
  if (!isOwn(owner, packageOf(owner, target)) || target === normalize(here)) {
    throw new DiagnosticError([
      diagnostic(file, {
        code: 'E_REPLACE_TARGET',
        message: `the link goes to ${printable(target)}, not to a file of ${printable(owner.package)}`,
        line: 1,
        hint: `it has to name something below ${printable(owner.directory)}`,
      }),
    ]);
  }
  return target;
}

function parse(file: FragmentFile): Replacement {
  const below = slice(file.name, NAME.length + 1);
  const path = b`/${below}`;
  if (below === '' || path !== normalize(path) || components(path).includes(b`..`)) {
    throw new DiagnosticError([
      diagnostic(file, {
        code: 'E_REPLACE_PATH',
        message: `'${printable(file.name)}' names no path`,
        line: 1,
        hint: 'replace/usr/bin/vi is for /usr/bin/vi',
      }),
    ]);
  }
  return { path, link: file.link };
}

function merge(
  owner: FragmentOwner,
  file: FragmentFile,
  path: Bytes,
  record: MergedFragment | undefined,
  host: HostView,
): MergeResult {
  const target = replacementTarget(owner, file);
  const standing = host.look(path);
  const keptAs = join(dirname(path), b`.${basename(path)}.xhier-${owner.package}`);
  const kept = host.look(keptAs).type !== 'absent';
  if (file.link !== undefined && host.read(insideSite(owner, target)).type === 'absent') {
    return refused({
      code: 'E_REPLACE_DANGLING',
      path,
      message: `${at(path)} would become a link to ${printable(target)}, which does not exist`,
      remedy:
        'build the package for this architecture first, or correct the link in export/replace',
    });
  }
  const merged = (created: boolean, displaced: boolean): MergedFragment => ({
    kind: NAME,
    name: file.name,
    path,
    sha256: sha256(target),
    created,
    detail: { target, ...(displaced && { keptAs }) },
  });

  if (standing.type === 'link' && standing.target === target) {
    if (record) return { ...NOTHING, merged: [merged(record.created, wasDisplaced(record))] };
    if (!kept) {
      return {
        ...NOTHING,
        merged: [merged(false, false)],
        notes: [`${at(path)} is that link already: left as it is, also at removal`],
      };
    }
  }
  if (record?.created) {
    const displaced = wasDisplaced(record);
    if (standing.type === 'absent') {
      return {
        ...NOTHING,
        edits: [{ op: 'link', path, target }],
        merged: [merged(true, displaced)],
        notes: [`${at(path)} was gone and is linked again`],
      };
    }
    if (standing.type === 'link' && standing.target === record.detail?.['target']) {
      return {
        ...NOTHING,
        edits: [
          { op: 'remove', path },
          { op: 'link', path, target },
        ],
        merged: [merged(true, displaced)],
      };
    }
    return {
      ...NOTHING,
      merged: [record],
      notes: [`${changedSince(path, standing.type)}: left as it is${keptText(record)}`],
    };
  }

  if (standing.type === 'directory' || standing.type === 'special') {
    return refused({
      code: 'E_REPLACE_TYPE',
      path,
      message: `${at(path)} is ${standing.type === 'special' ? 'no regular file' : 'a directory'}: only files and links are replaced`,
      remedy: 'replace the files in it one by one',
    });
  }
  const other = standing.type === 'link' ? packageOf(owner, standing.target) : undefined;
  if (other !== undefined && !isOwn(owner, other)) {
    return refused({
      code: 'E_REPLACE_TAKEN',
      path,
      message: `${at(path)} is a link into package ${printable(other)} already`,
      remedy: `uninstall ${printable(other)}, or take ${printable(file.name)} out of one of the two`,
    });
  }
  if (kept) {
    return refused({
      code: 'E_REPLACE_KEPT',
      path: keptAs,
      message: `${at(keptAs)}, the name for the original, is there already`,
      remedy: `move it back to ${at(path)} if it is the original, or delete it`,
    });
  }
  if (standing.type === 'absent') {
    return { ...NOTHING, edits: [{ op: 'link', path, target }], merged: [merged(true, false)] };
  }
  return {
    ...NOTHING,
    edits: [{ op: 'displace', path, keptAs, target }],
    merged: [merged(true, true)],
  };
}

function remove(record: MergedFragment, host: HostView): MergeResult {
  const { path } = record;
  // it was there before us
  if (!record.created) return NOTHING;
  const standing = host.look(path);
  const keptAs = record.detail?.['keptAs'] as Bytes | undefined;
  const original = keptAs === undefined ? 'absent' : host.look(keptAs).type;
  const ours = standing.type === 'link' && standing.target === record.detail?.['target'];
  if (!ours && standing.type !== 'absent') {
    return {
      ...NOTHING,
      notes: [`${changedSince(path, standing.type)}: left as it is${keptText(record)}`],
    };
  }
  if (keptAs !== undefined && original !== 'absent') {
    return { ...NOTHING, edits: [{ op: 'restore', path, keptAs }] };
  }
  const notes =
    keptAs === undefined ? [] : [`the original of ${at(path)} is not at ${at(keptAs)} any more`];
  return { ...NOTHING, edits: ours ? [{ op: 'remove', path }] : [], notes };
}

function wasDisplaced(record: MergedFragment): boolean {
  return record.detail?.['keptAs'] !== undefined;
}

function changedSince(path: Bytes, type: string): string {
  const what = type === 'link' ? 'another link' : type === 'special' ? 'no file' : `a ${type}`;
  return `${at(path)} was changed since it was linked (it is ${what} now)`;
}

function keptText(record: MergedFragment): string {
  const keptAs = record.detail?.['keptAs'] as Bytes | undefined;
  return keptAs === undefined ? '' : `; the original is ${at(keptAs)}`;
}

/** The package that an absolute path belongs to: `/software/PKG/…` or `/.software/TYPE/PKG/…`. */
function packageOf(owner: FragmentOwner, path: Bytes): Bytes | undefined {
  const software = dirname(owner.directory);
  const trees = join(dirname(software), b`.software`);
  if (isWithin(software, path)) return components(slice(path, software.length))[0];
  if (isWithin(trees, path)) return components(slice(path, trees.length))[1];
  return undefined;
}

/** Whether a package directory is the owner's: its name, or its name and a version. */
function isOwn(owner: FragmentOwner, directory: Bytes | undefined): boolean {
  if (directory === owner.package) return true;
  return (
    directory?.startsWith(`${owner.package}-`) === true &&
    /[0-9]/.test(directory.charAt(owner.package.length + 1))
  );
}

/** `path`, which carries the site root, as inside the site. */
function insideSite(owner: FragmentOwner, path: Bytes): Bytes {
  const root = dirname(dirname(owner.directory));
  return root === '/' ? path : slice(path, root.length);
}

/** `path` without `..`. `/software` is a link to `/.software/share`, so above it is `/.software`. */
function resolved(owner: FragmentOwner, path: Bytes): Bytes {
  const software = dirname(owner.directory);
  const share = join(dirname(software), b`.software/share`);
  const physical = normalize(join(share, slice(path, software.length)));
  return isWithin(share, physical) ? join(software, slice(physical, share.length)) : physical;
}

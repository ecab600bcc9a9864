/**
 * Links that a file of the site asks for, beside those of packages: the same rules (nothing foreign
 * is touched, directories are real, what is wanted no more goes), with the file as their owner.
 */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import type { Draft, RecordForm } from '../host/draft.ts';
import { readRecord, toJsonText } from '../host/json.ts';
import { dropEmpty, makeRemembered } from '../host/made-directories.ts';
import type { Conflict } from '../host/plan.ts';
import { foreignConflict, obstacleConflict } from './conflict.ts';
import type { FarmResult } from './plan.ts';
import { entrance } from './way.ts';

export interface DatabaseLink {
  /** As inside the site. */
  readonly path: Bytes;
  /** What the link contains. */
  readonly target: Bytes;
}

/** Plans the links of one file: those it wants now instead of those it had. */
export function planDatabase(
  draft: Draft,
  file: Bytes,
  wanted: readonly DatabaseLink[],
): FarmResult {
  const known = draft.record(RECORD, LINKS);
  const had = known.get(file) ?? new Map<Bytes, Bytes>();
  const next = new Map<Bytes, Bytes>();
  const conflicts: Conflict[] = [];
  const notes: string[] = [];
  const paths = new Set(wanted.map(({ path }) => path));
  const left = [...had].filter(([path]) => !paths.has(path));
  for (const [path, target] of left) {
    if (isLink(draft, path, target)) draft.remove(path);
    else if (draft.look(path).type !== 'absent') {
      notes.push(`${printable(path)} is no more what was made of it: it stays`);
    }
  }
  for (const { path, target } of wanted) {
    const conflict = obstacle(draft, file, path) ?? otherFile(known, file, path);
    if (conflict !== undefined) {
      conflicts.push(conflict);
      continue;
    }
    const before = had.get(path);
    const ours = before !== undefined && isLink(draft, path, before);
    if (!ours && !isLink(draft, path, target) && draft.look(path).type !== 'absent') {
      conflicts.push(foreignConflict(draft, wishOf(file, path)));
      continue;
    }
    makeRemembered(draft, dirname(path));
    draft.link(path, target);
    next.set(path, target);
  }
  if (next.size > 0) known.set(file, next);
  else known.delete(file);
  dropEmpty(
    draft,
    left.map(([path]) => dirname(path)),
  );
  return { conflicts, notes };
}

function isLink(draft: Draft, path: Bytes, target: Bytes): boolean {
  const at = draft.look(path);
  return at.type === 'link' && at.target === target;
}

function wishOf(file: Bytes, path: Bytes) {
  return { path, package: file, instead: `take its line out of ${printable(file)}` };
}

function obstacle(draft: Draft, file: Bytes, path: Bytes): Conflict | undefined {
  const blocked = entrance(draft, dirname(path));
  return blocked === undefined ? undefined : obstacleConflict(draft, blocked, wishOf(file, path));
}

function otherFile(known: Links, file: Bytes, path: Bytes): Conflict | undefined {
  const other = [...known].find(([name, links]) => name !== file && links.has(path));
  if (other === undefined) return undefined;
  const [one, two] = [printable(other[0]), printable(file)];
  return {
    code: 'E_LINK_TAKEN',
    path,
    message: `${printable(path)} is a link of ${one} already, and ${two} wants it too`,
    remedy: `take the line out of one of the two`,
  };
}

/** By the file that asked for them: targets by path. */
type Links = Map<Bytes, ReadonlyMap<Bytes, Bytes>>;

const RECORD = b`/.software/local/.admin/links.json`;

interface Form {
  readonly format: 1;
  readonly files: readonly {
    readonly path: Bytes;
    readonly links: readonly DatabaseLink[];
  }[];
}

const LINKS: RecordForm<Links> = {
  parse(content) {
    if (content === undefined) return new Map();
    const { files } = readRecord(RECORD, content) as Form;
    return new Map(
      files.map(({ path, links }) => [
        path,
        new Map(links.map((link) => [link.path, link.target])),
      ]),
    );
  },
  print(known) {
    if (known.size === 0) return undefined;
    const files = [...known].toSorted(byKey).map(([path, links]) => ({
      path,
      links: [...links].toSorted(byKey).map(([at, target]) => ({ path: at, target })),
    }));
    return bytes(`${toJsonText({ format: 1, files } satisfies Form)}\n`);
  },
};

function byKey([one]: readonly [Bytes, unknown], [other]: readonly [Bytes, unknown]): number {
  return one < other ? -1 : 1;
}

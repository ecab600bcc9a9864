/**
 * Merging three ways: what people have changed in a text since stays when our own change of it is
 * taken back. Where both are about the same lines it is a conflict, shown with both sides.
 */
import { diff3Merge } from 'node-diff3';
import { printable, split, type Bytes } from '../bytes/bytes.ts';
import type { Conflict } from './plan.ts';

export interface Edits {
  readonly path: Bytes;
  /** As it is. */
  readonly now: Bytes;
  /** As we left it. */
  readonly was: Bytes;
  /** As it is to be, but for what has been done between `was` and `now`. */
  readonly original: Bytes;
  /** Whether its lines may be shown. */
  readonly shown: boolean;
}

/** The text with people's changes and without ours, or each place where that cannot be. */
export function mergeEdits({ path, now, was, original, shown }: Edits): Bytes | Conflict[] {
  const merged: string[] = [];
  const conflicts: Conflict[] = [];
  const regions = diff3Merge(split(now, '\n'), split(was, '\n'), split(original, '\n'), {
    excludeFalseConflicts: true,
  });
  for (const { ok, conflict } of regions) {
    if (ok !== undefined) merged.push(...ok);
    if (conflict === undefined) continue;
    const both = beside(conflict);
    if (both !== undefined) {
      merged.push(...both);
      continue;
    }
    const line = conflict.aIndex + 1;
    const difference = { from: text(conflict.a), to: text(conflict.b) };
    conflicts.push({
      code: 'E_ROLLBACK_EDITED',
      path,
      line,
      message: `${linesText(line, conflict.a.length)} changed by hand since, where it would be set back${shown ? ' (- as it is, + as it would be)' : ''}`,
      remedy: `save a copy of ${printable(path)}, make the lines what they would be, run xh rollback again, and put back from the copy what you still want`,
      ...(shown && { difference }),
    });
  }
  return conflicts.length === 0 ? (merged.join('\n') as Bytes) : conflicts;
}

/** Lines as they are, as we left them, and as they are to be. */
interface Sides {
  readonly a: readonly string[];
  readonly o: readonly string[];
  readonly b: readonly string[];
}

/** What is right before or after lines of ours is no change of them: `echo … >>/etc/services` is common. */
function beside({ a, o, b }: Sides): readonly string[] | undefined {
  if (o.length === 0) return undefined;
  return inPlaceOf(o, b, a) ?? inPlaceOf(o, a, b);
}

/** `whole` with `lines` in the place of `old`, when it has that as it was, once. */
function inPlaceOf(
  old: readonly string[],
  lines: readonly string[],
  whole: readonly string[],
): readonly string[] | undefined {
  const found = whole.flatMap((_, at) =>
    old.every((line, i) => line === whole[at + i]) ? [at] : [],
  );
  const [at, ...others] = found;
  if (at === undefined || others.length > 0) return undefined;
  return [...whole.slice(0, at), ...lines, ...whole.slice(at + old.length)];
}

function linesText(line: number, count: number): string {
  if (count === 0) return `before line ${line} something was`;
  return count === 1 ? `line ${line} was` : `lines ${line} to ${line + count - 1} were`;
}

function text(lines: readonly string[]): Bytes {
  return lines.map((line) => `${line}\n`).join('') as Bytes;
}

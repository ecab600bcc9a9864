/** Merge results put together: one refusal refuses all edits, and every conflict is kept. */
import { createHash } from 'node:crypto';
import { printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import type { FragmentConflict, MergeResult, Standing } from './fragment.ts';

export const NOTHING: MergeResult = { edits: [], merged: [], conflicts: [], notes: [] };

export const AS_MERGED: Standing = { is: 'as merged' };
export const MISSING: Standing = { is: 'missing' };

/** All `results` as one, in their order; without any edit when one of them has a conflict. */
export function combined(results: readonly MergeResult[]): MergeResult {
  const conflicts = results.flatMap((result) => result.conflicts);
  const none = conflicts.length > 0;
  return {
    edits: none ? [] : results.flatMap((result) => result.edits),
    merged: none ? [] : results.flatMap((result) => result.merged),
    conflicts,
    notes: results.flatMap((result) => result.notes),
  };
}

export function refused(...conflicts: readonly FragmentConflict[]): MergeResult {
  return { ...NOTHING, conflicts };
}

/** `/etc/services:12`, for messages. */
export function at(path: Bytes, line?: number): string {
  return line === undefined ? printable(path) : `${printable(path)}:${line}`;
}

/** SHA-256 of `content`, in hex. */
export function sha256(content: Bytes): string {
  return createHash('sha256').update(toBuffer(content)).digest('hex');
}

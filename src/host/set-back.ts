/**
 * Setting one name back to what it was before some generations: they are undone one after the other,
 * the newest first, and what somebody has done to it since, or between two of them, stays. Texts are
 * merged three ways; what cannot be merged is a conflict.
 */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { sha256 } from '../files/content.ts';
import { XhError } from '../message/error.ts';
import type { Draft, WriteOptions } from './draft.ts';
import { keptContent } from './generations.ts';
import { mergeEdits } from './merge-edits.ts';
import type { NetChange, NetStep } from './net-changes.ts';
import type { Before, Conflict } from './plan.ts';
import { sameState, stateText } from './state.ts';
import type { Host } from './transaction.ts';

/** What a name is meanwhile: a file comes with its content once that is not what a record names. */
type Thing = Before & { readonly content?: Bytes };
type FileState = Extract<Before, { type: 'file' }>;
type File = FileState & { readonly content?: Bytes };

/** Plans what is at a name to be what it was. @returns why that cannot be */
export function setBack(draft: Draft, host: Host, net: NetChange): Conflict[] {
  const { before, after, path, bookkeeping } = net;
  const now = draft.look(path);
  if (after.type === 'directory' && before.type === 'absent') {
    if (now.type === 'directory') draft.removeDir(path);
    return [];
  }
  if (before.type === 'directory') {
    if (now.type === 'absent') draft.makeDir(path);
    return [];
  }
  // nobody but us writes our own records
  const steps: readonly NetStep[] = bookkeeping ? [{ ...net, generation: 0 }] : net.steps;
  let object: Thing = now;
  let later: NetStep | undefined;
  for (const step of steps.toReversed()) {
    const undone = undo(draft, host, { ...net, step }, object);
    if (isConflicts(undone)) {
      return later === undefined ? undone : [changedBetween(path, step, later)];
    }
    object = undone;
    later = step;
  }
  put(draft, host, net, { now, object });
  return [];
}

/** One name and one step of what was done to it. */
interface Undone {
  readonly path: Bytes;
  readonly step: NetStep;
  readonly bookkeeping: boolean;
}

function undo(
  draft: Draft,
  host: Host,
  { path, step, bookkeeping }: Undone,
  now: Thing,
): Thing | Conflict[] {
  const { before, after } = step;
  if (now.type === 'file' && after.type === 'file') {
    if (before.type === 'file') return withoutEdit(draft, host, { path, before, after }, now);
    // what was made goes, and what somebody has put into it does not
    if (before.type === 'absent' && !sameState(now, after) && !bookkeeping) {
      const merged = merge(draft, host, { path, after, original: b`` }, now);
      if (typeof merged !== 'string') return merged;
      return merged === '' ? before : { ...now, content: merged, sha256: sha256(merged) };
    }
  }
  if (sameState(now, before) || sameState(now, after)) return before;
  return [changedSince(path, now, step)];
}

/** A file's content, mode and owner before an edit, with what somebody has changed since. */
export function withoutEdit(
  draft: Draft,
  host: Host,
  edit: { readonly path: Bytes; readonly before: FileState; readonly after: FileState },
  now: File,
): File | Conflict[] {
  const { path, before, after } = edit;
  const { mode = now.mode, uid = now.uid, gid = now.gid } = modeAndOwner(before, after, now);
  const rest = { type: 'file', mode, uid, gid } as const;
  if (sameState(now, after)) return { ...rest, sha256: before.sha256 };
  if (sameState(now, before)) return { ...now, mode, uid, gid };
  const original = keptContent(host.walker, before.sha256);
  const merged = merge(draft, host, { path, after, original }, now);
  if (typeof merged !== 'string') return merged;
  return { ...rest, content: merged, sha256: sha256(merged) };
}

function merge(
  draft: Draft,
  host: Host,
  edit: { readonly path: Bytes; readonly after: FileState; readonly original: Bytes },
  now: File,
): Bytes | Conflict[] {
  const { path, after, original } = edit;
  const content = contentOf(draft, host, path, now);
  return mergeEdits({
    path,
    now: content,
    was: keptContent(host.walker, after.sha256),
    original,
    // what not everybody may read is not shown
    shown: (now.mode & 0o004) !== 0,
  });
}

function contentOf(draft: Draft, host: Host, path: Bytes, object: File): Bytes {
  if (object.content !== undefined) return object.content;
  const standing = draft.read(path)?.content;
  if (standing !== undefined && sha256(standing) === object.sha256) return standing;
  return keptContent(host.walker, object.sha256);
}

/** Plans the name to be what came of it. */
function put(
  draft: Draft,
  host: Host,
  { path, bookkeeping }: NetChange,
  { now, object }: { readonly now: Before; readonly object: Thing },
): void {
  switch (object.type) {
    case 'absent':
      if (now.type !== 'absent') draft.remove(path, { bookkeeping });
      return;
    case 'link':
      if (!sameState(now, object)) draft.link(path, object.target);
      return;
    case 'file': {
      const content = contentOf(draft, host, path, object);
      const options = { mode: object.mode, ...ownerOf(object), bookkeeping };
      if (now.type === 'link') draft.writeOverLink(path, content, options);
      else draft.write(path, content, options);
      return;
    }
    case 'directory':
    case 'special':
      if (sameState(now, object)) return;
      throw new XhError(
        'E_ROLLBACK',
        `${printable(path)} was ${stateText(object)}, which a rollback cannot bring back`,
        { place: { file: path }, remedy: 'go back to a later generation: see xh history' },
      );
  }
}

/** Mode and owner of a file as they were, but for what somebody has changed since. */
function modeAndOwner(before: FileState, after: FileState, now: FileState): WriteOptions {
  // -1: whoever wrote it
  const given = after.uid >= 0 && (now.uid !== after.uid || now.gid !== after.gid);
  return {
    ...(now.mode === after.mode && { mode: before.mode }),
    ...(!given && ownerOf(before)),
  };
}

/** As options of a write; an owner whom no record knows is whoever writes it. */
export function ownerOf({ uid, gid }: FileState): Pick<WriteOptions, 'uid' | 'gid'> {
  return uid >= 0 ? { uid, gid } : {};
}

export function isConflicts(result: Thing | Conflict[]): result is Conflict[] {
  return Array.isArray(result);
}

/** Somebody has made something else of a name, which cannot be merged. */
export function changedSince(path: Bytes, now: Before, step?: NetStep): Conflict {
  const wanted = step === undefined ? '' : ` to ${stateText(step.before)}`;
  const shown = printable(path);
  return {
    code: 'E_ROLLBACK_EDITED',
    path,
    message:
      now.type === 'absent'
        ? `it was removed by hand since, where it would be set back${wanted}`
        : `it is now ${stateText(now)} that was changed by hand since, where it would be set back${wanted}`,
    remedy:
      now.type === 'absent'
        ? `put ${shown} back (xh history shows what it was), then run xh rollback again`
        : `move ${shown} away, or make it what it was (xh history shows that), then run xh rollback again`,
  };
}

/** Somebody changed a name between two generations, which is not there to be seen now. */
function changedBetween(path: Bytes, step: NetStep, later: NetStep): Conflict {
  const first = later.generation - 1;
  return {
    code: 'E_ROLLBACK_EDITED',
    path,
    message: `it was changed by hand between generations ${step.generation} and ${later.generation}, where it would be set back`,
    remedy: `go back in two steps: xh rollback ${first} makes it again what it was then, and what is in the way can be seen`,
  };
}

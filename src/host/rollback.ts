/**
 * Going back to an earlier generation: what the later ones changed is set to what it was. What people
 * edited since stays: texts are merged three ways, and what cannot be merged is a conflict.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  currentGeneration,
  generationNumbers,
  keptContent,
  readGeneration,
  type Generation,
} from './generations.ts';
import { isUnknown, netChanges, type NetPair } from './net-changes.ts';
import { emptyPlan, type Conflict, type Plan } from './plan.ts';
import { changedSince, isConflicts, ownerOf, setBack, withoutEdit } from './set-back.ts';
import { sameState } from './state.ts';
import type { Host } from './transaction.ts';
import { XhError } from '../message/error.ts';

/**
 * The plan that brings the host back to what it was after generation `target` (0: before the first).
 * Without a target: the one before the newest.
 * @throws XhError E_NO_GENERATION, E_NOTHING_TO_ROLL_BACK
 */
export function planRollback(host: Host, target?: number): Plan {
  const current = currentGeneration(host.walker);
  if (current === 0) {
    throw new XhError('E_NOTHING_TO_ROLL_BACK', 'nothing has been changed on this host yet');
  }
  const wanted = target ?? current - 1;
  const undone = generationsAfter(host, wanted);
  const draft = createDraft(host.walker);
  const conflicts: Conflict[] = [];
  const { single, pairs } = netChanges(undone);
  for (const pair of pairs) conflicts.push(...setPairBack(draft, host, pair));
  for (const net of single) conflicts.push(...setBack(draft, host, net));
  const packages = [...new Set(undone.flatMap((generation) => generation.packages))].toSorted();
  return {
    ...emptyPlan('rollback', packages),
    changes: draft.changes(),
    conflicts,
    notes: [
      `generation ${wanted} is restored as a new generation; Install scripts are not run by a rollback`,
    ],
  };
}

/**
 * What was done after generation `wanted`, oldest first; all of it has to be known.
 * @throws XhError E_NO_GENERATION
 */
function generationsAfter({ walker }: Host, wanted: number): Generation[] {
  const numbers = generationNumbers(walker);
  // before the first there is none
  if (wanted !== 0) readGeneration(walker, wanted);
  const undone = numbers
    .filter((number) => number > wanted)
    .map((number) => readGeneration(walker, number));
  const hole = undone.findIndex(({ generation }, i) => generation !== wanted + 1 + i);
  const collected = undone.findLast((each) => each.collected !== undefined);
  if (hole < 0 && collected === undefined) return undone;
  const newest = numbers.at(-1) ?? 0;
  const reached = collected?.generation ?? (undone[hole]?.generation ?? newest) - 1;
  throw new XhError(
    'E_NO_GENERATION',
    collected === undefined
      ? `the record of generation ${wanted + 1 + hole} is missing: nobody knows what has to be set back`
      : `what going back to generation ${wanted} needs was collected (xh gc)`,
    { remedy: `generations ${reached} to ${newest} can be gone back to: see xh history` },
  );
}

/** A path and the name that its original is, or was, kept under. */
function setPairBack(draft: Draft, host: Host, pair: NetPair): Conflict[] {
  const wasKept = pair.kept.before.type !== 'absent';
  const isKept = pair.kept.after.type !== 'absent';
  if (!wasKept && isKept) return bringBack(draft, host, pair);
  if (wasKept && !isKept) return displaceAgain(draft, host, pair);
  const kept = isUnknown(pair.kept.before) ? [] : setBack(draft, host, pair.kept);
  return [...kept, ...setBack(draft, host, pair.link)];
}

/** An original was displaced: it takes the place of our link again, as it was. */
function bringBack(draft: Draft, host: Host, pair: NetPair): Conflict[] {
  const { link, kept } = pair;
  const now = draft.look(link.path);
  const isThere = draft.look(kept.path).type !== 'absent';
  if (!isThere && sameState(now, link.before)) return [];
  if (!sameState(now, link.after)) return [changedSince(link.path, now)];
  if (!isThere) return [lost(link.path, kept.path)];
  if (link.before.type !== 'file') {
    return [...setBack(draft, host, kept), ...setBack(draft, host, link)];
  }
  if (sameState(link.before, kept.after)) {
    draft.restore(link.path, kept.path);
    return [];
  }
  // it had been changed before it was displaced
  const standing = draft.look(kept.path);
  if (kept.after.type !== 'file' || standing.type !== 'file') {
    return [changedSince(kept.path, standing)];
  }
  const edit = { path: kept.path, before: link.before, after: kept.after };
  const original = withoutEdit(draft, host, edit, standing);
  if (isConflicts(original)) return original;
  const content = original.content ?? keptContent(host.walker, original.sha256);
  const options = { mode: original.mode, ...ownerOf(original), like: kept.path };
  draft.writeOverLink(link.path, content, options);
  draft.remove(kept.path);
  return [];
}

/** An original came back: our link takes its place again. */
function displaceAgain(draft: Draft, host: Host, { link, kept }: NetPair): Conflict[] {
  const { path, before, after } = link;
  if (before.type !== 'link') return [changedSince(path, draft.look(path))];
  const now = draft.look(path);
  if (sameState(now, before)) return [];
  const taken = draft.look(kept.path);
  if (taken.type !== 'absent') return [changedSince(kept.path, taken)];
  if (now.type === 'directory' || now.type === 'special') return [changedSince(path, now)];
  const changed = !isUnknown(after) && !sameState(after, kept.before);
  if (now.type === 'absent') draft.link(path, before.target);
  else if (!changed) draft.displace(path, kept.path, before.target);
  else {
    const { before: original } = kept;
    if (original.type !== 'file' || after.type !== 'file' || now.type !== 'file') {
      return [changedSince(path, now)];
    }
    const displaced = withoutEdit(draft, host, { path, before: original, after }, now);
    if (isConflicts(displaced)) return displaced;
    const content = displaced.content ?? keptContent(host.walker, displaced.sha256);
    const options = { mode: displaced.mode, ...ownerOf(displaced), like: path };
    draft.write(kept.path, content, options);
    draft.link(path, before.target);
  }
  return [];
}

function lost(path: Bytes, keptAs: Bytes): Conflict {
  return {
    code: 'E_ROLLBACK_LOST',
    path: keptAs,
    message: `the original of ${printable(path)} is not at ${printable(keptAs)} any more`,
    remedy: `put it back there, or put another file in the place of the link ${printable(path)} and uninstall the package`,
  };
}

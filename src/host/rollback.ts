/**
 * Going back to an earlier generation: what the later ones changed is set to what it was. What people
 * edited since stays: texts are merged three ways, and what cannot be merged is a conflict.
 */
import { mergeDiff3 } from 'node-diff3';
import { bytes, printable, split, type Bytes } from '../bytes/bytes.ts';
import { createDraft, type Draft, type WriteOptions } from './draft.ts';
import {
  currentGeneration,
  generationNumbers,
  keptContent,
  readGeneration,
} from './generations.ts';
import { isUnknown, netChanges, type NetChange, type NetPair } from './net-changes.ts';
import { emptyPlan, type Before, type Conflict, type Plan } from './plan.ts';
import { sameState, stateText } from './state.ts';
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
  if (wanted !== 0) readGeneration(host.walker, wanted);
  const undone = generationNumbers(host.walker)
    .filter((number) => number > wanted)
    .map((number) => readGeneration(host.walker, number));
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
  if (!sameState(link.before, kept.after)) return [inSteps(pair)];
  draft.restore(link.path, kept.path);
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
    const original = asItWas(draft, host, { ...link, before: kept.before }, now);
    if ('code' in original) return [original];
    draft.write(kept.path, original.content, original.options);
    draft.link(path, before.target);
  }
  return [];
}

function setBack(draft: Draft, host: Host, net: NetChange): Conflict[] {
  const now = draft.look(net.path);
  const { before, after, path, bookkeeping } = net;
  if (sameState(now, before)) return [];
  if (after.type === 'directory' && before.type === 'absent') {
    draft.removeDir(path);
    return [];
  }
  if (before.type === 'directory') {
    draft.makeDir(path);
    return [];
  }
  if (before.type === 'file' && now.type !== 'absent') {
    if (now.type === 'link' && sameState(now, after)) {
      const { sha256, mode } = before;
      const options = { mode, ...ownerOf(before), bookkeeping };
      draft.writeOverLink(path, keptContent(host.walker, sha256), options);
      return [];
    }
    const was = asItWas(draft, host, net, now);
    if ('code' in was) return [was];
    draft.write(path, was.content, { ...was.options, bookkeeping });
    return [];
  }
  if (!sameState(now, after)) return [changedSince(path, now)];
  setTo(draft, host, net);
  return [];
}

/** What a file was, with what somebody has done to it since where that does not touch what is set back. */
function asItWas(
  draft: Draft,
  host: Host,
  { path, before, after }: NetChange,
  now: Before,
): { readonly content: Bytes; readonly options: WriteOptions } | Conflict {
  if (before.type !== 'file' || after.type !== 'file' || now.type !== 'file') {
    return changedSince(path, now);
  }
  const options = modeAndOwner(before, after, now);
  const original = keptContent(host.walker, before.sha256);
  if (sameState(now, after)) return { content: original, options };
  const lines = (content: Bytes): string[] => split(content, '\n');
  const merged = mergeDiff3(
    lines(draft.read(path)?.content ?? bytes('')),
    lines(keptContent(host.walker, after.sha256)),
    lines(original),
    { excludeFalseConflicts: true },
  );
  if (!merged.conflict) return { content: merged.result.join('\n') as Bytes, options };
  const line = merged.result.findIndex((text) => text.startsWith('<<<<<<<')) + 1;
  return { ...changedSince(path, now), ...(line > 0 && { line }) };
}

function setTo(draft: Draft, host: Host, net: NetChange): void {
  const { path, before: state, bookkeeping } = net;
  switch (state.type) {
    case 'absent':
      draft.remove(path, { bookkeeping });
      return;
    case 'link':
      draft.link(path, state.target);
      return;
    case 'file':
      draft.write(path, keptContent(host.walker, state.sha256), {
        mode: state.mode,
        ...ownerOf(state),
        bookkeeping,
      });
      return;
    case 'directory':
    case 'special':
      throw new XhError(
        'E_ROLLBACK',
        `${printable(path)} was ${stateText(state)}, which a rollback cannot bring back`,
      );
  }
}

type FileState = Extract<Before, { type: 'file' }>;

/** Mode and owner of a file as they were, but for what somebody has changed since. */
function modeAndOwner(before: FileState, after: FileState, now: FileState): WriteOptions {
  // -1: whoever wrote it
  const given = after.uid >= 0 && (now.uid !== after.uid || now.gid !== after.gid);
  return {
    ...(now.mode === after.mode && { mode: before.mode }),
    ...(!given && ownerOf(before)),
  };
}

function ownerOf({ uid, gid }: FileState): WriteOptions {
  return uid >= 0 ? { uid, gid } : {};
}

/** One name changes once in a plan, and this would be twice. */
function inSteps({ link, generation }: NetPair): Conflict {
  return {
    code: 'E_ROLLBACK_STEPS',
    path: link.path,
    message: `${printable(link.path)} was changed first, and displaced by generation ${generation}`,
    remedy: `go back in two steps: xh rollback ${generation - 1}, then xh rollback with the generation that you want`,
  };
}

function lost(path: Bytes, keptAs: Bytes): Conflict {
  return {
    code: 'E_ROLLBACK_LOST',
    path: keptAs,
    message: `the original of ${printable(path)} is not at ${printable(keptAs)} any more`,
    remedy: `put it back there, or put another file in the place of the link ${printable(path)} and uninstall the package`,
  };
}

function changedSince(path: Bytes, now: Before): Conflict {
  return {
    code: 'E_ROLLBACK_EDITED',
    path,
    message: `${printable(path)} is now ${stateText(now)} that was changed by hand since, where it would be set back`,
    remedy: `put it right by hand (xh history shows what was changed), then run xh rollback again`,
  };
}

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
  type Generation,
  type RecordedChange,
} from './generations.ts';
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
  for (const net of netChanges(undone)) conflicts.push(...setBack(draft, host, net));
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

/** What several generations did to one path together. */
interface NetChange {
  readonly path: Bytes;
  readonly before: Before;
  readonly after: Before;
  /** Set when an original was displaced (`away`) or came back (`back`). */
  readonly displaced?: { readonly way: 'away' | 'back'; readonly keptAs: Bytes };
  readonly bookkeeping: boolean;
}

/** One change a path, newest paths first: the earliest before and the latest after. */
function netChanges(generations: readonly Generation[]): NetChange[] {
  const net = new Map<Bytes, NetChange>();
  for (const change of generations.flatMap((generation) => generation.changes)) {
    const known = net.get(change.path);
    const displaced = displacement(change);
    net.delete(change.path);
    if (displaced !== undefined && known?.displaced !== undefined) continue;
    const kept = displaced ?? known?.displaced;
    net.set(change.path, {
      path: change.path,
      before: known?.before ?? change.before,
      after: change.after,
      bookkeeping: change.bookkeeping === true,
      ...(kept !== undefined && { displaced: kept }),
    });
  }
  return [...net.values()].toReversed();
}

function displacement(change: RecordedChange): NetChange['displaced'] {
  if (change.keptAs === undefined) return undefined;
  if (change.op === 'displace') return { way: 'away', keptAs: change.keptAs };
  if (change.op === 'restore') return { way: 'back', keptAs: change.keptAs };
  return undefined;
}

function setBack(draft: Draft, host: Host, net: NetChange): Conflict[] {
  const now = draft.look(net.path);
  const { before, after, displaced, path } = net;
  if (displaced?.way === 'away') return bringBack(draft, net, displaced.keptAs);
  if (displaced?.way === 'back') return displaceAgain(draft, net, displaced.keptAs);
  if (sameState(now, before)) return [];
  if (after.type === 'directory' && before.type === 'absent') {
    draft.removeDir(path);
    return [];
  }
  if (before.type === 'directory') {
    draft.makeDir(path);
    return [];
  }
  if (!sameState(now, after)) return mergeEdits(draft, host, net, now);
  setTo(draft, host, net, now);
  return [];
}

/** An original was displaced: it takes the place of our link again. */
function bringBack(draft: Draft, { path, before, after }: NetChange, keptAs: Bytes): Conflict[] {
  const now = draft.look(path);
  const kept = draft.look(keptAs).type !== 'absent';
  if (!kept && sameState(now, before)) return [];
  if (!sameState(now, after)) return [changedSince(path, now)];
  if (!kept) return [lost(path, keptAs)];
  draft.restore(path, keptAs);
  return [];
}

/** An original came back: our link takes its place again. */
function displaceAgain(draft: Draft, { path, before }: NetChange, keptAs: Bytes): Conflict[] {
  if (before.type !== 'link') return [];
  const now = draft.look(path);
  const taken = draft.look(keptAs);
  if (sameState(now, before)) return [];
  if (now.type === 'directory' || now.type === 'special') return [changedSince(path, now)];
  if (now.type === 'absent') draft.link(path, before.target);
  else if (taken.type === 'absent') draft.displace(path, keptAs, before.target);
  else return [changedSince(keptAs, taken)];
  return [];
}

/** Somebody edited the file since: his edits are kept where they do not touch what is taken back. */
function mergeEdits(draft: Draft, host: Host, net: NetChange, now: Before): Conflict[] {
  const { before, after, path } = net;
  if (now.type !== 'file' || before.type !== 'file' || after.type !== 'file') {
    return [changedSince(path, now)];
  }
  const lines = (content: Bytes): string[] => split(content, '\n');
  const merged = mergeDiff3(
    lines(draft.read(path)?.content ?? bytes('')),
    lines(keptContent(host.walker, after.sha256)),
    lines(keptContent(host.walker, before.sha256)),
    { excludeFalseConflicts: true },
  );
  if (merged.conflict) {
    const line = merged.result.findIndex((text) => text.startsWith('<<<<<<<')) + 1;
    return [{ ...changedSince(path, now), ...(line > 0 && { line }) }];
  }
  draft.write(path, merged.result.join('\n') as Bytes);
  return [];
}

function setTo(draft: Draft, host: Host, net: NetChange, now: Before): void {
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
        ...modeAndOwner(state, net.after, now),
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

/** Mode and owner of a file as they were, but for what somebody has changed since. */
function modeAndOwner(
  before: Extract<Before, { type: 'file' }>,
  after: Before,
  now: Before,
): WriteOptions {
  const { mode, uid, gid } = before;
  const owner = uid >= 0 ? { uid, gid } : {};
  if (now.type !== 'file' || after.type !== 'file') return { mode, ...owner };
  // -1: whoever wrote it
  const ownedSince = after.uid >= 0 && (now.uid !== after.uid || now.gid !== after.gid);
  return { ...(now.mode === after.mode && { mode }), ...(!ownedSince && owner) };
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

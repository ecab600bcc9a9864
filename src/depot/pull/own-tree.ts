/** Trees that are a host's own (logs, spool): of what is published only directories come, and those that are there stay. */
import { b, type Bytes } from '../../bytes/bytes.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import type { TreeEntry } from '../../distribute/store/tree.ts';
import type { Draft } from '../../host/draft.ts';

/** Plans the directories that are missing. @param path where the tree stands */
export function planOwnTree(
  draft: Draft,
  path: Bytes,
  root: Hash,
  listings: ReadonlyMap<Hash, readonly TreeEntry[]>,
): void {
  for (const entry of listings.get(root) ?? []) {
    if (entry.type !== 'd') continue;
    const at = entry.name === '.' ? path : b`${path}/${entry.name}`;
    if (draft.look(at).type === 'absent') draft.makeDir(at);
    if (draft.look(at).type === 'directory') planOwnTree(draft, at, entry.tree, listings);
  }
}

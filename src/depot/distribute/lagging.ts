/**
 * Architectures that a package leaves behind: those of hosts that are to get it for which it has no
 * files, or files older than the ones that all share. The 1991 tree complained of the same.
 */
import { compareBytes, split, type Bytes } from '../../bytes/bytes.ts';
import type { ScannedTree } from '../../distribute/publish/scan.ts';
import { parseTree } from '../../distribute/store/tree.ts';
import { baseArchitecture } from '../../site/arch.ts';
import { ARCH, SHARE } from '../../site/file-types.ts';
import type { OfferedPackage } from './offer.ts';

export interface Lag {
  readonly package: Bytes;
  readonly architecture: Bytes;
  readonly is: 'missing' | 'older';
  /** Seconds by which the newest file is older than the newest shared one. */
  readonly seconds?: number;
}

/** @param architectures those of the hosts that are to get the package, without levels */
export function lagsOf(offered: OfferedPackage, architectures: Iterable<Bytes>): Lag[] {
  const { directory, held } = offered;
  const trees = [...held.trees].flatMap(([name, tree]) => {
    const [type, architecture] = split(name, '/');
    return type === ARCH && architecture !== undefined ? [{ architecture, tree }] : [];
  });
  // all of it is shared
  if (trees.length === 0) return [];
  const there = new Set(trees.map(({ architecture }) => baseArchitecture(architecture)));
  const missing = [...new Set([...architectures].map(baseArchitecture))]
    .filter((architecture) => !there.has(architecture))
    .toSorted(compareBytes)
    .map((architecture): Lag => ({ package: directory, architecture, is: 'missing' }));
  const share = held.trees.get(SHARE);
  const shared = share === undefined ? undefined : newestIn(share);
  if (shared === undefined) return missing;
  const older = trees.flatMap(({ architecture, tree }): Lag[] => {
    const newest = newestIn(tree);
    const seconds = newest === undefined ? 0 : shared - newest;
    return seconds <= GRACE ? [] : [{ package: directory, architecture, is: 'older', seconds }];
  });
  return [...missing, ...older];
}

/** When the newest file was written, but for what is in `.admin`: seconds since the epoch. */
function newestIn({ root, trees }: ScannedTree): number | undefined {
  const times: number[] = [];
  const [top] = parseTree(trees.get(root) ?? ('' as Bytes));
  const below = top?.type === 'd' ? trees.get(top.tree) : undefined;
  const pending = below === undefined ? [] : [{ text: below, isTop: true }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of parseTree(next.text)) {
      if (next.isTop && entry.name === '.admin') continue;
      if (entry.type === 'f') times.push(entry.mtime.seconds);
      const text = entry.type === 'd' ? trees.get(entry.tree) : undefined;
      if (text !== undefined) pending.push({ text, isTop: false });
    }
  }
  return times.length === 0 ? undefined : times.reduce((one, other) => Math.max(one, other));
}

/** Seconds: one build takes its time. */
const GRACE = 3600;

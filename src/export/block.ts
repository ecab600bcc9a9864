/**
 * The engine of every kind whose fragment becomes a marked block in a text file made of entries:
 * what to write at install and at every later install, and how to take out exactly that again.
 */
import { mergeBlock } from './block-merge.ts';
import { removeBlock } from './block-remove.ts';
import { blockStanding } from './block-standing.ts';
import type { BlockSpec, LineEntry } from './block-spec.ts';
import type { FragmentKind } from './fragment.ts';
import { combined } from './result.ts';

/** The kind that `spec` describes: one file `export/NAME`, one block in one system file. */
export function blockKind<Entry extends LineEntry>(spec: BlockSpec<Entry>): FragmentKind<Entry> {
  return {
    name: spec.name,
    layout: 'file',
    summary: spec.summary,
    parse: (file) => spec.parse(file),
    identity: (entry) => spec.identity(entry),
    check: (file, entries, host) => spec.check?.(file, entries, host) ?? [],
    merge: ({ owner, files, before, host }) => {
      const file = files[0];
      const entries = file === undefined ? [] : spec.parse(file);
      const target = file === undefined ? undefined : spec.target(owner, entries);
      // the fragment is no longer there, or goes to another file now
      const removals = before
        .filter(({ path }) => path !== target?.path)
        .map((record) => removeBlock(spec, owner, record, host));
      if (file === undefined || target === undefined) return combined(removals);
      const record = before.find(({ path }) => path === target.path);
      const merged = mergeBlock(spec, { owner, file, entries, target, record, host });
      return combined([...removals, merged]);
    },
    remove: ({ owner, before, host }) =>
      combined(before.map((record) => removeBlock(spec, owner, record, host))),
    standing: (record, owner, host) => blockStanding(spec.comment, owner, record, host),
  };
}

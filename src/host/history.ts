/** Asking the history: what was done to one file, and what a file had in it, as far as that is known. */
import { slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin, normalize } from '../bytes/path.ts';
import { FileError } from '../files/error.ts';
import type { Walker } from '../files/walk.ts';
import { EXIT } from '../message/error.ts';
import { contentIfKept, type Generation, type RecordedChange } from './generations.ts';
import type { Before } from './plan.ts';
import type { Host } from './transaction.ts';

/** A path as people say it, and as the records have it: links on the way, and at its end, followed. */
export type HistoryPlace = readonly Bytes[];

/** A path of the site, given as inside it or as from outside. */
export function placeInHistory({ site, walker }: Host, path: Bytes): HistoryPlace {
  const { root } = site;
  const given = normalize(path);
  const inside =
    root !== '/' && given !== root && isWithin(root, given) ? slice(given, root.length) : given;
  const real = walker.tryLocate(inside, { follow: true })?.path;
  return real === undefined ? [inside] : [inside, real];
}

/** What a generation did there: to the file, or below the directory. */
export function changesAt({ changes }: Generation, place: HistoryPlace): readonly RecordedChange[] {
  return changes.filter(({ path, keptAs }) =>
    place.some((at) => isWithin(at, path) || (keptAs !== undefined && isWithin(at, keptAs))),
  );
}

/** Why nobody, or not whoever asks, is told what a file had in it. */
export type Untold = 'collected' | 'not permitted' | 'no file';

/** What a file had in it; nothing where there was none. */
export function contentOf(
  walker: Walker,
  state: Before,
): { readonly content: Bytes } | { readonly untold: Untold } {
  if (state.type === 'absent') return { content: '' as Bytes };
  if (state.type !== 'file') return { untold: 'no file' };
  try {
    const content = contentIfKept(walker, state.sha256);
    return content === undefined ? { untold: 'collected' } : { content };
  } catch (error) {
    // kept contents are their owner's: some are of files that not everybody may read
    if (!(error instanceof FileError) || error.exit !== EXIT.notPermitted) throw error;
    return { untold: 'not permitted' };
  }
}

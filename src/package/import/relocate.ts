/**
 * Whether software can live at another place than the one that it was built for, and how: every file
 * that names the old place is looked at, and what can safely be changed is, when that is asked for.
 * Texts and interpreters are rewritten; a library path is, where the new text is no longer than the
 * old one; what is compiled in cannot be. Pure.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { mentions } from './old-place.ts';
import { isElf, relocateElf } from './relocate-elf.ts';
import { isSbang, relocateText } from './relocate-text.ts';
import type { Relocated, RelocationPlan } from './relocation.ts';

/** Notes of installers about what they did, and of Python about its sources: nothing depends on them. */
const RECORDS = /^(?:\.spack|easybuild|conda-meta)(?:\/|$)|\.py[co]$/;

/** What a file says of the old place, and its content without that, as far as it can be had. */
export function relocate(
  path: Bytes,
  content: Buffer,
  mode: number,
  plan: RelocationPlan,
): Relocated {
  const count = mentions(content, plan.origin);
  const isRecord = RECORDS.test(path);
  if (isRecord) return { findings: count === 0 ? [] : [{ path, kind: 'record', count }] };
  if (isElf(content)) return relocateElf(path, content, mode, count, plan);
  // a file that sbang runs is mended even where nothing names the old place but sbang's own
  const isText = !content.includes(0);
  const isNear = plan.neighbours.some(({ origin }) => mentions(content, origin) > 0);
  if (isText && (count > 0 || isNear || isSbang(content))) {
    return relocateText(path, content, mode, count, plan);
  }
  return { findings: count === 0 ? [] : [{ path, kind: 'compiled', count }] };
}

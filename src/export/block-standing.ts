/** What has become of a package's block in a system file. */
import type { Bytes } from '../bytes/bytes.ts';
import { blockHash, openBlockText, textsOf } from './block-text.ts';
import type { FragmentOwner, HostView, MergedFragment, Standing } from './fragment.ts';
import { AS_MERGED, MISSING } from './result.ts';

/** Of a block that `record` says was written; one without lines was none. */
export function blockStanding(
  comment: Bytes,
  owner: FragmentOwner,
  record: MergedFragment,
  host: HostView,
): Standing {
  if (record.lines?.length === 0) return AS_MERGED;
  const standing = openBlockText(record.path, comment, host);
  if ('conflicts' in standing) {
    const [first] = standing.conflicts;
    const line = first?.line === undefined ? {} : { line: first.line };
    return { is: 'edited', ...line, ...(first && { why: first.message }) };
  }
  const mine = standing.blocks.find((block) => block.package === owner.package);
  if (mine === undefined) return MISSING;
  const inside = textsOf(standing.lines.slice(mine.begin + 1, mine.end));
  if (blockHash(owner.package, inside, comment) === record.sha256) return AS_MERGED;
  return { is: 'edited', line: mine.begin + 1 };
}

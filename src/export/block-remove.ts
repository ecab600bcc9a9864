/**
 * Taking a package's block out again: our lines go, what we disabled comes back at its place, and
 * whatever people put above, below or inside the block stays.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { BlockSpec, LineEntry } from './block-spec.ts';
import { blockHash, openBlockText, textsOf, withoutHeader, withoutPrefix } from './block-text.ts';
import type { FragmentOwner, HostView, MergedFragment, MergeResult } from './fragment.ts';
import { isBlank, joinLines, type Line } from './lines.ts';
import { disabledPrefix } from './markers.ts';
import { at, NOTHING, refused } from './result.ts';

/** The reverse of a merge, for what `record` says was written. */
export function removeBlock<Entry extends LineEntry>(
  spec: Pick<BlockSpec<Entry>, 'comment' | 'headers' | 'leftover'>,
  owner: FragmentOwner,
  record: MergedFragment,
  host: HostView,
): MergeResult {
  const { path } = record;
  const { comment } = spec;
  const standing = openBlockText(path, comment, host);
  if ('conflicts' in standing) return refused(...standing.conflicts);
  const { lines, blocks, absent } = standing;
  const wrote = record.lines ?? [];
  const block = `the block of ${printable(owner.package)}`;
  if (absent) {
    const notes =
      wrote.length > 0 ? [`${at(path)} is gone, and with it ${block}: nothing to take out`] : [];
    return { ...NOTHING, notes };
  }

  const mine = blocks.find(({ package: holder }) => holder === owner.package);
  const notes: string[] = [];
  let rest: Line[] = [...lines];
  if (mine) {
    const inside = lines.slice(mine.begin + 1, mine.end);
    const untouched = blockHash(owner.package, textsOf(inside), comment) === record.sha256;
    const kept = untouched ? [] : notOurs(inside, wrote);
    rest.splice(mine.begin, mine.end - mine.begin + 1, ...kept);
    for (const { text } of kept) {
      if (isBlank(text)) continue;
      notes.push(`${at(path)}: '${printable(text)}' was added or edited inside ${block}: kept`);
    }
  } else if (wrote.length > 0) {
    notes.push(`${at(path)}: ${block} is not there any more`);
    const texts = new Set(wrote.filter((text) => !isBlank(text) && !text.startsWith(comment)));
    for (const [index, { text }] of lines.entries()) {
      if (!texts.has(text)) continue;
      notes.push(`${at(path, index + 1)}: '${printable(text)}' stands outside any block: kept`);
    }
  }
  const prefix = disabledPrefix(owner.package, comment);
  rest = rest.map((line) => ({ ...line, text: withoutPrefix(line.text, prefix) ?? line.text }));

  let made = record.created;
  const lastPackage = blocks.every(({ package: holder }) => holder === owner.package);
  if (lastPackage) {
    const stripped = withoutHeader(spec, rest);
    rest = [...stripped.lines];
    made ||= stripped.made;
  }
  const content = joinLines(rest);
  if (lastPackage && made && (content === '' || spec.leftover?.(textsOf(rest)) === true)) {
    return { ...NOTHING, edits: [{ op: 'remove', path }], notes };
  }
  const edits = content === standing.text ? [] : [{ op: 'write', path, content } as const];
  return { ...NOTHING, edits, notes };
}

/** The lines of a block that we did not write; of a line written once, one goes. */
function notOurs(inside: readonly Line[], wrote: readonly Bytes[]): readonly Line[] {
  const left = new Map<Bytes, number>();
  for (const text of wrote) left.set(text, (left.get(text) ?? 0) + 1);
  return inside.filter(({ text }) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}

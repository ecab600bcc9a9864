/**
 * Writing a package's block: where it goes, what is left out of it, and when the merge leaves
 * everything as it is because somebody has made the block his own.
 */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import type { BlockSpec, BlockTarget, LineEntry } from './block-spec.ts';
import { collide } from './block-collide.ts';
import { blockHash, openBlockText, textsOf, withoutHeader, withoutPrefix } from './block-text.ts';
import type {
  FragmentFile,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
} from './fragment.ts';
import { fragmentLines, joinLines, linesOf, usualLineEnd, type Line } from './lines.ts';
import { beginMarker, disabledPrefix, endMarker, type Block } from './markers.ts';
import { at, NOTHING, refused } from './result.ts';

export interface BlockMerge<Entry> {
  readonly owner: FragmentOwner;
  readonly file: FragmentFile;
  readonly entries: readonly Entry[];
  readonly target: BlockTarget;
  /** What the last install wrote there. */
  readonly record: MergedFragment | undefined;
  readonly host: HostView;
}

/**
 * What makes the block of `owner` say what the fragment says.
 *
 * An unedited block is replaced in place; an edited one (its hash is not the receipt's) is kept; one
 * that is gone, because a vendor's update replaced the file, is written again. A new block goes to
 * the end, but before a last line without newline, which so stays the last and unchanged.
 */
export function mergeBlock<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  { owner, file, entries, target, record, host }: BlockMerge<Entry>,
): MergeResult {
  const { path } = target;
  const { comment } = spec;
  const standing = openBlockText(path, comment, host);
  if ('conflicts' in standing) return refused(...standing.conflicts);
  const { lines, blocks, absent } = standing;
  const mine = blocks.find((block) => block.package === owner.package);
  const inside = mine === undefined ? [] : textsOf(lines.slice(mine.begin + 1, mine.end));

  if (mine && record && blockHash(owner.package, inside, comment) !== record.sha256) {
    const place = `${at(path, mine.begin + 1)}: the block of ${printable(owner.package)}`;
    return {
      ...NOTHING,
      merged: [record],
      notes: [
        `${place} was edited since it was installed: kept as it is` +
          ' (delete the block and install again to have the package’s own)',
      ],
    };
  }

  // what we disabled is looked at as the entry that it was, and disabled again if it still collides
  const prefix = disabledPrefix(owner.package, comment);
  const disabledBefore = new Set<number>();
  const bare = lines.map((line, index) => {
    const text = withoutPrefix(line.text, prefix);
    if (text === undefined) return line;
    disabledBefore.add(index);
    return { ...line, text };
  });
  const texts = textsOf(bare);
  const place = mine?.begin ?? newPlace(spec, bare, blocks);
  const byLine = new Map(entries.map((entry) => [entry.line, entry]));
  const rendered = fragmentLines(file.content).map(
    (text, index) => spec.render?.(text, byLine.get(index + 1), owner, target) ?? text,
  );
  const found = collide(spec, {
    owner,
    file,
    entries: entries.map((entry) => spec.inContext?.(entry, texts.slice(0, place)) ?? entry),
    rendered,
    target,
    texts,
    blocks,
    held: new Set(inside),
    disabledBefore,
    host,
  });

  const wanted = found.leftOut.size === entries.length ? [] : without(rendered, found.leftOut);
  if (mine && !record && !sameTexts(inside, wanted)) {
    const line = mine.begin + 1;
    return refused(...found.conflicts, {
      code: 'E_FRAGMENT_BLOCK',
      path,
      line,
      message: `${at(path, line)}: a block of ${printable(owner.package)} that no install on this host wrote`,
      remedy: 'delete it, with its BEGIN and END lines, and install again',
    });
  }

  const out: Line[] = bare.map((line, index) =>
    found.disable.has(index) ? { ...line, text: b`${prefix}${line.text}` } : line,
  );
  const end = spec.lineEnd === 'lf' ? '\n' : usualLineEnd(lines);
  const block =
    wanted.length === 0
      ? []
      : linesOf(
          [beginMarker(owner.package, comment), ...wanted, endMarker(owner.package, comment)],
          end,
        );
  if (mine === undefined) {
    const above = absent ? undefined : texts.slice(0, place);
    out.splice(place, 0, ...block);
    const header = block.length > 0 && spec.headers.find(({ needed }) => needed(above));
    if (header) out.unshift(...linesOf(header.lines, end));
  } else if (!sameTexts(inside, wanted)) {
    const last = block.at(-1);
    // an END marker that was the last line without newline stays so
    if (last) block[block.length - 1] = { ...last, end: lines[mine.end]?.end ?? end };
    out.splice(mine.begin, mine.end - mine.begin + 1, ...block);
  }

  const content = joinLines(out);
  const changed = content !== standing.text;
  const objections = changed ? (spec.objections?.(owner, target, standing.text, host) ?? []) : [];
  const conflicts = [
    ...found.conflicts,
    ...objections.map((objection) => ({ ...objection, path })),
  ];
  if (conflicts.length > 0) return { ...refused(...conflicts), notes: found.notes };

  const gone = mine === undefined && block.length > 0 && (record?.lines?.length ?? 0) > 0;
  return {
    edits: changed
      ? [
          {
            op: 'write',
            path,
            content,
            ...(absent && { mode: target.mode }),
            ...(absent && target.account !== undefined && { account: target.account }),
          },
        ]
      : [],
    merged: [
      {
        kind: spec.name,
        name: file.name,
        path,
        sha256: blockHash(owner.package, wanted, comment),
        created:
          (absent && block.length > 0) ||
          record?.created === true ||
          withoutHeader(spec, lines).made,
        lines: wanted,
      },
    ],
    conflicts: [],
    notes: gone
      ? [
          `${at(path)}: the block of ${printable(owner.package)} was gone and is written again` +
            ' (to do without it, leave its BEGIN and END lines with nothing between)',
          ...found.notes,
        ]
      : found.notes,
  };
}

/** Where a new block goes: the end, but whole entries, other blocks and the last line stay whole. */
function newPlace<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  lines: readonly Line[],
  blocks: readonly Block[],
): number {
  let place = lines.at(-1)?.end === '' ? lines.length - 1 : lines.length;
  for (;;) {
    const around = blocks.find(({ begin, end }) => begin < place && place <= end);
    const next = lines[place];
    if (around) place = around.begin;
    else if (place > 0 && next && spec.continues?.(next.text) === true) place--;
    else return place;
  }
}

/** `rendered` without the lines of `leftOut`. */
function without(rendered: readonly Bytes[], leftOut: ReadonlySet<LineEntry>): readonly Bytes[] {
  const gone = new Set<number>();
  for (const { line, span } of leftOut) {
    for (let offset = 0; offset < span; offset++) gone.add(line - 1 + offset);
  }
  return rendered.filter((_, index) => !gone.has(index));
}

function sameTexts(a: readonly Bytes[], c: readonly Bytes[]): boolean {
  return a.length === c.length && a.every((text, index) => text === c[index]);
}

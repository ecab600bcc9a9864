/**
 * Writing a package's block: where it goes, what is left out of it, and when the merge leaves
 * everything as it is because somebody has made the block his own.
 */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { collide, type Collisions } from './block-collide.ts';
import type { BlockSpec, BlockTarget, LineEntry } from './block-spec.ts';
import {
  blockHash,
  openBlockText,
  textsOf,
  withoutHeader,
  withoutPrefix,
  type OpenText,
} from './block-text.ts';
import type {
  FragmentConflict,
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
  input: BlockMerge<Entry>,
): MergeResult {
  const { owner, target, record, host } = input;
  const standing = openBlockText(target.path, spec.comment, host);
  if ('conflicts' in standing) return refused(...standing.conflicts);
  const mine = standing.blocks.find((block) => block.package === owner.package);
  const inside = mine === undefined ? [] : textsOf(standing.lines.slice(mine.begin + 1, mine.end));
  if (mine && record && blockHash(owner.package, inside, spec.comment) !== record.sha256) {
    return keptAsEdited(owner, mine, record);
  }

  const { bare, disabledBefore } = withoutDisabling(
    standing.lines,
    disabledPrefix(owner.package, spec.comment),
  );
  const texts = textsOf(bare);
  const place = mine?.begin ?? newPlace(spec, bare, standing.blocks);
  const rendered = renderedLines(spec, input);
  const inContext = spec.inContext?.(texts.slice(0, place));
  const found = collide(spec, {
    ...input,
    entries: inContext ? input.entries.map(inContext) : input.entries,
    rendered,
    texts,
    blocks: standing.blocks,
    held: new Set(inside),
    disabledBefore,
  });
  const wanted =
    found.leftOut.size === input.entries.length ? [] : without(rendered, found.leftOut);
  const content = written(spec, input, { standing, bare, mine, place, wanted, found });
  const changed = content !== standing.text;

  const conflicts = [...found.conflicts];
  if (mine && !record && !sameTexts(inside, wanted))
    conflicts.push(unknownBlock(owner, target, mine));
  if (changed) {
    const objections = spec.objections?.(owner, target, standing.text, host) ?? [];
    conflicts.push(...objections.map((objection) => ({ ...objection, path: target.path })));
  }
  if (conflicts.length > 0) return { ...refused(...conflicts), notes: found.notes };

  const made = standing.absent ? wanted.length > 0 : withoutHeader(spec, standing.lines).made;
  const wasGone = mine === undefined && wanted.length > 0 && (record?.lines?.length ?? 0) > 0;
  return {
    ...NOTHING,
    edits: changed
      ? [
          {
            op: 'write',
            path: target.path,
            content,
            ...(standing.absent && { mode: target.mode }),
            ...(standing.absent && target.account !== undefined && { account: target.account }),
          },
        ]
      : [],
    merged: [
      {
        kind: spec.name,
        name: input.file.name,
        path: target.path,
        sha256: blockHash(owner.package, wanted, spec.comment),
        created: made || record?.created === true,
        lines: wanted,
      },
    ],
    notes: [...(wasGone ? [writtenAgain(owner, target)] : []), ...found.notes],
  };
}

/** The file's lines with what we disabled as the entries they were: they are judged anew. */
function withoutDisabling(
  lines: readonly Line[],
  prefix: Bytes,
): { readonly bare: readonly Line[]; readonly disabledBefore: ReadonlySet<number> } {
  const disabledBefore = new Set<number>();
  const bare = lines.map((line, index) => {
    const text = withoutPrefix(line.text, prefix);
    if (text === undefined) return line;
    disabledBefore.add(index);
    return { ...line, text };
  });
  return { bare, disabledBefore };
}

/** Where a new block goes: the end, but whole entries, other blocks and the last line stay whole. */
function newPlace<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  lines: readonly Line[],
  blocks: readonly Block[],
): number {
  const last = lines.at(-1)?.end === '' ? lines.length - 1 : lines.length;
  let place = spec.place?.(textsOf(lines)) ?? last;
  for (;;) {
    const around = blocks.find(({ begin, end }) => begin < place && place <= end);
    const next = lines[place];
    if (around) place = around.begin;
    else if (place > 0 && next && spec.continues?.(next.text) === true) place--;
    else return place;
  }
}

/** The fragment's lines as they stand in the block. */
function renderedLines<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  { file, entries, owner, target }: BlockMerge<Entry>,
): readonly Bytes[] {
  const byLine = new Map(entries.map((entry) => [entry.line, entry]));
  const lines = fragmentLines(file.content).map(
    (text, index) => spec.render?.(text, byLine.get(index + 1), owner, target) ?? text,
  );
  return spec.surround?.(lines, owner) ?? lines;
}

/** The file's text with the block as `wanted`, and with what it disables disabled. */
function written<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  { owner, target }: BlockMerge<Entry>,
  {
    standing,
    bare,
    mine,
    place,
    wanted,
    found,
  }: {
    readonly standing: OpenText;
    readonly bare: readonly Line[];
    readonly mine: Block | undefined;
    readonly place: number;
    readonly wanted: readonly Bytes[];
    readonly found: Collisions<Entry>;
  },
): Bytes {
  const { comment } = spec;
  const prefix = disabledPrefix(owner.package, comment);
  const out = bare.map((line, index) =>
    found.disable.has(index) ? { ...line, text: b`${prefix}${line.text}` } : line,
  );
  const end = spec.lineEnd === 'lf' ? '\n' : usualLineEnd(standing.lines);
  const begin = beginMarker(owner.package, comment);
  const block: Line[] =
    wanted.length === 0 ? [] : linesOf([begin, ...wanted, endMarker(owner.package, comment)], end);
  if (mine === undefined) {
    const above = standing.absent ? undefined : textsOf(bare.slice(0, place));
    out.splice(place, 0, ...block);
    const header = spec.headers.find((each) => each.needed(above, target));
    if (header && block.length > 0) out.unshift(...linesOf(header.lines, end));
    return joinLines(out);
  }
  const inside = textsOf(standing.lines.slice(mine.begin + 1, mine.end));
  if (!sameTexts(inside, wanted)) {
    const last = block.pop();
    // an END marker that was the last line without newline stays so
    if (last) block.push({ ...last, end: standing.lines[mine.end]?.end ?? end });
    out.splice(mine.begin, mine.end - mine.begin + 1, ...block);
  }
  return joinLines(out);
}

function keptAsEdited(owner: FragmentOwner, mine: Block, record: MergedFragment): MergeResult {
  const place = at(record.path, mine.begin + 1);
  const note =
    `${place}: the block of ${printable(owner.package)} was edited since it was installed:` +
    " kept as it is (delete the block and install again to have the package's own)";
  return { ...NOTHING, merged: [record], notes: [note] };
}

function unknownBlock(owner: FragmentOwner, { path }: BlockTarget, mine: Block): FragmentConflict {
  const line = mine.begin + 1;
  return {
    code: 'E_FRAGMENT_BLOCK',
    path,
    line,
    message: `${at(path, line)}: a block of ${printable(owner.package)} that no install on this host wrote`,
    remedy: 'delete it, with its BEGIN and END lines, and install again',
  };
}

function writtenAgain(owner: FragmentOwner, { path }: BlockTarget): string {
  return (
    `${at(path)}: the block of ${printable(owner.package)} was gone and is written again` +
    ' (to do without it, leave its BEGIN and END lines with nothing between)'
  );
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

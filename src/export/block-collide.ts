/**
 * What a fragment's entries meet: each other, other packages' entries, and the entries that stand
 * in the file outside every block. Of the last nobody can say whether the vendor or a person put
 * them there, so they are treated alike.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { BlockSpec, BlockTarget, Clash, LineEntry } from './block-spec.ts';
import type { FragmentConflict, FragmentFile, FragmentOwner, HostView } from './fragment.ts';
import { lineAt, withoutTrailingBlanks } from './lines.ts';
import type { Block } from './markers.ts';
import { at } from './result.ts';

export interface Meeting<Entry> {
  readonly owner: FragmentOwner;
  readonly file: FragmentFile;
  readonly entries: readonly Entry[];
  /** The fragment's lines as they would stand in the block. */
  readonly rendered: readonly Bytes[];
  readonly target: BlockTarget;
  /** The system file's lines, without our disabling. */
  readonly texts: readonly Bytes[];
  readonly blocks: readonly Block[];
  /** The lines of our block that stands there unedited. */
  readonly held: ReadonlySet<Bytes>;
  /** Which lines (from 0) we had disabled. */
  readonly disabledBefore: ReadonlySet<number>;
  readonly host: HostView;
}

export interface Collisions<Entry> {
  readonly conflicts: readonly FragmentConflict[];
  readonly notes: readonly string[];
  /** Entries that stand in the file already, word for word in effect. */
  readonly leftOut: ReadonlySet<Entry>;
  /** Lines (from 0) of the system file to disable. */
  readonly disable: ReadonlySet<number>;
}

/**
 * Decides every meeting. An entry that our block holds already is never a reason to refuse or to
 * change something: what collides with it came later, and somebody meant it; that is a note.
 */
export function collide<Entry extends LineEntry>(
  spec: BlockSpec<Entry>,
  meeting: Meeting<Entry>,
): Collisions<Entry> {
  const { owner, file, rendered, target, texts, held, disabledBefore } = meeting;
  const keys = spec.keysOn?.(meeting.host) ?? spec.identity.bind(spec);
  const holders = holdersOf(meeting.blocks);
  const standing = new Index(keys);
  for (const entry of spec.readEntries(texts, target)) {
    if (holders.get(entry.line - 1) !== owner.package) standing.add(entry);
  }
  const conflicts: FragmentConflict[] = [];
  const notes: string[] = [];
  const leftOut = new Set<Entry>();
  const disable = new Set<number>();
  const earlier = new Index(keys);

  const text = (entry: Entry): string =>
    `'${printable(withoutTrailingBlanks(lineAt(texts, entry.line - 1)))}'`;
  const ownText = (entry: Entry): string =>
    `'${printable(withoutTrailingBlanks(lineAt(rendered, entry.line - 1)))}'`;
  const ownPlace = (entry: Entry): string => at(file.path, entry.line);

  for (const ours of meeting.entries) {
    for (const theirs of earlier.meeting(ours)) {
      const clash = spec.clash(ours, theirs, 'fragment');
      if (clash === undefined) continue;
      const { code, message, remedy } = clash.says === 'same' ? TWICE : clash;
      conflicts.push({
        code,
        path: file.path,
        line: ours.line,
        message: `${message}: ${ownText(theirs)} (${ownPlace(theirs)}) and ${ownText(ours)} (${ownPlace(ours)})`,
        remedy,
      });
    }
    earlier.add(ours);

    const isHeld = held.has(lineAt(rendered, ours.line - 1));
    const clashes: { readonly theirs: Entry; readonly clash: OtherClash }[] = [];
    let same: Entry | undefined;
    for (const theirs of standing.meeting(ours)) {
      const holder = holders.get(theirs.line - 1);
      const clash = spec.clash(ours, theirs, holder === undefined ? 'file' : 'package');
      if (clash?.says === 'other') clashes.push({ theirs, clash });
      // what another package says too goes when that package goes: it is no substitute for ours
      else if (clash?.says === 'same' && holder === undefined) same ??= theirs;
    }
    if (same !== undefined && !isHeld) {
      leftOut.add(ours);
      notes.push(
        `${at(target.path, same.line)} already says ${text(same)}: left as it is,` +
          ` ${ownPlace(ours)} is not added`,
      );
      continue;
    }
    for (const { theirs, clash } of clashes) {
      const holder = holders.get(theirs.line - 1);
      const whose = holder === undefined ? '' : ` of package ${printable(holder)}`;
      const place = at(target.path, theirs.line);
      const both = `${clash.message}: ${text(theirs)}${whose} (${place}) and ${ownText(ours)} (${ownPlace(ours)})`;
      if (spec.collision === 'disable' && holder === undefined) {
        if (disabledBefore.has(theirs.line - 1)) addLines(disable, theirs);
        else if (isHeld) notes.push(`${both}; the first is enabled by hand and left so`);
        else {
          addLines(disable, theirs);
          notes.push(`${place}: ${text(theirs)} is disabled for ${printable(owner.package)}`);
        }
      } else if (isHeld) {
        notes.push(both);
      } else {
        const { code, remedy } = clash;
        conflicts.push({ code, path: target.path, line: theirs.line, message: both, remedy });
      }
    }
  }
  return { conflicts, notes, leftOut, disable };
}

type OtherClash = Extract<Clash, { readonly says: 'other' }>;

const TWICE = {
  code: 'E_FRAGMENT_TWICE',
  message: 'the same entry twice',
  remedy: 'delete one of them from the fragment',
};

/** Entries by their keys, so that a large file costs one pass and not one for every entry of ours. */
class Index<Entry extends LineEntry> {
  readonly #byKey = new Map<string, Entry[]>();
  readonly #keys: (entry: Entry) => readonly string[];

  constructor(keys: (entry: Entry) => readonly string[]) {
    this.#keys = keys;
  }

  add(entry: Entry): void {
    for (const key of this.#keys(entry)) {
      const known = this.#byKey.get(key);
      if (known) known.push(entry);
      else this.#byKey.set(key, [entry]);
    }
  }

  /** Every entry with a key in common, once, in the order of the file. */
  meeting(entry: Entry): readonly Entry[] {
    const met = new Set(this.#keys(entry).flatMap((key) => this.#byKey.get(key) ?? []));
    return [...met].toSorted((a, c) => a.line - c.line);
  }
}

function holdersOf(blocks: readonly Block[]): ReadonlyMap<number, Bytes> {
  const holders = new Map<number, Bytes>();
  for (const { package: holder, begin, end } of blocks) {
    for (let index = begin; index <= end; index++) holders.set(index, holder);
  }
  return holders;
}

function addLines(lines: Set<number>, { line, span }: LineEntry): void {
  for (let offset = 0; offset < span; offset++) lines.add(line - 1 + offset);
}

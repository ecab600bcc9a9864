/** A system file that holds blocks: what stands there, as lines, or why it cannot be edited. */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import type { BlockSpec, LineEntry } from './block-spec.ts';
import type { FragmentConflict, HostView } from './fragment.ts';
import { readLines, type Line } from './lines.ts';
import { beginMarker, endMarker, findBlocks, type Block } from './markers.ts';
import { at, sha256 } from './result.ts';

export interface OpenText {
  readonly absent: boolean;
  readonly text: Bytes;
  readonly lines: readonly Line[];
  readonly blocks: readonly Block[];
}
export type BlockText = OpenText | { readonly conflicts: readonly FragmentConflict[] };

/** What stands at `path`, links followed. An absent file reads as an empty one. */
export function openBlockText(path: Bytes, comment: Bytes, host: HostView): BlockText {
  const object = host.read(path);
  const standing = host.look(path).type;
  if (object.type !== 'file' && !(object.type === 'absent' && standing === 'absent')) {
    const what =
      object.type === 'absent' || object.type === 'link' ? 'a link to nothing' : `a ${object.type}`;
    return {
      conflicts: [
        {
          code: 'E_FRAGMENT_TARGET',
          path,
          message: `${at(path)} is ${what}, not a file with entries`,
          remedy: 'put a file there, or remove it so that one is made',
        },
      ],
    };
  }
  const text = object.type === 'file' ? object.content : b``;
  const lines = readLines(text);
  const { blocks, problems } = findBlocks(textsOf(lines), comment);
  if (problems.length > 0) {
    return {
      conflicts: problems.map(({ line, message }) => ({
        code: 'E_FRAGMENT_MARKERS',
        path,
        line,
        message: `${at(path, line)}: ${message}`,
        remedy: 'restore the pair of BEGIN and END lines, or delete what is left of the block',
      })),
    };
  }
  return { absent: object.type === 'absent', text, lines, blocks };
}

export function textsOf(lines: readonly Line[]): Bytes[] {
  return lines.map(({ text }) => text);
}

/** The hash by which an edited block is told: of the markers and the lines between, ends as LF. */
export function blockHash(owner: Bytes, inside: readonly Bytes[], comment: Bytes): string {
  if (inside.length === 0) return sha256(b``);
  const texts = [beginMarker(owner, comment), ...inside, endMarker(owner, comment)];
  return sha256(texts.map((text) => `${text}\n`).join('') as Bytes);
}

/** `lines` without the header that we put there, wherever it stands now, and which kind it was. */
export function withoutHeader(
  spec: Pick<BlockSpec<LineEntry>, 'headers'>,
  lines: readonly Line[],
): { readonly lines: readonly Line[]; readonly made: boolean } {
  for (const header of spec.headers) {
    const found = new Set<number>();
    for (const [index, { text }] of lines.entries()) {
      if (text === header.lines[found.size]) found.add(index);
    }
    if (found.size < header.lines.length) continue;
    return { lines: lines.filter((_, index) => !found.has(index)), made: header.made };
  }
  return { lines, made: false };
}

/** `text` without `prefix`, or undefined when it does not start with it. */
export function withoutPrefix(text: Bytes, prefix: Bytes): Bytes | undefined {
  return text.startsWith(prefix) ? slice(text, prefix.length) : undefined;
}

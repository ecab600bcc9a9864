/**
 * The lines by which a package's part of a system file is known: `# BEGIN xhier PKG`,
 * `# END xhier PKG` and `#xhier:disabled-by PKG# …`. Markers are whole lines. Whatever does not pair
 * is reported with its line and never guessed at: a guess here deletes somebody's entries.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { withoutTrailingBlanks } from './lines.ts';

/** One package's block: indices (from 0) of its marker lines. */
export interface Block {
  readonly package: Bytes;
  readonly begin: number;
  readonly end: number;
}

export interface MarkerProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Every block of a text, or what is wrong with its markers. `comment` starts a comment there. */
export function findBlocks(
  texts: readonly Bytes[],
  comment: Bytes = b`#`,
): { readonly blocks: readonly Block[]; readonly problems: readonly MarkerProblem[] } {
  const blocks: Block[] = [];
  const problems: MarkerProblem[] = [];
  const seen = new Map<Bytes, number>();
  let open: { readonly package: Bytes; readonly begin: number } | undefined;
  for (const [index, text] of texts.entries()) {
    const problem = (message: string): void => void problems.push({ line: index + 1, message });
    if (hidesMarker(text, comment)) problem('a marker that is disabled: it would come back');
    const marker = markerOf(text, comment);
    if (marker === undefined) continue;
    const name = printable(marker.package);
    if (marker.which === 'BEGIN') {
      const first = seen.get(marker.package);
      if (open !== undefined) {
        problem(`a block of ${name} begins inside ${named(open)}`);
      } else if (first !== undefined) {
        problem(`a second block of ${name}; the first begins in line ${first + 1}`);
      }
      seen.set(marker.package, first ?? index);
      open = { package: marker.package, begin: index };
    } else if (open === undefined) {
      problem(`the end of a block of ${name} that does not begin`);
    } else if (open.package !== marker.package) {
      problem(`the end of a block of ${name} inside ${named(open)}`);
      open = undefined;
    } else {
      blocks.push({ ...open, end: index });
      open = undefined;
    }
  }
  if (open !== undefined) {
    problems.push({ line: open.begin + 1, message: `${named(open)} does not end` });
  }
  return { blocks, problems };
}

/** The line that opens a package's block. @throws XhError when the name cannot stand in a marker. */
export function beginMarker(owner: Bytes, comment: Bytes = b`#`): Bytes {
  return b`${comment} BEGIN xhier ${markable(owner)}`;
}

export function endMarker(owner: Bytes, comment: Bytes = b`#`): Bytes {
  return b`${comment} END xhier ${markable(owner)}`;
}

/** What stands before an entry that a package has disabled; the entry follows byte for byte. */
export function disabledPrefix(owner: Bytes, comment: Bytes = b`#`): Bytes {
  return b`${comment}xhier:disabled-by ${markable(owner)}# `;
}

/** Whether a line of a fragment would be taken for one of ours. */
export function looksLikeMarker(text: Bytes, comment: Bytes = b`#`): boolean {
  return markerOf(text, comment) !== undefined || text.startsWith(b`${comment}xhier:disabled-by `);
}

/** Whether taking a package's disabling away would bring a marker to light. */
function hidesMarker(text: Bytes, comment: Bytes): boolean {
  const start = `${comment}xhier:disabled-by `;
  let rest = text;
  while (rest.startsWith(start)) {
    const cut = rest.indexOf('# ', start.length);
    if (cut < 0) return false;
    rest = slice(rest, cut + 2);
  }
  return rest !== text && markerOf(rest, comment) !== undefined;
}

function markerOf(
  text: Bytes,
  comment: Bytes,
): { readonly which: 'BEGIN' | 'END'; readonly package: Bytes } | undefined {
  for (const which of ['BEGIN', 'END'] as const) {
    const start = `${comment} ${which} xhier `;
    if (!text.startsWith(start)) continue;
    const name = withoutTrailingBlanks(slice(text, start.length));
    if (name !== '' && !/[ \t]/.test(name)) return { which, package: name };
  }
  return undefined;
}

function named(block: { readonly package: Bytes; readonly begin: number }): string {
  return `the block of ${printable(block.package)} (line ${block.begin + 1})`;
}

function markable(owner: Bytes): Bytes {
  // a blank, a control character or '#' would make the marker line mean something else
  if (/^[\x21\x22\x24-\x7e\x80-\xff]+$/.test(owner)) return owner;
  throw new XhError(
    'E_FRAGMENT_PACKAGE',
    `'${printable(owner)}' cannot stand in a marker of a system file`,
    { exit: EXIT.usage, remedy: 'name the package without blanks, control characters and #' },
  );
}

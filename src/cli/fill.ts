/** Text laid out for the width of a terminal: paragraphs filled, columns with hanging indents. */

/** Where a terminal does not say how wide it is. */
const USUAL_WIDTH = 80;
/** Longer lines are hard to read, however wide the window. */
const WIDEST = 100;
const NARROWEST = 40;

/** How wide text for standard output may be. */
export function outputWidth(): number {
  const { isTTY, columns } = process.stdout;
  if (!isTTY || columns === 0) return USUAL_WIDTH;
  return Math.min(WIDEST, Math.max(NARROWEST, columns));
}

/**
 * The paragraphs of `text`, filled. Empty lines divide them; lines that begin with two blanks stand
 * as they are.
 */
export function fill(text: string, width: number, indent = ''): string[] {
  return blocksOf(text).flatMap((block, i) => [
    ...(i === 0 ? [] : ['']),
    ...(block.kind === 'literal'
      ? block.lines.map((line) => indent + line)
      : wrap(block.lines.join(' '), width, indent)),
  ]);
}

/** A part of a text: a paragraph to fill, or lines as they are. */
export interface Block {
  readonly kind: 'paragraph' | 'literal';
  readonly lines: readonly string[];
}

/** The blocks of `text`; empty lines between literal lines are among them. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: { kind: Block['kind']; lines: string[] }[] = [];
  let open = false;
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      open = false;
      continue;
    }
    const kind = line.startsWith('  ') ? 'literal' : 'paragraph';
    const last = blocks.at(-1);
    if (open && last?.kind === kind) last.lines.push(line);
    else blocks.push({ kind, lines: [line] });
    open = true;
  }
  return blocks;
}

/** One paragraph as lines that begin with `indent`, the first one with `first`. */
export function wrap(text: string, width: number, indent = '', first = indent): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ').filter((each) => each !== '')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/**
 * Rows of two columns, the second one filled beside the first. What is too long for the first column
 * has the second one on the next line.
 */
export function twoColumns(
  rows: readonly (readonly [left: string, right: string])[],
  width: number,
): string[] {
  const longest = Math.max(...rows.map(([left]) => (left.length > WIDEST_LEFT ? 0 : left.length)));
  const indent = ' '.repeat(2 + longest + 2);
  return rows.flatMap(([left, right]) =>
    left.length > longest
      ? [`  ${left}`, ...wrap(right, width, indent)]
      : wrap(right, width, indent, `  ${left.padEnd(longest)}  `),
  );
}

const WIDEST_LEFT = 26;

/**
 * Patterns of lines, as a site writes them to say what of its logs is of no interest and what can wait.
 * They are not regular expressions: `*` is any text, `?` any one character, `\` takes the next one as
 * it is. So a line costs at most its length for each pattern, whoever wrote the line.
 */

export interface LinePattern {
  readonly text: string;
  /** Whether the whole line fits. */
  matches(line: string): boolean;
}

/** A pattern longer than this is a mistake. */
export const MAX_PATTERN_LENGTH = 1024;

/** What is wrong with `text` as a pattern of lines, or undefined. */
export function linePatternProblem(text: string): string | undefined {
  if (text === '') return 'the pattern is empty';
  if (text.length > MAX_PATTERN_LENGTH) {
    return `the pattern is longer than ${MAX_PATTERN_LENGTH} characters`;
  }
  const { pieces } = parse(text);
  if (pieces.every((piece) => piece.length === 0)) {
    return 'the pattern fits every line: that would be no report';
  }
  return undefined;
}

/** A pattern, ready to match. */
export function compileLinePattern(text: string): LinePattern {
  const { pieces } = parse(text);
  const [first = [], ...rest] = pieces;
  const last = rest.pop();
  return {
    text,
    matches(line) {
      if (!fits(line, 0, first)) return false;
      if (last === undefined) return line.length === first.length;
      const end = line.length - last.length;
      let at = first.length;
      for (const piece of rest) {
        const found = find(line, at, end, piece);
        if (found < 0) return false;
        at = found + piece.length;
      }
      return at <= end && fits(line, end, last);
    },
  };
}

/** One character, or any one. */
type Unit = string | undefined;
type Piece = readonly Unit[];

/** What stands between the stars. */
function parse(text: string): { readonly pieces: readonly Piece[] } {
  const pieces: Unit[][] = [[]];
  for (let i = 0; i < text.length; i++) {
    const unit = text[i] ?? '';
    const piece = pieces.at(-1) ?? [];
    if (unit === '*') pieces.push([]);
    else if (unit === '?') piece.push(undefined);
    else if (unit === '\\' && i + 1 < text.length) piece.push(text[++i]);
    else piece.push(unit);
  }
  return { pieces };
}

function fits(line: string, at: number, piece: Piece): boolean {
  if (at < 0 || at + piece.length > line.length) return false;
  for (let i = 0; i < piece.length; i++) {
    const unit = piece[i];
    if (unit !== undefined && line[at + i] !== unit) return false;
  }
  return true;
}

/** Where `piece` first stands in `line`, from `from` on and ending before `end`; -1 nowhere. */
function find(line: string, from: number, end: number, piece: Piece): number {
  const [first] = piece;
  for (let at = from; at + piece.length <= end; at++) {
    if (first !== undefined) {
      at = line.indexOf(first, at);
      if (at < 0 || at + piece.length > end) return -1;
    }
    if (fits(line, at, piece)) return at;
  }
  return -1;
}

/**
 * A unified diff of one file, read strictly, and applied without fuzz: every line of context has to
 * be there, though it may have moved up or down as a whole.
 */
import { applyPatch, reversePatch, type StructuredPatch } from 'diff';
import { b, printable, split, type Bytes } from '../bytes/bytes.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import type { FragmentFile } from './fragment.ts';
import { diagnostic, type Finding } from './strict.ts';

export interface Hunk {
  /** Of its `@@` in the patch, from 1. */
  readonly line: number;
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  /** Each with its ` `, `+`, `-` or `\` before it. */
  readonly lines: readonly Bytes[];
}

const HEADER = /^@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@/;
/** What git says of more than lines. */
const MORE_THAN_LINES =
  /^(?:GIT binary patch|Binary files |rename |copy |new file |deleted file |(?:---|\+\+\+) \/dev\/null)/;

/** The hunks of a patch. @throws DiagnosticError with the place of what cannot be read */
export function readPatch(file: FragmentFile): readonly Hunk[] {
  const findings: Finding[] = [];
  const hunks = readHunks(textsOf(file.content), (finding) => void findings.push(finding));
  if (findings.length === 0 && hunks.length === 0) {
    findings.push({
      code: 'E_PATCH_FORM',
      message: 'no changes: this is no unified diff',
      line: 1,
      hint: 'made by: diff -u OLD NEW',
    });
  }
  if (findings.length > 0) {
    throw new DiagnosticError(findings.map((finding) => diagnostic(file, finding)));
  }
  return hunks;
}

/** The hunks in the lines of a patch that was sound when it was read. */
export function hunksIn(texts: readonly Bytes[]): readonly Hunk[] {
  return readHunks(texts, () => undefined);
}

/** The lines of a patch as a receipt keeps them: a carriage return is a part of its line. */
export function textsOf(content: Bytes): Bytes[] {
  const texts = split(content, '\n');
  if (texts.at(-1) === '') texts.pop();
  return texts;
}

/** `text` with the patch, or undefined where it does not apply. */
export function patched(text: Bytes, hunks: readonly Hunk[]): Bytes | undefined {
  return applied(text, structured(hunks));
}

/** `text` as it was before the patch, or undefined where it has it not. */
export function unpatched(text: Bytes, hunks: readonly Hunk[]): Bytes | undefined {
  return applied(text, reversePatch(structured(hunks)));
}

/** The hunks that alone do not apply to `text`. */
export function misfits(text: Bytes, hunks: readonly Hunk[]): readonly Hunk[] {
  return hunks.filter((hunk) => patched(text, [hunk]) === undefined);
}

function applied(text: Bytes, patch: StructuredPatch): Bytes | undefined {
  if (!endsRightly(text, patch)) return undefined;
  const result = applyPatch(text, patch, { fuzzFactor: 0 });
  return result === false ? undefined : (result as Bytes);
}

/** A hunk about the newline at the end of a file fits nowhere else: it would take that of another line. */
function endsRightly(text: Bytes, { hunks }: StructuredPatch): boolean {
  const last = hunks.at(-1)?.lines ?? [];
  if (!last.some((line) => line.startsWith('\\'))) return true;
  const old = last.flatMap((line, index) => {
    if (!/^[ -]/.test(line)) return [];
    return [`${line.slice(1)}${last[index + 1]?.startsWith('\\') === true ? '' : '\n'}`];
  });
  const convert = !last.some((line) => line.endsWith('\r'));
  return (convert ? text.replaceAll('\r\n', '\n') : text).endsWith(old.join(''));
}

function structured(hunks: readonly Hunk[]): StructuredPatch {
  return {
    oldFileName: 'old',
    newFileName: 'new',
    oldHeader: undefined,
    newHeader: undefined,
    hunks: hunks.map((hunk) => ({ ...hunk, lines: [...hunk.lines] })),
  };
}

function readHunks(texts: readonly Bytes[], found: (finding: Finding) => void): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let names = 0;
  let index = 0;
  while (index < texts.length) {
    const text = texts[index] ?? b``;
    const line = index + 1;
    const place = { line, length: Math.max(1, text.length) };
    index++;
    if (text.startsWith('@@')) {
      const [whole, ...numbers] = HEADER.exec(text) ?? [];
      if (whole === undefined) {
        found({
          ...place,
          code: 'E_PATCH_FORM',
          message: 'no head of a hunk',
          hint: '@@ -LINE,COUNT +LINE,COUNT @@',
        });
        return hunks;
      }
      const [oldStart = 0, oldLines = 1, newStart = 0, newLines = 1] = numbers.map((number) =>
        number === undefined ? undefined : Number(number),
      );
      const { lines, whole: isWhole } = readBody(texts, index, { oldLines, newLines });
      index += lines.length;
      if (!isWhole) {
        const bad = texts[index];
        const is = bad === undefined ? 'the end of the patch' : `'${printable(bad)}'`;
        found({
          line: Math.min(index + 1, texts.length),
          length: Math.max(1, (bad ?? texts.at(-1) ?? b``).length),
          code: 'E_PATCH_FORM',
          message: `${is} inside the hunk that begins in line ${line}`,
          hint: `it has to have ${oldLines} old and ${newLines} new lines`,
        });
        return hunks;
      }
      hunks.push({ line, oldStart, oldLines, newStart, newLines, lines });
    } else if (MORE_THAN_LINES.test(text)) {
      found({
        ...place,
        code: 'E_PATCH_MORE',
        message: 'this patch makes, removes or renames a file',
        hint: 'a patch changes lines of one file; export/replace puts another file in its place',
      });
      return hunks;
    } else if (text.startsWith('--- ')) {
      names++;
      if (names > 1) {
        found({
          ...place,
          code: 'E_PATCH_FILES',
          message: 'a second file in one patch',
          hint: 'each file has a patch of its own: export/patches/PATH.patch',
        });
        return hunks;
      }
    }
  }
  return hunks;
}

/** The lines of a hunk from `start` on, and whether they are as many as it has to have. */
function readBody(
  texts: readonly Bytes[],
  start: number,
  { oldLines, newLines }: { readonly oldLines: number; readonly newLines: number },
): { readonly lines: readonly Bytes[]; readonly whole: boolean } {
  const lines: Bytes[] = [];
  let old = 0;
  let fresh = 0;
  for (let index = start; index < texts.length; index++) {
    // mailers and editors take the blank from an empty line of context
    const text = texts[index] === '' ? b` ` : (texts[index] ?? b``);
    const mark = text[0] ?? '';
    const isFull = old === oldLines && fresh === newLines;
    if (isFull ? mark !== '\\' : !' +-\\'.includes(mark)) break;
    if (' -'.includes(mark)) old++;
    if (' +'.includes(mark)) fresh++;
    if (old > oldLines || fresh > newLines) break;
    lines.push(text);
  }
  return { lines, whole: old === oldLines && fresh === newLines };
}

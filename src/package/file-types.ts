/** `.admin/file-types`: which files of the package have which type, `GLOB TYPE` a line. */
import { b, concat, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import { STANDARD_FILE_TYPES, type FileType, type FileTypeRule } from '../site/file-types.ts';
import { globProblem } from '../site/glob.ts';
import { demand, parseAdminFile, printAdminLine, words, type Parsed } from './admin-file.ts';

/**
 * The rules, in order. A glob may hold blanks: the last word of a line is its type.
 *
 * @param types the site's file types
 * @throws DiagnosticError `E_FILE_TYPES`
 */
export function parseFileTypes(
  file: Bytes,
  content: Bytes,
  types: readonly FileType[] = STANDARD_FILE_TYPES,
): readonly FileTypeRule[] {
  return demand(readFileTypes(file, content, types));
}

/** As {@link parseFileTypes}, with the findings instead of an exception. */
export function readFileTypes(
  file: Bytes,
  content: Bytes,
  types: readonly FileType[] = STANDARD_FILE_TYPES,
): Parsed<readonly FileTypeRule[]> {
  const names = types.map(({ name }) => toText(name));
  return parseAdminFile(file, content, (line, report): FileTypeRule | undefined => {
    const all = words(line);
    const last = all.at(-1);
    if (last === undefined) return undefined;
    const beforeLast = all.at(-2);
    if (beforeLast === undefined) {
      report({
        code: 'E_FILE_TYPES',
        message: `expected a type after the pattern: ${names.join(', ')}`,
        at: line.text.length,
        length: 1,
        hint: "write for example 'data/*.db local'",
      });
      return undefined;
    }
    const glob = line.text.slice(0, beforeLast.at + beforeLast.text.length) as Bytes;
    const problem = globProblem(glob);
    if (problem !== undefined) {
      report({ code: 'E_FILE_TYPES', message: problem, at: 0, length: glob.length });
      return undefined;
    }
    if (names.includes(toText(last.text))) return { glob, type: last.text };
    const near = nearest(toText(last.text).toLowerCase(), names);
    report({
      code: 'E_FILE_TYPES',
      message: `unknown file type '${printable(last.text)}'`,
      at: last.at,
      length: last.text.length,
      hint: near === undefined ? `one of ${names.join(', ')}` : `did you mean '${near}'?`,
    });
    return undefined;
  });
}

/** A file that reads back as `rules`. */
export function printFileTypes(rules: readonly FileTypeRule[]): Bytes {
  return concat(...rules.map(({ glob, type }) => printAdminLine(b`${glob} ${type}`)));
}

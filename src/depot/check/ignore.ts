/**
 * `.admin/check-ignore`: findings that the maintainer knows of, `CHECK [GLOB]` a line. Without a glob
 * the check is ignored for the whole package. What no line is needed for any more is told.
 */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { didYouMean } from '../../message/nearest.ts';
import { readAdminFile } from '../../package/admin-content.ts';
import { lineAndColumn, parseAdminFile, words } from '../../package/admin-file.ts';
import { compileGlob, globProblem } from '../../site/glob.ts';
import { ofFile } from './admin.ts';
import type { Found } from './package-check.ts';

const NAME = b`.admin/check-ignore`;

export interface Ignored {
  /** Whether a finding of the check is one that is ignored. */
  readonly ignores: (check: string, path: Bytes) => boolean;
  /** What is wrong in the file, and which lines were of no use. */
  readonly findings: () => readonly Found[];
}

interface Line {
  readonly check: string;
  readonly glob: Bytes | undefined;
  readonly line: number;
  used: boolean;
}

/** Reads the file of the package in `top`. @throws XhError E_ADMIN_READ */
export function readIgnored(top: Bytes, checks: readonly string[]): Ignored {
  const file = join(top, NAME);
  const content = readAdminFile(file);
  if (content === undefined) return { ignores: () => false, findings: () => [] };
  const { value: lines, diagnostics } = parseAdminFile(
    file,
    content,
    (text, report): Line | undefined => {
      const [check, glob, more] = words(text);
      if (check === undefined) return undefined;
      const name = toText(check.text);
      if (!checks.includes(name)) {
        const hint = didYouMean(name, checks) ?? "'xh check --list' names them";
        report({
          code: 'E_CHECK_IGNORE',
          message: `there is no check '${printable(check.text)}'`,
          ...check,
          length: check.text.length,
          hint,
        });
        return undefined;
      }
      const problem = more === undefined ? glob && globProblem(glob.text) : 'expected one pattern';
      if (problem !== undefined) {
        const at = (more ?? glob ?? check).at;
        report({ code: 'E_CHECK_IGNORE', message: problem, at });
        return undefined;
      }
      return { check: name, glob: glob?.text, line: lineAndColumn(text, 0).line, used: false };
    },
  );
  return {
    ignores(check, path) {
      const line = lines.find(
        (each) =>
          each.check === check && (each.glob === undefined || compileGlob(each.glob).matches(path)),
      );
      if (line === undefined) return false;
      line.used = true;
      return true;
    },
    findings: () => [
      ...diagnostics.map((each) => ofFile(NAME, each)),
      ...lines
        .filter(({ used }) => !used)
        .map(({ check, line }): Found => ({
          severity: 'note',
          path: NAME,
          line,
          message: `'${check}' finds nothing there any more`,
          remedy: 'take the line out',
        })),
    ],
  };
}

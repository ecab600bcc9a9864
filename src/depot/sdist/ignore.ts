/**
 * `.admin/sdist-ignore`: what of a package's source is not sent to architecture masters; patterns as in
 * gitignore(5). A pattern without a `/` is for names at any depth, one with a `/` is for paths from the
 * top; one that ends with `/` is for directories; `!` takes back what lines before it said.
 */
import { slice, trim, type Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { compileGlob, globProblem, type Glob } from '../../site/glob.ts';

export interface SdistIgnore {
  /** Whether a path (from the top of the source, without a leading `/`) stays at home. */
  ignores(path: Bytes, isDirectory: boolean): boolean;
}

/** @throws DiagnosticError E_SDIST_IGNORE with every line that is no pattern */
export function parseSdistIgnore(file: Bytes, content: Bytes): SdistIgnore {
  const diagnostics: Diagnostic[] = [];
  const rules = content.split('\n').flatMap((text, index) => {
    const source = text.replace(/\r$/, '') as Bytes;
    const rule = ruleOf(source);
    if (typeof rule !== 'string') return rule === undefined ? [] : [rule];
    diagnostics.push({
      severity: 'error',
      code: 'E_SDIST_IGNORE',
      message: rule,
      file,
      line: index + 1,
      column: 1,
      length: source.length,
      source,
    });
    return [];
  });
  if (diagnostics.length > 0) throw new DiagnosticError(diagnostics.slice(0, MOST_FINDINGS));
  return withRules(rules);
}

/** Nothing stays at home. */
export const IGNORES_NOTHING: SdistIgnore = { ignores: () => false };

interface Rule {
  readonly glob: Glob;
  readonly takesBack: boolean;
  readonly directoriesOnly: boolean;
}

const MOST_FINDINGS = 20;

/** @returns what is wrong, as text; undefined for a line that says nothing */
function ruleOf(line: Bytes): Rule | string | undefined {
  let pattern = trim(line);
  if (pattern === '' || pattern.startsWith('#')) return undefined;
  const takesBack = pattern.startsWith('!');
  if (takesBack) pattern = slice(pattern, 1);
  const directoriesOnly = pattern.endsWith('/');
  if (directoriesOnly) pattern = slice(pattern, 0, -1);
  const anchored = pattern.includes('/');
  if (pattern.startsWith('/')) pattern = slice(pattern, 1);
  const problem = globProblem(pattern);
  if (problem !== undefined) return problem;
  const glob = compileGlob(anchored ? pattern : (`**/${pattern}` as Bytes));
  return { glob, takesBack, directoriesOnly };
}

function withRules(rules: readonly Rule[]): SdistIgnore {
  const known = new Map<Bytes, boolean>();
  const isDirectoryOut = (path: Bytes): boolean => {
    if (path === '.' || path === '/') return false;
    const before = known.get(path);
    if (before !== undefined) return before;
    const out = isOut(path, true);
    known.set(path, out);
    return out;
  };
  // what is in a directory that stays stays with it
  const isOut = (path: Bytes, isDirectory: boolean): boolean => {
    if (isDirectoryOut(dirname(path))) return true;
    const last = rules.findLast(
      ({ glob, directoriesOnly }) => (isDirectory || !directoriesOnly) && glob.matches(path),
    );
    return last !== undefined && !last.takesBack;
  };
  return { ignores: isOut };
}

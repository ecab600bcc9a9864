/**
 * `export/shells` → `/etc/shells`: the programs that may be a login shell. Format: shells(5), as
 * getusershell(3) reads it.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { normalize } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type LineEntry } from './block-spec.ts';
import type { FragmentFile, HostView } from './fragment.ts';
import { readLines, words } from './lines.ts';
import { diagnostic, readStrictly } from './strict.ts';

export interface ShellEntry extends LineEntry {
  readonly path: Bytes;
}

export const SHELLS_PATH = b`/etc/shells`;

export const shells = blockKind<ShellEntry>({
  name: 'shells',
  summary: 'paths of login shells, one a line, for /etc/shells',
  comment: b`#`,
  lineEnd: 'lf',
  collision: 'refuse',
  headers: [MADE_BY_US],
  parse: parseShells,
  identity: ({ path }) => [path],
  check,
  target: () => ({ path: SHELLS_PATH, mode: 0o644 }),
  readEntries: readShells,
  clash: () => ({ says: 'same' }),
});

/** The shells of an `/etc/shells` as the C library sees them. */
export function readShells(texts: readonly Bytes[]): readonly ShellEntry[] {
  return texts.flatMap((text, index) => {
    const path = /^[^#/]*(\/[^ \t\r#]*)/.exec(text)?.[1];
    return path === undefined ? [] : [{ line: index + 1, span: 1, path: path as Bytes }];
  });
}

/** The shells of the host, or undefined when it has no such file. */
export function shellsOf(host: HostView): ReadonlySet<Bytes> | undefined {
  const object = host.read(SHELLS_PATH);
  if (object.type !== 'file') return undefined;
  const texts = readLines(object.content).map(({ text }) => text);
  return new Set(readShells(texts).map(({ path }) => path));
}

function parseShells(file: FragmentFile): readonly ShellEntry[] {
  return readStrictly(file, (lines, found) =>
    lines.flatMap((text, index) => {
      const line = index + 1;
      const cut = text.indexOf('#');
      const [path, more] = words(cut < 0 ? text : slice(text, 0, cut));
      if (path === undefined) return [];
      const place = { line, column: path.column, length: path.text.length };
      if (!path.text.startsWith('/') || path.text !== normalize(path.text)) {
        found({
          ...place,
          code: 'E_SHELLS_PATH',
          message: `'${printable(path.text)}' is no path of a program`,
          hint: 'the full path, such as /software/PKG/bin/SHELL',
        });
      }
      if (more !== undefined) {
        found({
          line,
          column: more.column,
          length: more.text.length,
          code: 'E_SHELLS_FIELDS',
          message: `'${printable(more.text)}' after the path`,
          hint: 'one path a line, without arguments',
        });
      }
      return [{ line, span: 1, path: path.text }];
    }),
  );
}

/** Whoever logs in with a shell that is not there cannot log in to mend it. */
function check(
  file: FragmentFile,
  entries: readonly ShellEntry[],
  host: HostView,
): readonly Diagnostic[] {
  return entries.flatMap(({ line, path }) => {
    const object = host.read(path);
    const executable = object.type === 'file' && (object.mode & 0o111) !== 0;
    if (executable) return [];
    const what =
      object.type === 'absent'
        ? 'does not exist'
        : object.type === 'file'
          ? 'is not executable'
          : 'is no file';
    return [
      diagnostic(file, {
        code: 'E_SHELLS_PROGRAM',
        message: `the shell ${printable(path)} ${what}`,
        line,
        length: path.length,
        hint: object.type === 'file' ? `chmod +x ${printable(path)}` : 'give its full path',
      }),
    ];
  });
}

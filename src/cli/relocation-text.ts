/** In words, whether imported software can live at another place than the one that it was built for. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { RelocatedFile, RelocationReport } from '../package/import/relocation.ts';

/** The conclusion, and a line for every file: those that want a look, and those that are well. */
export function relocationLines(
  report: RelocationReport,
  destination: Bytes,
): {
  readonly conclusion: readonly string[];
  readonly open: readonly string[];
  readonly settled: readonly string[];
} {
  const { origin, files, made } = report;
  const isSettled = (file: RelocatedFile): boolean =>
    file.kind === 'record' || file.kind === 'elsewhere' || (made && isChanged(file));
  return {
    open: files.filter((file) => !isSettled(file)).map((file) => fileText(file, false)),
    settled: files.filter(isSettled).map((file) => fileText(file, made)),
    conclusion: [
      ...conclusionLines(report, printable(origin), printable(destination)),
      ...elsewhere(files),
    ],
  };
}

function conclusionLines(
  { conclusion, made, files }: RelocationReport,
  old: string,
  now: string,
): string[] {
  const what = counts(files);
  const name = /^1 [^,]*$/.test(what) ? 'names' : 'name';
  switch (conclusion) {
    case 'relocatable':
      return [`relocatable: nothing in it names ${old}`];
    case 'after edits':
      return made
        ? [`relocated from ${old}: ${what} changed`]
        : [`relocatable after edits, which --relocate makes: ${what} ${name} ${old}`];
    case 'not relocatable':
      return [
        `not relocatable: ${what} ${name} ${old}${made ? '; what could be changed is' : ''}`,
        `    → keep a link at the old place: ln -s ${now} ${old}`,
      ];
  }
}

/** `3 texts, 1 interpreter, 2 library paths` */
function counts(files: readonly RelocatedFile[]): string {
  const kinds = ['text', 'interpreter', 'library path', 'compiled'] as const;
  return kinds
    .flatMap((kind) => {
      const number = files.filter((file) => file.kind === kind).length;
      if (number === 0) return [];
      if (kind === 'compiled') return [`${number} compiled file${number === 1 ? '' : 's'}`];
      return [`${number} ${kind}${number === 1 ? '' : 's'}`];
    })
    .join(', ');
}

function fileText({ path, kind, count, problem }: RelocatedFile, made: boolean): string {
  const times = count === 1 ? 'once' : `${count} times`;
  const said = {
    text: `a text that names the old place ${times}`,
    interpreter: 'its interpreter is at the old place',
    'library path': 'looks for libraries at the old place',
    compiled: `names the old place ${times}, compiled in`,
    record: 'a note that nothing depends on, left as it is',
    elsewhere:
      problem === undefined
        ? 'names other software, which is a package of the depot'
        : 'looks for libraries of other software',
  }[kind];
  const why = problem === undefined ? '' : `: ${problem}`;
  return `${printable(path)}: ${said}${why}${made && isChanged({ kind, problem }) ? ' (changed)' : ''}`;
}

/** Whether --relocate mends it. */
function isChanged({
  kind,
  problem,
}: Pick<RelocatedFile, 'kind'> & {
  readonly problem?: string | undefined;
}): boolean {
  return problem === undefined && ['text', 'interpreter', 'library path'].includes(kind);
}

/** Directories of other software in which libraries are looked for, each once. */
function elsewhere(files: readonly RelocatedFile[]): string[] {
  const found = files.filter(({ kind, problem }) => kind === 'elsewhere' && problem !== undefined);
  const directories = [...new Set(found.flatMap(({ problem = '' }) => problem.split(', ')))];
  if (directories.length === 0) return [];
  const shown = directories.slice(0, 5).join(', ');
  const more = directories.length > 5 ? ` and ${directories.length - 5} more` : '';
  return [`it looks for libraries in other prefixes, which have to stay: ${shown}${more}`];
}

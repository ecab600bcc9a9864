/**
 * What `make -n install` says it would do, looked through before it is done: a makefile that would
 * write elsewhere than into the stage, into the package itself above all, is refused.
 */
import { printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { basename, isWithin, normalize } from '../bytes/path.ts';
import { EXIT, XhError } from '../message/error.ts';

/** Commands whose arguments are what they write. */
const WRITERS: ReadonlySet<string> = new Set(
  'install ginstall install-sh cp mv ln mkdir mkinstalldirs rm rmdir chmod chown touch tee rsync'.split(
    ' ',
  ),
);
const COPIERS: ReadonlySet<string> = new Set(['install', 'ginstall', 'install-sh', 'cp', 'ln']);

/** Directories that a package's installation has no business in. */
const SYSTEM = [
  '/usr',
  '/etc',
  '/opt',
  '/var',
  '/bin',
  '/sbin',
  '/lib',
  '/boot',
  '/srv',
] as Bytes[];

/** @throws XhError E_MAKE_STAGING (exit 3) with the first lines that would write elsewhere */
export function refuseRehearsal(output: Bytes, stage: Bytes, prefix: Bytes): void {
  const bad = linesElsewhere(output, stage, prefix);
  if (bad.length === 0) return;
  const shown = bad.slice(0, 5).map((line) => `\n    | ${printable(line)}`);
  throw new XhError(
    'E_MAKE_STAGING',
    `the makefile's install would write outside of its stage, so it is not run:${shown.join('')}`,
    {
      exit: EXIT.refused,
      place: { file: stage },
      remedy:
        "give the variable that it takes these paths from ('xh make install NAME=VALUE'), or write an xh-imakefile",
    },
  );
}

/** Lines of commands that write to the package or the system, rather than to the stage. */
export function linesElsewhere(output: Bytes, stage: Bytes, prefix: Bytes): readonly Bytes[] {
  const isElsewhere = (word: Bytes): boolean => {
    const path = normalize(word);
    if (isWithin(stage, path)) return false;
    return isWithin(prefix, path) || SYSTEM.some((directory) => isWithin(directory, path));
  };
  return logicalLines(output).filter((line) =>
    split(line.replace(/["']/g, '').replace(/[;&|()<>]/g, '\n') as Bytes, '\n').some((command) =>
      writtenBy(split(command, ' ').filter((word) => word !== '')).some(isElsewhere),
    ),
  );
}

/** Absolute paths that a command would make; what it copies from may stand anywhere. */
function writtenBy(words: readonly Bytes[]): readonly Bytes[] {
  const at = words.findIndex((word) => WRITERS.has(basename(word)));
  if (at < 0) return [];
  const paths = words.slice(at + 1).filter((word) => word.startsWith('/'));
  const copies = COPIERS.has(basename(words[at] ?? ('' as Bytes)));
  return copies && !words.includes('-d' as Bytes) ? paths.slice(-1) : paths;
}

function logicalLines(output: Bytes): Bytes[] {
  return split(output.replaceAll('\\\n', ' ') as Bytes, '\n').map((line) =>
    line.startsWith('\t') ? slice(line, 1) : line,
  );
}

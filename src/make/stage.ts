/**
 * What an installation has left in its stage: software to be sorted into a package, what it would have
 * put elsewhere on the host, and what is wired into its files.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { b, compareBytes, printable, slice, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { dirname, isWithin, join } from '../bytes/path.ts';
import { about } from '../files/error.ts';
import { EXIT, XhError } from '../message/error.ts';
import { inspectContents } from '../package/import/inspect.ts';
import { layoutImport } from '../package/import/layout.ts';
import type { ImportPlan } from '../package/import/plan.ts';
import { prefix as prefixSource } from '../package/import/prefix.ts';
import { checkSoftware } from '../package/import/refusals.ts';
import { DEFAULT_LIMITS, type ImportEntry } from '../package/import/source.ts';
import type { FileTypeRule } from '../site/file-types.ts';
import type { Build } from './build.ts';
import { placeInPackage } from './gnu-directories.ts';
import { hardWiredIn, type HardWired, type Needle } from './hard-wired.ts';

export interface StagedOptions {
  readonly name: Bytes;
  readonly version?: Bytes;
  /** The package's own rules. */
  readonly fileTypes: readonly FileTypeRule[];
  readonly allowSetId: boolean;
}

export interface Staged {
  readonly software: ImportPlan;
  /** What it installs outside of the package, absolute; it is left out. */
  readonly outside: readonly Bytes[];
  /** Made anew on each host, from the pages of all packages; left out. */
  readonly indexes: readonly Bytes[];
}

/**
 * Reads the stage of a build.
 * @throws XhError E_MAKE_NOTHING (exit 1) when nothing was installed; ImportRefused (exit 3) for what
 *   cannot be in a package
 */
export async function readStage(build: Build, options: StagedOptions): Promise<Staged> {
  const { stage } = build.places;
  const top = join(stage, build.prefix);
  const paths = pathsBelow(stage);
  const inside = paths.filter((path) => isWithin(build.prefix, path));
  const outside = paths.filter((path) => !isWithin(build.prefix, path));
  if (inside.length === 0) throw nothing(build, outside);
  const opened = await prefixSource.open(top, { limits: DEFAULT_LIMITS, origin: build.prefix });
  const isIndex = (path: Bytes): boolean => INDEXES.has(path);
  const indexes = opened.entries.map(({ path }) => path).filter(isIndex);
  const software = {
    ...opened,
    entries: opened.entries
      .filter(({ path }) => !isIndex(path))
      .map((entry) => withoutStage(entry, stage)),
    *contents() {
      for (const content of opened.contents() as Iterable<never>) {
        if (!isIndex((content as { entry: { path: Bytes } }).entry.path)) yield content;
      }
    },
  };
  const checked = checkSoftware(software, { allowOutsideLinks: false });
  const { name, version, fileTypes, allowSetId } = options;
  const plan = layoutImport(checked, await inspectContents(checked), {
    name,
    fileTypes,
    allowSetId,
    ...(version !== undefined && { version }),
  });
  return { software: plan, outside, indexes };
}

/** Absolute links are made with the stage before them: where there is no DESTDIR, and by mistake. */
function withoutStage(entry: ImportEntry, stage: Bytes): ImportEntry {
  if (entry.type !== 'link' || !isWithin(stage, entry.target)) return entry;
  return { ...entry, target: slice(entry.target, stage.length) };
}

/** The index of info pages is every package's: install-info keeps one for the host. */
const INDEXES: ReadonlySet<string> = new Set(['info/dir', 'share/info/dir']);

/** Files and links below the stage, absolute as they would be on the host. */
function pathsBelow(stage: Bytes): Bytes[] {
  const found: Bytes[] = [];
  const visit = (below: Bytes): void => {
    const at = join(stage, below);
    const names = about(at, () => readdirSync(toBuffer(at), { encoding: 'latin1' })) as Bytes[];
    for (const name of names.toSorted(compareBytes)) {
      const path = join(below, name);
      const stat = about(path, () => lstatSync(toBuffer(join(stage, path))));
      if (stat.isDirectory()) visit(path);
      else found.push(path);
    }
  };
  visit(b`/`);
  return found;
}

function nothing(build: Build, outside: readonly Bytes[]): XhError {
  const [first] = outside;
  return new XhError(
    'E_MAKE_NOTHING',
    first === undefined
      ? 'install has put nothing into its stage'
      : `install has put nothing into ${printable(build.prefix)}, but ${outside.length} files elsewhere, ${printable(first)} first`,
    {
      exit: first === undefined ? EXIT.failed : EXIT.refused,
      place: { file: build.places.stage },
      remedy: `look at the log, ${printable(build.places.log)}: which variable does it take its directories from?`,
    },
  );
}

/** A file of the package, with what is in it. */
export interface BuiltFile {
  readonly path: Bytes;
  readonly content: Uint8Array;
}

/** What is wired into the files, file by file. */
export function hardWiredFiles(
  build: Build,
  staged: Staged,
  files: Iterable<BuiltFile>,
): readonly HardWired[] {
  const needles = needlesFor(build, staged);
  return [...files].flatMap(({ path, content }) =>
    hardWiredIn(path, Buffer.from(content.buffer, content.byteOffset, content.byteLength), needles),
  );
}

function needlesFor({ places, source, prefix }: Build, { software }: Staged): readonly Needle[] {
  return [
    { path: source, what: 'the source directory' },
    { path: places.top, what: 'the build directory' },
    { path: places.stage, what: 'the staging directory' },
    ...movedDirectories(software).map((path) => ({
      path: join(prefix, path),
      what: `a place that is ${printable(placeInPackage(path))} in the package`,
    })),
    ...[b`/usr/local`, b`/export`]
      .filter((path) => !isWithin(path, prefix) && !isWithin(path, source))
      .map((path) => ({ path, what: printable(path), fromRoot: true })),
  ];
}

/** Directories that the build put its files into and that have another place in the package. */
function movedDirectories({ software }: ImportPlan): readonly Bytes[] {
  const moved = new Set<Bytes>();
  for (const { path, type } of software.entries) {
    if (type === 'directory') continue;
    const directory = dirname(path);
    if (directory !== '.' && placeInPackage(directory) !== directory) {
      moved.add(shortest(directory));
    }
  }
  return [...moved].toSorted(compareBytes);
}

/** The uppermost directory on the way that moves: `share/man` of `share/man/man1`. */
function shortest(directory: Bytes): Bytes {
  let found = directory;
  for (let at = directory; at !== '.'; at = dirname(at)) {
    if (placeInPackage(at) !== at) found = at;
  }
  return found;
}

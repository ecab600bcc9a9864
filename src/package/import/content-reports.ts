/** What the contents of files say that will not hold in the package: interpreters, paths, machines. */
import { b, printable, slice, split, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname, join, normalize } from '../../bytes/path.ts';
import type { ImportFinding } from './findings.ts';
import type { Inspected, Inspection } from './inspect.ts';
import type { Placement } from './placement.ts';
import type { FileEntry } from './source.ts';
import { belowBase, insideOrigin, nodeAt, type SoftwareTree } from './tree.ts';

export interface ContentContext {
  readonly tree: SoftwareTree;
  readonly base: Bytes;
  readonly placement: Placement;
  readonly inspection: Inspection;
  /** `/software/NAME`. */
  readonly packagePath: Bytes;
  /** Whether a path is on the host; without it interpreters are not looked for. */
  readonly hostHas?: (path: Bytes) => boolean;
}

export function reportContents(context: ContentContext): ImportFinding[] {
  const findings: ImportFinding[] = [];
  for (const [entry, inspected] of context.inspection) {
    const path = belowBase(entry.path, context.base);
    const node = path === undefined ? undefined : nodeAt(context.tree, path);
    const place = node && context.placement.placeOf(node);
    // what a later entry of the same name has replaced is nowhere
    if (path === undefined || place === undefined || node?.entry !== entry) continue;
    findings.push(
      ...reportShebang(context, entry, place, inspected),
      ...reportMentions(context, entry, place, inspected),
      ...reportLibraryPaths(context, entry, path, place, inspected),
    );
  }
  return findings;
}

function reportShebang(
  context: ContentContext,
  entry: FileEntry,
  place: Bytes,
  { shebang }: Inspected,
): ImportFinding[] {
  if (shebang === undefined || (entry.mode & 0o111) === 0) return [];
  const [interpreter = b``, ...words] = split(shebang, ' ');
  const say = (message: string, remedy: string): ImportFinding[] => [
    {
      severity: 'warning',
      code: 'IMPORT_SHEBANG',
      path: entry.path,
      place,
      message: `begins with #!${printable(shebang)}: ${message}`,
      remedy,
    },
  ];
  const own = ownPlace(context, interpreter);
  if (own !== undefined) {
    return say(
      'the old place of a part of this software',
      `let it begin with #!${printable(join(context.packagePath, own))}`,
    );
  }
  const { hostHas } = context;
  if (hostHas === undefined) return [];
  if (!hostHas(interpreter)) {
    return say('there is no such interpreter', 'install it, or name another one');
  }
  const program = basename(interpreter) === 'env' ? envProgram(words) : undefined;
  if (program === undefined || program.includes('/')) return [];
  const known = COMMAND_DIRECTORIES.some((directory) => hostHas(join(directory, program)));
  if (known || ownCommand(context, program)) return [];
  return say(`there is no ${printable(program)}`, 'install it, or name another interpreter');
}

/** The program that `env` runs: the first word that is no option and no assignment. */
function envProgram(words: readonly Bytes[]): Bytes | undefined {
  return words.find((word) => !word.startsWith('-') && !word.includes('='));
}

const COMMAND_DIRECTORIES = [b`/usr/local/bin`, b`/usr/bin`, b`/bin`, b`/usr/sbin`, b`/sbin`];

function ownCommand({ tree }: ContentContext, program: Bytes): boolean {
  return [b`bin`, b`usr/bin`, b`usr/local/bin`, b`usr/games`].some(
    (directory) => nodeAt(tree, join(directory, program)) !== undefined,
  );
}

/** Where in the package the thing is that stood at the absolute `path`, if it is of this software. */
function ownPlace({ tree, placement }: ContentContext, path: Bytes): Bytes | undefined {
  const inside = insideOrigin(tree, normalize(path));
  const node = inside === undefined ? undefined : nodeAt(tree, inside);
  return node?.entry === undefined ? undefined : placement.placeOf(node);
}

/** Parts that are read by people, or by the tools of the distribution, only. */
const READ_BY_PEOPLE = /^(?:doc|man|info|share\/(?:lintian|bug|menu|doc-base))\//;

function reportMentions(
  context: ContentContext,
  entry: FileEntry,
  place: Bytes,
  { mentions }: Inspected,
): ImportFinding[] {
  const origin = context.tree.origin ?? b`/`;
  const forPeople = READ_BY_PEOPLE.test(place);
  return mentions.flatMap(({ path, count, offset, line }): ImportFinding[] => {
    const node = nodeAt(context.tree, path);
    const now = node && context.placement.placeOf(node);
    if (now === undefined) return [];
    const where = line === undefined ? `byte ${offset}` : `line ${line}`;
    const times = count === 1 ? `in ${where}` : `${count} times, first in ${where}`;
    const old = printable(join(origin, path));
    return [
      {
        severity: forPeople ? 'note' : 'warning',
        code: 'IMPORT_OLD_PLACE',
        path: entry.path,
        place,
        message: `names ${old} ${times}; now ${printable(join(context.packagePath, now))}`,
      },
    ];
  });
}

/** Relative library paths that lead elsewhere from the new place than from the old one. */
function reportLibraryPaths(
  { tree, placement }: ContentContext,
  entry: FileEntry,
  path: Bytes,
  place: Bytes,
  { libraryPaths }: Inspected,
): ImportFinding[] {
  return libraryPaths.flatMap((libraryPath): ImportFinding[] => {
    const relative = slice(libraryPath, '$ORIGIN'.length);
    const before = normalize(join(join(b`/`, dirname(path)), relative));
    const node = nodeAt(tree, slice(before, 1));
    if (node === undefined) return [];
    const should = placement.placeOf(node);
    const is = slice(normalize(join(join(b`/`, dirname(place)), relative)), 1);
    if (should === undefined || should === is) return [];
    return [
      {
        severity: 'warning',
        code: 'IMPORT_LIBRARY_PATH',
        path: entry.path,
        place,
        message: `looks for libraries in ${printable(libraryPath)}, which is ${printable(is)} now; they are in ${printable(should)}`,
        remedy: 'change it with patchelf --set-rpath, or link one to the other',
      },
    ];
  });
}

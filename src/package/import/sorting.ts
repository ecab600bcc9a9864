/**
 * Which file types a software needs beyond the default rules: what is compiled must not be in
 * `share`, what is for all architectures need not be in `arch`, what a host keeps is its own. For
 * which architecture it is comes out with that.
 */
import { b, compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { components, join } from '../../bytes/path.ts';
import { ARCH, LOCAL, SHARE, fileTypeSorter, type FileTypeRule } from '../../site/file-types.ts';
import type { ImportFinding } from './findings.ts';
import type { Inspection } from './inspect.ts';
import type { Placement } from './placement.ts';

export interface Sorting {
  /** `all`, or the one it is for; undefined for several. */
  readonly architecture?: Bytes;
  /** What the package's file types must say, after the rules that are given. */
  readonly fileTypes: readonly FileTypeRule[];
  readonly findings: readonly ImportFinding[];
}

interface Compiled {
  readonly place: Bytes;
  readonly path: Bytes;
  readonly architecture: Bytes;
}

/** `declared` is what the software says of itself; `given` are rules that come before. */
export function sortFiles(
  declared: Bytes | undefined,
  placement: Placement,
  inspection: Inspection,
  given: readonly FileTypeRule[],
): Sorting {
  const compiled = placement.placed.flatMap(({ entry, place }): Compiled[] => {
    const architecture = entry.type === 'file' && inspection.get(entry)?.architecture;
    return architecture ? [{ place, path: entry.path, architecture }] : [];
  });
  const stateRules = hasState(placement) ? STATE : [];
  if (compiled.length === 0) {
    const architecture = declared ?? ALL;
    return {
      architecture,
      fileTypes: [...stateRules, ...(architecture === ALL ? SHARED : [])],
      findings: [],
    };
  }
  const found = [...new Set(compiled.map(({ architecture }) => architecture))].toSorted(
    compareBytes,
  );
  const own = declared !== undefined && declared !== ALL ? declared : undefined;
  const architecture = own ?? (found.length === 1 ? found[0] : undefined);
  const compiledRules = rulesFor(compiled, [...given, ...stateRules]);
  return {
    ...(architecture !== undefined && { architecture }),
    fileTypes: [...stateRules, ...compiledRules],
    findings: [
      ...reportForeign(compiled, declared ?? architecture),
      ...compiledRules.map(({ glob }): ImportFinding => ({
        severity: 'note',
        code: 'IMPORT_COMPILED',
        place: glob,
        message: `has compiled files in it and is kept in ${ARCH}`,
      })),
    ],
  };
}

const ALL = b`all`;

/** Rules for software without compiled files. */
const SHARED: readonly FileTypeRule[] = [
  { glob: b`/logs`, type: LOCAL },
  { glob: b`*`, type: SHARE },
];

/** What programs write while they run, under the names that it has in every Unix. */
const STATE: readonly FileTypeRule[] = [
  { glob: b`/var/spool`, type: b`spool` },
  { glob: b`/var/cache`, type: b`spool` },
  { glob: b`/var/tmp`, type: b`spool` },
  { glob: b`/var`, type: LOCAL },
];

function hasState({ placed, directories }: Placement): boolean {
  return directories.has(b`var`) || placed.some(({ place }) => place.startsWith('var/'));
}

/** A rule for every part of the package that would be shared although it has compiled files in it. */
function rulesFor(compiled: readonly Compiled[], given: readonly FileTypeRule[]): FileTypeRule[] {
  const typeOf = fileTypeSorter(given);
  const globs = new Set<Bytes>();
  for (const { place } of compiled) {
    if (typeOf(place) === SHARE) globs.add(b`/${partOf(place).replace(NO_GLOB, '?') as Bytes}`);
  }
  return [...globs].toSorted(compareBytes).map((glob) => ({ glob, type: ARCH }));
}

const NO_GLOB = /[^A-Za-z0-9._+@/-]/g;

/**
 * The part of the package that has to stay together with a file: programs find their files by
 * relative paths in a directory of their own, but not among the manual pages of all.
 */
function partOf(place: Bytes): Bytes {
  const [first = b``, second] = components(place);
  if (APART.has(first) || second === undefined) return place;
  return first === 'share' ? join(first, second) : first;
}

const APART: ReadonlySet<string> = new Set(['doc', 'man', 'info', 'include', 'etc', 'export']);

/** Compiled files for another architecture than the software's. */
function reportForeign(
  compiled: readonly Compiled[],
  architecture: Bytes | undefined,
): ImportFinding[] {
  const foreign = new Map<Bytes, Compiled[]>();
  for (const file of compiled) {
    if (architecture !== undefined && isSameMachine(file.architecture, architecture)) continue;
    foreign.set(file.architecture, [...(foreign.get(file.architecture) ?? []), file]);
  }
  return [...foreign].map(([machine, files]) => {
    const more = files.length > 1 ? `, with ${files.length - 1} more` : '';
    const of = architecture === undefined ? 'a software of several architectures' : architecture;
    return {
      severity: 'warning',
      code: 'IMPORT_ARCHITECTURE',
      ...(files[0] && { path: files[0].path }),
      message: `is compiled for ${printable(machine)}${more}, in ${printable(of as Bytes)}`,
    };
  });
}

/** The headers of compiled files do not tell all that names of architectures do. */
function isSameMachine(one: Bytes, other: Bytes): boolean {
  return familyOf(one) === familyOf(other);
}

function familyOf(architecture: Bytes): string {
  return architecture
    .replace(/-arm(?!64).*$/, '-arm')
    .replace(/-mips.*$/, '-mips')
    .replace(/_v[2-4]$/, '');
}

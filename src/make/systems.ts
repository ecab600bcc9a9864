/** The build systems that there are, and which one a directory has. */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import type { BuildSystem } from './build-system.ts';
import type { SourceTree } from './source-tree.ts';
import { cmake } from './systems/cmake.ts';
import { configure } from './systems/configure.ts';
import { imakefile } from './systems/imakefile.ts';
import { makefile } from './systems/makefile.ts';
import { meson } from './systems/meson.ts';

/**
 * In the order in which they are looked for: what was written for this depot; what needs nothing but
 * a shell and make; the others; and last a makefile, which may be something that one of them made.
 */
export const BUILD_SYSTEMS: readonly BuildSystem[] = [imakefile, configure, cmake, meson, makefile];

export interface FoundSystem {
  readonly system: BuildSystem;
  /** The file that it is known by. */
  readonly file: Bytes;
  /** Others that the sources can be built with. */
  readonly others: readonly BuildSystem[];
}

/** @throws XhError E_NO_BUILD_SYSTEM, E_USAGE (exit 2) */
export function findSystem(tree: SourceTree, name?: string): FoundSystem {
  const found = BUILD_SYSTEMS.flatMap((system) => {
    const file = system.detect(tree);
    return file === undefined ? [] : [{ system, file }];
  });
  const [chosen] = name === undefined ? found : found.filter(({ system }) => system.name === name);
  if (chosen === undefined) throw name === undefined ? nothing(tree) : notThat(tree, name, found);
  return {
    ...chosen,
    others: found.map(({ system }) => system).filter((each) => each !== chosen.system),
  };
}

function nothing(tree: SourceTree): XhError {
  return new XhError(
    'E_NO_BUILD_SYSTEM',
    `nothing in ${printable(tree.path)} says how it is built`,
    {
      exit: EXIT.usage,
      place: { file: tree.path },
      remedy: remedyFor(tree),
    },
  );
}

/** What is there may tell what is missing. */
function remedyFor(tree: SourceTree): string {
  for (const script of [b`autogen.sh`, b`bootstrap`, b`bootstrap.sh`]) {
    if (tree.has(script)) return `run ./${script} there: it makes the configure script`;
  }
  if (tree.has(b`configure.ac`) || tree.has(b`configure.in`)) {
    return 'run autoreconf -fi there: it makes the configure script from configure.ac';
  }
  return `go where the sources are (-C DIR), or write an xh-imakefile; looked for: ${BUILD_SYSTEMS.map(({ title }) => title).join(', ')}`;
}

function notThat(
  tree: SourceTree,
  name: string,
  found: readonly { readonly system: BuildSystem }[],
): XhError {
  const names = BUILD_SYSTEMS.map((system) => system.name);
  const usable =
    found.map(({ system }) => system.name).join(', ') || 'none of those that are known';
  return names.includes(name)
    ? new XhError('E_NO_BUILD_SYSTEM', `${printable(tree.path)} is not built with ${name}`, {
        exit: EXIT.usage,
        place: { file: tree.path },
        remedy: `it has files for ${usable}`,
      })
    : new XhError('E_USAGE', `there is no build system '${printable(bytes(name))}'`, {
        exit: EXIT.usage,
        remedy: didYouMean(name, names) ?? `one of ${names.join(', ')}`,
      });
}

/** An xh-imakefile: what the maintainer wrote for this depot, so it comes before all others. */
import { b, bytes } from '../../bytes/bytes.ts';
import { join, relative } from '../../bytes/path.ts';
import type { BuildRequest, BuildSystem } from '../build-system.ts';
import { assignment, parallel, step } from '../commands.ts';
import { makefileFor } from '../imakefile/makefile.ts';
import { IMAKEFILE, readImakefile, type Imakefile } from '../imakefile/read.ts';
import { SETTINGS } from '../imakefile/statement.ts';

export const imakefile: BuildSystem = {
  name: 'xh-imakefile',
  title: 'an xh-imakefile',
  detect: (tree) => (tree.has(IMAKEFILE) ? IMAKEFILE : undefined),
  apart: () => true,
  plan(request) {
    const { tree, build, prefix, stage, jobs } = request;
    const sources = relative(build, tree.path);
    const read = withTools(readFor(request), request);
    const content = makefileFor(read, { tree, sources, prefix });
    const make = ['make', ...parallel(jobs)] as const;
    return {
      files: [{ path: join(build, b`Makefile`), content }],
      build: step(request, 'build', [...make, 'all']),
      install: () => step(request, 'install', ['make', 'install', assignment('DESTDIR', stage)]),
      test: step(request, 'test', ['make', 'check']),
      target: (name) => step(request, 'target', [...make, name]),
      notes: [],
    };
  },
};

function readFor({ tree, toolchain, template }: BuildRequest): Imakefile {
  return readImakefile(tree, { architecture: toolchain.architecture, template });
}

/** What the user and the architecture choose wins over what the files say. */
function withTools(read: Imakefile, { toolchain, extra }: BuildRequest): Imakefile {
  const words = extra.map((word) => word.split(/=(.*)/s)).map(([name, value]) => [name, value]);
  const chosen = Object.entries({
    ...toolchain.variables,
    ...(Object.fromEntries(words) as Record<string, string>),
  })
    .filter(([name]) => Object.hasOwn(SETTINGS, name))
    .map(([name, value]) => [name, bytes(value)]);
  return {
    ...read,
    directories: read.directories.map((directory) => ({
      ...directory,
      settings: { ...directory.settings, ...(Object.fromEntries(chosen) as object) },
    })),
  };
}

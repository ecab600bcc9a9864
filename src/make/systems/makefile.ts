/**
 * A makefile as its author wrote it. It builds where it stands, so it gets a copy of the sources for
 * each architecture; where it installs is told by the variables that it has.
 */
import { b, bytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { components, join } from '../../bytes/path.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { BuildRequest, BuildSystem, Step } from '../build-system.ts';
import { assignment, parallel, step } from '../commands.ts';
import { installVariables, readMakefiles, type InstallVariables } from '../makefile-text.ts';
import type { MakefileFacts } from '../makefile-text.ts';
import type { SourceTree } from '../source-tree.ts';

export const makefile: BuildSystem = {
  name: 'make',
  title: 'a makefile',
  detect: (tree) => NAMES.find((name) => tree.has(name)),
  apart: () => false,
  plan(request) {
    const { tree, prefix, jobs } = request;
    const facts = readMakefiles(makefilesOf(tree));
    const variables = installVariables(facts);
    const tools = toolWords(facts, request);
    const words = [...tools, ...installWords(variables, prefix), ...request.extra];
    const test = TESTS.find((name) => facts.targets.has(name));
    const install = (options: readonly string[]): Step =>
      step(request, 'install', [
        'make',
        ...options,
        'install',
        ...tools,
        ...stagedWords(variables, request),
        ...request.extra,
      ]);
    return {
      files: [],
      build: step(request, 'build', ['make', ...parallel(jobs), ...words]),
      install: () => {
        if (variables.staging.by === 'nothing' && !hasOwnWord(request.extra)) throw noStaging(tree);
        return install([]);
      },
      test: step(request, 'test', ['make', toText(test ?? b`check`), ...words]),
      target: (name) => step(request, 'target', ['make', ...parallel(jobs), name, ...words]),
      ...(variables.staging.by !== 'nothing' && { rehearsal: install(['-n']) }),
      notes: notesOn(variables),
    };
  },
};

/** In the order in which GNU make looks for them. */
const NAMES = [b`GNUmakefile`, b`makefile`, b`Makefile`];
const TESTS = [b`check`, b`test`];
/** Directories below each other that makefiles are looked for in. */
const DEPTH = 3;
const MOST_MAKEFILES = 100;

/** The top one first; those below may be what it calls, the nearer the likelier. */
function makefilesOf(tree: SourceTree): readonly Bytes[] {
  const isMakefile = (path: Bytes): boolean =>
    /(?:^|\/)(?:GNUmakefile|[Mm]akefile|[^/]+\.mk)$/.test(path);
  const top = NAMES.find((name) => tree.has(name));
  const others = tree
    .files(DEPTH)
    .filter((path) => path !== top && isMakefile(path))
    .toSorted((one, other) => components(one).length - components(other).length);
  return [...(top === undefined ? [] : [top]), ...others]
    .slice(0, MOST_MAKEFILES)
    .flatMap((path) => tree.read(path) ?? []);
}

/** `PREFIX=/software/PKG MANDIR=/software/PKG/man`. */
function installWords({ prefix, directories }: InstallVariables, top: Bytes): string[] {
  if (prefix === undefined) return [];
  return [
    assignment(prefix, top),
    ...[...directories].map(([name, place]) => assignment(name, join(top, place))),
  ];
}

/** The same for a stage, by DESTDIR or with all of it below the stage. */
function stagedWords(
  variables: InstallVariables,
  { prefix, stage }: Pick<BuildRequest, 'prefix' | 'stage'>,
): string[] {
  switch (variables.staging.by) {
    case 'destdir':
      return [assignment('DESTDIR', stage), ...installWords(variables, prefix)];
    case 'prefix':
      return installWords(variables, join(stage, prefix));
    case 'nothing':
      return [assignment('DESTDIR', stage)];
  }
}

/** A user who names the stage himself knows better. */
function hasOwnWord(extra: readonly string[]): boolean {
  return extra.some((word) => word.startsWith('DESTDIR='));
}

/** Compilers as words, which win over the makefile's own; what it has behind its own name is kept. */
function toolWords({ variables }: MakefileFacts, { toolchain }: BuildRequest): string[] {
  return Object.entries(toolchain.variables).flatMap(([name, value]) => {
    if (!TOOLS.has(name)) return [];
    const own = variables.get(bytes(name)) ?? b``;
    const rest = own.split(/[ \t]+/).slice(1);
    return [`${name}=${[value, ...rest].join(' ')}`];
  });
}

const TOOLS: ReadonlySet<string> = new Set(['CC', 'CXX', 'FC', 'AR', 'RANLIB', 'STRIP', 'NM']);

function notesOn({ staging, prefix }: InstallVariables): string[] {
  if (staging.by !== 'prefix' || prefix === undefined) return [];
  return [`the makefile has no DESTDIR: it is installed with ${prefix} below the stage`];
}

function noStaging({ path }: SourceTree): XhError {
  return new XhError(
    'E_MAKE_STAGING',
    'the makefile has neither DESTDIR nor a variable for where it installs: it cannot be staged',
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy:
        "write an xh-imakefile beside it (xh help make), or have its 'install' put $(DESTDIR) before every path",
    },
  );
}

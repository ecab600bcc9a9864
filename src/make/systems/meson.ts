/** Meson, 0.57 and later. */
import { b, bytes, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import type { BuildRequest, BuildSystem, GeneratedFile } from '../build-system.ts';
import { assignment, definitions, parallel, step } from '../commands.ts';
import { directoryPath, GNU_DIRECTORIES } from '../gnu-directories.ts';

export const meson: BuildSystem = {
  name: 'meson',
  title: 'Meson',
  detect: (tree) => (tree.has(BUILD) ? BUILD : undefined),
  version(tree) {
    const [project] = /^project *\([^)]{0,1000}\)/m.exec(tree.read(BUILD) ?? '') ?? [''];
    return /\sversion *: *'([0-9][^'\n]{0,40})'/.exec(project)?.[1] as Bytes | undefined;
  },
  apart: () => true,
  plan(request) {
    const { tree, build, prefix, stage, jobs } = request;
    const here = toText(build);
    const cross = crossFile(request);
    // docdir is no option of Meson's
    const directories = GNU_DIRECTORIES.filter(({ name }) => name !== 'docdir');
    return {
      files: cross === undefined ? [] : [cross],
      configure: step(
        request,
        'configure',
        [
          'meson',
          'setup',
          here,
          toText(tree.path),
          '--buildtype=release',
          '--wrap-mode=nodownload',
          assignment('--prefix', prefix),
          ...directories.map((each) => assignment(`--${each.name}`, directoryPath(prefix, each))),
          ...(cross === undefined ? [] : [assignment('--cross-file', cross.path)]),
          ...definitions(request.extra),
        ],
        // it keeps no run path of its own making: programs have to find the package's libraries
        { LDFLAGS: linkFlags(request) },
      ),
      build: step(request, 'build', ['meson', 'compile', '-C', here, ...parallel(jobs)]),
      install: () =>
        step(request, 'install', [
          'meson',
          'install',
          '-C',
          here,
          '--no-rebuild',
          '--destdir',
          toText(stage),
        ]),
      test: step(request, 'test', ['meson', 'test', '-C', here]),
      target: (name) =>
        step(request, 'target', ['meson', 'compile', '-C', here, ...parallel(jobs), name]),
      notes: [],
    };
  },
};

const BUILD = b`meson.build`;

function linkFlags({ prefix, toolchain }: BuildRequest): string {
  const given = toolchain.variables['LDFLAGS'];
  const runPath = `-Wl,-rpath,${toText(prefix)}/lib`;
  return given === undefined ? runPath : `${given} ${runPath}`;
}

/** What Meson wants to know of another machine; its compilers have GNU's names. */
function crossFile({ build, toolchain }: BuildRequest): GeneratedFile | undefined {
  const { triple, architecture, variables } = toolchain;
  if (triple === undefined) return undefined;
  const cpu = slice(architecture, architecture.indexOf('-') + 1);
  const endian =
    /^(?:s390x|ppc64|ppc|mips64|sparc)/.test(cpu) && cpu !== 'ppc64le' ? 'big' : 'little';
  const tool = (name: string, fallback: string): string =>
    `[${(variables[name] ?? fallback)
      .split(' ')
      .map((word) => `'${word.replaceAll("'", '')}'`)
      .join(', ')}]`;
  const lines = [
    '[binaries]',
    `c = ${tool('CC', `${triple}-gcc`)}`,
    `cpp = ${tool('CXX', `${triple}-g++`)}`,
    `ar = ${tool('AR', `${triple}-ar`)}`,
    `strip = ${tool('STRIP', `${triple}-strip`)}`,
    '[host_machine]',
    "system = 'linux'",
    `cpu_family = '${cpu}'`,
    `cpu = '${cpu}'`,
    `endian = '${endian}'`,
  ];
  return { path: b`${build}.cross`, content: bytes(`${lines.join('\n')}\n`) satisfies Bytes };
}

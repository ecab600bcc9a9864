/** CMake, 3.15 and later. */
import { b, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import type { BuildRequest, BuildSystem } from '../build-system.ts';
import { assignment, definitions, parallel, step } from '../commands.ts';
import { GNU_DIRECTORIES } from '../gnu-directories.ts';

export const cmake: BuildSystem = {
  name: 'cmake',
  title: 'CMake',
  detect: (tree) => (tree.has(LISTS) ? LISTS : undefined),
  version(tree) {
    const [project] = /^project *\([^)]{0,500}\)/im.exec(tree.read(LISTS) ?? '') ?? [''];
    return /\sVERSION\s+"?([0-9][0-9A-Za-z.]{0,40})/.exec(project)?.[1] as Bytes | undefined;
  },
  apart: () => true,
  plan(request) {
    const { tree, build, stage, jobs } = request;
    const here = toText(build);
    const make = ['cmake', '--build', here] as const;
    return {
      files: [],
      configure: step(request, 'configure', [
        'cmake',
        '-S',
        toText(tree.path),
        '-B',
        here,
        ...options(request),
        ...definitions(request.extra),
      ]),
      build: step(request, 'build', [...make, ...parallel(jobs)]),
      install: () =>
        step(request, 'install', ['cmake', '--install', here], { DESTDIR: toText(stage) }),
      test: step(request, 'test', ['ctest', '--test-dir', here, '--output-on-failure']),
      target: (name) => step(request, 'target', [...make, ...parallel(jobs), '--target', name]),
      notes: [],
    };
  },
};

const LISTS = b`CMakeLists.txt`;

function options({ prefix, toolchain }: BuildRequest): string[] {
  const { triple, architecture } = toolchain;
  return [
    '-DCMAKE_BUILD_TYPE=Release',
    assignment('-DCMAKE_INSTALL_PREFIX', prefix),
    ...GNU_DIRECTORIES.flatMap(({ cmake: name, place }) =>
      name === undefined ? [] : [assignment(`-DCMAKE_INSTALL_${name}`, place)],
    ),
    // a program finds the package's own libraries, and those alone, by its run path
    assignment('-DCMAKE_INSTALL_RPATH', join(prefix, b`lib`)),
    // nothing is downloaded, and nothing is told to the user's own registry of packages
    '-DFETCHCONTENT_FULLY_DISCONNECTED=ON',
    '-DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON',
    ...(triple === undefined
      ? []
      : [
          '-DCMAKE_SYSTEM_NAME=Linux',
          assignment(
            '-DCMAKE_SYSTEM_PROCESSOR',
            slice(architecture, architecture.indexOf('-') + 1),
          ),
        ]),
  ];
}

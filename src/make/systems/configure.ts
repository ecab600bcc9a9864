/**
 * `configure`, by GNU autoconf or written by hand: an option is handed over only when the script
 * knows it, since those written by hand stop at any other.
 */
import { b, toText, type Bytes } from '../../bytes/bytes.ts';
import { join, relative } from '../../bytes/path.ts';
import type { BuildRequest, BuildSystem } from '../build-system.ts';
import { assignment, parallel, step } from '../commands.ts';
import { directoryPath, GNU_DIRECTORIES } from '../gnu-directories.ts';
import { readMakefiles } from '../makefile-text.ts';
import type { SourceTree } from '../source-tree.ts';

export const configure: BuildSystem = {
  name: 'configure',
  title: 'a configure script',
  detect: (tree) => (tree.has(SCRIPT) ? SCRIPT : undefined),
  version: (tree) =>
    /^PACKAGE_VERSION='([^'\n]{1,80})'$/m.exec(tree.read(SCRIPT) ?? '')?.[1] as Bytes | undefined,
  apart(tree) {
    // makefiles that find their sources elsewhere say VPATH or srcdir; the script says where that is
    const texts = [b`Makefile.in`, SCRIPT].map((name) => tree.read(name) ?? b``);
    return texts.some((text) => /\bVPATH\b|\bsrcdir\b|\bSRCDIR\b/.test(text));
  },
  plan(request) {
    const { tree, stage, toolchain, jobs } = request;
    const script = tree.read(SCRIPT) ?? b``;
    const make = ['make', ...parallel(jobs)] as const;
    const targets = readMakefiles([tree.read(b`Makefile.in`) ?? b``]).targets;
    const test = targets.has(b`check`) || !targets.has(b`test`) ? 'check' : 'test';
    return {
      files: [],
      configure: step(
        request,
        'configure',
        [program(tree, request.build), ...options(script, request), ...request.extra],
        toolchain.triple === undefined ? {} : { CHOST: toolchain.triple },
      ),
      build: step(request, 'build', [...make]),
      install: () => step(request, 'install', ['make', 'install', assignment('DESTDIR', stage)]),
      test: step(request, 'test', ['make', test]),
      target: (name) => step(request, 'target', [...make, name]),
      notes: [],
    };
  },
};

const SCRIPT = b`configure`;

/** By its relative path: `__FILE__` then names no directory of ours. */
function program(tree: SourceTree, build: Bytes): string {
  const way = relative(build, tree.path);
  return toText(join(way === '.' ? b`.` : way, SCRIPT));
}

function options(script: Bytes, { prefix, toolchain }: BuildRequest): string[] {
  const known = GNU_DIRECTORIES.filter(({ name }) => script.includes(`--${name}`));
  const cross = toolchain.triple !== undefined && script.includes('--host');
  return [
    assignment('--prefix', prefix),
    ...known.map((each) => assignment(`--${each.name}`, directoryPath(prefix, each))),
    ...(cross ? [`--host=${toolchain.triple}`] : []),
  ];
}

/**
 * The family of build systems: how sources are recognised, and which commands configure, build,
 * install and test them. A new one is one object of this shape in a file of its own and one line in
 * `systems.ts`. An object only plans: what it says is run by `build.ts`.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { SourceTree } from './source-tree.ts';
import type { Toolchain } from './toolchain.ts';

export interface BuildSystem {
  /** As in `--system`: `configure`. */
  readonly name: string;
  /** What people call it: `a configure script`. */
  readonly title: string;
  /** The file that tells that sources are built with it; undefined when they are not. */
  detect(tree: SourceTree): Bytes | undefined;
  /** The version that the sources say they are; undefined when they do not say it plainly. */
  readonly version?: (tree: SourceTree) => Bytes | undefined;
  /** Whether it builds apart from its sources; one that cannot is given a copy of them. */
  readonly apart: (tree: SourceTree) => boolean;
  /** The commands. @throws XhError, DiagnosticError for sources that it cannot build */
  plan(request: BuildRequest): BuildPlan;
}

/** All that a plan is made from. */
export interface BuildRequest {
  /** The sources, or their copy when it builds in one. */
  readonly tree: SourceTree;
  /** Where objects come to stand; the same as the tree's path when it builds in a copy. */
  readonly build: Bytes;
  /** Where the package will be: `/software/PKG`, under the site root. */
  readonly prefix: Bytes;
  /** DESTDIR: the prefix is below it at first. */
  readonly stage: Bytes;
  readonly toolchain: Toolchain;
  readonly jobs: number;
  /** `NAME=VALUE` and options that the user adds to the configuration. */
  readonly extra: readonly string[];
  /** A template by its name, for build systems that are ours. */
  readonly template: (name: Bytes) => { readonly path: Bytes; readonly content: Bytes } | undefined;
}

/** One command, as data. */
export interface Step {
  readonly what: 'configure' | 'build' | 'install' | 'test' | 'target';
  readonly argv: readonly [string, ...string[]];
  readonly cwd: Bytes;
  /** Beside the environment that every step has. */
  readonly env: Readonly<Record<string, string>>;
}

export interface GeneratedFile {
  readonly path: Bytes;
  readonly content: Bytes;
}

export interface BuildPlan {
  /** Written before anything is run. */
  readonly files: readonly GeneratedFile[];
  /** Run when it has not been run with the same words before. */
  readonly configure?: Step;
  readonly build: Step;
  /** @throws XhError E_MAKE_STAGING (exit 3) where it cannot be staged */
  readonly install: () => Step;
  readonly test: Step;
  /** Any other target, handed on. */
  readonly target: (name: string) => Step;
  /** A command that tells what install would do, whose output must name nothing outside the stage. */
  readonly rehearsal?: Step;
  /** What a person should know of how it is done. */
  readonly notes: readonly string[];
}

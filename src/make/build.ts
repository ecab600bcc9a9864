/**
 * A build of one source directory for one architecture: planned whole, as commands, then run. All that
 * it makes stands in a directory of its own below the sources, or where the user says.
 */
import { createHash } from 'node:crypto';
import { b, bytes, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { closeDir, openDir } from '../files/dir.ts';
import { FileError } from '../files/error.ts';
import { tryLockDir } from '../files/lock.ts';
import {
  beginLog,
  contentOf,
  makeDirectory,
  removeWhole,
  writeIfChanged,
  type Log,
} from '../files/workspace.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { BuildPlan, BuildRequest, Step } from './build-system.ts';
import { copiedSources, copySources } from './copy-sources.ts';
import { differingPaths, listSources } from './listing.ts';
import { isText, runStep } from './process.ts';
import { refuseRehearsal } from './rehearsal.ts';
import { openSourceTree } from './source-tree.ts';
import { findSystem, type FoundSystem } from './systems.ts';
import type { Toolchain } from './toolchain.ts';

export interface BuildOptions {
  /** Absolute real path of the sources. */
  readonly source: Bytes;
  /** Where directories of builds stand; below the sources when not given. */
  readonly buildRoot?: Bytes;
  /** `--system`. */
  readonly system?: string;
  /** The build runs in a copy of the sources, whether it has to or not. */
  readonly copy: boolean;
  readonly prefix: Bytes;
  readonly toolchain: Toolchain;
  readonly jobs: number;
  readonly extra: readonly string[];
  readonly template: BuildRequest['template'];
}

/** A build that has been planned. */
export interface Build {
  readonly source: Bytes;
  readonly found: FoundSystem;
  readonly prefix: Bytes;
  readonly architecture: Bytes;
  readonly places: BuildPlaces;
  readonly plan: BuildPlan;
  readonly notes: readonly string[];
}

export interface BuildPlaces {
  /** All that this build makes is below it. */
  readonly top: Bytes;
  /** Where objects stand. */
  readonly build: Bytes;
  /** The copy of the sources, where there is one. */
  readonly copy?: Bytes;
  readonly stage: Bytes;
  readonly log: Bytes;
}

/** The directory of builds among the sources. */
export const BUILD_ROOT = b`.xh`;

/** Plans; nothing is written. @throws XhError, DiagnosticError (exit 2) for sources that cannot be built */
export function planBuild(options: BuildOptions): Build {
  const { source, prefix, toolchain } = options;
  const tree = openSourceTree(source);
  const found = findSystem(tree, options.system);
  const top = join(options.buildRoot ?? join(source, BUILD_ROOT), toolchain.architecture);
  const inCopy = options.copy || !found.system.apart(tree);
  const copy = inCopy ? join(top, b`source`) : undefined;
  const build = found.system.apart(tree) || copy === undefined ? join(top, b`build`) : copy;
  const places: BuildPlaces = {
    top,
    build,
    ...(copy !== undefined && { copy }),
    stage: join(top, b`stage`),
    log: join(top, b`log`),
  };
  for (const path of [source, top, prefix]) refuseOddPath(path);
  const plan = found.system.plan({
    tree: copy === undefined ? tree : { ...tree, path: copy },
    build,
    prefix,
    stage: places.stage,
    toolchain,
    jobs: options.jobs,
    extra: options.extra,
    template: options.template,
  });
  return {
    source,
    found,
    prefix,
    architecture: toolchain.architecture,
    places,
    plan,
    notes: plan.notes,
  };
}

/** Targets with a meaning of their own; any other is handed on. */
export type Target = 'all' | 'install' | 'test' | 'clean' | { readonly name: string };

/** The commands for a target, the configuration among them when it may have to be made. */
export function stepsFor({ plan }: Build, target: Target): readonly Step[] {
  const configure = plan.configure === undefined ? [] : [plan.configure];
  switch (target) {
    case 'all':
      return [...configure, plan.build];
    case 'install':
      return [
        ...configure,
        plan.build,
        ...(plan.rehearsal === undefined ? [] : [plan.rehearsal]),
        plan.install(),
      ];
    case 'test':
      return [...configure, plan.build, plan.test];
    case 'clean':
      return [];
    default:
      return [...configure, plan.target(target.name)];
  }
}

export interface RunBuildOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Told of each step as it begins. */
  readonly onStep: (step: Step) => void;
  readonly onOutput?: (piece: Buffer) => void;
}

export interface BuildOutcome {
  /** Sources that the build has changed. */
  readonly changedSources: readonly Bytes[];
  /** Compiled files among the sources that the copy did not get. */
  readonly leftOut: readonly Bytes[];
}

/**
 * Runs a target's commands, and then `work`, while nobody else can run any in the same place: after
 * `install` the files are in the stage.
 * @throws XhError E_BUILD and the others of {@link runStep}; E_LOCKED (5) when the same is being
 *   built already; E_MAKE_STAGING (3); FileError
 */
export async function runBuild<T>(
  build: Build,
  target: Target,
  options: RunBuildOptions,
  work: (outcome: BuildOutcome) => T | Promise<T>,
): Promise<T> {
  const { places, source } = build;
  const steps = stepsFor(build, target);
  beginDirectory(places.top);
  return withBuildLock(build, async () => {
    const before = listSources(source, outermost(build));
    const { listing, leftOut } = copiedSources(before);
    beginAnewIfOther(build);
    if (places.copy !== undefined) {
      const record = join(places.top, b`copied`);
      copySources({ from: source, to: places.copy, record }, listing);
    }
    makeDirectory(places.build);
    for (const { path, content } of build.plan.files) writeIfChanged(path, content);
    const log = beginLog(places.log);
    try {
      for (const step of steps) await runOne(build, step, { ...options, log });
    } finally {
      log.close();
    }
    const changedSources = differingPaths(before, listSources(source, outermost(build)));
    return work({ changedSources, leftOut: places.copy === undefined ? [] : leftOut });
  });
}

/** Sources may be everybody's to read and nobody's to write to. */
function beginDirectory(path: Bytes): void {
  try {
    makeDirectory(path);
  } catch (error) {
    if (!(error instanceof FileError) || error.exit !== EXIT.notPermitted) throw error;
    throw new XhError('E_PERMISSION', error.message, {
      exit: EXIT.notPermitted,
      place: { file: path },
      remedy: 'have builds in a directory of yours: --build-dir DIR',
      cause: error,
    });
  }
}

/**
 * Everything that the builds of this architecture have left goes.
 * @returns whether there was anything
 * @throws XhError E_LOCKED; FileError
 */
export async function cleanBuild(build: Build): Promise<boolean> {
  if (contentOf(join(build.places.top, MARK)) === undefined) return false;
  return withBuildLock(build, () => {
    removeWhole(build.places.top);
    return Promise.resolve(true);
  });
}

async function runOne(
  build: Build,
  step: Step,
  options: RunBuildOptions & { readonly log: Log },
): Promise<void> {
  const { plan, places, prefix } = build;
  const configured = join(places.top, CONFIGURED);
  if (step.what === 'configure' && contentOf(configured) !== undefined) return;
  if (step.what === 'install') {
    removeWhole(places.stage);
    makeDirectory(places.stage);
  }
  if (step === plan.rehearsal) {
    refuseRehearsal(await runStep(step, options, MOST_REHEARSED), places.stage, prefix);
    return;
  }
  options.onStep(step);
  await runStep(step, options);
  if (step.what === 'configure') writeIfChanged(configured, b`done\n`);
}

/** Bytes of a rehearsal's output that are looked at. */
const MOST_REHEARSED = 16 * 2 ** 20;
/** The words that the build was begun with. */
const MARK = b`words`;
const CONFIGURED = b`configured`;

/** Objects that were made with other words (another prefix, other flags) are not these. */
function beginAnewIfOther({ plan, places, found, source, prefix }: Build): void {
  const { configure, build, rehearsal } = plan;
  const words = {
    system: found.system.name,
    prefix: toText(prefix),
    configure: configure && { ...configure, script: fileStamp(source, found.file) },
    // how many are made at once makes no difference
    build: { ...build, argv: build.argv.filter((word) => !/^-j\d+$/.test(word)) },
    // it may leave files with other paths in them than this one
    install: rehearsal,
  };
  const stamp = bytes(`${createHash('sha256').update(JSON.stringify(words)).digest('hex')}\n`);
  const mark = join(places.top, MARK);
  if (contentOf(mark) === stamp) return;
  for (const name of [b`build`, b`source`, b`stage`, b`copied`, CONFIGURED]) {
    removeWhole(join(places.top, name));
  }
  writeIfChanged(mark, stamp);
}

/** A configure script that was made anew configures anew. */
function fileStamp(source: Bytes, file: Bytes): string {
  const content = contentOf(join(source, file)) ?? b``;
  return createHash('sha256').update(content, 'latin1').digest('hex');
}

async function withBuildLock<T>(
  { places, source, architecture }: Build,
  work: () => Promise<T>,
): Promise<T> {
  const dir = openDir(places.top);
  try {
    if (!tryLockDir(dir)) {
      throw new XhError(
        'E_LOCKED',
        `${printable(source)} is being built for ${printable(architecture)} already`,
        {
          exit: EXIT.locked,
          place: { file: places.top },
          remedy: 'wait for that build to end, or have another directory with --build-dir',
        },
      );
    }
    return await work();
  } finally {
    closeDir(dir);
  }
}

/** What of the sources is ours: the directory of all builds, which may stand elsewhere. */
function outermost({ source, places }: Build): Bytes {
  return isWithin(source, places.top) && places.top.startsWith(`${join(source, BUILD_ROOT)}/`)
    ? join(source, BUILD_ROOT)
    : places.top;
}

/** Neither make nor configure scripts can cope with these in the name of a directory. */
function refuseOddPath(path: Bytes): void {
  if (/^[\w@+.,~/\x80-\xff-]+$/.test(path) && isText(path)) return;
  throw new XhError(
    'E_MAKE_PATH',
    `${printable(path)} has characters in its name that makefiles and configure scripts fall over`,
    {
      exit: EXIT.usage,
      place: { file: path },
      remedy: 'use a path of letters, digits and +-_.,~@ (for what is built: --build-dir)',
    },
  );
}

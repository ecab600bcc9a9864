/** From a source directory to a planned build: its package, its compilers, its environment. */
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { b, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { about } from '../files/error.ts';
import { planBuild, type Build } from '../make/build.ts';
import type { BuildRequest } from '../make/build-system.ts';
import { buildEnvironment } from '../make/environment.ts';
import { readImakefile } from '../make/imakefile/read.ts';
import { openSourceTree } from '../make/source-tree.ts';
import { findSystem } from '../make/systems.ts';
import { toolchainFor } from '../make/toolchain.ts';
import { architecture as hostArchitecture } from '../site/arch.ts';
import type { Config } from '../site/config.ts';
import { inSite, packagePath, typePath, type Site } from '../site/site.ts';
import { packageFor, type MakePackage } from './make-package.ts';
import { shipped } from './resources.ts';

export interface SourcesRequest {
  /** Absolute real path. */
  readonly source: Bytes;
  readonly package?: Bytes;
  readonly versioned: boolean;
  readonly system?: string;
  /** This host's when not given. */
  readonly architecture?: Bytes;
  readonly buildRoot?: Bytes;
  readonly copy: boolean;
  /** As many as there are processors when not given. */
  readonly jobs?: number;
  /** Words for the build system. */
  readonly extra: readonly string[];
  /** `NAME` and `NAME=VALUE`. */
  readonly environment: readonly string[];
}

export interface PlannedSources {
  readonly package: MakePackage;
  readonly build: Build;
  readonly environment: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/**
 * Plans a build of the sources; nothing is written or run.
 * @throws XhError, DiagnosticError (exit 2) for sources that cannot be built; E_NO_COMPILER
 */
export function planSources(site: Site, config: Config, request: SourcesRequest): PlannedSources {
  const { source } = request;
  const architecture = request.architecture ?? hostArchitecture();
  const environment = buildEnvironment({
    site,
    environment: process.env,
    home: '/nonexistent',
    given: request.environment,
  });
  const toolchain = toolchainFor(architecture, {
    host: hostArchitecture(),
    environment: { ...process.env, ...environment.variables, ...assignmentsOf(request.extra) },
    hasCommand: (name) => isOnPath(environment.variables['PATH'] ?? '', name),
  });
  const tree = openSourceTree(source);
  const found = findSystem(tree, request.system);
  const template = templateOf(site, config);
  const declared =
    found.system.name === 'xh-imakefile'
      ? readImakefile(tree, { architecture, template }).package
      : undefined;
  const sourceVersion = found.system.version?.(tree);
  const make = packageFor(site, {
    source,
    ...(sourceVersion !== undefined && { sourceVersion }),
    versioned: request.versioned,
    ...(request.package !== undefined && { asked: request.package }),
    ...(declared !== undefined && { declared }),
  });
  const buildRoot = request.buildRoot ?? spoolOf(site, make);
  const build = planBuild({
    source,
    prefix: packagePath(site, make.directory),
    toolchain,
    copy: request.copy,
    jobs: request.jobs ?? availableParallelism(),
    extra: request.extra,
    template,
    ...(request.system !== undefined && { system: request.system }),
    ...(buildRoot !== undefined && { buildRoot }),
  });
  const others = build.found.others.map(({ name }) => name);
  const kept = environment.keptOut;
  return {
    package: make,
    build,
    environment: environment.variables,
    notes: [
      ...build.notes,
      ...(others.length === 0
        ? []
        : [`it could be built with ${others.join(' or ')} too: --system`]),
      ...(kept.length === 0
        ? []
        : [`not handed over from your environment: ${kept.join(', ')} (--env NAME does)`]),
    ],
  };
}

/**
 * Builds of sources that stand in a package are no part of it: they are what spool is for, each
 * directory of sources with a place of its own.
 */
function spoolOf(site: Site, { around }: MakePackage): Bytes | undefined {
  if (around === undefined) return undefined;
  const name = around.below === '' ? b`top` : (around.below.replaceAll('/', '+') as Bytes);
  return join(typePath(site, b`spool`, around.directory), b`make/${name}`);
}

function assignmentsOf(extra: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    extra.flatMap((word): [string, string][] => {
      const found = /^(CC|CXX)=(.*)$/s.exec(word);
      return found === null ? [] : [[found[1] ?? '', found[2] ?? '']];
    }),
  );
}

function isOnPath(path: string, name: string): boolean {
  return path
    .split(':')
    .some((directory) => statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.isFile());
}

/** Templates for xh-imakefiles: the site's own in place of those that ship. */
function templateOf(site: Site, config: Config): BuildRequest['template'] {
  return (name) => {
    // one component: it is looked for in two directories, and in no other
    if (name.includes('/') || name.startsWith('.')) return undefined;
    const places = [
      inSite(site, join(config.values.templates, b`make/${name}`)),
      join(shipped('templates'), b`make/${name}`),
    ];
    for (const path of places) {
      if (statSync(toBuffer(path), { throwIfNoEntry: false })?.isFile() !== true) continue;
      return { path, content: about(path, () => fromBuffer(readFileSync(toBuffer(path)))) };
    }
    return undefined;
  };
}

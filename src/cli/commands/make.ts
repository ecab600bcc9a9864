/** `xh make [TARGET]`. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { bytes, fromBuffer, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { planMake, type MakeResult } from '../../depot/make.ts';
import { planSources, type PlannedSources } from '../../depot/make-sources.ts';
import { about } from '../../files/error.ts';
import { applyPlan } from '../../host/apply.ts';
import { toJsonText } from '../../host/json.ts';
import {
  cleanBuild,
  runBuild,
  stepsFor,
  type BuildOutcome,
  type Target,
} from '../../make/build.ts';
import { SETTINGS, SYNOPSES } from '../../make/imakefile/statement.ts';
import type { Step } from '../../make/build-system.ts';
import { commandText } from '../../make/process.ts';
import { BUILD_SYSTEMS } from '../../make/systems.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { packagePath } from '../../site/site.ts';
import { changeHost } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { stepText, tellOutcome, tellResult, tellWhat } from '../make-text.ts';
import { textOption } from '../option-values.ts';
import { usage } from '../parse-words.ts';

export const command: Command = {
  usage: '[target] [words...]',
  words: { target: ['all', 'test', 'install', 'clean'] },
  details: `Builds the sources in this directory for the package that they belong to. WORDS tell the build system
more: NAME=VALUE, and options behind '--'. Targets:

  all       builds (when no target is given)
  test      builds and runs the tests that come with the sources; also: check
  install   builds, installs into a staging directory, and puts what is there
            into the package, in one step: the files of the last build for this
            architecture give way; those of other architectures, and what
            people made (.admin, export), stay
  clean     removes what builds for this architecture have left
  others    are handed to the build system

How sources are built is told by what is in their directory; the first of these that is found:
${BUILD_SYSTEMS.map(({ name, title }) => `${name} (${title})`).join(', ')}. --system chooses another.
Each is told to build for /software/PACKAGE, with the directories that packages have (man, not
share/man; maintenance for sbin; servers for libexec).

The package is that of --package; else what the xh-imakefile says; else the one in whose directory the
sources stand (/software/PACKAGE/src); else the name of their directory, whose number is the version
(hello-2.12); without one it is what configure, CMake or Meson say. A package that is not there yet is
made.

Objects of different architectures never meet: each has a directory of its own, .xh/ARCHITECTURE among
the sources (in the package's spool, where the sources stand in a package), or below --build-dir. What cannot be built apart from its sources (a plain makefile) is
built in a copy of them there. --arch builds for another architecture: for a level of this processor
(linux-x86_64_v3) with its flags, for another machine with the cross compiler that GNU names after it.

Every build sees the same environment: a plain PATH, LANG=C.UTF-8, no HOME. Of yours come along what
chooses compilers (CC, CFLAGS, LDFLAGS …), TMPDIR, CCACHE_DIR and SOURCE_DATE_EPOCH; --env NAME hands
over another. Nothing is downloaded by CMake or Meson. Everybody may build; to install takes the right
to change the depot. A build that fails, or is interrupted, leaves the package as it was.

After an install every file is searched for what is wired into it and will not hold: the directories
of the sources, the build and the stage, /usr/local, /export; in run paths (RPATH, RUNPATH), programs,
interpreter lines, .la and .pc files. It is reported with its place; with --strict the package is then
left as it was and the exit code is 3.

An xh-imakefile has statements, settings, and comments as in C:

  #include "../PackageName"     relative to this file; <NAME> is a template
${Object.values(SYNOPSES)
  .map((synopsis) => `  ${synopsis}`)
  .join('\n')}
  CFLAGS += -DDEBUG             a setting
  LDLIBS[linux-*] += -lcrypt    in brackets: for which architectures

Settings are ${Object.keys(SETTINGS).join(', ')}.
Program compiles NAME.c (or .cc, .f90 …) and the other FILEs; -lNAME and libNAME.a are linked. Whom a
command is for says where it stands: user in bin, maintainer in maintenance, program in servers.
Manual takes NAME.SECTION, Library makes libNAME.a, Data goes to data/ unless it says otherwise.
Subdirs have xh-imakefiles of their own, in which these settings hold too.`,
  options: [
    { flags: '-C, --directory <dir>', summary: 'where the sources are (default: here)' },
    { flags: '--package <name>', summary: 'the package, NAME or NAME@VERSION' },
    { flags: '--versioned', summary: 'the package stands as NAME-VERSION, beside other versions' },
    {
      flags: '--system <name>',
      summary: 'how it is built, where there are several ways',
      choices: BUILD_SYSTEMS.map(({ name }) => name),
    },
    { flags: '--arch <architecture>', summary: 'for another architecture than this host has' },
    { flags: '-j, --jobs <count>', summary: 'how much is done at once (default: every processor)' },
    { flags: '--build-dir <dir>', summary: 'where builds are, instead of .xh among the sources' },
    { flags: '--copy', summary: 'build in a copy: for sources that write to themselves' },
    { flags: '--env <variable>', summary: 'hand over NAME, or NAME=VALUE', repeats: true },
    { flags: '--strict', summary: 'refuse what has such paths wired in' },
    { flags: '--replace', summary: 'what people made gives way to files of the build' },
    { flags: '--allow-set-id', summary: 'keep set-user-id and set-group-id bits' },
    { flags: '--maintainer <address>', summary: 'who answers for a package that is made' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh make', explains: 'builds what is here' },
    { command: 'xh make install', explains: 'builds it and puts it into its package' },
    { command: 'xh make --dry-run install', explains: 'shows the commands' },
    {
      command: 'xh make install --package zlib@1.2.13 --system cmake',
      explains: 'another name, another build system',
    },
    {
      command: 'xh make install CFLAGS=-O3 -- --disable-nls',
      explains: 'hands two words to configure',
    },
    { command: 'xh make --arch linux-x86_64_v3', explains: "for this processor's better siblings" },
  ],
  async run(call) {
    const { target, extra } = wordsOf(call.args);
    const sources = planSources(call.site, call.config(), { ...requestOf(call), extra });
    if (call.options['dryRun'] === true) return showSteps(call, sources, target);
    tellWhat(call, sources);
    if (target === 'clean') {
      const path = printable(sources.build.places.top);
      const removed = await cleanBuild(sources.build);
      call.terminal.tell(removed ? `removed ${path}` : `there is nothing of ours in ${path}`);
      return EXIT.done;
    }
    return runTarget(call, sources, target);
  },
};

/** The first word that is neither NAME=VALUE nor an option is the target. */
function wordsOf(words: readonly string[]): {
  readonly target: Target;
  readonly extra: readonly string[];
} {
  const isExtra = (word: string): boolean => word.startsWith('-') || word.includes('=');
  const [target = 'all', more] = words.filter((word) => !isExtra(word));
  if (more !== undefined) {
    throw usage(`one target at a time: '${target}', or '${more}'?`, 'run xh make once for each');
  }
  return { target: targetOf(target), extra: words.filter(isExtra) };
}

function targetOf(word: string): Target {
  switch (word) {
    case 'all':
    case 'install':
    case 'test':
    case 'clean':
      return word;
    case 'check':
      return 'test';
    default:
      return { name: word };
  }
}

function requestOf({ options }: Call): Omit<Parameters<typeof planSources>[2], 'extra'> {
  const directory = typeof options['directory'] === 'string' ? options['directory'] : '.';
  const path = bytes(resolve(directory));
  const { env } = options;
  return {
    source: about(path, () => fromBuffer(realpathSync(toText(path), 'buffer'))),
    versioned: options['versioned'] === true,
    copy: options['copy'] === true,
    environment: Array.isArray(env) ? (env as readonly string[]) : [],
    ...textOption(options, 'package', bytes),
    ...textOption(options, 'system', (text) => text),
    ...jobsOption(options['jobs']),
    ...(typeof options['arch'] === 'string' && { architecture: architectureOf(options['arch']) }),
    ...(typeof options['buildDir'] === 'string' && {
      buildRoot: bytes(resolve(options['buildDir'])),
    }),
  };
}

function jobsOption(text: unknown): { readonly jobs?: number } {
  if (typeof text !== 'string') return {};
  const jobs = Number(text);
  if (/^[0-9]{1,4}$/.test(text) && jobs > 0) return { jobs };
  throw usage(`--jobs ${text}: expected a number from 1 to 9999`);
}

/** It becomes the name of a directory. */
function architectureOf(text: string): Bytes {
  if (/^[a-z0-9]+-[a-z0-9_.]+$/.test(text)) return bytes(text);
  throw usage(`--arch ${text}: expected OS-CPU`, 'write it as xh arch prints it: linux-x86_64');
}

function runTarget(call: Call, sources: PlannedSources, target: Target): Promise<ExitCode> {
  const { terminal, options } = call;
  const running = {
    environment: sources.environment,
    onStep: (step: Step) => {
      terminal.tell(`  ${terminal.err.dim(stepText(step))}`);
    },
    ...(terminal.verbose && { onOutput: (piece: Buffer) => process.stderr.write(piece) }),
  };
  return runBuild(sources.build, target, running, (outcome) => {
    tellOutcome(call, outcome);
    if (target === 'install') return install(call, sources);
    if (options['json'] === true) terminal.print(toJsonText(described(sources, outcome)));
    return EXIT.done;
  });
}

/** `--dry-run`: what would be run, to be read or to be typed. */
function showSteps(call: Call, sources: PlannedSources, target: Target): ExitCode {
  const { terminal, options } = call;
  const { build: planned, environment } = sources;
  const steps = stepsFor(planned, target);
  if (options['json'] === true) {
    terminal.print(toJsonText({ ...described(sources), environment, steps }, 2));
    return EXIT.done;
  }
  tellWhat(call, sources);
  if (terminal.verbose) {
    for (const [name, value] of Object.entries(environment)) terminal.print(`${name}=${value}`);
  }
  if (target === 'clean') terminal.print(`rm -rf ${printable(planned.places.top)}`);
  for (const { path } of planned.plan.files) terminal.print(`# writes ${printable(path)}`);
  for (const step of steps) {
    terminal.print(`cd ${printable(step.cwd)} && ${printable(bytes(commandText(step)))}`);
  }
  if (target === 'install') {
    const path = packagePath(call.site, sources.package.directory);
    terminal.print(
      `# then what is in ${printable(planned.places.stage)} becomes ${printable(path)}`,
    );
  }
  return EXIT.done;
}

function described(
  { package: made, build: planned, notes }: PlannedSources,
  outcome?: BuildOutcome,
): Readonly<Record<string, unknown>> {
  return {
    package: made.name,
    directory: made.directory,
    version: made.version,
    architecture: planned.architecture,
    system: planned.found.system.name,
    build: planned.places.build,
    log: planned.places.log,
    notes,
    ...(outcome !== undefined && { changedSources: outcome.changedSources }),
  };
}

async function install(call: Call, sources: PlannedSources): Promise<ExitCode> {
  const { options, terminal } = call;
  return changeHost(call, async (host) => {
    const result = await planMake(host, call.config(), {
      package: sources.package,
      build: sources.build,
      replace: options['replace'] === true,
      allowSetId: options['allowSetId'] === true,
      ...textOption(options, 'maintainer', (text) => text),
    });
    const strict = options['strict'] === true && isSuspicious(result);
    if (strict) {
      tellResult(call, result);
      throw new XhError(
        'E_MAKE_HARD_WIRED',
        `${printable(sources.package.directory)} has paths wired into it that will not hold; the package is as it was`,
        { exit: EXIT.refused, remedy: 'mend the sources, or leave out --strict' },
      );
    }
    applyPlan(host.walker, result.plan, { contents: result.contents });
    const path = printable(packagePath(call.site, sources.package.directory));
    if (options['json'] === true) {
      const { objects, hardWired, findings, outside } = result;
      terminal.print(
        toJsonText({
          ...described(sources),
          path: bytes(path),
          changed: result.plan.changes.length > 0,
          objects,
          hardWired,
          findings,
          outside,
        }),
      );
    }
    terminal.tell(
      result.plan.changes.length === 0
        ? `${path} has all this already`
        : `${sources.package.exists ? 'renewed' : 'made'} ${path}: ${result.objects} objects`,
    );
    tellResult(call, result);
    terminal.tell(
      `  ${terminal.err.dim('→')} xh install ${printable(sources.package.directory)} puts it on this host`,
    );
    return EXIT.done;
  });
}

function isSuspicious({ hardWired, outside }: MakeResult): boolean {
  return outside.length > 0 || hardWired.some(({ severity }) => severity === 'warning');
}

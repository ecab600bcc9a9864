/**
 * The compilers for an architecture: this host's own, with the flags of a processor level where the
 * architecture is one, or a cross compiler by the name that GNU gives it.
 */
import { printable, toText, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { baseArchitecture } from '../site/arch.ts';

export interface Toolchain {
  readonly architecture: Bytes;
  /** `aarch64-linux-gnu`, when it is another machine than this one. */
  readonly triple?: string;
  /** Variables that every step gets: `CC`, `CFLAGS` … */
  readonly variables: Readonly<Record<string, string>>;
}

export interface ToolchainOptions {
  /** This host's. */
  readonly host: Bytes;
  /** What the user has in the environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a command is to be found. */
  readonly hasCommand: (name: string) => boolean;
}

/** GCC manual, x86 options; Clang has the same. */
const LEVEL = /_v([2-4])$/;
/** The compilers that take it, as every make knows them. */
const COMPILERS = { CC: 'cc', CXX: 'c++', FC: 'gfortran' };

/**
 * @throws XhError E_NO_COMPILER (exit 1) when there is none for the architecture, E_ARCHITECTURE
 *   (exit 2) for one that nothing is known of
 */
export function toolchainFor(architecture: Bytes, options: ToolchainOptions): Toolchain {
  const base = baseArchitecture(architecture);
  const given = chosenByUser(options.environment);
  if (base === options.host || base === baseArchitecture(options.host)) {
    const level = LEVEL.exec(architecture)?.[1];
    return { architecture, variables: level === undefined ? given : withLevel(given, level) };
  }
  const triple = tripleOf(base);
  if (triple === undefined) {
    throw new XhError(
      'E_ARCHITECTURE',
      `nothing is known of building for ${printable(base)} here`,
      {
        exit: EXIT.usage,
        remedy: 'build on a host of that architecture: xh arch prints what a host is',
      },
    );
  }
  if (given['CC'] === undefined && !options.hasCommand(`${triple}-gcc`)) {
    throw new XhError(
      'E_NO_COMPILER',
      `there is no compiler for ${printable(architecture)} here: ${triple}-gcc`,
      {
        remedy: `install gcc-${triple}, name one with CC=…, or build on a host of that architecture`,
      },
    );
  }
  return { architecture, triple, variables: { ...crossTools(triple), ...given } };
}

/** What people set to choose compilers and their flags; it is handed on. */
export const COMPILER_VARIABLES: readonly string[] =
  'AR AS CC CFLAGS CPP CPPFLAGS CXX CXXFLAGS FC FFLAGS LD LDFLAGS LDLIBS LIBS NM OBJCOPY PKG_CONFIG RANLIB STRIP'.split(
    ' ',
  );

function chosenByUser(
  environment: ToolchainOptions['environment'],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    COMPILER_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

/** With the compiler's name rather than among flags, which many a makefile sets itself. */
function withLevel(given: Readonly<Record<string, string>>, level: string): Record<string, string> {
  const flag = `-march=x86-64-v${level}`;
  const compilers = Object.entries(COMPILERS).map(([name, compiler]): [string, string] => [
    name,
    `${given[name] ?? compiler} ${flag}`,
  ]);
  return { ...given, ...Object.fromEntries(compilers) };
}

function crossTools(triple: string): Record<string, string> {
  const tools = { CC: 'gcc', CXX: 'g++', AR: 'ar', RANLIB: 'ranlib', STRIP: 'strip', NM: 'nm' };
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => [name, `${triple}-${tool}`]),
  );
}

/** As Debian and GNU name their cross compilers. */
const TRIPLES: Readonly<Record<string, string>> = {
  'linux-x86_64': 'x86_64-linux-gnu',
  'linux-i686': 'i686-linux-gnu',
  'linux-aarch64': 'aarch64-linux-gnu',
  'linux-armv7l': 'arm-linux-gnueabihf',
  'linux-ppc64le': 'powerpc64le-linux-gnu',
  'linux-ppc64': 'powerpc64-linux-gnu',
  'linux-riscv64': 'riscv64-linux-gnu',
  'linux-s390x': 's390x-linux-gnu',
  'linux-mips64': 'mips64el-linux-gnuabi64',
};

function tripleOf(base: Bytes): string | undefined {
  const name = toText(base);
  return Object.hasOwn(TRIPLES, name) ? TRIPLES[name] : undefined;
}

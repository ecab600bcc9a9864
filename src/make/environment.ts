/**
 * The environment of a build: the same for everybody, so that what works for one works for all. What
 * a user has set for other purposes (library paths, DESTDIR, a language) is kept out; what chooses
 * compilers comes with the toolchain.
 */
import { b, toText } from '../bytes/bytes.ts';
import { adminPath, type Site } from '../site/site.ts';

export interface BuildEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Variables of the user that change builds and are kept out: a person may wonder. */
  readonly keptOut: readonly string[];
}

/** What changes the result of a build behind people's backs. */
const SUSPICIOUS: ReadonlySet<string> = new Set(
  (
    'ACLOCAL_PATH BASH_ENV CMAKE_PREFIX_PATH COMPILER_PATH CONFIG_SITE CPATH CPLUS_INCLUDE_PATH ' +
    'C_INCLUDE_PATH DESTDIR ENV LD_LIBRARY_PATH LD_PRELOAD LD_RUN_PATH LIBRARY_PATH MAKEFLAGS ' +
    'MAKEFILES PERL5LIB PKG_CONFIG_LIBDIR PKG_CONFIG_PATH POSIXLY_CORRECT PREFIX PYTHONPATH prefix'
  ).split(' '),
);

/** Where it is a matter of the host rather than of the result. */
const PASSED_ON: readonly string[] = [
  'TMPDIR',
  'CCACHE_DIR',
  'SOURCE_DATE_EPOCH',
  'USER',
  'LOGNAME',
];

export interface EnvironmentOptions {
  readonly site: Site;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The working directory's own: nobody's start-up files are read. */
  readonly home: string;
  /** `--env NAME` or `NAME=VALUE`: wins over everything. */
  readonly given: readonly string[];
}

/** What a build sees, before the toolchain's variables. */
export function buildEnvironment(options: EnvironmentOptions): BuildEnvironment {
  const { site, environment, home, given } = options;
  const own = Object.fromEntries(
    given.map((word): [string, string] => {
      const sign = word.indexOf('=');
      return sign < 0
        ? [word, environment[word] ?? '']
        : [word.slice(0, sign), word.slice(sign + 1)];
    }),
  );
  const passed = PASSED_ON.flatMap((name): [string, string][] => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  const keptOut = Object.keys(environment).filter(
    (name) => SUSPICIOUS.has(name) && environment[name] !== '' && !(name in own),
  );
  return {
    variables: {
      PATH: `${toText(adminPath(site, b`bins/bin`))}:${SYSTEM_PATH}`,
      HOME: home,
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      TERM: 'dumb',
      TZ: 'UTC',
      ...Object.fromEntries(passed),
      ...own,
    },
    keptOut: keptOut.toSorted(),
  };
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Checks of what a package says of itself: the files of `.admin`. */
import { b, bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { XhError, unlessRefused } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { readAdminFile } from '../../package/admin-content.ts';
import { installOrder, type Dependent } from '../../package/depend.ts';
import { parseDependencies } from '../../package/dependencies.ts';
import { nameIndex } from '../../package/newest.ts';
import { DEFAULT_OPTIONS, parseOptions, type PackageOptions } from '../../package/options.ts';
import { parseFileTypes } from '../../package/file-types.ts';
import { parseMaintainer } from '../../package/maintainer.ts';
import { parseTargets } from '../../package/targets.ts';
import { fileTypeSorter, isHostsOwn } from '../../site/file-types.ts';
import { compileGlob } from '../../site/glob.ts';
import { hostHas } from '../../site/host-has.ts';
import { findAccount } from '../../site/site-accounts.ts';
import { printMailbox } from '../../site/mailbox.ts';
import { availablePackages } from '../available.ts';
import type { Found, PackageCheck } from './package-check.ts';
import type { Subject } from './subject.ts';
import { parseSdistIgnore } from '../sdist/ignore.ts';

/** Each file of `.admin` with what reads it. */
const FILES: Readonly<Record<string, (file: Bytes, content: Bytes, subject: Subject) => unknown>> =
  {
    Maintainer: parseMaintainer,
    Dependencies: parseDependencies,
    Options: parseOptions,
    Targets: parseTargets,
    'file-types': (file, content, { types }) => parseFileTypes(file, content, types),
    'sdist-ignore': parseSdistIgnore,
  };

/** Others that have a meaning. */
const OTHER_FILES = ['Install', 'check-ignore'];

export const adminFiles: PackageCheck = {
  id: 'admin-files',
  what: '.admin files that are missing, cannot be read, or say what nobody understands',
  *ofPackage(subject) {
    for (const name of Object.keys(FILES)) {
      const path = b`.admin/${bytes(name)}`;
      try {
        const found = parsed(subject, name);
        if (found === undefined && name === 'Maintainer') {
          yield {
            severity: 'error',
            path,
            message: 'there is no such file: every package has a maintainer',
            remedy: 'write a mail address into it',
          };
        }
      } catch (error) {
        if (error instanceof DiagnosticError)
          yield* error.diagnostics.map((each) => ofFile(path, each));
        else if (error instanceof XhError) {
          yield {
            severity: 'error',
            path,
            message: error.message,
            remedy: error.remedy ?? 'mend it',
          };
        } else throw error;
      }
    }
    const known = [...Object.keys(FILES), ...OTHER_FILES];
    for (const { path, kind } of subject.files) {
      const [, name = ''] = /^\.admin\/([^/]+)$/.exec(path) ?? [];
      if (name === '' || known.includes(name) || kind === 'directory') continue;
      yield {
        severity: 'warning',
        path,
        message: 'nothing reads a file of this name in .admin',
        remedy: didYouMean(name, known) ?? 'put it elsewhere in the package',
      };
    }
  },
};

export const described: PackageCheck = {
  id: 'described',
  what: 'a package without a summary or a version, by which people find it',
  *ofPackage(subject) {
    const options = optionsOf(subject);
    if (options === undefined) return;
    const path = b`.admin/Options`;
    for (const key of ['summary', 'version'] as const) {
      if (options.values[key] !== undefined || (key === 'version' && subject.version !== undefined))
        continue;
      yield {
        severity: 'note',
        path,
        message: `it has no ${key}`,
        remedy: `add a line: ${key} = …`,
      };
    }
  },
};

export const accounts: PackageCheck = {
  id: 'accounts',
  what: 'accounts (owner, run-as, maintainers without a domain) that this host does not know',
  *ofPackage(subject) {
    const options = optionsOf(subject);
    const { site } = subject.host;
    const exported = exportedAccounts(subject);
    const unknown = (name: Bytes): boolean =>
      !exported.has(name) && findAccount(site, name) === undefined;
    for (const key of ['owner', 'run-as'] as const) {
      const name = options?.values[key];
      if (name === undefined || !unknown(name)) continue;
      const line = options?.lines.get(key);
      yield {
        severity: 'warning',
        path: b`.admin/Options`,
        ...(line !== undefined && { line }),
        message: `${key}: this host has no account '${printable(name)}'`,
        remedy: 'bring it with export/passwd, or name another',
      };
    }
    for (const mailbox of unlessRefused(() => parsed(subject, 'Maintainer')) ?? []) {
      const text = printMailbox(mailbox);
      const [, local = ''] = /^([^@<> ]+)$/.exec(text) ?? [];
      if (local === '' || !unknown(local as Bytes)) continue;
      yield {
        severity: 'note',
        path: b`.admin/Maintainer`,
        message: `'${printable(text)}' is an address without a domain, and no account here`,
        remedy: 'write the whole address, such as name@example.org',
      };
    }
  },
};

export const dependencies: PackageCheck = {
  id: 'dependencies',
  what: 'dependencies that the depot cannot meet, and ones of the host that it does not have',
  *ofPackage(subject) {
    const wanted = unlessRefused(() => parsed(subject, 'Dependencies')) ?? [];
    const path = b`.admin/Dependencies`;
    const available = availablePackages(subject.host.site).filter(
      ({ directory }) => directory !== subject.directory,
    );
    const itself = {
      directory: subject.directory,
      name: subject.name,
      current: true,
      ...(subject.version !== undefined && { version: subject.version }),
      dependencies: wanted,
    };
    try {
      const { system } = installOrder(nameIndex<Dependent>([...available, itself]), [
        { name: subject.directory },
      ]);
      for (const { package: needing, dependency } of system) {
        if (needing !== subject.directory || hostHas(dependency.name)) continue;
        yield {
          severity: 'note',
          path,
          message: `this host does not seem to have '${printable(dependency.name)}'`,
          remedy: "it is looked for by its package manager's name, as a command or a library",
        };
      }
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      yield {
        severity: 'error',
        path,
        message: error.message.replaceAll('\n', '; '),
        remedy: (error.remedy ?? 'mend it').replaceAll('\n', '; '),
      };
    }
  },
};

export const targets: PackageCheck = {
  id: 'targets',
  what: 'targets that no host can be, or that are wanted and not there',
  *ofPackage(subject) {
    const list = unlessRefused(() => parsed(subject, 'Targets'));
    const options = optionsOf(subject);
    const path = b`.admin/Targets`;
    const says = options?.values.distribute ?? { to: 'all' };
    if (says.to === 'targets-file' && list === undefined) {
      yield {
        severity: 'error',
        path,
        message: "'distribute = targets' in Options, and there is no such file",
        remedy: 'write the hosts into it',
      };
    }
    for (const { terms, exclude } of list ?? []) {
      for (const { subject: of, glob } of terms) {
        const compiled = compileGlob(glob, { ignoreCase: true });
        if (of === 'arch' && !ARCHITECTURES.some((each) => compiled.matches(each))) {
          yield {
            severity: 'warning',
            path,
            message: `'arch:${printable(glob)}' is no architecture that there is`,
            remedy: "'xh arch' prints what this host is, such as linux-x86_64",
          };
        }
      }
      const hosts = terms.filter(({ subject: of, glob }) => of === 'host' && !/[*?[{]/.test(glob));
      if (!exclude && new Set(hosts.map(({ glob }) => glob)).size > 1) {
        yield {
          severity: 'warning',
          path,
          message: `no host has ${hosts.map(({ glob }) => `the name ${printable(glob)}`).join(' and ')}`,
          remedy: 'write them on lines of their own: terms joined with & have to match together',
        };
      }
    }
  },
};

/** Systems and processors, as `xh arch` has them; a pattern is held against each. */
const ARCHITECTURES: readonly Bytes[] = ['linux', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'sunos']
  .flatMap((system) =>
    (
      'x86_64 x86_64_v2 x86_64_v3 x86_64_v4 i386 i486 i586 i686 aarch64 arm64 armv6l armv7l ppc ppc64 ' +
      'ppc64le riscv64 s390x loongarch64 mips mips64 sparc64'
    )
      .split(' ')
      .map((cpu) => `${system}-${cpu}`),
  )
  .map((name) => bytes(name));

export const fileTypes: PackageCheck = {
  id: 'file-types',
  what: 'lines of .admin/file-types that mean no file, and files in another tree than these say',
  *ofPackage(subject) {
    const rules = unlessRefused(() => parsed(subject, 'file-types'));
    if (rules === undefined) return;
    const path = b`.admin/file-types`;
    const files = subject.files.filter(({ kind }) => kind !== 'directory');
    const own = new Set(subject.types.filter(isHostsOwn).map(({ name }) => name));
    for (const rule of rules) {
      // logs and the like come when it runs
      if (own.has(rule.type)) continue;
      const only = fileTypeSorter([{ ...rule, type: NEVER }]);
      if (subject.files.some((file) => only(file.path) === NEVER)) continue;
      yield {
        severity: 'note',
        path,
        message: `'${printable(rule.glob)}' matches nothing in the package`,
        remedy: 'take the line out, unless such files come later',
      };
    }
    if (subject.entry === undefined) return;
    const typeOf = fileTypeSorter(rules);
    for (const file of files) {
      if (file.kind !== 'file' || typeOf(file.path) === file.type) continue;
      yield {
        severity: 'warning',
        path: file.path,
        message: `it stands in the tree ${printable(file.type)}, and its type is ${printable(typeOf(file.path))}`,
        remedy: `move it to /.software/${toText(typeOf(file.path))}/${toText(subject.directory)}, or change .admin/file-types`,
      };
    }
  },
};

const NEVER = b`?`;

/** Accounts that the package brings itself. */
function exportedAccounts({ byPath }: Subject): ReadonlySet<Bytes> {
  const content =
    byPath
      .get(b`export/passwd`)
      ?.content()
      .toString('latin1') ?? '';
  return new Set(content.split('\n').map((line) => (line.split(':')[0] ?? '') as Bytes));
}

type Parsers = {
  readonly Maintainer: ReturnType<typeof parseMaintainer>;
  readonly Dependencies: ReturnType<typeof parseDependencies>;
  readonly Options: ReturnType<typeof parseOptions>;
  readonly Targets: ReturnType<typeof parseTargets>;
  readonly 'file-types': ReturnType<typeof parseFileTypes>;
};

/** What a file says; undefined when it is not there. @throws DiagnosticError, XhError */
function parsed<Name extends string>(
  subject: Subject,
  name: Name,
): (Name extends keyof Parsers ? Parsers[Name] : unknown) | undefined {
  const file = join(subject.top, b`.admin/${bytes(name)}`);
  const content = readAdminFile(file);
  if (content === undefined) return undefined;
  return FILES[name]?.(file, content, subject) as never;
}

/** The options, or the default ones; undefined for those that cannot be read. */
export function optionsOf(subject: Subject): PackageOptions | undefined {
  return unlessRefused(() => parsed(subject, 'Options') ?? DEFAULT_OPTIONS);
}

/** A diagnostic in a file of the package. */
export function ofFile(path: Bytes, diagnostic: Diagnostic): Found {
  const { severity, message, line, column, hint } = diagnostic;
  return { severity, path, line, column, message, remedy: hint ?? 'correct the line' };
}

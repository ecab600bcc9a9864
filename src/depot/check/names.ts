/** Checks of names: what other systems cannot hold, what nobody meant to ship, what others have too. */
import { fromBuffer, printable, utf8, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname, join } from '../../bytes/path.ts';
import { LINK_CLASSES, type LinkClass } from '../../farm/classes.ts';
import { readAt } from '../../files/content.ts';
import { unlessRefused } from '../../message/error.ts';
import { SKELETON } from '../../package/layout.ts';
import { readPackageOptions } from '../../package/read.ts';
import { isDefaultPackage } from '../../site/config.ts';
import { wantedBy } from '../links-of.ts';
import { shellWord } from '../shell-word.ts';
import { optionsOf } from './admin.ts';
import type { Found, PackageCheck } from './package-check.ts';
import type { Subject, SubjectFile } from './subject.ts';

export const portableNames: PackageCheck = {
  id: 'portable-names',
  what: 'names that other systems, or shells, have trouble with, or that differ by case alone',
  *ofPackage({ files }) {
    const seen = new Map<string, Bytes>();
    for (const { path } of files) {
      const folded = `${dirname(path)}/${(utf8(basename(path)) ?? basename(path)).toLowerCase()}`;
      const other = seen.get(folded);
      seen.set(folded, path);
      if (other === undefined || other === path) continue;
      yield {
        severity: 'note',
        path,
        message: `it differs from ${printable(basename(other))} by upper and lower case alone`,
        remedy: 'give it another name, if hosts without that distinction get it',
      };
    }
  },
  *ofFile({ path }) {
    const name = basename(path);
    const problem = nameProblem(name);
    if (problem === undefined) return;
    yield { ...problem, path, remedy: 'give it another name' };
  },
};

function nameProblem(name: Bytes): Pick<Found, 'severity' | 'message'> | undefined {
  if (/[\0-\x1f\x7f]/.test(name)) {
    return { severity: 'error', message: 'its name has a control character in it' };
  }
  if (utf8(name) === undefined) return { severity: 'warning', message: 'its name is no UTF-8' };
  if (name.startsWith('-')) {
    return { severity: 'warning', message: 'its name looks like an option' };
  }
  if (/[\\"'`$*?[\]{}<>|;&~ :]/.test(name)) {
    return { severity: 'note', message: 'its name means something to a shell, or to Windows' };
  }
  if (name.length > 143) {
    return {
      severity: 'note',
      message: `its name has ${name.length} bytes: encrypted disks take 143`,
    };
  }
  return undefined;
}

/** What editors, version control and build tools leave. */
const JUNK: readonly (readonly [names: RegExp, what: string])[] = [
  [/^(?:\.git|\.hg|\.svn|CVS|RCS|\.bzr)$/, 'belongs to version control'],
  [/^(?:.*~|#.*#|\.#.*|.*\.(?:swp|swo|bak|orig|rej))$/, 'an editor, or patch, has left'],
  [/^(?:\.DS_Store|Thumbs\.db|desktop\.ini)$/, 'another system has left'],
  [/^\.nfs[0-9a-f]{8,}$/, 'NFS has left'],
  [/^\.(?:xhier|lfu)-[0-9a-z-]+$/, 'a command that was killed has left'],
  [/^core(?:\.[0-9]+)?$/, 'a program that died has left'],
  [/\.(?:o|lo|gcda|gcno)$/, 'the compiler has left'],
];

export const leftOvers: PackageCheck = {
  id: 'left-overs',
  what: 'what editors, version control, compilers and programs that died have left',
  *ofFile({ path, kind, at }) {
    const name = basename(path);
    const junk = JUNK.find(([names]) => names.test(name))?.[1];
    if (junk === undefined || (name === 'core' && kind !== 'file')) return;
    yield {
      severity: 'warning',
      path,
      message: `it looks like what ${junk}`,
      remedy: `rm -r ${shellWord(at)}`,
    };
  },
};

/** Bytes. */
const LARGE = 512 * 1024 * 1024;

export const sizes: PackageCheck = {
  id: 'sizes',
  what: 'files of more than 512 MiB, and directories with nothing in them',
  *ofPackage({ files }) {
    const full = new Set(files.map(({ path }) => dirname(path)));
    const expected = new Set(SKELETON.map(({ path }) => path));
    for (const { path, kind, size } of files) {
      if (kind === 'file' && size > LARGE) {
        yield {
          severity: 'note',
          path,
          message: `${Math.round(size / 1024 / 1024)} MiB, which every host gets`,
          remedy: 'distribute it by itself, or not at all, unless all need it',
        };
      }
      if (kind !== 'directory' || full.has(path) || isExpected(expected, path)) continue;
      yield {
        severity: 'note',
        path,
        message: 'there is nothing in it',
        remedy: 'take it out, unless a program wants it to be there',
      };
    }
  },
};

/** Directories that every package is made with. */
function isExpected(expected: ReadonlySet<Bytes>, path: Bytes): boolean {
  return expected.has(path) || [...expected].some((each) => each.startsWith(`${path}/`));
}

export const sharedNames: PackageCheck = {
  id: 'shared-names',
  what: 'commands, pages, headers and libraries that another package has too, at the same priority',
  *ofPackage(subject) {
    const own = options(subject);
    if (own === undefined) return;
    const wanted = linksWanted(subject);
    for (const other of subject.depot()) {
      if (other.name === subject.name) continue;
      const theirs = unlessRefused(() => wantedBy(subject.host, subject.config, other)) ?? [];
      const priority = unlessRefused(() => readPackageOptions(other).values.priority);
      if (priority !== own.priority) continue;
      for (const { path, target } of theirs) {
        const file = wanted.get(path);
        if (file === undefined || sameContent(subject, file, target)) continue;
        yield {
          severity: 'warning',
          path: file.path,
          message: `${printable(other.directory)} has ${printable(basename(path))} too, and the same priority (${priority}): they cannot both be installed`,
          remedy: `set another priority in .admin/Options, or on each host: xh prefer ${printable(basename(path))} ${printable(subject.name)}`,
        };
      }
    }
  },
};

/** What is the same in both is no conflict. */
function sameContent({ host }: Subject, file: SubjectFile, target: Bytes): boolean {
  const { site, walker } = host;
  const inside = (site.root === '/' ? target : target.slice(site.root.length)) as Bytes;
  const place = unlessRefused(() => walker.tryLocate(inside, { follow: true }));
  if (place === undefined || file.kind !== 'file') return false;
  const there = unlessRefused(() => readAt(place.dir, place.name));
  return there !== undefined && there === fromBuffer(file.content());
}

function options(subject: Subject): { readonly priority: number } | undefined {
  const values = optionsOf(subject)?.values;
  if (values === undefined) return undefined;
  const { name, directory } = subject;
  return isDefaultPackage(subject.config, [name, directory], values.default) ? values : undefined;
}

/** The paths in the farms that the package's files want, by the table of classes. */
function linksWanted(subject: Subject): ReadonlyMap<Bytes, SubjectFile> {
  const which = optionsOf(subject)?.values.links ?? { which: 'all' };
  if (which.which === 'none') return new Map();
  const classes = LINK_CLASSES.filter(
    ({ name }) => which.which === 'all' || which.classes.some((each) => each === name),
  );
  const found = new Map<Bytes, SubjectFile>();
  for (const file of subject.byPath.values()) {
    if (file.kind === 'directory') continue;
    for (const linkClass of classes) {
      for (const { from, to } of linkClass.trees) {
        if (!file.path.startsWith(`${from}/`)) continue;
        const rest = file.path.slice(from.length + 1) as Bytes;
        if (isWanted(linkClass, rest, file)) found.set(join(to, rest), file);
      }
    }
  }
  return found;
}

function isWanted(linkClass: LinkClass, rest: Bytes, { mode, kind }: SubjectFile): boolean {
  if (!linkClass.deep && rest.includes('/')) return false;
  if (linkClass.executable === true && kind === 'file' && (mode & 0o111) === 0) return false;
  return linkClass.wants?.(rest) ?? true;
}

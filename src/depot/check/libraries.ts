/** Checks of compiled files: what the loader will look for, and where. */
import { spawnSync } from 'node:child_process';
import { b, printable, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { namesIn } from '../../files/forgiving.ts';
import { basename, components, dirname, isWithin, join, normalize } from '../../bytes/path.ts';
import { hostHas } from '../../site/host-has.ts';
import { packagePath } from '../../site/site.ts';
import type { Found, PackageCheck } from './package-check.ts';
import { declares } from './programs.ts';
import type { Subject, SubjectFile } from './subject.ts';

export const neededLibraries: PackageCheck = {
  id: 'needed-libraries',
  what: 'libraries that a program needs, and that neither the package, the depot nor the host has',
  *ofFile(file, subject) {
    const elf = file.kind === 'file' ? file.elf() : undefined;
    if (elf === undefined) return;
    if (elf.interpreter !== undefined && !subject.hostHas(elf.interpreter)) {
      yield {
        severity: 'error',
        path: file.path,
        message: `what loads it, ${printable(elf.interpreter)}, is not on this host`,
        remedy: 'build it for this system, or install what it is built for',
      };
    }
    for (const name of elf.needed) {
      if (name.includes('/') ? subject.hostHas(name) : isFound(file, subject, name)) continue;
      const owners = depotLibraries(subject).get(name) ?? [];
      const [owner] = owners;
      if (owner === undefined) {
        yield {
          // what it says that it needs of the host may bring it
          severity: lacksOfHost(subject) ? 'warning' : 'error',
          path: file.path,
          message: `it needs ${printable(name)}, which is nowhere`,
          remedy: 'install the package that has it, or put it into lib',
        };
      } else if (!owners.some((each) => declares(subject, each))) {
        yield {
          severity: 'warning',
          path: file.path,
          message: `it needs ${printable(name)} of ${owners.map(printable).join(' or ')}, which is no dependency`,
          remedy: `add to .admin/Dependencies: ${toText(owner)}`,
        };
      }
    }
  },
};

/** Whether the package names something of the host that this one does not have. */
function lacksOfHost({ byPath }: Subject): boolean {
  const text =
    byPath
      .get(b`.admin/Dependencies`)
      ?.content()
      .toString('latin1') ?? '';
  return [...text.matchAll(/^[ \t]*\??system:(\S+)/gm)].some(
    ([, name = '']) => !hostHas(name as Bytes),
  );
}

export const runPaths: PackageCheck = {
  id: 'run-paths',
  what: 'run paths (RUNPATH, RPATH) that lead nowhere, or to where others may put a library',
  *ofFile(file, subject) {
    const elf = file.kind === 'file' ? file.elf() : undefined;
    for (const path of elf?.runPath ?? []) {
      const finding = runPathFinding(file, subject, path);
      if (finding !== undefined) {
        yield { path: file.path, remedy: `patchelf --set-rpath '$ORIGIN/../lib' FILE`, ...finding };
      }
    }
  },
};

/** Directories that everybody may write to, or that are somebody's own. */
const UNSAFE = /^\/(?:tmp|var\/tmp|dev\/shm|home|root|build|Users)(?:\/|$)/;

function runPathFinding(
  file: SubjectFile,
  subject: Subject,
  path: Bytes,
): Pick<Found, 'severity' | 'message'> | undefined {
  const shown = printable(path);
  if (path === '' || (!path.startsWith('/') && !path.startsWith('$'))) {
    return {
      severity: 'error',
      message: `its run path has '${shown}': libraries are taken from whatever the working directory is`,
    };
  }
  if (UNSAFE.test(normalize(path))) {
    return {
      severity: 'error',
      message: `its run path has ${shown}, where others may put a library`,
    };
  }
  const expanded = expand(file, path);
  if (expanded === undefined || subject.hostHas(expanded)) return undefined;
  return { severity: 'note', message: `its run path has ${shown}, which is not there` };
}

/** `$ORIGIN` put in its place; other words (`$LIB`) are the loader's secret. */
function expand({ at }: SubjectFile, path: Bytes): Bytes | undefined {
  const whole = path.replace(/^\$(?:ORIGIN|\{ORIGIN\})/, () => dirname(at)) as Bytes;
  return whole.includes('$') ? undefined : normalize(whole);
}

function isFound(file: SubjectFile, subject: Subject, name: Bytes): boolean {
  const paths = file.elf()?.runPath ?? [];
  const directories = paths.flatMap((path) => expand(file, path) ?? []);
  return (
    directories.some((directory) => subject.hostHas(join(directory, name))) ||
    subject.byPath.has(b`lib/${name}`) ||
    hostLibraries().has(name)
  );
}

export const sonames: PackageCheck = {
  id: 'sonames',
  what: 'libraries without the link of their soname, by which programs find them',
  *ofFile(file, { byPath, entry }) {
    const [, rest] = /^lib\/(lib[^/]*\.so[^/]*)$/.exec(file.path) ?? [];
    const elf = file.kind === 'file' && rest !== undefined ? file.elf() : undefined;
    if (elf === undefined || rest === undefined) return;
    const { soname } = elf;
    if (soname === undefined) {
      yield {
        severity: 'note',
        path: file.path,
        message: 'a library without a soname: programs remember it by its file name',
        remedy: 'link it with -Wl,-soname, unless it is loaded as a module only',
      };
      return;
    }
    const link = b`lib/${soname}`;
    if (soname.includes('/') || byPath.has(link)) return;
    yield {
      severity: 'error',
      path: file.path,
      message: `its soname is ${printable(soname)}, and lib has nothing of that name`,
      remedy: `ln -s ${toText(basename(file.path))} ${toText(join(dirname(entry === undefined ? file.path : file.at), soname))}`,
    };
  },
};

let known: ReadonlySet<string> | undefined;

/** What the loader of this host finds by itself. */
function hostLibraries(): ReadonlySet<string> {
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const program of ['/sbin/ldconfig', '/usr/sbin/ldconfig']) {
    const { stdout } = spawnSync(program, ['-p'], { encoding: 'latin1', timeout: 10_000 });
    for (const [, name = ''] of (stdout ?? '').matchAll(/^\t(\S+) /gm)) names.add(name);
    if (names.size > 0) break;
  }
  for (const directory of LIBRARIES) for (const name of namesIn(directory)) names.add(name);
  return (known = names);
}

const LIBRARIES = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'] as Bytes[];

const libraries = new WeakMap<readonly unknown[], ReadonlyMap<Bytes, readonly Bytes[]>>();

/** Names of the libraries of the other packages, and whose they are. */
function depotLibraries(subject: Subject): ReadonlyMap<Bytes, readonly Bytes[]> {
  const depot = subject.depot();
  const before = libraries.get(depot);
  if (before !== undefined) return before;
  const found = new Map<Bytes, Bytes[]>();
  for (const { directory, name } of depot) {
    if (directory === subject.directory) continue;
    for (const library of namesIn(join(packagePath(subject.host.site, directory), b`lib`))) {
      if (!library.includes('.so')) continue;
      const owners = found.get(library);
      if (owners === undefined) found.set(library, [name]);
      else if (!owners.includes(name)) owners.push(name);
    }
  }
  libraries.set(depot, found);
  return found;
}

export const links: PackageCheck = {
  id: 'links',
  what: 'links that lead nowhere, out of the package, or by a path that holds on this host only',
  *ofFile(file, subject) {
    if (file.kind !== 'link') return;
    const { path, target, at } = file;
    const shown = printable(target);
    const say = (severity: Found['severity'], message: string, remedy: string): Found => ({
      severity,
      path,
      message,
      remedy,
    });
    // what they replace is theirs to say, and is checked with the fragments
    if (path.startsWith('export/replace/')) return;
    if (!target.startsWith('/')) {
      const to = normalize(join(dirname(b`/${path}`), target));
      const leaves = target.startsWith('..') && climbs(path, target);
      if (leaves) {
        yield say(
          'error',
          `it leads out of the package: ${shown}`,
          'name what it means by /software/PKG/…',
        );
      } else if (!subject.byPath.has(slice(to, 1)) && !subject.hostHas(join(dirname(at), target))) {
        yield say(
          'error',
          `it leads nowhere: ${shown}`,
          `rm it, or put ${printable(to)} into the package`,
        );
      }
      return;
    }
    const inside = subject.inside(target);
    const [first, second, third] = inside === undefined ? [] : components(inside);
    const owner = first === 'software' ? second : first === '.software' ? third : undefined;
    if (owner === subject.directory || owner === subject.name) {
      const type = first === '.software' ? second : undefined;
      if (type !== undefined && type !== file.type) {
        if (!subject.hostHas(target))
          yield say('error', `it leads nowhere: ${shown}`, 'make the package again');
        return;
      }
      yield say(
        'warning',
        `it leads to its own package by an absolute path: ${shown}`,
        'let it be relative: the tree may stand elsewhere on another host',
      );
    } else if (!subject.hostHas(target)) {
      yield say('error', `it leads nowhere: ${shown}`, 'rm it, or bring what it names');
    } else if (inside !== undefined && isWithin(b`/.software`, inside)) {
      yield say(
        'warning',
        `it leads into a tree: ${shown}`,
        'name it by /software/PKG/…: types are nobody else’s',
      );
    } else if (owner !== undefined) {
      if (!declares(subject, owner)) {
        const remedy = `add to .admin/Dependencies: ${toText(owner)}`;
        yield say('warning', `it leads to ${printable(owner)}, which is no dependency`, remedy);
      }
    } else {
      yield say(
        'note',
        `it leads out of the depot: ${shown}`,
        'other hosts may have nothing there',
      );
    }
  },
};

/** Whether a relative target goes above the package. */
function climbs(path: Bytes, target: Bytes): boolean {
  let depth = components(path).length - 1;
  for (const part of components(target)) {
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

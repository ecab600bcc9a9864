/** Checks of modes and types: what endangers a host, or cannot be read on it. */
import { b } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { shellWord } from '../shell-word.ts';
import type { PackageCheck } from './package-check.ts';

export const setId: PackageCheck = {
  id: 'set-id',
  what: 'programs that run with the rights of their owner or group',
  *ofFile({ path, kind, mode, at }) {
    if (kind !== 'file' || (mode & 0o6000) === 0) return;
    const whose = (mode & 0o4000) === 0 ? 'group' : 'owner';
    yield {
      severity: 'warning',
      path,
      message: `it runs with the rights of its ${whose} (mode ${mode.toString(8)})`,
      remedy: `be sure of it; else: chmod ug-s ${shellWord(at)}`,
    };
  },
};

export const writable: PackageCheck = {
  id: 'writable',
  what: 'what everybody may write to',
  *ofFile({ path, kind, mode, at, type }) {
    if (kind === 'link' || (mode & 0o002) === 0) return;
    const isSticky = kind === 'directory' && (mode & 0o1000) !== 0;
    yield {
      severity: isSticky || type === 'spool' ? 'note' : 'error',
      path,
      message: `everybody may write to it (mode ${mode.toString(8)})`,
      remedy: `chmod o-w ${shellWord(at)}`,
    };
  },
};

export const readable: PackageCheck = {
  id: 'readable',
  what: 'what its users may not read, and what this check could not',
  *ofFile({ path, kind, mode, at, type }) {
    const isPrivate = path.startsWith('.admin/') || type === 'local' || type === 'spool';
    if (kind === 'link' || kind === 'special' || isPrivate) return;
    const wanted = kind === 'directory' ? 0o005 : 0o004;
    // a program that everybody may execute need not be read
    if ((mode & wanted) === wanted || (kind === 'file' && (mode & 0o001) !== 0)) return;
    yield {
      severity: 'note',
      path,
      message: `not everybody may ${kind === 'directory' ? 'enter' : 'read'} it (mode ${mode.toString(8)})`,
      remedy: `chmod a+r${kind === 'directory' ? 'x' : ''} ${shellWord(at)}, unless that is meant`,
    };
  },
  *ofPackage({ unread, files, byPath }) {
    // everything is to be read before it is known what could not be
    for (const file of files) if (file.kind === 'file' && file.size > 0) file.content();
    for (const { path, errno } of unread) {
      yield {
        severity: 'warning',
        path,
        message: `it could not be read (${errno}), and so not checked`,
        remedy: byPath.has(path) ? 'check it as a user who may' : 'mend the directory',
      };
    }
  },
};

export const specialFiles: PackageCheck = {
  id: 'special-files',
  what: 'devices, sockets and pipes, which are not distributed',
  *ofFile({ path, kind, at }) {
    if (kind !== 'special') return;
    yield {
      severity: 'error',
      path,
      message: 'neither a file, a directory nor a link',
      remedy: `rm ${shellWord(at)}, and make it at run time (export/tmpfiles.d)`,
    };
  },
};

/** Files that the package manager of the system would take for its own. */
export const reservedNames: PackageCheck = {
  id: 'reserved-names',
  what: 'things that stand where only the system of packages puts something',
  *ofPackage({ byPath }) {
    const admin = byPath.get(b`.admin`);
    if (admin !== undefined && admin.kind !== 'directory') {
      yield {
        severity: 'error',
        path: b`.admin`,
        message: 'it has to be a directory',
        remedy: 'make it one, with a Maintainer in it',
      };
    }
  },
  *ofFile({ path }) {
    if (path.includes('/') || !/^(?:share|arch|local|spool|regional|admin)$/.test(basename(path)))
      return;
    if (path === 'share') return;
    yield {
      severity: 'note',
      path,
      message: 'it is called like a tree of the hierarchy, and has nothing to do with it',
      remedy: 'files are sorted into trees by .admin/file-types, not by where they stand',
    };
  },
};

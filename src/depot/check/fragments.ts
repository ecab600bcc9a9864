/** Checks of what a package puts into system files: that it can be read, and goes together. */
import { b, fromBuffer, slice, type Bytes } from '../../bytes/bytes.ts';
import { dirname, isWithin, join, normalize } from '../../bytes/path.ts';
import type { FragmentFile } from '../../export/fragment.ts';
import { checkFragments, planFragments } from '../../export/planFragments.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { XhError } from '../../message/error.ts';
import { startPlanning } from '../context.ts';
import { exportFiles, fragmentOwner, viewOf } from '../fragments.ts';
import { receiptOf } from '../receipts.ts';
import { ofFile, optionsOf } from './admin.ts';
import type { Found, PackageCheck } from './package-check.ts';
import type { Subject } from './subject.ts';

export const fragments: PackageCheck = {
  id: 'fragments',
  what: 'fragments in export/ that cannot be read, do not go together, or collide on this host',
  *ofPackage(subject) {
    if (!subject.files.some(({ path }) => path.startsWith('export/'))) return;
    try {
      const planning = startPlanning(subject.host, subject.config);
      const files = filesOf(subject);
      const view = viewOf(planning);
      const found = checkFragments({ exportFiles: files, host: view });
      yield* found.map((each) => inPackage(subject, each));
      if (found.some(({ severity }) => severity === 'error')) return;
      const owner = fragmentOwner(
        subject.host.site,
        subject.name,
        optionsOf(subject)?.values.owner,
      );
      const before =
        subject.entry === undefined
          ? []
          : (receiptOf(planning, subject.directory)?.fragments ?? []);
      const { conflicts } = planFragments({ owner, exportFiles: files, before, host: view });
      for (const { message, remedy } of conflicts) {
        yield { severity: 'warning', path: b`export`, message: `on this host: ${message}`, remedy };
      }
    } catch (error) {
      if (error instanceof DiagnosticError) {
        yield* error.diagnostics.map((each) => inPackage(subject, each));
      } else if (error instanceof XhError) {
        yield {
          severity: 'error',
          path: b`export`,
          message: error.message,
          remedy: error.remedy ?? 'mend it',
        };
      } else throw error;
    }
  },
};

function inPackage(subject: Subject, diagnostic: Diagnostic): Found {
  const top = b`/software/${subject.directory}`;
  const { file } = diagnostic;
  const path = isWithin(top, file) ? slice(file, top.length + 1) : b`export`;
  return ofFile(path, diagnostic);
}

/** The files below `export/`: the depot's as install reads them, those of a directory as they stand. */
function filesOf(subject: Subject): readonly FragmentFile[] {
  const { host, directory, entry, byPath, top } = subject;
  if (entry !== undefined) return exportFiles(host.walker, directory);
  return subject.files.flatMap((file): FragmentFile[] => {
    if (!file.path.startsWith('export/')) return [];
    const name = slice(file.path, 'export/'.length);
    const base = { name, path: b`/software/${directory}/${file.path}`, mode: file.mode };
    if (file.kind === 'file') return [{ ...base, content: fromBuffer(file.content()) }];
    if (file.kind !== 'link') return [];
    if (name.startsWith('replace/')) return [{ ...base, content: b``, link: file.target }];
    const to = byPath.get(pathIn(top, directory, file.path, file.target));
    return to?.kind === 'file'
      ? [{ ...base, content: fromBuffer(to.content()), mode: to.mode }]
      : [];
  });
}

/** What a link below the package means, as a path below the package. */
function pathIn(top: Bytes, directory: Bytes, path: Bytes, target: Bytes): Bytes {
  const home = b`/software/${directory}`;
  for (const start of [home, top]) {
    if (isWithin(start, target)) return slice(target, start.length + 1);
  }
  return slice(normalize(join(dirname(b`/${path}`), target)), 1);
}

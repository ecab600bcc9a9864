/**
 * `xh detach`: attached packages go, or become copies. A copy is made beside its place, from the mount;
 * then each tree takes the place of its link in one step, so that whoever uses the package goes on.
 */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname, join } from '../../bytes/path.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { removeTreeAt, symlinkAt, unlinkIfPresent } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import type { Plan } from '../../host/plan.ts';
import { tellingShape } from '../../host/shape.ts';
import type { Host } from '../../host/transaction.ts';
import { receiptPath } from '../../host/receipt.ts';
import { runLfu } from '../../lfu/run.ts';
import type { LfuProblem } from '../../lfu/plan/change.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { listPackages } from '../../package/entries.ts';
import type { Config } from '../../site/config.ts';
import { inSite, typePath } from '../../site/site.ts';
import { finishPlanning, startPlanning } from '../context.ts';
import { receiptOf } from '../receipts.ts';
import { attachedIn, attachedPackages, type AttachedPackage } from './record.ts';
import type { Mount } from './mount.ts';

/** The attached packages that a user names. @throws XhError E_NOT_ATTACHED */
export function attachedNamed(walker: Walker, names: readonly Bytes[]): readonly AttachedPackage[] {
  const attached = attachedPackages(walker);
  return names.map((name) => {
    const found = attached.get(name);
    if (found !== undefined) return found;
    const known = [...attached.keys()].map(printable);
    throw new XhError('E_NOT_ATTACHED', `${printable(name)} is not attached here`, {
      remedy:
        known.length === 0
          ? 'no package is'
          : (didYouMean(printable(name), known) ?? `attached are ${known.join(', ')}`),
    });
  });
}

/** Those of `names` that are packages, and not attached. */
export function copiesAmong({ site, walker }: Host, names: readonly Bytes[]): readonly Bytes[] {
  const attached = attachedPackages(walker);
  const there = new Set(listPackages(site).map(({ directory }) => directory));
  return names.filter((name) => there.has(name) && !attached.has(name));
}

/** Plans taking attached packages away; one that is installed stays. */
export function planDetach(host: Host, config: Config, packages: readonly AttachedPackage[]): Plan {
  const planning = startPlanning(host, config);
  const { draft, conflicts } = planning;
  const attached = attachedIn(draft);
  for (const { package: directory, trees, made } of packages) {
    if (receiptOf(planning, directory) !== undefined) {
      const name = printable(directory);
      conflicts.push({
        code: 'E_INSTALLED',
        path: receiptPath(directory),
        message: `${name} is installed here, and would be gone`,
        remedy: `have a copy instead: xh detach ${name} --copy; or first: xh uninstall ${name}`,
      });
      continue;
    }
    for (const { type } of trees) {
      const path = b`/.software/${type as Bytes}/${directory}`;
      if (draft.look(path).type !== 'absent') draft.remove(path);
    }
    for (const path of [...new Set(made)].toSorted().toReversed()) {
      if (draft.look(path).type === 'directory') draft.removeDir(path);
    }
    attached.delete(directory);
  }
  return finishPlanning(
    planning,
    'detach',
    packages.map((each) => each.package),
  );
}

export interface CopyOptions {
  /** What the mount says of the package; its links are made ours when it is of a site with another root. */
  readonly mount: Mount;
  readonly problem: (problem: LfuProblem) => void;
}

/**
 * Copies the trees of an attached package beside their places; what an earlier call has left is gone on
 * with. Nothing that anybody sees changes.
 * @throws XhError E_ATTACH_COPY when something could not be copied
 */
export async function copyAttached(
  { site, walker }: Host,
  { package: directory, trees }: AttachedPackage,
  { mount, problem }: CopyOptions,
): Promise<void> {
  for (const { type, path } of trees) {
    const beside = besidePath(type as Bytes, directory);
    makeDirs(walker, dirname(beside));
    const result = await runLfu({
      master: inSite(site, path),
      slave: inSite(site, beside),
      noOwner: process.geteuid?.() !== 0,
      report: { problem },
    });
    if (result.exit !== 0) {
      throw new XhError(
        'E_ATTACH_COPY',
        `not all of ${printable(directory)} could be copied: it stays attached`,
        { place: { file: path }, remedy: 'mend what is told above, and run it again' },
      );
    }
  }
  adaptLinks(walker, site, directory, mount);
  walker.forget();
}

/** Plans that the copies that have been made take the places of the links. */
export function planCopies(host: Host, config: Config, packages: readonly AttachedPackage[]): Plan {
  const planning = startPlanning(host, config);
  const { draft } = planning;
  const attached = attachedIn(draft);
  for (const { package: directory, trees } of packages) {
    for (const { type } of trees) {
      const path = b`/.software/${type as Bytes}/${directory}`;
      const from = besidePath(type as Bytes, directory);
      const { dir } = host.walker.locate(from);
      const shape = tellingShape(dir, basename(from), directory);
      if (shape !== undefined) draft.place({ path, from, shape });
    }
    attached.delete(directory);
  }
  return finishPlanning(
    planning,
    'detach',
    packages.map((each) => each.package),
  );
}

/** Removes copies that have been begun and are not wanted any more. */
export function dropCopies(walker: Walker, packages: readonly AttachedPackage[]): void {
  for (const { package: directory, trees } of packages) {
    for (const { type } of trees) {
      const place = walker.tryLocate(besidePath(type as Bytes, directory));
      if (place !== undefined && statAt(place.dir, place.name) !== undefined) {
        removeTreeAt(place.dir, place.name);
      }
    }
  }
  walker.forget();
}

/** Where a copy is made. */
function besidePath(type: Bytes, directory: Bytes): Bytes {
  return b`/.software/${type}/.xhier-copy-${directory}`;
}

/** Links into other types that were written for another root lead to where they are here. */
function adaptLinks(
  walker: Walker,
  site: Host['site'],
  directory: Bytes,
  { root, layout, offered }: Mount,
): void {
  if (layout === 'packages' || root === site.root) return;
  for (const [tree, { crossing }] of offered.get(directory)?.trees ?? []) {
    for (const { path, type, to } of crossing) {
      const { dir, name } = walker.locate(join(besidePath(tree, directory), path));
      unlinkIfPresent(dir, name);
      symlinkAt(dir, name, join(typePath(site, type, directory), to));
    }
  }
}

/** For a mount that is not there, so that nothing can be copied. */
export function goneError(from: Bytes, what: string): XhError {
  return new XhError('E_ATTACH_MOUNT', `${printable(from)} ${what}`, {
    exit: EXIT.failed,
    place: { file: from },
    remedy: 'mount it; until then everything stays as it is',
  });
}

/** `xh uninstall`: the exact reverse of install for one host; the depot keeps the package. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import { XhError } from '../message/error.ts';
import { installedPackages, receiptPath } from '../host/receipt.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { dependents } from '../package/depend.ts';
import type { Config } from '../site/config.ts';
import { availablePackages } from './available.ts';
import { deactivate, receiptOf } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { currentDirectory } from './current.ts';
import { withScripts } from './install.ts';
import { planPathTable } from './path-table.ts';
import { hasScript } from './scripts.ts';

export interface UninstallOptions {
  /** Even when an installed package needs it. */
  readonly force: boolean;
}

/**
 * Plans taking packages out. Touches nothing.
 * @throws XhError E_NOT_INSTALLED naming the nearest one that is
 */
export function planUninstall(
  host: Host,
  config: Config,
  names: readonly Bytes[],
  options: UninstallOptions,
): Plan {
  const planning = startPlanning(host, config);
  const directories = names.map((name) => installedDirectory(planning, name));
  if (!options.force) refuseNeeded(planning, directories);
  for (const directory of directories.toReversed()) {
    const receipt = receiptOf(planning, directory);
    if (receipt === undefined) continue;
    deactivate(planning, receipt);
    planning.draft.remove(receiptPath(directory), { bookkeeping: true });
    if (hasScript(host, directory)) {
      planning.scripts.push({ package: directory, action: 'uninstall' });
    }
  }
  planPathTable(planning);
  return finishPlanning(planning, 'uninstall', directories);
}

/** Runs the packages' scripts with `uninstall` and has the plan committed. */
export async function uninstall(
  host: Host,
  config: Config,
  names: readonly Bytes[],
  options: UninstallOptions,
  commit: (plan: Plan) => void,
): Promise<Plan> {
  const first = planUninstall(host, config, names, options);
  await withScripts(host, first, (plan, ran) => {
    const again = ran.length === 0 ? plan : planUninstall(host, config, names, options);
    commit({ ...again, scripts: ran });
  });
  return first;
}

/** The installed directory that `name` means: a directory, or the current version of a name. */
function installedDirectory(planning: Planning, name: Bytes): Bytes {
  const installed = installedPackages(planning.host.walker);
  if (installed.includes(name)) return name;
  const current = currentDirectory(planning, name);
  if (current !== undefined && installed.includes(current)) return current;
  const near = nearest(name, installed);
  throw new XhError('E_NOT_INSTALLED', `${printable(name)} is not installed here`, {
    remedy:
      near === undefined
        ? 'xh list --installed shows what is'
        : `did you mean '${printable(near as Bytes)}'?`,
  });
}

/** Packages that stay and need one that goes are a conflict. */
function refuseNeeded(planning: Planning, leaving: readonly Bytes[]): void {
  const installed = new Set(installedPackages(planning.host.walker));
  const available = availablePackages(planning.host.site).filter((each) =>
    installed.has(each.directory),
  );
  for (const target of available.filter((each) => leaving.includes(each.directory))) {
    const needing = dependents(available, target)
      .map((each) => each.directory)
      .filter((directory) => !leaving.includes(directory));
    if (needing.length === 0) continue;
    const who = needing.map(printable).join(', ');
    planning.conflicts.push({
      code: 'E_NEEDED',
      path: receiptPath(target.directory),
      message: `${printable(target.directory)} is needed by ${who}`,
      remedy: `uninstall them too: xh uninstall ${printable(target.directory)} ${needing.map(printable).join(' ')}   or use --force`,
    });
  }
}

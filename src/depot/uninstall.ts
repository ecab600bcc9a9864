/** `xh uninstall`: the exact reverse of install for one host; the depot keeps the package. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import { receiptPath } from '../host/receipt.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Wanted } from '../package/candidate.ts';
import { dependents, type Dependent } from '../package/depend.ts';
import type { Config } from '../site/config.ts';
import { availablePackages } from './available.ts';
import { deactivate } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { planPathTable } from './path-table.ts';
import { dropReceipt, installedDirectories, installedNamed, receiptOf } from './receipts.ts';
import { hasScript } from './scripts.ts';
import { withScripts, type Ran, type Scripting } from './with-scripts.ts';

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
  wanted: readonly Wanted[],
  options: UninstallOptions,
): Plan {
  const planning = startPlanning(host, config);
  const directories = [...new Set(wanted.map((each) => installedNamed(planning, each)))];
  if (!options.force) refuseNeeded(planning, directories);
  const leaving = dependentsFirst(planning, directories)
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
  const names = new Set(leaving.map(({ name }) => name));
  for (const receipt of leaving) {
    deactivate(planning, receipt, { leaving: names });
    dropReceipt(planning, receipt);
    if (hasScript(host, receipt.package)) {
      planning.scripts.push({ package: receipt.package, action: 'uninstall' });
    }
  }
  planPathTable(planning);
  return finishPlanning(planning, 'uninstall', directories);
}

/** Runs the packages' scripts with `uninstall` and has the plan committed. */
export async function uninstall(
  host: Host,
  config: Config,
  wanted: readonly Wanted[],
  { scripting = {}, ...options }: UninstallOptions & { readonly scripting?: Scripting },
  commit: (plan: Plan) => void,
): Promise<Plan> {
  const first = planUninstall(host, config, wanted, options);
  const work = (plan: Plan, ran: Ran): void => {
    const again = ran.scripts.length === 0 ? plan : planUninstall(host, config, wanted, options);
    commit({ ...again, ...ran });
  };
  await withScripts(host, first, work, { config, scripting });
  return first;
}

/** Packages that stay and need one that goes are a conflict, unless another version that stays does. */
function refuseNeeded(planning: Planning, leaving: readonly Bytes[]): void {
  const available = installedAndAvailable(planning);
  const staying = available.filter((each) => !leaving.includes(each.directory));
  for (const target of available.filter((each) => leaving.includes(each.directory))) {
    const needing = dependents(staying, target).filter((each) => losesOne(each, target, staying));
    if (needing.length === 0) continue;
    const who = needing.map(({ directory }) => printable(directory));
    planning.conflicts.push({
      code: 'E_NEEDED',
      path: receiptPath(target.directory),
      message: `${printable(target.directory)} is needed by ${who.join(', ')}`,
      remedy: `uninstall them too: xh uninstall ${printable(target.directory)} ${who.join(' ')}   or use --force`,
    });
  }
}

/** Whether `needing` has a dependency that only `target` meets. */
function losesOne(needing: Dependent, target: Dependent, staying: readonly Dependent[]): boolean {
  return needing.dependencies.some((dependency) => {
    const alone = { ...needing, dependencies: [dependency] };
    const meets = (each: Dependent): boolean => dependents([alone], each).length > 0;
    return meets(target) && !staying.some(meets);
  });
}

/** The packages that leave, each before those that it needs. */
function dependentsFirst(planning: Planning, leaving: readonly Bytes[]): Bytes[] {
  const available = installedAndAvailable(planning)
    .filter((each) => leaving.includes(each.directory))
    .map(readable);
  const rest = new Set(leaving.toReversed());
  const order: Bytes[] = [];
  while (rest.size > 0) {
    const here = available.filter((each) => rest.has(each.directory));
    const needed = (directory: Bytes): boolean => {
      const target = here.find((each) => each.directory === directory);
      return target !== undefined && dependents(here, target).some((each) => each !== target);
    };
    // in a circle any one is as good as another
    const next = [...rest].find((directory) => !needed(directory)) ?? [...rest][0];
    if (next === undefined) break;
    rest.delete(next);
    order.push(next);
  }
  return order;
}

function installedAndAvailable(planning: Planning): readonly Dependent[] {
  const installed = new Set(installedDirectories(planning));
  return availablePackages(planning.host.site).filter((each) => installed.has(each.directory));
}

/** A package that is broken can still be taken out. */
function readable(each: Dependent): Dependent {
  const { directory, name, version, current } = each;
  const base = { directory, name, current, ...(version !== undefined && { version }) };
  try {
    return { ...base, dependencies: each.dependencies };
  } catch (error) {
    if (error instanceof XhError) return { ...base, dependencies: [] };
    throw error;
  }
}

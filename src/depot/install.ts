/** `xh install`: dependencies in order, scripts, fragments, links, path table, receipts; one transaction. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { installedPackages } from '../host/receipt.ts';
import type { Plan, ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Wanted } from '../package/candidate.ts';
import { installOrder } from '../package/depend.ts';
import { readPackage, type PackageMetadata } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { hostHas } from '../site/host-has.ts';
import { availablePackages } from './available.ts';
import { activate, receiptOf, type PackageReceipt } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { planPathTable } from './path-table.ts';
import { hasScript, runScript, undoScripts } from './scripts.ts';

export interface InstallResult {
  readonly plan: Plan;
  /** Package directories in the order of their installation. */
  readonly order: readonly Bytes[];
}

/**
 * Plans the installation of packages and of what they need. Touches nothing.
 * @throws XhError for a missing package, a cycle, a range that nothing satisfies (with the chain);
 *   DiagnosticError for a package's file that cannot be read
 */
export function planInstall(
  host: Host,
  config: Config,
  wanted: readonly Wanted[] | 'installed',
): InstallResult {
  const planning = startPlanning(host, config);
  const asked =
    wanted === 'installed' ? installedPackages(host.walker).map((name) => ({ name })) : wanted;
  const { order, system } = installOrder(availablePackages(host.site), asked);
  for (const { package: needing, dependency } of system) {
    if (hostHas(dependency.name)) continue;
    planning.notes.push(
      `${printable(needing)} needs ${printable(dependency.name)} of the host, which does not seem to have it`,
    );
  }
  for (const { directory } of order) planPackage(planning, readPackage(host.site, directory));
  planPathTable(planning);
  const directories = order.map((each) => each.directory);
  return { plan: finishPlanning(planning, 'install', directories), order: directories };
}

/**
 * Installs: plans, runs the packages' scripts, plans again (a script may have changed its package)
 * and has the plan committed. When anything fails after a script, the opposite of those that
 * succeeded is run.
 */
export async function install(
  host: Host,
  config: Config,
  wanted: readonly Wanted[] | 'installed',
  commit: (plan: Plan) => void,
): Promise<InstallResult> {
  const first = planInstall(host, config, wanted);
  await withScripts(host, first.plan, (plan, ran) => {
    const again = ran.length === 0 ? plan : planInstall(host, config, wanted).plan;
    commit({ ...again, scripts: ran });
  });
  return first;
}

/** Runs a plan's scripts, then `work`; takes the scripts back when it throws. */
export async function withScripts(
  host: Host,
  plan: Plan,
  work: (plan: Plan, ran: readonly ScriptRun[]) => void,
): Promise<void> {
  const ran: ScriptRun[] = [];
  try {
    if (plan.conflicts.length === 0) {
      for (const run of plan.scripts) {
        await runScript(host, run);
        ran.push(run);
      }
    }
    work(plan, ran);
  } catch (error) {
    undoScripts(host, ran);
    throw error;
  }
}

/** One package: current unless another version of its name is. */
export function planPackage(planning: Planning, pack: PackageMetadata): void {
  const before = planning.draft.size();
  const standing = currentDirectory(planning, pack.name);
  const current = standing === undefined || standing === pack.directory;
  if (standing === undefined) planCurrentLink(planning, pack.name, pack.directory);
  if (!current) {
    planning.notes.push(
      `${printable(standing)} stays the current version; switch with: xh use ${printable(pack.name)}@${printable(pack.version ?? pack.directory)}`,
    );
  }
  activate(planning, pack, { current });
  const changes = planning.draft.size() !== before;
  if (changes && hasScript(planning.host, pack.directory)) {
    planning.scripts.push({ package: pack.directory, action: 'install' });
  }
}

/** Receipts of all installed packages. */
export function allReceipts(planning: Planning): PackageReceipt[] {
  return installedPackages(planning.host.walker)
    .map((directory) => receiptOf(planning, directory))
    .filter((receipt) => receipt !== undefined);
}

/** `xh install`: dependencies in order, scripts, fragments, links, path table, receipts; one transaction. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Wanted } from '../package/candidate.ts';
import { installOrder } from '../package/depend.ts';
import { listPackages } from '../package/entries.ts';
import { readPackage, type PackageMetadata } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { hostHas } from '../site/host-has.ts';
import { availableByName, vanished } from './available.ts';
import { activate } from './activate.ts';
import { finishPlanning, startPlanning, type Planning, type PlanningOptions } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { planPathTable } from './path-table.ts';
import { installedDirectories, receiptOf, receiptsOf, writeReceipt } from './receipts.ts';
import { type PackageReceipt } from './receipt-set.ts';
import { hasScript } from './scripts.ts';
import { withScripts, type Ran, type Scripting } from './with-scripts.ts';

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
  options: PlanningOptions = {},
): InstallResult {
  const planning = startPlanning(host, config, options);
  const asked = wanted === 'installed' ? installedAndThere(planning) : wanted;
  const { order, system } = installOrder(availableByName(host.site), asked);
  planning.notes.push(...lackingNotes(system));
  for (const [done, entry] of order.entries()) {
    host.progress?.({ doing: 'planning', unit: 'packages', done, total: order.length });
    planPackage(planning, readPackage(host.site, entry));
  }
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
  { scripting = {}, ...options }: PlanningOptions & { readonly scripting?: Scripting } = {},
): Promise<InstallResult> {
  const first = planInstall(host, config, wanted, options);
  const work = (plan: Plan, ran: Ran): void => {
    const again = ran.scripts.length === 0 ? plan : planInstall(host, config, wanted, options).plan;
    commit({ ...again, ...ran });
  };
  await withScripts(host, first.plan, work, { config, scripting });
  return first;
}

/** What the host does not seem to have, with who needs it: on a host of another kind that is much. */
function lackingNotes(system: ReturnType<typeof installOrder>['system']): string[] {
  const needing = new Map<Bytes, string[]>();
  for (const { package: name, dependency } of system) {
    const known = needing.get(dependency.name);
    if (known !== undefined) known.push(printable(name));
    else if (!hostHas(dependency.name)) needing.set(dependency.name, [printable(name)]);
  }
  return [...needing].map(([name, packages]) => {
    const more = packages.length - MOST_NAMES;
    const shown = packages.slice(0, MOST_NAMES).join(', ');
    const who = more > 0 ? `${shown} and ${more} more need` : `${shown} need`;
    return `${who}${packages.length === 1 ? 's' : ''} ${printable(name)} of the host, which does not seem to have it`;
  });
}

const MOST_NAMES = 5;

/** What is installed, but for packages that the depot has lost: these are told of. */
function installedAndThere(planning: Planning): Wanted[] {
  const there = new Set(listPackages(planning.host.site).map(({ directory }) => directory));
  const installed = installedDirectories(planning);
  const lost = installed.filter((directory) => !there.has(directory));
  planning.notes.push(...lost.map(vanished));
  return installed.filter((directory) => there.has(directory)).map((name) => ({ name }));
}

/**
 * One package: current unless another version of its name is. When the name has come to mean another
 * version than it did (as a shared tree may bring about), that one gives way with all it has.
 */
export function planPackage(planning: Planning, pack: PackageMetadata): void {
  const before = planning.draft.size();
  const standing = currentDirectory(planning, pack.name) ?? pack.directory;
  const current = standing === pack.directory;
  planCurrentLink(planning, pack.name, standing);
  if (!current) {
    planning.notes.push(
      `${printable(standing)} stays the current version; switch with: xh use ${printable(pack.name)}@${printable(pack.version ?? pack.directory)}`,
    );
    handOver(planning, pack, standing);
  }
  const replaces = current ? inItsPlace(planning, pack) : undefined;
  activate(planning, pack, { current, ...(replaces !== undefined && { replaces }) });
  if (replaces !== undefined) {
    writeReceipt(planning, { ...replaces, current: false, fragments: [], links: [] });
  }
  const changes = planning.draft.size() !== before;
  if (changes && hasScript(planning.host, pack.directory)) {
    planning.scripts.push({ package: pack.directory, action: 'install' });
  }
}

/** A version that was current when it was installed, and is not any more: the one that is takes over. */
function handOver(planning: Planning, pack: PackageMetadata, standing: Bytes): void {
  if (receiptOf(planning, pack.directory)?.current !== true) return;
  if (receiptOf(planning, standing) === undefined) return;
  planPackage(planning, readPackage(planning.host.site, standing));
}

/** The other version that this host has as the current one. */
function inItsPlace(planning: Planning, pack: PackageMetadata): PackageReceipt | undefined {
  return receiptsOf(planning, pack.name).find(
    (receipt) => receipt.current && receipt.package !== pack.directory,
  );
}

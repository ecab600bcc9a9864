/** `xh use NAME@RANGE`: another version becomes the one that the name means, with its fragments and links. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { bestCandidate, notThere, refuse, type Wanted } from '../package/candidate.ts';
import { nameIndex, type Candidate } from '../package/newest.ts';
import { installOrder } from '../package/depend.ts';
import { readPackage } from '../package/read.ts';
import { listPackages } from '../package/entries.ts';
import type { Config } from '../site/config.ts';
import { availableByName } from './available.ts';
import { finishPlanning, startPlanning } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { planPackage } from './install.ts';
import { planPathTable } from './path-table.ts';
import { receiptOf, receiptsOf } from './receipts.ts';
import { withScripts, type Ran, type Scripting } from './with-scripts.ts';

/**
 * Plans the switch. The newest version that fits is taken; it is installed when the one it takes the
 * place of was.
 * @throws XhError E_NO_PACKAGE, E_NO_VERSION; E_ONE_VERSION for a package without versions
 */
export function planUse(host: Host, config: Config, wanted: Wanted): Plan {
  const planning = startPlanning(host, config);
  const available = listPackages(host.site);
  const found =
    bestCandidate(available, wanted, { newest: true })?.directory ?? notFound(wanted, available);
  const next = readPackage(host.site, found);
  if (next.directory === next.name) {
    throw new XhError(
      'E_ONE_VERSION',
      `${printable(next.name)} has no versions side by side: its directory is ${printable(next.name)} itself`,
      {
        remedy: `import or make versions with --versioned: they stand as ${printable(next.name)}-VERSION`,
      },
    );
  }
  const standing = currentDirectory(planning, next.name);
  planCurrentLink(planning, next.name, next.directory);
  const replaced = receiptsOf(planning, next.name).some((receipt) => receipt.current);
  const installed = receiptOf(planning, next.directory) !== undefined;
  if (standing !== next.directory && (installed || replaced)) {
    const { order } = installOrder(availableByName(host.site), [{ name: next.directory }]);
    for (const entry of order) {
      const { directory } = entry;
      if (directory === next.directory || receiptOf(planning, directory) === undefined) {
        planPackage(planning, readPackage(host.site, entry));
      }
    }
  }
  const scripts = planning.scripts.filter(
    ({ package: directory }) => !installed || directory !== next.directory,
  );
  planPathTable(planning);
  const packages = directoriesOf(next.directory, standing);
  return finishPlanning({ ...planning, scripts }, 'use', packages);
}

function notFound(wanted: Wanted, available: readonly Candidate[]): never {
  refuse([notThere(wanted, nameIndex(available))]);
  throw new Error('a refusal throws');
}

/** Runs the script of a version that was not installed, and has the plan committed. */
export async function use(
  host: Host,
  config: Config,
  wanted: Wanted,
  commit: (plan: Plan) => void,
  scripting: Scripting = {},
): Promise<Plan> {
  const first = planUse(host, config, wanted);
  const work = (plan: Plan, ran: Ran): void => {
    const again = ran.scripts.length === 0 ? plan : planUse(host, config, wanted);
    commit({ ...again, ...ran });
  };
  await withScripts(host, first, work, { config, scripting });
  return first;
}

function directoriesOf(next: Bytes, standing: Bytes | undefined): Bytes[] {
  return standing === undefined || standing === next ? [next] : [next, standing];
}

/** What has been pulled is installed: all of it in one transaction, or, where that is refused, each package by itself. */
import type { Bytes } from '../../bytes/bytes.ts';
import { pulledPackage, pulledPackages, pulledPath, pulledText } from '../pulled.ts';
import { applyPlan } from '../../host/apply.ts';
import type { Plan } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { XhError } from '../../message/error.ts';
import { finishPlanning, startPlanning } from '../context.ts';
import { install } from '../install.ts';
import type { Scripting } from '../with-scripts.ts';
import type { PullOutcome } from './outcome.ts';
import type { Changing, Looked } from './pulling.ts';

export interface InstallPulled {
  /** Commits the plan of an installation, and tells of it. */
  readonly commit: (host: Host, plan: Plan) => void;
  readonly scripting?: Scripting;
}

type Installing = Looked & Changing & InstallPulled;

/**
 * Installs what is new here, what has changed and is installed, and what could not be installed before.
 * What somebody has taken out stays out.
 * @param attached packages that have just been attached
 * @returns the outcomes, with what became of each
 */
export async function installPulled(
  outcomes: readonly PullOutcome[],
  attached: readonly Bytes[],
  installing: Installing,
): Promise<readonly PullOutcome[]> {
  const { walker } = installing;
  const waiting = pulledPackages(walker).filter(
    (directory) => pulledPackage(walker, directory)?.waits === true,
  );
  const wanted = new Set([...waiting, ...attached]);
  if (wanted.size === 0) return outcomes;
  const failures = await installAll([...wanted], installing);
  const became = outcomes.map((outcome): PullOutcome => {
    if (!wanted.has(outcome.package)) return outcome;
    const error = failures.get(outcome.package);
    if (error === undefined) return { ...outcome, installed: true };
    return {
      ...outcome,
      installed: false,
      message: `not installed: ${error.message}`,
      ...(error.remedy !== undefined && { remedy: error.remedy }),
    };
  });
  return became;
}

/** @returns why packages could not be installed */
async function installAll(
  directories: readonly Bytes[],
  installing: Installing,
): Promise<ReadonlyMap<Bytes, XhError>> {
  try {
    await installTogether(directories, installing);
    return new Map();
  } catch (error) {
    if (!(error instanceof XhError) || error.code === 'E_LOCKED') throw error;
    const [only, ...others] = directories;
    if (only !== undefined && others.length === 0) return new Map([[only, error]]);
    const failures = new Map<Bytes, XhError>();
    for (const directory of directories) {
      for (const [name, each] of await installAll([directory], installing))
        failures.set(name, each);
    }
    return failures;
  }
}

function installTogether(directories: readonly Bytes[], installing: Installing): Promise<void> {
  const { config, commit, change, scripting = {} } = installing;
  return change(async (host) => {
    const wanted = directories.map((name) => ({ name }));
    await install(
      host,
      config,
      wanted,
      (plan) => {
        commit(host, plan);
      },
      { scripting },
    );
    waitNoMore(directories, host, installing);
  });
}

function waitNoMore(directories: readonly Bytes[], host: Host, { config }: Looked): void {
  const planning = startPlanning(host, config);
  for (const directory of directories) {
    const pulled = pulledPackage(host.walker, directory);
    if (pulled?.waits !== true) continue;
    const { waits: _, ...rest } = pulled;
    planning.draft.write(pulledPath(directory), pulledText(rest), { bookkeeping: true });
  }
  applyPlan(host.walker, finishPlanning(planning, 'pull', directories));
}

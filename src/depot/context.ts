/** What the operations on a depot share while they plan: the host, its configuration, the draft. */
import { toText, type Bytes } from '../bytes/bytes.ts';
import type { Farm } from '../farm/plan.ts';
import { createDraft, type Draft } from '../host/draft.ts';
import { emptyPlan, type Conflict, type Plan, type ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { DEFAULT_OPTIONS } from '../package/options.ts';
import { findPackage, readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { refreshCommands } from '../site/refresh.ts';
import { receiptsIn, type Receipts } from './receipt-set.ts';

/** A plan being made by one operation. */
export interface Planning {
  readonly host: Host;
  readonly config: Config;
  readonly draft: Draft;
  readonly conflicts: Conflict[];
  readonly farm: Farm;
  readonly notes: string[];
  readonly scripts: ScriptRun[];
  readonly receipts: Receipts;
}

export interface PlanningOptions {
  /** What becomes of files of people that stand where links belong. */
  readonly adopt?: Farm['adopt'];
}

export function startPlanning(
  host: Host,
  config: Config,
  { adopt = 'nothing' }: PlanningOptions = {},
): Planning {
  const draft = createDraft(host.walker);
  const receipts = receiptsIn(draft);
  const farm: Farm = {
    draft,
    site: host.site,
    priorityOf: (name) => priorityOf(host, name),
    recorded: (name, path) => receipts.linkTarget(name, path),
    preferred: (name) => config.values.prefer.get(name),
    adopt,
    ties: new Map(),
    adopted: new Map(),
  };
  return { host, config, draft, farm, receipts, conflicts: [], notes: [], scripts: [] };
}

/** The plan that was made. */
export function finishPlanning(
  planning: Planning,
  command: string,
  packages: readonly Bytes[],
): Plan {
  const changes = planning.draft.changes();
  const changed = changes.map((change) => change.path);
  return {
    ...emptyPlan(command, packages),
    changes,
    conflicts: [...planning.conflicts, ...planning.farm.ties.values()],
    notes: [...new Set(planning.notes)],
    scripts: planning.scripts,
    refresh: refreshCommands(planning.config, planning.host.site, changed).map((refresh) =>
      toText(refresh.command),
    ),
  };
}

/** From `Options`; one that cannot be read is the install's error, not that of its neighbours. */
function priorityOf(host: Host, name: Bytes): number {
  try {
    const { directory } = findPackage(host.site, { name });
    return readPackage(host.site, directory).options.values.priority;
  } catch (error) {
    if (error instanceof XhError) return DEFAULT_OPTIONS.values.priority;
    throw error;
  }
}

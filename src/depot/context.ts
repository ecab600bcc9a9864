/** What the operations on a depot share while they plan: the host, its configuration, the draft. */
import { toText, type Bytes } from '../bytes/bytes.ts';
import { createDraft, type Draft } from '../host/draft.ts';
import { emptyPlan, type Conflict, type Plan, type ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { DEFAULT_OPTIONS } from '../package/options.ts';
import { findPackage, readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { refreshCommands } from '../site/refresh.ts';

/** A plan being made by one operation. */
export interface Planning {
  readonly host: Host;
  readonly config: Config;
  readonly draft: Draft;
  readonly conflicts: Conflict[];
  /** Names in the farms that nothing decides as far as planned: conflicts, if it stays so. */
  readonly ties: Map<Bytes, Conflict>;
  readonly notes: string[];
  readonly scripts: ScriptRun[];
  /** The priority of a package of the depot by its name; 50 when it says nothing or is gone. */
  readonly priorityOf: (name: Bytes) => number;
  /** Paths of the links of packages by their names, as far as they were asked for. */
  readonly linkPaths: Map<Bytes, ReadonlySet<Bytes>>;
}

export function startPlanning(host: Host, config: Config): Planning {
  return {
    host,
    config,
    draft: createDraft(host.walker),
    conflicts: [],
    ties: new Map(),
    notes: [],
    scripts: [],
    priorityOf: (name) => priorityOf(host, name),
    linkPaths: new Map(),
  };
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
    conflicts: [...planning.conflicts, ...planning.ties.values()],
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

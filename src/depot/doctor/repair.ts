/**
 * Mending: the repairs of findings as one plan. One that cannot be planned, or would be refused, is
 * left out and told, and does not keep the others from being made.
 */
import type { Plan } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import { finishPlanning, startPlanning } from '../context.ts';
import { isBaseless } from './doctor.ts';
import { ORDER, type Found, type Repair } from './finding.ts';

export interface Repairs {
  readonly plan: Plan;
  /** Those that the plan makes. */
  readonly made: ReadonlySet<Repair>;
  /** Why others could not be planned. */
  readonly failed: ReadonlyMap<Repair, string>;
}

/**
 * Plans the repairs of `findings`; with `asked` also those that people are asked about. While the trees
 * are not all there, nothing else but these is mended: it would take away what cannot be seen.
 */
export function planRepairs(
  host: Host,
  config: Config,
  findings: readonly Found[],
  { asked }: { readonly asked: boolean },
): Repairs {
  const baseless = isBaseless(findings);
  const wanted = new Set(
    findings
      .flatMap(({ repair }) => repair ?? [])
      .filter(
        ({ when, order }) => (when === 'safe' || asked) && (!baseless || order <= ORDER.names),
      )
      .toSorted((one, other) => one.order - other.order),
  );
  const failed = new Map<Repair, string>();
  for (;;) {
    const tried = plan(host, config, wanted);
    if ('plan' in tried) return { plan: tried.plan, made: wanted, failed };
    // what was planned before it may have been spoiled: again without it
    failed.set(tried.repair, tried.why);
    wanted.delete(tried.repair);
  }
}

type Tried = { readonly plan: Plan } | { readonly repair: Repair; readonly why: string };

function plan(host: Host, config: Config, repairs: ReadonlySet<Repair>): Tried {
  const planning = startPlanning(host, config);
  const conflicts = (): readonly { readonly message: string }[] => [
    ...planning.conflicts,
    ...planning.farm.ties.values(),
  ];
  for (const repair of repairs) {
    try {
      repair.plan(planning);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      return { repair, why: error.message };
    }
    const [conflict] = conflicts();
    if (conflict !== undefined) return { repair, why: conflict.message };
  }
  // scripts are the business of install
  const made = finishPlanning({ ...planning, scripts: [] }, 'doctor', []);
  const refresh = [...repairs].flatMap((repair) => repair.refresh ?? []);
  return { plan: { ...made, refresh: [...new Set([...made.refresh, ...refresh])] } };
}

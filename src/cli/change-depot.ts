/** Changes of the depot itself, which no generation of the host has: they are taken back by the opposite command. */
import { applyPlan } from '../host/apply.ts';
import { createDraft } from '../host/draft.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { progressOf } from './call-progress.ts';
import type { Call } from './command.ts';
import { planText, readCurrent } from './plan-text.ts';

/** Applies a plan in one transaction, and tells what is done with --verbose. @throws XhError as applyPlan */
export function changeDepot(call: Call, host: Host, plan: Plan): void {
  const { terminal } = call;
  const shown = terminal.verbose
    ? planText(plan, {
        styles: terminal.err,
        verbose: true,
        current: readCurrent(createDraft(host.walker)),
      })
    : [];
  applyPlan(host.walker, plan, { progress: progressOf(call) });
  host.walker.forget();
  for (const line of shown) terminal.detail(line);
  for (const note of plan.notes) terminal.tell(`note: ${note}`);
}

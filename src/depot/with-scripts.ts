/** A package's scripts around a transaction: run before it, and taken back when it comes to nothing. */
import { beginScripts, endScripts } from '../host/apply.ts';
import type { Plan, ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { runScript, undoScripts } from './scripts.ts';

/** What has been run, for the plan that is applied then. */
export type Ran = Pick<Plan, 'scripts' | 'transaction'>;

/**
 * Runs a plan's scripts, then `work`; takes the scripts back when it throws. The journal knows of each
 * before it is started, so that the next command takes them back when this one is killed.
 */
export async function withScripts(
  host: Host,
  plan: Plan,
  work: (plan: Plan, ran: Ran) => void,
): Promise<void> {
  const { walker } = host;
  const scripts: ScriptRun[] = [];
  let ran: Ran = { scripts };
  try {
    if (plan.conflicts.length === 0) {
      for (const run of plan.scripts) {
        ran = {
          scripts,
          transaction: beginScripts(walker, { ...plan, ...ran, scripts: [...scripts, run] }),
        };
        await runScript(host, run);
        scripts.push(run);
        // it may have exchanged directories
        walker.forget();
      }
    }
    work(plan, ran);
  } catch (error) {
    if (!isHalfWay(error)) takeBack(host, scripts, ran);
    throw error;
  }
  end(host, ran);
}

/** The opposite of what has been run; should the journal not be told, the next command does it again. */
function takeBack(host: Host, scripts: readonly ScriptRun[], ran: Ran): void {
  undoScripts(host, scripts);
  try {
    end(host, ran);
  } catch (error) {
    // why it is taken back matters more
    if (!(error instanceof XhError)) throw error;
  }
}

function end({ walker }: Host, { transaction }: Ran): void {
  if (transaction !== undefined) endScripts(walker, transaction);
}

/** Then the journal still has the scripts with the rest, for the next command. */
function isHalfWay(error: unknown): boolean {
  return error instanceof XhError && error.code === 'E_HALF_WAY';
}

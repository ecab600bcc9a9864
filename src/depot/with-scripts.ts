/** A package's scripts around a transaction: run before it, and taken back when it comes to nothing. */
import type { Bytes } from '../bytes/bytes.ts';
import { printable } from '../bytes/bytes.ts';
import { beginScripts, endScripts } from '../host/apply.ts';
import type { Plan, ScriptRun } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Config } from '../site/config.ts';
import type { AnswerBook } from './script/answer-book.ts';
import {
  checkScripts,
  hasScript,
  opposite,
  runScript,
  newMark,
  type OnRunning,
  type ScriptOptions,
} from './scripts.ts';

/** What has been run, for the plan that is applied then. */
export type Ran = Pick<Plan, 'scripts' | 'transaction'>;

/** How a command has its scripts run. */
export interface Scripting {
  readonly answers?: AnswerBook | undefined;
  /** Told each second of a script that runs. */
  readonly onRunning?: OnRunning | undefined;
  /** Told of a script that is taken back and fails at that. */
  readonly onUndoFailure?: (error: XhError) => void;
}

/**
 * Runs a plan's scripts, then `work`; takes the scripts back when it throws. The journal knows of each
 * before it is started, so that the next command takes them back when this one is killed.
 */
export async function withScripts(
  host: Host,
  plan: Plan,
  work: (plan: Plan, ran: Ran) => void,
  { config, scripting = {} }: { readonly config: Config; readonly scripting?: Scripting },
): Promise<void> {
  const { walker } = host;
  const { values } = config;
  const options: ScriptOptions = {
    answers: scripting.answers,
    onRunning: scripting.onRunning,
    timeout: values['script-timeout'],
    keep: values['keep-transcripts'],
  };
  const scripts: ScriptRun[] = [];
  let ran: Ran = { scripts };
  try {
    if (plan.conflicts.length === 0) {
      checkScripts(host, plan.scripts, options);
      const mark = newMark();
      for (const run of plan.scripts.map((each) => ({ ...each, mark }))) {
        ran = {
          scripts,
          transaction: beginScripts(walker, { ...plan, ...ran, scripts: [...scripts, run] }),
        };
        const transcript: Bytes = await runScript(host, run, options);
        scripts.push({ ...run, transcript });
        // it may have exchanged directories
        walker.forget();
      }
    }
    work(plan, ran);
  } catch (error) {
    if (!isHalfWay(error)) await takeBack(host, ran, { options, scripting });
    throw error;
  }
  end(host, ran);
}

interface How {
  readonly options: ScriptOptions;
  readonly scripting: Scripting;
}

/** The opposite of what has been run; should the journal not be told, the next command does it again. */
async function takeBack(host: Host, ran: Ran, { options, scripting }: How): Promise<void> {
  for (const run of ran.scripts.toReversed()) {
    try {
      if (hasScript(host, run.package))
        await runScript(host, opposite(run), { ...options, unrecorded: true });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      if (error.exit === EXIT.interrupted) throw unfinished(run, error);
      // the others are taken back all the same
      scripting.onUndoFailure?.(error);
    }
  }
  try {
    end(host, ran);
  } catch (error) {
    // why it is taken back matters more
    if (!(error instanceof XhError)) throw error;
  }
}

/** The journal has it still. */
function unfinished({ package: directory }: ScriptRun, cause: XhError): XhError {
  return new XhError(
    'E_INTERRUPTED',
    `interrupted while what the Install script of ${printable(directory)} had done was taken back`,
    {
      exit: EXIT.interrupted,
      remedy: 'xh recover goes on with that, as any other command does',
      cause,
    },
  );
}

function end({ walker }: Host, { transaction }: Ran): void {
  if (transaction !== undefined) endScripts(walker, transaction);
}

/** Then the journal still has the scripts with the rest, for the next command. */
function isHalfWay(error: unknown): boolean {
  return error instanceof XhError && error.code === 'E_HALF_WAY';
}

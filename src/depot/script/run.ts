/**
 * One script run to its end: with a time limit, its questions answered or recognised, and everything
 * that it has started ended with it. Only what has made a session of its own, as daemons do, outlives a
 * script that has succeeded.
 */
import type { Conversation } from './conversation.ts';
import {
  adoptOrphans,
  children,
  endProcesses,
  entryOf,
  NO_PROCESSES,
  scriptTree,
  type ScriptTree,
} from './processes.ts';
import { recorder, type Recorder } from './recorder.ts';
import {
  startOnPipes,
  startOnTerminal,
  terminals,
  type Listener,
  type Program,
  type ProgramEnd,
  type Running,
} from './start.ts';
import { stopper, type Stopped, type Stopper } from './stopper.ts';
import type { Transcript } from './transcript.ts';
import { watchForInput } from './watch.ts';

export interface Script extends Program {
  /** Seconds. */
  readonly timeout: number;
  readonly transcript: Transcript;
  /** Present where it runs on a terminal. */
  readonly conversation?: Conversation;
  /** What its processes carry in their environment. */
  readonly mark: string;
}

export interface Ending {
  /** How the program itself has ended; undefined when it hangs in the kernel. */
  readonly end: ProgramEnd | undefined;
  /** Why it was ended, when it was. */
  readonly stopped: Stopped | undefined;
  /** What could not be ended. */
  readonly left: readonly number[];
}

/** Runs it and waits. @throws XhError E_NO_PTY, E_RUN_AS */
export async function runToEnd(script: Script): Promise<Ending> {
  const before = children();
  adoptOrphans(true);
  try {
    const record = recorder(script);
    let tree = NO_PROCESSES;
    const stopping = stopper(script.transcript, () => tree.all());
    const running = start(script, (stream, content) => {
      stopping.guard(() => {
        record.said(stream, content);
      });
    });
    if (running.pid !== undefined) tree = scriptTree(running.pid, before, script.mark);
    return await ended(script, { running, tree, record, stopper: stopping });
  } finally {
    adoptOrphans(false);
  }
}

function start(script: Script, listen: Listener): Running {
  return script.conversation === undefined
    ? startOnPipes(script, listen)
    : startOnTerminal(terminals(), script, listen);
}

interface Run {
  readonly running: Running;
  readonly tree: ScriptTree;
  readonly record: Recorder;
  readonly stopper: Stopper;
}

async function ended(script: Script, run: Run): Promise<Ending> {
  const { record, running, stopper: stopping } = run;
  const quiet = stopWhenever(script, run);
  try {
    const end = await Promise.race([running.ended, stopping.hopeless]);
    const left = await endRest(script, run, end);
    await stopping.settled();
    await running.drained();
    stopping.guard(() => {
      record.flush();
    });
    return { end, left, stopped: stopping.reason() };
  } finally {
    quiet();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Has the script stopped when that is called for. @returns what ends that */
function stopWhenever(
  script: Script,
  { record, running, stopper: stopping, tree }: Run,
): () => void {
  const timer = setTimeout(() => {
    stopping.stop({ why: 'late' });
  }, script.timeout * 1000);
  const interrupted = (): void => {
    stopping.stop({ why: 'interrupted' });
  };
  // the script's session does not get the terminal's Ctrl-C: it ends with us
  for (const signal of SIGNALS) process.on(signal, interrupted);
  const { conversation } = script;
  const { terminal } = running;
  const watch =
    terminal &&
    conversation &&
    watchForInput({ terminal, conversation, tree, record, stopper: stopping });
  const calm = (): void => {
    clearTimeout(timer);
    watch?.end();
  };
  // what it leaves is ended in whatever time that takes
  void running.ended.then(calm, calm);
  return () => {
    calm();
    for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}

/** Milliseconds that what a script leaves behind has between SIGTERM and SIGKILL. */
const SHORT_GRACE = 1000;

/**
 * Ends what the program has left: all of it when it failed. When it has succeeded, only what is still
 * in its session: a daemon has one of its own, and it is `Install uninstall` that ends it.
 */
async function endRest(
  { transcript }: Script,
  { stopper: stopping, tree }: Run,
  end: ProgramEnd | undefined,
): Promise<readonly number[]> {
  const succeeded = end?.how === 'status' && end.status === 0 && stopping.reason() === undefined;
  if (!succeeded) return endProcesses(() => tree.all(), stopping.patience);
  const left = await endProcesses(() => tree.inSession(), { grace: SHORT_GRACE });
  stopping.guard(() => {
    for (const pid of tree.all()) {
      const name = entryOf(pid)?.name ?? '';
      transcript.remark(`goes on in a session of its own: ${name} (pid ${pid})`);
    }
  });
  return left;
}

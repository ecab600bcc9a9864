/** Watching whether a script on a terminal waits for input, and what becomes of that. */
import { b, printable } from '../../bytes/bytes.ts';
import { inputWait, type Wait } from './awaits.ts';
import type { Answer, Conversation } from './conversation.ts';
import type { ScriptTree } from './processes.ts';
import type { Recorder } from './recorder.ts';
import type { Running } from './start.ts';
import type { Stopper } from './stopper.ts';

export interface Watched {
  readonly terminal: NonNullable<Running['terminal']>;
  readonly conversation: Conversation;
  readonly tree: ScriptTree;
  readonly record: Recorder;
  readonly stopper: Stopper;
}

/** Milliseconds: how soon after it has said something a script is looked at, and how seldom at last. */
const SOON = 25;
const SELDOM = 500;
/** Milliseconds for which it may wait for what nobody answers: it may ask with a time limit of its own. */
const PATIENCE = 5000;
/**
 * Milliseconds of silence after half a line that are taken for a question where the kernel does not
 * tell, as of a set-id program: one that there is an answer for, and one that there is none for.
 */
const SILENCE = 2000;
const LONG_SILENCE = 60_000;

/** Answers a script on a terminal, or stops it when it asks what there is no answer for. */
export function watchForInput({ conversation, record, stopper, terminal, tree }: Watched): {
  end(): void;
} {
  let timer: NodeJS.Timeout;
  let [pause, seen] = [SOON, ''];
  let since = 0;
  /** The wait in which something was typed. */
  let answered = '';
  const look = (): void => {
    const now = performance.now();
    const idle = now - record.last();
    // one that has just said something is not looked at: it may have much to say
    const pids = idle < SOON ? [] : pause === SELDOM ? tree.all() : tree.below();
    const { key, endless } = pids.length === 0 ? NO_WAIT : waitIn(pids, terminal.name, record);
    pause = idle < SELDOM ? SOON : Math.min(pause * 2, SELDOM);
    if (key !== seen) [seen, since] = [key, now];
    else if (key !== '') {
      const answer = key === answered ? undefined : conversation.reply();
      if (answer !== undefined) {
        type(answer);
        answered = key;
        pause = SOON;
      } else if (endless && now - Math.max(since, record.last()) >= PATIENCE) {
        stopper.stop({ why: 'asks', question: conversation.question() });
      }
    }
  };
  const type = ({ keys, secret, text }: Answer): void => {
    record.flush();
    record.typed(secret ? '******' : printable(text), secret ? text : undefined);
    terminal.type(keys ? text : b`${text}\r`);
  };
  const again = (): void => {
    stopper.guard(look);
    timer = setTimeout(again, pause);
  };
  timer = setTimeout(again, pause);
  return {
    end() {
      clearTimeout(timer);
    },
  };
}

const NO_WAIT: Wait = { key: '', endless: false };

/** What they wait for; the key is empty when that is no input. */
function waitIn(pids: readonly number[], terminal: string, record: Recorder): Wait {
  const wait = inputWait(pids, terminal);
  if (wait !== 'unknown') return wait ?? NO_WAIT;
  const silent = performance.now() - record.last();
  if (silent < SILENCE || !record.midLine()) return NO_WAIT;
  return { key: `silent since ${record.last()}`, endless: silent >= LONG_SILENCE };
}

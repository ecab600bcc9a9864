/** Ending a script that has not ended by itself: once, for the first reason that there is. */
import { printable } from '../../bytes/bytes.ts';
import type { Question } from './conversation.ts';
import { endProcesses, GRACE, type Patience } from './processes.ts';
import type { Transcript } from './transcript.ts';

export type Stopped =
  | { readonly why: 'late' }
  | { readonly why: 'interrupted' }
  /** It waits for an answer that there is none for. */
  | { readonly why: 'asks'; readonly question: Question }
  /** Something of ours: its transcript cannot be written, an answer cannot be found. */
  | { readonly why: 'failed'; readonly error: unknown };

export interface Stopper {
  stop(reason: Stopped): void;
  /** Runs `work`; what that throws stops the script. */
  guard(work: () => void): void;
  /** Why it was stopped. */
  reason(): Stopped | undefined;
  /** When its processes do not even end by SIGKILL. */
  readonly hopeless: Promise<undefined>;
  /** Waits until nothing is being ended any more: whatever is started next must not be taken for its. */
  settled(): Promise<void>;
  /** How long what is ended has for that. */
  readonly patience: Patience;
}

/** @param find the script's processes */
export function stopper(transcript: Transcript, find: () => number[]): Stopper {
  let stopped: Stopped | undefined;
  const patience: Patience = { grace: GRACE };
  let giveUp: (() => void) | undefined;
  const hopeless = new Promise<undefined>((resolve) => {
    giveUp = () => {
      resolve(undefined);
    };
  });
  let ending = Promise.resolve();
  const endAll = async (): Promise<void> => {
    const left = await endProcesses(find, patience);
    if (left.length > 0) giveUp?.();
  };
  const stopping: Stopper = {
    hopeless,
    patience,
    reason: () => stopped,
    settled: () => ending,
    stop(reason) {
      // who asks twice is in a hurry
      if (stopped !== undefined && reason.why === 'interrupted') patience.grace = 0;
      if (stopped !== undefined) return;
      stopped = reason;
      stopping.guard(() => {
        transcript.remark(remarkOn(reason));
      });
      ending = endAll();
    },
    guard(work) {
      try {
        work();
      } catch (error) {
        stopping.stop({ why: 'failed', error });
      }
    },
  };
  return stopping;
}

function remarkOn(reason: Stopped): string {
  switch (reason.why) {
    case 'late':
      return 'its time is over: it is ended';
    case 'interrupted':
      return 'interrupted: it is ended';
    case 'asks':
      return `waits for an answer that there is none for: '${printable(reason.question.text)}': it is ended`;
    case 'failed':
      return 'it is ended';
  }
}

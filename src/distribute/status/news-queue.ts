/**
 * News on their way to a pull: collected while it is not yet time, one pull for a burst, one at a time,
 * and a poll when nothing has come for long.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import type { Notice } from './notices.ts';

/** Why it is time to pull. */
export interface News {
  /** `start`: we have begun to listen, or can again; `poll`: nothing has been heard for long. */
  readonly why: 'notice' | 'start' | 'poll';
  /** What was published; empty when nobody knows: then everything is to be pulled. */
  readonly notices: readonly Notice[];
}

export interface NewsQueue {
  /** Work is done after `delay` milliseconds at the latest, or after what is under way. */
  add(news: News, delay: number): void;
  /** Rejects when the work fails by a bug. */
  readonly failed: Promise<never>;
  /** Nothing is begun any more; returns when nothing is under way. */
  end(): Promise<void>;
}

/** Collects news into pulls: one at a time, a burst as one, and none more often than every few seconds. */
export function newsQueue(options: {
  readonly jitter: number;
  readonly poll: number;
  /** @returns whether all went well; else it is tried again after some minutes, and ever more of them */
  readonly work: (news: News) => Promise<boolean>;
  readonly tell: (line: string) => void;
  /** Milliseconds until it is tried again for the first time. */
  readonly again?: number;
}): NewsQueue {
  const { jitter, poll, work, tell, again = AGAIN } = options;
  const pause = Math.min(jitter, LONGEST_PAUSE);
  let pending: News | undefined;
  let due = Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let last = -Infinity;
  let failures = 0;
  let ended = false;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // who does not listen any more is not to be told
  failed.catch(() => undefined);

  function schedule(at: number): void {
    if (ended || at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(begin, Math.max(0, due - performance.now()));
  }

  function begin(): void {
    due = Infinity;
    const news = pending ?? { why: 'poll', notices: [] };
    pending = undefined;
    running = run(news);
  }

  async function run(news: News): Promise<void> {
    const isDone = await attempt(news);
    running = undefined;
    last = performance.now();
    if (pending !== undefined) schedule(last + pause);
    failures = isDone ? 0 : failures + 1;
    if (!isDone) {
      // what comes meanwhile goes with it
      pending = pending === undefined ? news : merged(pending, news);
      schedule(last + Math.min(poll, again * 2 ** (failures - 1)));
    }
    wakeLater();
  }

  async function attempt(news: News): Promise<boolean> {
    try {
      return await work(news);
    } catch (error) {
      if (error instanceof XhError) tell(`${error.message}; it will be tried again`);
      else fail(error);
      return false;
    }
  }

  function wakeLater(): void {
    schedule(performance.now() + poll);
  }

  wakeLater();
  return {
    failed,
    add(news, delay) {
      pending = pending === undefined ? news : merged(pending, news);
      if (running === undefined) schedule(Math.max(performance.now() + delay, last + pause));
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** News that name no packages are of all. */
function merged(one: News, other: News): News {
  if (one.why !== 'notice') return one;
  if (other.why !== 'notice') return other;
  const newest = new Map<Bytes, Notice>();
  for (const notice of [...one.notices, ...other.notices]) {
    const known = newest.get(notice.package);
    if (known === undefined || known.revision < notice.revision) newest.set(notice.package, notice);
  }
  return { why: 'notice', notices: [...newest.values()] };
}

/** Milliseconds between two pulls, whoever sends how many notices. */
const LONGEST_PAUSE = 30_000;
/** Milliseconds until what did not go well is tried again. */
const AGAIN = 5 * 60_000;

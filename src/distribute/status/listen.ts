/**
 * A host that listens to news: pulls when something is published, spread over time so that a thousand
 * hosts do not ask at once, a burst as one pull. It outlives its servers: whatever was missed while
 * nobody was there to tell is pulled when somebody is again, and in any case after some hours.
 */
import { createHash } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { connectNats, natsError, natsServers } from './nats.ts';
import { NOTICES, parseNotice, type Notice } from './notices.ts';
import { ownName } from './record.ts';

/** Why it is time to pull. */
export interface News {
  /** `start`: we have begun to listen, or can again; `poll`: nothing has been heard for long. */
  readonly why: 'notice' | 'start' | 'poll';
  /** What was published; empty when nobody knows: then everything is to be pulled. */
  readonly notices: readonly Notice[];
}

export interface ListenOptions {
  /** Told what goes on: a line. */
  readonly tell?: (line: string) => void;
  /** Whether a notice concerns this host; all do by default. */
  readonly isWanted?: (notice: Notice) => boolean;
  /** Ends it, as SIGTERM does. */
  readonly signal?: AbortSignal;
  /** Seconds and minutes, in place of the configuration's. */
  readonly jitter?: number;
  readonly poll?: number;
}

/**
 * Calls `onNews` when it is time to pull, never twice at once, until SIGTERM or SIGINT, or `signal`: what
 * is under way then is ended in order. What `onNews` throws for users is told, and the next news comes.
 *
 * @throws XhError E_NO_NATS (2) without `nats` in the configuration; E_CREDENTIALS
 */
export async function listen(
  site: Site,
  config: Config,
  onNews: (news: News) => Promise<void>,
  options: ListenOptions = {},
): Promise<void> {
  const host = ownName(site, config);
  const servers = natsServers(config, host);
  if (servers === undefined) throw noNats();
  const { tell = () => undefined, isWanted = () => true } = options;
  const jitter = (options.jitter ?? config.values['notice-jitter']) * 1000;
  const poll = (options.poll ?? config.values['notice-poll']) * 60_000;
  const ending = endOf(options.signal);
  const queue = newsQueue({ jitter, poll, work: onNews, tell });
  try {
    // without it, there is the poll
    queue.wakeLater();
    const connecting = connectNats(servers, { forever: true });
    const connection = await Promise.race([connecting, ending.asked]);
    if (connection === undefined) {
      void connecting.then(
        (late) => late.close(),
        () => undefined,
      );
      return;
    }
    tell(`listening at ${connection.getServer()}`);
    queue.add({ why: 'start', notices: [] }, delayOf(host, undefined, jitter));
    const watching = watch(connection, tell, () => {
      queue.add({ why: 'start', notices: [] }, delayOf(host, undefined, jitter));
    });
    connection.subscribe(NOTICES, {
      callback(error, message) {
        if (error !== null) {
          tell(natsError(servers, error).message);
          return;
        }
        const notice = parseNotice(message.subject, message.data);
        if ('problem' in notice) tell(notice.problem);
        else if (isWanted(notice)) {
          tell(`published: ${printable(notice.package)}, revision ${notice.revision}`);
          queue.add({ why: 'notice', notices: [notice] }, delayOf(host, notice, jitter));
        }
      },
    });
    await Promise.race([ending.asked, queue.failed, connection.closed()]);
    await connection.close();
    await watching;
  } finally {
    await queue.end();
    ending.forget();
  }
}

/**
 * Milliseconds from a notice to the pull: from 0 up to `jitter`, by the names alone, so that hosts are
 * spread evenly, each time in another order, and it can be foretold.
 */
export function delayOf(host: string, notice: Notice | undefined, jitter: number): number {
  const hash = createHash('sha256').update(`${host}\n`);
  if (notice !== undefined) hash.update(toBuffer(notice.package)).update(`\n${notice.revision}`);
  return Math.floor((hash.digest().readUInt32BE() / 2 ** 32) * jitter);
}

export interface NewsQueue {
  /** Work is done after `delay` milliseconds at the latest, or after what is under way. */
  add(news: News, delay: number): void;
  /** Begins to count to the next poll. */
  wakeLater(): void;
  /** Rejects when the work fails by a bug. */
  readonly failed: Promise<never>;
  /** Nothing is begun any more; returns when nothing is under way. */
  end(): Promise<void>;
}

/** Collects news into pulls: one at a time, a burst as one, and none more often than every few seconds. */
export function newsQueue(options: {
  readonly jitter: number;
  readonly poll: number;
  readonly work: (news: News) => Promise<void>;
  readonly tell: (line: string) => void;
}): NewsQueue {
  const { jitter, poll, work, tell } = options;
  const pause = Math.min(jitter, LONGEST_PAUSE);
  let pending: News | undefined;
  let due = Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let last = -Infinity;
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
    // what is under way looks itself for what has come meanwhile
    if (running !== undefined) return;
    due = Infinity;
    const news = pending ?? { why: 'poll', notices: [] };
    pending = undefined;
    running = run(news).then(() => {
      running = undefined;
      last = performance.now();
      if (pending !== undefined) schedule(last + pause);
      wakeLater();
    }, fail);
  }

  async function run(news: News): Promise<void> {
    try {
      await work(news);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      tell(`${error.message}; it will be tried again`);
    }
  }

  function wakeLater(): void {
    schedule(performance.now() + poll);
  }

  return {
    failed,
    wakeLater,
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

/** Follows a connection to its end. */
async function watch(
  connection: NatsConnection,
  tell: (line: string) => void,
  onReturn: () => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect')
      tell(`${status.server} is gone; listening goes on when it is back`);
    if (status.type === 'reconnect') {
      tell(`listening again at ${status.server}`);
      onReturn();
    }
    if (status.type === 'error') tell(status.error.message);
  }
}

interface Ending {
  /** Resolves when somebody wants it to end. */
  readonly asked: Promise<undefined>;
  forget(): void;
}

function endOf(signal: AbortSignal | undefined): Ending {
  let end: () => void = () => undefined;
  const asked = new Promise<undefined>((resolve) => {
    end = () => {
      resolve(undefined);
    };
  });
  for (const name of SIGNALS) process.on(name, end);
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) end();
  return {
    asked,
    forget() {
      for (const name of SIGNALS) process.off(name, end);
      signal?.removeEventListener('abort', end);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function noNats(): XhError {
  return new XhError('E_NO_NATS', 'there is nobody to listen to: no NATS is configured', {
    exit: EXIT.usage,
    remedy: 'set nats = "nats://HOST:4222" in /etc/xhier.toml, or pull now and then: xh pull',
  });
}

/** Milliseconds between two pulls, whoever sends how many notices. */
const LONGEST_PAUSE = 30_000;

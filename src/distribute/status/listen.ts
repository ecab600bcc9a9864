/**
 * A host that listens to news: pulls when something is published, spread over time so that a thousand
 * hosts do not ask at once, a burst as one pull. It outlives its servers: whatever was missed while
 * nobody was there to tell is pulled when somebody is again, and in any case after some hours.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { printable, toBuffer } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { connectNats, natsError, natsServers, type NatsServers } from './nats.ts';
import { newsQueue, type News } from './news-queue.ts';
import { NOTICES, parseNotice, type Notice } from './notices.ts';
import { ownName } from './record.ts';

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
  /** Milliseconds after which a server that says nothing is asked whether it is there. */
  readonly pulse?: number;
}

/**
 * Calls `onNews` when it is time to pull, never twice at once, until SIGTERM or SIGINT, or `signal`: what
 * is under way then is ended in order. When `onNews` returns false, or throws what a user can cause, it is
 * tried again after some minutes.
 *
 * @throws XhError E_NO_NATS (2) without `nats` in the configuration; E_CREDENTIALS
 */
export async function listen(
  site: Site,
  config: Config,
  onNews: (news: News) => Promise<boolean>,
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
    const start = (): void => {
      queue.add({ why: 'start', notices: [] }, delayOf(host, undefined, jitter));
    };
    const connection = await Promise.race([
      connected(servers, { ending, tell, start, pulse: options.pulse }),
      queue.failed,
    ]);
    if (connection === undefined) return;
    tell(`listening at ${connection.getServer()}`);
    const watching = watch(connection, tell, start);
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
    // when it breaks meanwhile, that is told, and begun again
    await Promise.race([connection.flush().catch(() => undefined), ending.asked]);
    // what was published before somebody listened
    start();
    await Promise.race([ending.asked, queue.failed, connection.closed()]);
    await connection.close();
    await watching;
  } finally {
    await queue.end();
    ending.forget();
  }
}

interface Connecting {
  readonly ending: Ending;
  readonly tell: (line: string) => void;
  /** Begins a pull, since nobody tells what there is. */
  readonly start: () => void;
  readonly pulse: number | undefined;
}

/** Tries until a server answers; undefined when somebody wants us to end before. */
async function connected(
  servers: NatsServers,
  { ending, tell, start, pulse }: Connecting,
): Promise<NatsConnection | undefined> {
  const { asked } = ending;
  let told = '';
  for (;;) {
    const connecting = tryOnce(servers, pulse);
    try {
      const connection = await Promise.race([connecting, asked]);
      if (connection === undefined) {
        connecting.then((late) => late.close()).catch(() => undefined);
      }
      return connection;
    } catch (error) {
      // a password that is wrong today is wrong tomorrow
      if (!(error instanceof XhError) || error.code !== 'E_NATS') throw error;
      if (told === '') start();
      if (told !== error.message) tell(`${error.message}; it is tried again and again`);
      told = error.message;
    }
    const rest = new AbortController();
    const slept = sleep(RETRY, false, { signal: rest.signal }).catch(() => false);
    const isOver = await Promise.race([slept, asked.then(() => true)]);
    rest.abort();
    if (isOver) return undefined;
  }
}

/** A connection that is to last does not say why it cannot be made: so first one that does. */
async function tryOnce(servers: NatsServers, pulse: number | undefined): Promise<NatsConnection> {
  const trial = await connectNats(servers);
  await trial.close();
  return connectNats(servers, { forever: true, ...(pulse !== undefined && { pulse }) });
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

/** Milliseconds between two tries to reach a server. */
const RETRY = 3000;

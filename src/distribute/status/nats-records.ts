/**
 * Records of hosts in a bucket of NATS JetStream: bucket `xhier_status`, key `status.HOST`. The server
 * lets each host write to its own key alone (doc/nats-server.conf), and says itself when it was written.
 */
import type * as JetStream from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import type * as KeyValue from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { XhError } from '../../message/error.ts';
import { isHostName } from '../../site/host-name.ts';
import type { Found, FoundRecords, StatusSource } from './gather.ts';
import { LARGEST_RECORD } from './host-record.ts';
import { connectNats, natsError, required, type NatsServers } from './nats.ts';

const BUCKET = 'xhier_status';
const STREAM = `KV_${BUCKET}`;
const KEY = 'status.';

/**
 * Puts the record of `servers.host` under its key. A plain publication: the host needs no other right.
 * @throws XhError E_NATS, E_NATS_PERMISSION, E_NATS_BUCKET when there is no bucket
 */
export async function putRecord(servers: NatsServers, text: string): Promise<void> {
  const connection = await connectNats(servers);
  try {
    const answer = await connection.request(`$KV.${BUCKET}.${KEY}${servers.host}`, text, {
      timeout: PATIENCE,
    });
    const { error } = answer.json<{ readonly error?: { readonly description: string } }>();
    if (error !== undefined) throw refusedBy(servers, error.description);
  } catch (error) {
    throw isUnheard(error) ? noBucket(servers) : natsError(servers, error);
  } finally {
    await connection.close();
  }
}

/** The records in the bucket; who gathers for the first time makes it. */
export function natsSource(
  servers: NatsServers,
  { patience = PATIENCE }: { readonly patience?: number } = {},
): StatusSource {
  const name = servers.addresses.join(', ');
  return {
    name,
    async read() {
      const found: Found[] = [];
      try {
        const connection = await connectNats(servers, { patience });
        try {
          return { found, problems: await readInto(found, { servers, connection, patience }) };
        } finally {
          await connection.close();
        }
      } catch (error) {
        return partial(found, natsError(servers, error));
      }
    },
  };
}

interface Reading {
  readonly servers: NatsServers;
  readonly connection: NatsConnection;
  /** Milliseconds. */
  readonly patience: number;
}

/** Until the last key that there was when we began. @returns what is wrong with the bucket */
async function readInto(
  found: Found[],
  { servers, connection, patience }: Reading,
): Promise<readonly string[]> {
  const { jetstreamManager, DiscardPolicy, StorageType } = required(
    '@nats-io/jetstream',
  ) as typeof JetStream;
  const { Kvm } = required('@nats-io/kv') as typeof KeyValue;
  const manager = await jetstreamManager(connection, { timeout: patience });
  const problems = await bucketProblems(manager, servers, {
    storage: StorageType.File,
    discard: DiscardPolicy.New,
  });
  const bucket = await new Kvm(connection).open(BUCKET, { timeout: patience });
  if ((await bucket.status()).values === 0) return problems;
  const entries = await bucket.watch({ key: `${KEY}>` });
  // one that is cut off in the middle would be waited for without end
  void stopWhenLost(connection, entries);
  const silence = silenceAfter(patience, () => {
    entries.stop(new Error(`nothing has come for ${patience / 1000} s`));
  });
  try {
    for await (const entry of entries) {
      silence.heard();
      const host = entry.key.slice(KEY.length);
      if (entry.operation === 'PUT' && isHostName(host)) {
        found.push({ host, text: entry.string(), heard: entry.created.getTime() });
      }
      if ((entry.delta ?? 0) === 0) break;
    }
  } finally {
    silence.end();
  }
  return problems;
}

async function stopWhenLost(
  connection: NatsConnection,
  entries: { stop(error: Error): void },
): Promise<void> {
  const error = await connection.closed();
  entries.stop(error ?? new Error('the connection is lost'));
}

/**
 * Makes the bucket where there is none. It is a bucket like any other, but for one thing: no host may
 * say, with what it writes under its own key, that all others are to go.
 */
async function bucketProblems(
  manager: JetStreamManager,
  servers: NatsServers,
  kind: Pick<StreamConfig, 'storage' | 'discard'>,
): Promise<readonly string[]> {
  try {
    const { config } = await manager.streams.info(STREAM);
    return config.allow_rollup_hdrs
      ? [
          `${servers.addresses.join(', ')}: any host can empty the bucket ${BUCKET} (allow_rollup_hdrs): nats stream edit ${STREAM} --no-allow-rollup, or delete it, and xh status makes a right one`,
        ]
      : [];
  } catch (error) {
    if (!isUnheard(error) && !/stream not found/i.test((error as Error).message)) throw error;
  }
  await manager.streams.add({
    name: STREAM,
    description: 'what each host says of itself (xh status)',
    subjects: [`$KV.${BUCKET}.>`],
    max_msgs_per_subject: 1,
    max_msg_size: LARGEST_RECORD,
    ...kind,
    allow_direct: true,
    deny_delete: true,
    allow_rollup_hdrs: false,
  });
  return [];
}

function silenceAfter(patience: number, tell: () => void): { heard(): void; end(): void } {
  let timer = setTimeout(tell, patience);
  return {
    heard() {
      clearTimeout(timer);
      timer = setTimeout(tell, patience);
    },
    end() {
      clearTimeout(timer);
    },
  };
}

function partial(found: readonly Found[], { message }: XhError): FoundRecords {
  const part = found.length === 0 ? '' : `; ${found.length} records had come until then`;
  return { found, problems: [`${message}${part}`] };
}

/** Whether nobody listens there: no JetStream, or no bucket. */
function isUnheard(error: unknown): boolean {
  return (
    error instanceof Error &&
    /no responders/i.test(`${error.name} ${error.message} ${String(error.cause)}`)
  );
}

function noBucket({ addresses }: NatsServers): XhError {
  return new XhError('E_NATS_BUCKET', `${addresses.join(', ')} has no bucket ${BUCKET} yet`, {
    remedy: 'run xh status on the host that gathers, which makes it; and is JetStream turned on?',
  });
}

function refusedBy({ addresses }: NatsServers, what: string): XhError {
  return new XhError('E_NATS', `${addresses.join(', ')} does not take the record: ${what}`, {
    remedy: 'look at the limits of the bucket and of the server (max_payload)',
  });
}

/** Milliseconds. */
const PATIENCE = 5000;

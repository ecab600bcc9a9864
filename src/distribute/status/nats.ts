/**
 * The way to a site's NATS servers. The client is loaded here and nowhere else, when it is needed: no
 * other command waits for it. What this host is known by stands in a file, never on a command line.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as TransportNode from '@nats-io/transport-node';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { printable, split, toBuffer, toText, type Bytes } from '../../bytes/bytes.ts';
import { asFileError } from '../../files/error.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';

/** Where the servers are, and how we are known to them. */
export interface NatsServers {
  readonly addresses: readonly string[];
  /** Paths of files. */
  readonly credentials?: Bytes;
  readonly ca?: Bytes;
  /** Our name: it is in the subjects on which answers come, which others may not hear. */
  readonly host: string;
}

/** What the configuration says; undefined where there is no NATS. */
export function natsServers(config: Config, host: string): NatsServers | undefined {
  const { nats, 'nats-credentials': credentials, 'nats-ca': ca } = config.values;
  if (nats === undefined) return undefined;
  return {
    addresses: split(nats, ',').map(toText),
    ...(credentials !== undefined && { credentials }),
    ...(ca !== undefined && { ca }),
    host,
  };
}

export interface ConnectOptions {
  /** How long to wait for an answer: milliseconds. */
  readonly patience?: number;
  /** Whether to take the connection up again, for ever, whenever it breaks. */
  readonly forever?: boolean;
  /** After how long a server that says nothing is asked whether it is there: milliseconds. */
  readonly pulse?: number;
}

/**
 * @throws XhError E_NATS when no server answers, E_NATS_PERMISSION when it does not know us;
 *   E_CREDENTIALS when the file with the credentials cannot be used
 */
export async function connectNats(
  servers: NatsServers,
  { patience = 5000, forever = false, pulse = 30_000 }: ConnectOptions = {},
): Promise<NatsConnection> {
  const client = required('@nats-io/transport-node') as typeof TransportNode;
  const { addresses, credentials, ca, host } = servers;
  const authenticator =
    credentials === undefined ? undefined : authenticatorIn(credentials, client);
  const tls = addresses.some((address) => address.startsWith('tls:')) || ca !== undefined;
  try {
    return await client.connect({
      servers: addresses.map((address) => address.replace(/^[a-z]+:\/\//, '')),
      name: `xh ${host}`,
      inboxPrefix: inboxOf(host),
      timeout: patience,
      reconnect: forever,
      maxReconnectAttempts: forever ? -1 : 0,
      reconnectTimeWait: 2000,
      reconnectJitter: 3000,
      pingInterval: pulse,
      maxPingOut: 2,
      ignoreAuthErrorAbort: forever,
      ...(authenticator !== undefined && { authenticator }),
      ...(tls && { tls: ca === undefined ? {} : { caFile: toText(ca) } }),
    });
  } catch (error) {
    throw natsError(servers, error);
  }
}

/** Read when it is called for, and from where a program that is one file finds it, too. */
export function required(name: string): unknown {
  return createRequire(import.meta.url)(name);
}

/** What a host hears its answers on: no other host may listen there. */
export function inboxOf(host: string): string {
  return `_INBOX_${host.replaceAll('.', '-')}`;
}

/** What went wrong on the way, or at the server. */
export function natsError({ addresses, host }: NatsServers, error: unknown): XhError {
  if (error instanceof XhError) return error;
  const name = addresses.join(', ');
  const { message } = error as Error;
  if (/authorization|authentication|permissions? violation/i.test(message)) {
    return new XhError('E_NATS_PERMISSION', `${name} does not let ${host} do that: ${message}`, {
      exit: EXIT.notPermitted,
      remedy: 'look at nats-credentials here, and at the permissions of this host at the server',
      cause: error,
    });
  }
  return new XhError('E_NATS', `${name} cannot be reached: ${reasonOf(error)}`, {
    remedy: 'is the server up, and the address right? Without it, news wait for the next pull',
    cause: error,
  });
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause instanceof Error ? cause.message : '';
  return [message, inner].filter((each) => each !== '').join(': ') || 'no answer';
}

type Client = Pick<
  typeof TransportNode,
  'credsAuthenticator' | 'nkeyAuthenticator' | 'usernamePasswordAuthenticator'
>;

/** The kinds of credentials are told apart by how they look. */
function authenticatorIn(file: Bytes, client: Client): Authenticator {
  const content = privateContent(file);
  if (content.includes('BEGIN NATS USER JWT')) {
    return client.credsAuthenticator(Buffer.from(content));
  }
  const line = content.trim();
  if (/^SU[A-Z2-7]{56}$/.test(line)) return client.nkeyAuthenticator(Buffer.from(line));
  const colon = line.indexOf(':');
  if (colon > 0 && !line.includes('\n')) {
    return client.usernamePasswordAuthenticator(line.slice(0, colon), line.slice(colon + 1));
  }
  throw new XhError('E_CREDENTIALS', `${printable(file)} has no credentials for NATS in it`, {
    exit: EXIT.usage,
    place: { file },
    remedy: 'expected one line USER:PASSWORD, the seed of an nkey (SU…), or a .creds file',
  });
}

/** What others could read is nobody's secret. */
function privateContent(file: Bytes): string {
  try {
    const { mode } = statSync(toBuffer(file));
    if ((mode & 0o077) === 0) return readFileSync(toBuffer(file), 'utf8');
  } catch (error) {
    throw asFileError(error, file);
  }
  throw new XhError('E_CREDENTIALS', `${printable(file)} can be read by others than its owner`, {
    exit: EXIT.refused,
    place: { file },
    remedy: `chmod 600 ${printable(file)}, and change what is in it: others may know it`,
  });
}

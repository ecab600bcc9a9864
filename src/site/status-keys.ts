/** The keys of `/etc/xhier.toml` about status and news: who has what, who is told, and how. */
import type { Bytes } from '../bytes/bytes.ts';
import { key } from './config-key.ts';
import { absolutePath, componentName, integer, list, map, text } from './config-values.ts';
import { isHostName } from './host-name.ts';

const hostName = text('the name of a host', isHostName);

const publicKey = text('a public key: ed25519: and 44 characters of base64', (name) =>
  /^ed25519:[A-Za-z0-9+/]{43}=$/.test(name),
);

/** Who may read the configuration must not learn a password by it. */
const natsAddress = text(
  'one address or more, nats://HOST:PORT or tls://HOST:PORT with commas between, and no password in it',
  (value) => /^(?:nats|tls):\/\/[^/@,\s]+(?:,(?:nats|tls):\/\/[^/@,\s]+)*$/.test(value),
);

const realPath = text('an absolute path without ..', (value) => {
  return value.startsWith('/') && !value.split('/').includes('..');
});

export const STATUS_KEYS = {
  'status-name': key<Bytes | undefined>({
    kind: hostName,
    default: undefined,
    environment: 'XH_STATUS_NAME',
    summary: 'The name under which this host says what it has; else its host name.',
  }),
  'status-directory': key<Bytes | undefined>({
    kind: realPath,
    default: undefined,
    summary:
      'A directory that hosts share, in which each writes its record as HOST.json and xh status reads all.',
  }),
  'status-key': key<Bytes | undefined>({
    kind: componentName,
    default: undefined,
    summary: 'Name of the key in /etc/xhier/keys with which this host signs its record.',
  }),
  'status-keys': key<ReadonlyMap<Bytes, Bytes>>({
    kind: map(hostName, publicKey),
    default: new Map(),
    summary:
      'Public keys of hosts, HOST = KEY: the record of such a host is believed only when that key has signed it.',
  }),
  'status-stale': key<number>({
    kind: integer('a number of hours, 1 to 87600', 1, 87_600),
    default: 72,
    summary: 'Hours after which a host that nothing was heard of is told to the maintainer here.',
  }),
  'status-alone': key<number>({
    kind: integer('a number of hours, 1 to 87600', 1, 87_600),
    default: 48,
    summary: 'Hours after which this host tells its own maintainer that it reaches no store.',
  }),
  nats: key<Bytes | undefined>({
    kind: natsAddress,
    default: undefined,
    environment: 'XH_NATS',
    summary:
      'Servers of NATS that carry the news of what is published, and the records of hosts in the bucket xhier_status.',
  }),
  'nats-credentials': key<Bytes | undefined>({
    kind: realPath,
    default: undefined,
    summary:
      'File with what NATS is to know us by, for its owner alone: USER:PASSWORD, a seed of an nkey, or a .creds file.',
  }),
  'nats-ca': key<Bytes | undefined>({
    kind: realPath,
    default: undefined,
    summary:
      'File with the certificates (PEM) by which a server tls:// is believed; else those of the system.',
  }),
  'notice-jitter': key<number>({
    kind: integer('a number of seconds, 0 to 86400', 0, 86_400),
    default: 60,
    summary:
      'Seconds over which hosts spread the pulls that one notice makes, so that not all ask the stores at once.',
  }),
  'notice-poll': key<number>({
    kind: integer('a number of minutes, 1 to 10080', 1, 10_080),
    default: 360,
    summary:
      'Minutes after which a host that listens pulls all the same, should a notice have been lost.',
  }),
  'report.logs': key<readonly Bytes[]>({
    kind: list(absolutePath, 'a list of absolute paths'),
    default: [],
    summary:
      'Logs that xh report reads beside those of xhier and of the packages, such as /var/log/syslog where others send theirs.',
  }),
} as const;

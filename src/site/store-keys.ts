/** The keys of `/etc/xhier.toml` about stores: where packages are published, and pulled from. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { key } from './config-key.ts';
import {
  absolutePath,
  componentName,
  integer,
  list,
  packagePatterns,
  text,
} from './config-values.ts';

const store = text(
  'a directory from / on, or an address that begins with http://, https:// or s3://',
  (name) => /^(?:\/|https?:\/\/[^/]|s3:\/\/[^/])/.test(name),
);

const publicKey = text('a public key: ed25519: and 44 characters of base64', (name) =>
  /^ed25519:[A-Za-z0-9+/]{43}=$/.test(name),
);

export const STORE_KEYS = {
  stores: key<readonly Bytes[]>({
    kind: list(store, 'a list of directories and addresses of stores'),
    default: [],
    summary: 'Stores that xh pull takes packages from, the nearest first.',
  }),
  'site-keys': key<readonly Bytes[]>({
    kind: list(publicKey, 'a list of public keys, ed25519:…'),
    default: [],
    summary: "Public keys of the site, one of which has signed the stores' first record of trust.",
  }),
  'subscribe.only': key<readonly Bytes[] | undefined>({
    kind: packagePatterns,
    default: undefined,
    summary: 'Packages that xh pull keeps up to date, instead of all that are meant for this host.',
  }),
  'subscribe.never': key<readonly Bytes[]>({
    kind: packagePatterns,
    default: [],
    summary: "Packages that xh pull leaves alone; stronger than 'only'.",
  }),
  'subscribe.types': key<readonly Bytes[] | undefined>({
    kind: list(componentName, 'a list of file types'),
    default: undefined,
    summary: 'File types that xh pull takes, instead of all; the others are mounted, say.',
  }),
  'pull-rules': key<Bytes | undefined>({
    kind: absolutePath,
    default: undefined,
    summary:
      'Rules of lfu that xh pull applies to every tree; paths in them are PACKAGE/…, below the file type.',
  }),
  'publish.store': key<Bytes | undefined>({
    kind: store,
    default: undefined,
    summary: 'The store that xh publish writes to: a directory, or s3://BUCKET/PREFIX.',
  }),
  'publish.key': key<Bytes>({
    kind: componentName,
    default: b`publisher`,
    summary: 'Name of the key in /etc/xhier/keys that xh publish signs with.',
  }),
  'publish.days': key<number>({
    kind: integer('a number of days, 1 to 3650', 1, 3650),
    default: 30,
    summary: 'How many days what is published may be believed before it is published again.',
  }),
} as const;

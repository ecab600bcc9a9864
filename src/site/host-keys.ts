/** The keys of `/etc/xhier.toml` about other hosts: which there are, how they are reached, their domains. */
import type { Bytes } from '../bytes/bytes.ts';
import { key } from './config-key.ts';
import {
  componentName,
  integer,
  list,
  map,
  record,
  text,
  type Fields,
  trueOrFalse,
} from './config-values.ts';
import { domainProblem } from './domain.ts';
import { isHostName } from './host-name.ts';

/** A host that packages are distributed to. */
export interface InventoryHost {
  readonly arch?: Bytes;
  readonly domains?: readonly Bytes[];
  /** What ssh is given, when it is not the name. */
  readonly address?: Bytes;
  readonly user?: Bytes;
  readonly port?: number;
  /** Of ssh_config(5): `Key=Value`. */
  readonly options?: readonly Bytes[];
  /** The command that is run there. */
  readonly receive?: Bytes;
  /** The host that distributes to it. */
  readonly via?: Bytes;
  /** Seconds. */
  readonly timeout?: number;
  /** Whether packages are built there for its architecture. */
  readonly master?: boolean;
}

const hostName = text('the name of a host', isHostName);

const domainName = text(
  "a domain such as 'sun4.sunos.cc.adm', from the special to the general",
  (name) => domainProblem(name) === undefined,
);

const domainNames = list(domainName, 'a list of domains such as "sun4.sunos.cc.adm"');

/** Never taken for an option by whoever is given it. */
const address = text('a host name or an address', (name) =>
  /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/.test(name),
);

const accountName = text('the name of an account', (name) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?$/.test(name),
);

const sshOption = text("an option of ssh_config(5), such as 'ProxyJump=gate'", (name) =>
  /^[A-Za-z][A-Za-z0-9]*[= ]\S/.test(name),
);

const sshOptions = list(sshOption, 'a list of options of ssh_config(5), "Key=Value"');
const command = text('a command on one line', (line) => line !== '');
const seconds = integer('a number of seconds, 1 to 604800', 1, 604_800);

/** What is said of a host, in its table. */
export const HOST_FIELDS: Fields<InventoryHost> = {
  arch: { kind: componentName, required: false, summary: 'Its architecture, as xh arch says it.' },
  domains: {
    kind: domainNames,
    required: false,
    summary: 'The administrative domains that it is in; the host itself must say the same.',
  },
  address: { kind: address, required: false, summary: 'Where ssh reaches it; else its name.' },
  user: { kind: accountName, required: false, summary: 'The account there.' },
  port: {
    kind: integer('a port, 1 to 65535', 1, 65_535),
    required: false,
    summary: 'The port of its sshd.',
  },
  options: { kind: sshOptions, required: false, summary: 'More options for ssh.' },
  receive: {
    kind: command,
    required: false,
    summary: "The command there, where the account's key is not confined to one; else xh receive.",
  },
  via: {
    kind: hostName,
    required: false,
    summary: 'The host that distributes to it: xh dist-recurse goes down that tree.',
  },
  timeout: {
    kind: seconds,
    required: false,
    summary: 'Seconds that a distribution to it may take.',
  },
  master: {
    kind: trueOrFalse,
    required: false,
    summary: 'Whether xh sdist builds packages there, for its architecture.',
  },
};

const host = record<InventoryHost>(
  `a table with any of the keys ${Object.keys(HOST_FIELDS).join(', ')}`,
  HOST_FIELDS,
);

export const HOST_KEYS = {
  domains: key<readonly Bytes[]>({
    kind: domainNames,
    default: [],
    summary:
      "Administrative domains of this host, from the special to the general: 'sun4.sunos.cc.adm' is in 'cc.adm'.",
  }),
  hosts: key<ReadonlyMap<Bytes, InventoryHost>>({
    kind: map(hostName, host),
    default: new Map(),
    summary: 'Hosts that xh distribute reaches: a table [hosts."NAME"] for each.',
  }),
  'ssh.program': key<Bytes>({
    kind: command,
    default: 'ssh' as Bytes,
    summary: 'The ssh that xh runs; words with blanks between, none is quoted.',
  }),
  'ssh.options': key<readonly Bytes[]>({
    kind: sshOptions,
    default: [],
    summary: 'Options of ssh_config(5) for every host, "Key=Value".',
  }),
  'distribute.jobs': key<number>({
    kind: integer('a number of hosts, 1 to 1000', 1, 1000),
    default: 8,
    option: '--jobs',
    summary: 'How many hosts xh distribute serves at the same time.',
  }),
  'distribute.timeout': key<number>({
    kind: seconds,
    default: 900,
    option: '--timeout',
    summary:
      'Seconds that a distribution to one host may take, unless the host has a time of its own.',
  }),
  'distribute.connect-timeout': key<number>({
    kind: integer('a number of seconds, 1 to 3600', 1, 3600),
    default: 15,
    summary: 'Seconds after which a host that does not answer is given up.',
  }),
} as const;

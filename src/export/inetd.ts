/**
 * `export/inetd.conf` → `/etc/inetd.conf`. An entry that stands there for the same service is
 * disabled where it stands and comes back byte for byte; another package's is a conflict.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type Clash, type Where } from './block-spec.ts';
import type { FragmentFile, HostView } from './fragment.ts';
import { addressInForce, continuesInetd, readInetd, type InetdEntry } from './inetd-entry.ts';
import { parseInetd } from './inetd-parse.ts';
import { readLines } from './lines.ts';
import { readServices, SERVICES_PATH, type ServiceEntry } from './services.ts';
import { diagnostic } from './strict.ts';

export const inetd = blockKind<InetdEntry>({
  name: 'inetd.conf',
  summary: 'entries for /etc/inetd.conf; one for the same service is disabled meanwhile',
  comment: b`#`,
  lineEnd: 'lf',
  collision: 'disable',
  headers: [MADE_BY_US],
  parse: parseInetd,
  identity,
  keysOn,
  check,
  target: () => ({ path: b`/etc/inetd.conf`, mode: 0o644 }),
  readEntries: readInetd,
  inContext: (above) => {
    const addresses = addressInForce(above);
    return (entry) => (entry.addresses ? entry : { ...entry, addresses });
  },
  clash,
  continues: continuesInetd,
});

/** `ftp/tcp` listens with IPv4 and IPv6: it meets `ftp/tcp4` and `ftp/tcp6`, which do not meet. */
function identity(entry: InetdEntry): readonly string[] {
  return keysOf(entry.service, entry.protocol);
}

function keysOf(service: string, protocol: Bytes): readonly string[] {
  const [, family = protocol, version] = /^(.*?)(46|4|6only|6)?$/.exec(protocol) ?? [];
  if (family === 'unix') return [`${service}/unix`];
  if (version === '4') return [`${service}/${family}4`];
  if (version === '6' || version === '6only') return [`${service}/${family}6`];
  const both = [`${service}/${family}4`, `${service}/${family}6`];
  return version === undefined ? [`${service}/${family}`, ...both] : both;
}

/** The keys with the port of a name added, so that `21` meets `ftp`, and an alias its service. */
function keysOn(host: HostView): (entry: InetdEntry) => readonly string[] {
  const ports = portsOf(host);
  return (entry) => {
    const keys = identity(entry);
    if (entry.protocol === 'unix' || entry.versions) return keys;
    const port = ports.get(`${entry.service}/${transport(entry.protocol)}`);
    return port === undefined ? keys : [...keys, ...keysOf(String(port), entry.protocol)];
  };
}

function clash(ours: InetdEntry, theirs: InetdEntry, where: Where): Clash | undefined {
  if (!overlap(ours, theirs)) return undefined;
  const same =
    ours.rest === theirs.rest && addressText(ours.addresses) === addressText(theirs.addresses);
  if (same && where !== 'package') return { says: 'same' };
  return {
    says: 'other',
    code: where === 'package' ? 'E_INETD_TAKEN' : 'E_INETD_TWICE',
    message: `two entries for ${printable(ours.service)}/${printable(ours.protocol)}`,
    remedy:
      where === 'package'
        ? 'uninstall the other package, or give one of the two another service or address'
        : 'delete one of them from the fragment',
  };
}

/** Whether both could get one connection: an address and, for RPC, a version in common. */
function overlap(ours: InetdEntry, theirs: InetdEntry): boolean {
  const a = ours.versions;
  const c = theirs.versions;
  if (a && c && (a[1] < c[0] || c[1] < a[0])) return false;
  // the address of a unix socket is ignored
  if (ours.protocol === 'unix') return true;
  if (anywhere(ours.addresses) || anywhere(theirs.addresses)) return true;
  return ours.addresses?.some((address) => theirs.addresses?.includes(address)) === true;
}

function anywhere(addresses: readonly Bytes[] | undefined): boolean {
  return addresses?.some((address) => ['*', '0.0.0.0', '::'].includes(address)) ?? true;
}

function addressText(addresses: readonly Bytes[] | undefined): string {
  return (addresses ?? ['*']).join(',');
}

/** What would fail at the first connection, silently, in a log that nobody reads. */
function check(
  file: FragmentFile,
  entries: readonly InetdEntry[],
  host: HostView,
): readonly Diagnostic[] {
  const ports = portsOf(host);
  const found: Diagnostic[] = [];
  for (const entry of entries) {
    const { line, program } = entry;
    const report = (
      severity: Diagnostic['severity'],
      code: string,
      message: string,
      hint?: string,
    ): void => void found.push(diagnostic(file, { severity, code, message, line, hint }));
    const wrapped = program.endsWith('/tcpd') ? entry.arguments[0] : undefined;
    for (const each of [program, ...(wrapped?.startsWith('/') ? [wrapped] : [])]) {
      if (each === 'internal') continue;
      const object = host.read(each);
      const shown = printable(each);
      if (object.type !== 'file') {
        const what = object.type === 'absent' ? 'does not exist' : 'is no file';
        report('error', 'E_INETD_PROGRAM', `the program ${shown} ${what}`, 'give its full path');
      } else if ((object.mode & 0o111) === 0) {
        report('error', 'E_INETD_PROGRAM', `${shown} is not executable`, `chmod +x ${shown}`);
      }
    }
    const account = slice(entry.user, 0, /[.:]|$/.exec(entry.user)?.index);
    if (!host.hasAccount(account)) {
      report('warning', 'E_INETD_USER', `this host has no account '${printable(account)}'`);
    }
    const byName = entry.protocol !== 'unix' && !entry.versions && !/^[0-9]+$/.test(entry.service);
    if (byName && !ports.has(`${entry.service}/${transport(entry.protocol)}`)) {
      const shown = `${printable(entry.service)}/${transport(entry.protocol)}`;
      report(
        'warning',
        'E_INETD_SERVICE',
        `${shown} is not in ${SERVICES_PATH}`,
        'add export/services',
      );
    }
    const comment = entry.arguments.find((argument) => argument.startsWith('#'));
    if (comment !== undefined) {
      report(
        'warning',
        'E_INETD_COMMENT',
        `'${printable(comment)}' is passed to the program: a comment needs a line of its own`,
      );
    }
  }
  return found;
}

/** `tcp6` → `tcp`: the name under which services(5) has it. */
function transport(protocol: Bytes): string {
  return protocol.replace(/(?:46|4|6only|6)$/, '');
}

/** `NAME/PROTOCOL` → port, aliases included; the first line of a name counts. */
function portsOf(host: HostView): ReadonlyMap<string, number> {
  const object = host.read(SERVICES_PATH);
  const ports = new Map<string, number>();
  if (object.type !== 'file') return ports;
  const entries: readonly ServiceEntry[] = readServices(
    readLines(object.content).map(({ text }) => text),
  );
  for (const { name, aliases, protocol, port } of entries) {
    for (const each of [name, ...aliases]) {
      const key = `${each}/${protocol}`;
      if (!ports.has(key)) ports.set(key, port);
    }
  }
  return ports;
}

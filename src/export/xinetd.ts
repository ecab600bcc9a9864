/**
 * Files of `/etc/xinetd.d`: `service NAME { KEY = VALUE … }`, after xinetd.conf(5). Of two services
 * with one id xinetd takes the first that it happens to read, so a second is refused.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import type { FragmentConflict, FragmentFile, HostView } from './fragment.ts';
import { fragmentLines, words } from './lines.ts';
import { at } from './result.ts';
import { diagnostic, linesIn, type Finding } from './strict.ts';

interface Attribute {
  readonly value: Bytes;
  readonly line: number;
  readonly column: number;
}

interface XinetdService {
  readonly name: Bytes;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, Attribute>;
}

const DIRECTORY = b`/etc/xinetd.d`;

/** May be given several times, each adding to the others. */
const LISTS: ReadonlySet<string> = new Set(
  'access_times env log_on_failure log_on_success no_access only_from passenv type flags groups'.split(
    ' ',
  ),
);
const KNOWN: ReadonlySet<string> = new Set([
  ...LISTS,
  ...(
    'banner banner_fail banner_success bind cps deny_time disable group id instances interface ' +
    'libwrap log_type max_load mdns nice per_source port protocol redirect rlimit_as rlimit_cpu ' +
    'rlimit_data rlimit_files rlimit_rss rlimit_stack rpc_number rpc_version server server_args ' +
    'socket_type umask user wait'
  ).split(' '),
]);
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  disable: ['yes', 'no'],
  wait: ['yes', 'no'],
  socket_type: ['stream', 'dgram', 'raw', 'seqpacket'],
};

/** What is wrong with a file, and what xinetd would only say in its log. */
export function checkXinetd(file: FragmentFile, host: HostView): readonly Diagnostic[] {
  const findings: Finding[] = [];
  const services = read(linesIn(file), (finding) => void findings.push(finding));
  const seen = new Map<Bytes, number>();
  for (const service of services) {
    checkService(service, host, (finding) => void findings.push(finding));
    const id = idOf(service);
    const first = seen.get(id);
    if (first !== undefined) {
      findings.push({
        code: 'E_XINETD_TWICE',
        message: `a second service with the id '${printable(id)}'; the first begins in line ${first}`,
        line: service.line,
        hint: 'give each an id of its own: id = NAME-dgram',
      });
    }
    seen.set(id, first ?? service.line);
  }
  return findings.toSorted((a, c) => a.line - c.line).map((finding) => diagnostic(file, finding));
}

/** Services of other files with the id of one in `file`. */
export function xinetdClashes(
  file: FragmentFile,
  path: Bytes,
  host: HostView,
): readonly FragmentConflict[] {
  const others = new Map<Bytes, { readonly path: Bytes; readonly service: XinetdService }>();
  for (const name of host.list(DIRECTORY)) {
    const other = join(DIRECTORY, name);
    if (other === path || /^\.|\.|~$/.test(name)) continue;
    const object = host.read(other);
    if (object.type !== 'file') continue;
    for (const service of read(fragmentLines(object.content), () => undefined)) {
      const id = idOf(service);
      if (!others.has(id)) others.set(id, { path: other, service });
    }
  }
  return read(linesIn(file), () => undefined).flatMap((service) => {
    const id = idOf(service);
    const other = others.get(id);
    if (other === undefined) return [];
    return [
      {
        code: 'E_XINETD_TAKEN',
        path: other.path,
        line: other.service.line,
        message:
          `two services with the id '${printable(id)}': ${at(other.path, other.service.line)}` +
          ` and ${at(file.path, service.line)}`,
        remedy: 'give the one in the package another id, or remove the other where nothing uses it',
      },
    ];
  });
}

function idOf({ name, attributes }: XinetdService): Bytes {
  return attributes.get('id')?.value ?? name;
}

/** The services of a file; what cannot be read is told to `found` and passed over. */
function read(
  lines: readonly Bytes[],
  found: (finding: Finding) => void,
): readonly XinetdService[] {
  const services: XinetdService[] = [];
  let header: { readonly name: Bytes; readonly line: number } | undefined;
  let attributes: Map<string, Attribute> | undefined;
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    const [first, second, third] = words(text);
    if (first === undefined || first.text.startsWith('#')) continue;
    const whole = { line, column: first.column, length: text.length - first.column + 1 };
    if (attributes !== undefined) {
      if (first.text === '}') {
        if (header) services.push({ ...header, attributes });
        header = undefined;
        attributes = undefined;
      } else readAttribute(text, line, attributes, found);
    } else if (header !== undefined) {
      if (first.text === '{' && second === undefined) attributes = new Map();
      else {
        found({ ...whole, code: 'E_XINETD_LINE', message: "no '{' on a line of its own" });
        header = undefined;
      }
    } else if (first.text === 'service' && second !== undefined && third === undefined) {
      header = { name: second.text, line };
    } else {
      const global = ['defaults', 'include', 'includedir'].includes(first.text);
      found({
        ...whole,
        code: 'E_XINETD_LINE',
        message: global
          ? `'${first.text}' is for /etc/xinetd.conf: it concerns every service`
          : `'${printable(text)}' begins no service`,
        hint: 'service NAME, then the attributes between { and }',
      });
      // its attributes, if any, are of nobody's interest
      if (first.text === 'defaults') header = { name: b`defaults`, line };
    }
  }
  if (header !== undefined) {
    found({
      code: 'E_XINETD_LINE',
      message: `the service that begins here does not end`,
      line: header.line,
      length: lines[header.line - 1]?.length ?? 1,
      hint: "a '}' on a line of its own",
    });
  }
  return services.filter(({ name }) => name !== 'defaults');
}

function readAttribute(
  text: Bytes,
  line: number,
  attributes: Map<string, Attribute>,
  found: (finding: Finding) => void,
): void {
  const cut = text.indexOf('=');
  const [key, operator] = words(
    slice(text, 0, cut < 0 ? 0 : cut + 1).replace(/[+-]?=$/, ' $&') as Bytes,
  );
  if (key === undefined || operator === undefined) {
    const [first] = words(text);
    found({
      code: 'E_XINETD_LINE',
      message: `'${printable(text)}' is no attribute`,
      line,
      column: first?.column ?? 1,
      length: text.length - (first?.column ?? 1) + 1,
      hint: 'KEY = VALUE',
    });
    return;
  }
  const name = key.text;
  const place = { line, column: key.column, length: name.length };
  if (!KNOWN.has(name)) {
    found({
      ...place,
      code: 'E_XINETD_ATTRIBUTE',
      message: `xinetd knows no attribute '${printable(name)}'`,
      hint: didYouMean(name, KNOWN),
    });
  } else if (attributes.has(name) && !LISTS.has(name)) {
    found({ ...place, code: 'E_XINETD_ATTRIBUTE', message: `'${name}' is given twice` });
  } else if (operator.text !== '=' && !LISTS.has(name)) {
    found({ ...place, code: 'E_XINETD_ATTRIBUTE', message: `'${name}' takes one value: use =` });
  }
  const values = words(slice(text, cut + 1));
  const value = values.map((word) => word.text).join(' ') as Bytes;
  const column = values[0]?.column ?? 1;
  const choices = CHOICES[name];
  if (choices !== undefined && !choices.includes(value)) {
    found({
      line,
      column: cut + 1 + column,
      length: value.length,
      code: 'E_XINETD_VALUE',
      message: `'${printable(value)}' is no ${name}`,
      hint: choices.join(' or '),
    });
  }
  attributes.set(name, { value, line, column: cut + 1 + column });
}

function checkService(
  { line, attributes }: XinetdService,
  host: HostView,
  found: (finding: Finding) => void,
): void {
  const types = words(attributes.get('type')?.value ?? b``).map(({ text }) => text);
  const internal = types.includes(b`INTERNAL`);
  const redirects = attributes.has('redirect');
  const needed = [
    'socket_type',
    'wait',
    ...(internal ? [] : ['user']),
    ...(internal || redirects ? [] : ['server']),
    ...(types.includes(b`UNLISTED`) ? ['port', 'protocol'] : []),
  ];
  for (const name of needed) {
    if (attributes.has(name)) continue;
    found({ code: 'E_XINETD_MISSING', message: `no '${name}': xinetd would leave it out`, line });
  }
  const server = attributes.get('server');
  if (server !== undefined && !internal) {
    const object = host.read(server.value);
    if (object.type !== 'file' || (object.mode & 0o111) === 0) {
      const what = object.type === 'file' ? 'is not executable' : 'does not exist';
      found({
        code: 'E_XINETD_PROGRAM',
        message: `the program ${printable(server.value)} ${what}`,
        line: server.line,
        column: server.column,
        length: server.value.length,
      });
    }
  }
  const user = attributes.get('user');
  if (user !== undefined && !/^[0-9]+$/.test(user.value) && !host.hasAccount(user.value)) {
    found({
      severity: 'warning',
      code: 'E_XINETD_USER',
      message: `this host has no account '${printable(user.value)}'`,
      line: user.line,
      column: user.column,
      length: user.value.length,
    });
  }
}

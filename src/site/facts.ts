/**
 * What is known of this host, by names: for `xh facts`, and for templates of fragments. Each fact is
 * found when it is first asked for, and once. Facts of the operating system are those of the site
 * root where that has one, else of the host itself.
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { availableParallelism, hostname, networkInterfaces, totalmem } from 'node:os';
import {
  b,
  bytes,
  fromBuffer,
  printable,
  toBuffer,
  toText,
  utf8,
  type Bytes,
} from '../bytes/bytes.ts';
import { architecture, compatible, cpuFlags, hostIdentity, platform } from './arch.ts';
import type { Config } from './config.ts';
import { initSystem } from './init-system.ts';
import { inSite, type Site } from './site.ts';

/** A list is of texts; memory is in bytes. */
export type FactValue = string | number | boolean | readonly string[];

export interface Facts {
  /** The host's own in the order of the table, then the site's. */
  readonly names: readonly string[];
  /** Undefined where this host has no such fact. */
  get(name: string): FactValue | undefined;
  /** One line on what it is. */
  summary(name: string): string | undefined;
}

interface Source {
  readonly site: Site;
  /** The texts of files, read once. */
  read(path: Bytes): string;
}

interface FactKind {
  readonly name: string;
  readonly summary: string;
  find(source: Source): FactValue | undefined;
}

const TABLE: readonly FactKind[] = [
  fact('architecture', 'as xh arch prints it', () => printable(architecture())),
  fact('architectures', 'all that this host runs, best first', () =>
    compatible(architecture(), cpuFlags()).map(printable),
  ),
  fact('platform', 'as xh platform prints it', () => printable(platform())),
  fact('system', 'the name of the kernel (uname -s)', () => hostIdentity().system),
  fact('release', 'the release of the kernel (uname -r)', () => hostIdentity().release),
  fact('machine', 'the processor (uname -m)', () => hostIdentity().machine),
  fact('processors', 'how many processors there are to use', () => availableParallelism()),
  fact('memory', 'bytes of main memory', () => totalmem()),
  fact('hostname', 'the name of the host, up to the first dot', () => nameParts().host),
  fact('domain', 'its domain, without asking the network', (source) => domainOf(source)),
  fact('fqdn', 'both, with a dot between', (source) => {
    const domain = domainOf(source);
    return domain === undefined ? undefined : `${nameParts().host}.${domain}`;
  }),
  fact('addresses', 'its network addresses, but for the loopback', () =>
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address }) => address),
  ),
  fact('os', 'the distribution (ID of os-release)', (source) => osRelease(source).get('ID')),
  fact('os-version', 'its version (VERSION_ID of os-release)', (source) =>
    osRelease(source).get('VERSION_ID'),
  ),
  fact('os-like', 'the distributions that it is like (ID_LIKE)', (source) =>
    osRelease(source).get('ID_LIKE')?.split(' '),
  ),
  fact('init', 'what starts the host: systemd, sysv or other', ({ site }) =>
    initSystem({
      isDirectory: (path) =>
        statSync(toBuffer(inSite(site, path)), { throwIfNoEntry: false })?.isDirectory() === true,
      target: (path) => linkTarget(inSite(site, path)),
    }),
  ),
  fact('root', 'the site root', ({ site }) => toText(site.root)),
];

/** The facts of the host that `site` is on, and what its configuration adds. */
export function factsOf(site: Site, config: Config): Facts {
  const own = config.values.facts;
  const texts = new Map<Bytes, string>();
  const source: Source = {
    site,
    read(path) {
      const known = texts.get(path) ?? (readIfThere(inSite(site, path)) || readIfThere(path));
      texts.set(path, known);
      return known;
    },
  };
  const found = new Map<string, FactValue | undefined>();
  const kinds = new Map(TABLE.map((each) => [each.name, each]));
  const ownNames = [...own.keys()].map((name) => toText(name));
  return {
    names: [...kinds.keys(), ...ownNames.filter((name) => !kinds.has(name))],
    get(name) {
      if (!found.has(name)) {
        const given = own.get(bytes(name));
        found.set(name, given === undefined ? kinds.get(name)?.find(source) : toText(given));
      }
      return found.get(name);
    },
    summary: (name) => (own.has(bytes(name)) ? 'of /etc/xhier.toml' : kinds.get(name)?.summary),
  };
}

/** A fact as one word or line: lists with blanks between, `yes` and `no`. */
export function factText(value: FactValue): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? value.join(' ') : String(value);
}

function fact(name: string, summary: string, find: FactKind['find']): FactKind {
  return { name, summary, find };
}

function nameParts(): { readonly host: string; readonly domain: string | undefined } {
  const [host = '', ...rest] = hostname().split('.');
  return { host, domain: rest.length === 0 ? undefined : rest.join('.') };
}

/** From the host's own name, else as the resolver would take it from its files. */
function domainOf(source: Source): string | undefined {
  const { host, domain } = nameParts();
  if (domain !== undefined) return domain;
  for (const line of source.read(b`/etc/hosts`).split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').split(/[ \t]+/);
    const full = names.find((name) => name.startsWith(`${host}.`));
    if (full !== undefined && full.length > host.length + 1) return full.slice(host.length + 1);
  }
  const line = /^[ \t]*(?:domain|search)[ \t]+([^ \t\n]+)/m.exec(source.read(b`/etc/resolv.conf`));
  const search = line?.[1]?.replace(/\.$/, '');
  return search === '' ? undefined : search;
}

/** The settings of os-release(5). */
function osRelease(source: Source): ReadonlyMap<string, string> {
  const text = source.read(b`/etc/os-release`) || source.read(b`/usr/lib/os-release`);
  return new Map(
    text.split('\n').flatMap((line) => {
      const cut = line.indexOf('=');
      if (cut < 1 || line.startsWith('#')) return [];
      const value = line
        .slice(cut + 1)
        .trim()
        .replace(/^(["'])([^]*)\1$/, '$2');
      return [[line.slice(0, cut), value] as const];
    }),
  );
}

function readIfThere(path: Bytes): string {
  try {
    return utf8(fromBuffer(readFileSync(toBuffer(path)))) ?? '';
  } catch {
    // not there, or not to be read by this user: then nothing is known of it
    return '';
  }
}

function linkTarget(path: Bytes): Bytes | undefined {
  try {
    return fromBuffer(readlinkSync(toBuffer(path), 'buffer'));
  } catch {
    return undefined;
  }
}

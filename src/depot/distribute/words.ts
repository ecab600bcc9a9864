/**
 * Which packages and which hosts the words of a command line mean: packages first, hosts and domains
 * after them. A word that could be both is asked for, never guessed.
 */
import { bytes, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import {
  hostNamed,
  hostsIn,
  refuseHost,
  type Inventory,
  type KnownHost,
} from '../../distribute/hosts/inventory.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { bestCandidate } from '../../package/candidate.ts';
import { listPackages, type PackageEntry } from '../../package/entries.ts';
import { parseRequest } from '../../package/name.ts';
import { parseRange } from '../../package/range.ts';
import { compileGlob, globProblem } from '../../site/glob.ts';
import type { Site } from '../../site/site.ts';

export interface Meant {
  /** Directories; absent when no word is a package. */
  readonly packages?: readonly Bytes[];
  /** Absent when no word is a host or a domain. */
  readonly hosts?: Inventory;
}

/** @throws XhError E_WORD_AMBIGUOUS, E_WORD_UNKNOWN, E_WORD_ORDER, E_NO_HOST (2) */
export function meantBy(words: readonly string[], site: Site, inventory: Inventory): Meant {
  const available = words.length === 0 ? [] : listPackages(site);
  const packages = new Set<Bytes>();
  const hosts = new Set<KnownHost>();
  let named: 'nothing' | 'packages' | 'hosts' = 'nothing';
  for (const word of words) {
    const found = readWord(bytes(word), available, inventory);
    if (found.is === 'packages' && named === 'hosts') throw outOfOrder(word);
    named = found.is;
    if (found.is === 'hosts') for (const host of found.hosts) hosts.add(host);
    else for (const directory of found.directories) packages.add(directory);
  }
  return {
    ...(packages.size > 0 && { packages: [...packages] }),
    ...(hosts.size > 0 && { hosts: [...hosts] }),
  };
}

/** The hosts that a word names: one, or those in a domain. @throws XhError E_NO_HOST (2) */
export function hostsMeant(word: Bytes, inventory: Inventory): Inventory {
  const found = hostsCalled(word, inventory);
  return found.length > 0 ? found : refuseHost(inventory, word);
}

type Found =
  | { readonly is: 'packages'; readonly directories: readonly Bytes[] }
  | { readonly is: 'hosts'; readonly hosts: Inventory };

function readWord(word: Bytes, available: readonly PackageEntry[], inventory: Inventory): Found {
  const colon = word.indexOf(':');
  const said = colon < 0 ? '' : word.slice(0, colon);
  const rest = slice(word, colon + 1);
  if (said === 'package') {
    const directories = packagesCalled(rest, available);
    if (directories.length > 0) return { is: 'packages', directories };
    throw unknownWord(rest, available, inventory);
  }
  if (said === 'host') {
    const host = hostNamed(inventory, rest);
    return { is: 'hosts', hosts: host === undefined ? refuseHost(inventory, rest) : [host] };
  }
  if (said === 'domain') {
    const hosts = hostsIn(inventory, rest);
    return { is: 'hosts', hosts: hosts.length === 0 ? refuseHost(inventory, rest) : hosts };
  }
  const directories = packagesCalled(word, available);
  const hosts = hostsCalled(word, inventory);
  if (directories.length > 0 && hosts.length > 0) {
    throw new XhError(
      'E_WORD_AMBIGUOUS',
      `'${printable(word)}' is a package, and a ${hostNamed(inventory, word) === undefined ? 'domain' : 'host'}, too`,
      {
        exit: EXIT.usage,
        remedy: `say which: package:${printable(word)}, host:${printable(word)} or domain:${printable(word)}`,
      },
    );
  }
  if (directories.length > 0) return { is: 'packages', directories };
  if (hosts.length > 0) return { is: 'hosts', hosts };
  throw unknownWord(word, available, inventory);
}

function packagesCalled(word: Bytes, available: readonly PackageEntry[]): readonly Bytes[] {
  if (/[*?[]/.test(word)) {
    if (globProblem(word) !== undefined) return [];
    const glob = compileGlob(word);
    return available.map(({ directory }) => directory).filter((each) => glob.matches(each));
  }
  if (!/^[A-Za-z0-9]/.test(word)) return [];
  const { name, range } = parseRequest(word);
  const wanted = { name, range: range === undefined ? undefined : parseRange(range) };
  const found = bestCandidate(available, wanted, { newest: range !== undefined });
  return found === undefined ? [] : [found.directory];
}

/** A host by its name; a domain by its name with a dot in front, or when it has two levels or more. */
function hostsCalled(word: Bytes, inventory: Inventory): Inventory {
  const host = hostNamed(inventory, word);
  if (host !== undefined) return [host];
  if (!word.includes('.')) return [];
  return hostsIn(inventory, word);
}

function outOfOrder(word: string): XhError {
  return new XhError(
    'E_WORD_ORDER',
    `'${printable(bytes(word))}' is a package, and stands after a host`,
    {
      exit: EXIT.usage,
      remedy: 'packages come first, then the hosts and domains that they go to',
    },
  );
}

function unknownWord(
  word: Bytes,
  available: readonly PackageEntry[],
  inventory: Inventory,
): XhError {
  const names = [
    ...available.flatMap(({ name, directory }) => [name, directory]),
    ...inventory.map(({ name }) => name),
  ].map(printable);
  return new XhError(
    'E_WORD_UNKNOWN',
    `'${printable(word)}' is neither a package nor a host nor a domain here`,
    {
      exit: EXIT.usage,
      remedy:
        didYouMean(printable(word), names) ??
        'xh list names the packages, xh domain list the domains; hosts stand in /etc/xhier.toml as [hosts."NAME"]',
    },
  );
}

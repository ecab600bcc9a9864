/**
 * `xh verify`: whether this host has what its receipts say: files by content, type, owner and mode,
 * links of the farms, entries in system files, the path table. Reads, and changes nothing.
 */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import type { Host } from '../../host/transaction.ts';
import { receiptPath } from '../../host/receipt.ts';
import { XhError } from '../../message/error.ts';
import type { Wanted } from '../../package/candidate.ts';
import { listPackages } from '../../package/entries.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { attachedPackages } from '../attach/record.ts';
import { startPlanning, type Planning } from '../context.ts';
import { viewOf } from '../fragments.ts';
import { pathTableStanding, PATH_TABLE } from '../path-table.ts';
import { installedDirectories, installedNamed, receiptOf } from '../receipts.ts';
import type { PackageReceipt } from '../receipt-set.ts';
import type { Difference } from './difference.ts';
import { verifyFiles } from './files.ts';
import { verifyFragments, verifyLinks } from './placed.ts';

export interface VerifyOptions {
  /** A file of the same size and time counts as the same and is not read. */
  readonly quick: boolean;
  /** Told of each package before it is looked at, with how many there are. */
  readonly onPackage?: (directory: Bytes, index: number, count: number) => void;
}

export interface Verification {
  readonly packages: number;
  /** Paths that receipts have. */
  readonly paths: number;
  readonly differences: readonly Difference[];
  /** What a person should know. */
  readonly notes: readonly string[];
}

/**
 * Compares the named packages, or all that are installed and the path table, with their receipts.
 * @throws XhError E_NOT_INSTALLED
 */
export function verifyPackages(
  host: Host,
  config: Config,
  wanted: readonly Wanted[],
  options: VerifyOptions,
): Verification {
  const planning = startPlanning(host, config);
  const directories =
    wanted.length === 0
      ? installedDirectories(planning)
      : [...new Set(wanted.map((each) => installedNamed(planning, each)))];
  const depot = new Map(listPackages(host.site).map((entry) => [entry.directory, entry]));
  const attached = attachedPackages(host.walker);
  const view = viewOf(planning);
  const differences: Difference[] = [];
  const notes: string[] = [];
  let paths = 0;
  for (const [index, directory] of directories.entries()) {
    options.onPackage?.(directory, index, directories.length);
    const receipt = readable(planning, directory, differences);
    if (receipt === undefined) continue;
    paths += receipt.files.length;
    const entry = depot.get(directory);
    if (entry === undefined) differences.push(vanished(directory, attached.get(directory)?.from));
    else {
      const types = siteFileTypes(config);
      const found = verifyFiles(host, receipt, { types, quick: options.quick });
      differences.push(...found);
      const { version } = entry;
      if (found.length > 0 && version !== undefined && version !== receipt.version) {
        notes.push(newerText(directory, receipt.version, version));
      }
    }
    differences.push(
      ...verifyLinks(planning, receipt),
      ...verifyFragments(planning, receipt, view),
    );
  }
  if (wanted.length === 0 && directories.length > 0) differences.push(...verifyTable(planning));
  return { packages: directories.length, paths, differences, notes };
}

/** A receipt that cannot be read is a difference of its own, and in nobody's way. */
function readable(
  planning: Planning,
  directory: Bytes,
  differences: Difference[],
): PackageReceipt | undefined {
  try {
    return receiptOf(planning, directory);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    differences.push({
      package: directory,
      of: 'package',
      kind: 'unreadable',
      path: receiptPath(directory),
      found: error.message,
      remedy: 'xh doctor --fix puts it back as it was, where the history has it',
    });
    return undefined;
  }
}

function vanished(directory: Bytes, from: Bytes | undefined): Difference {
  const name = toText(directory);
  return {
    package: directory,
    of: 'package',
    kind: 'missing',
    path: `/software/${directory}` as Bytes,
    expected: 'the package, which is installed here',
    remedy:
      from === undefined
        ? `put it back, or: xh uninstall ${name}`
        : `it is attached from ${printable(from)}: mount that, or: xh uninstall ${name}`,
  };
}

function newerText(directory: Bytes, was: Bytes | undefined, is: Bytes): string {
  const name = printable(directory);
  const before = was === undefined ? '' : `, installed is ${printable(was)}`;
  return `the depot has ${name} ${printable(is)} now${before}: xh install ${name}`;
}

function verifyTable(planning: Planning): Difference[] {
  const standing = pathTableStanding(planning);
  if (standing === 'right') return [];
  return [
    {
      of: 'table',
      kind: standing === 'missing' ? 'missing' : 'changed',
      path: PATH_TABLE,
      ...(standing !== 'missing' && {
        found:
          standing === 'damaged'
            ? 'not whole: showpath does not use it'
            : 'not what the host is now',
      }),
      remedy: 'xh make-links',
    },
  ];
}

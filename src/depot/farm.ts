/** What is in the farms, whether it is as it should be, and why a name is not there. */
import { existsSync } from 'node:fs';
import { b, printable, slice, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, components } from '../bytes/path.ts';
import { isMade } from '../farm/caches.ts';
import { classAt, LINK_CLASSES } from '../farm/classes.ts';
import { farmObjects } from '../farm/inventory.ts';
import { holder } from '../farm/standing.ts';
import { contestedIn } from '../farm/state.ts';
import { createDraft } from '../host/draft.ts';
import type { Host } from '../host/transaction.ts';
import { isDefaultPackage, type Config } from '../site/config.ts';
import { XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import { outOfReach } from './attach/reach.ts';
import { receiptsIn, type PackageReceipt } from './receipt-set.ts';

/** One link of the farms. */
export interface FarmLink {
  readonly path: Bytes;
  readonly class: string;
  readonly package: Bytes;
  readonly target: Bytes;
  /** Who else has the name. */
  readonly losers: readonly Bytes[];
}

/** Something in the farms that is not as it should be. */
export interface FarmFinding {
  /**
   * `missing`: a link that a package wants; `dangling`: one of ours that leads nowhere; `wrong`: one
   * that somebody has turned; `stray`: one into a package that no package wants; `foreign`: not ours.
   */
  readonly kind: 'missing' | 'dangling' | 'wrong' | 'stray' | 'foreign';
  readonly path: Bytes;
  /** Of a link that leads nowhere. */
  readonly target?: Bytes;
  readonly message: string;
  readonly remedy: string;
}

/** The links that stand, in the order of classes and names. */
export function listFarm(host: Host): FarmLink[] {
  const draft = createDraft(host.walker);
  const contested = contestedIn(draft);
  const order = new Map(LINK_CLASSES.map(({ name }, i) => [name, i]));
  const found: FarmLink[] = [];
  for (const { path, type } of farmObjects(host.walker)) {
    if (type !== 'l') continue;
    const has = holder(draft, host.site, path);
    if (has.type !== 'ours') continue;
    const all = contested.get(path) ?? [];
    const losers = all.map((each) => each.package).filter((name) => name !== has.package);
    const { package: name, target } = has;
    found.push({ path, class: classAt(path)?.name ?? '', package: name, target, losers });
  }
  const rank = (link: FarmLink): number => order.get(link.class) ?? 0;
  return found.toSorted((a, c) => rank(a) - rank(c) || (a.path < c.path ? -1 : 1));
}

/** Everything that is wrong in the farms. Reads what is there, and changes nothing. */
export function checkFarm(
  host: Host,
  receipts: readonly PackageReceipt[] = currentReceipts(host),
): FarmFinding[] {
  const draft = createDraft(host.walker);
  const wanted = wantedBy(receipts);
  // where their links lead cannot be seen for now
  const gone = outOfReach(host);
  const findings: FarmFinding[] = [];
  const seen = new Set<Bytes>();
  for (const { path, type } of farmObjects(host.walker)) {
    seen.add(path);
    const targets = wanted.get(path);
    const has = holder(draft, host.site, path);
    const shown = printable(path);
    if (has.type !== 'ours') {
      if (targets === undefined && (isHostsOwn(path) || isMade(path))) continue;
      const what = type === 'l' ? 'a link' : 'a file';
      findings.push({
        kind: 'foreign',
        path,
        message: `${shown} is ${what} that xhier did not make${targets === undefined ? '' : `, where ${printable(targets[0]?.package ?? b``)} wants a link`}`,
        remedy:
          targets === undefined
            ? 'move it to where people look for their own, such as /usr/local'
            : 'move it away, then xh make-links; or xh make-links --adopt',
      });
    } else if (!gone.has(has.package) && !leadsSomewhere(host, has.target)) {
      const remedy =
        targets === undefined
          ? 'xh make-links takes it away'
          : `put the file back, or xh install ${printable(has.package)}`;
      const message = `${shown} leads nowhere: ${printable(has.target)}`;
      findings.push({ kind: 'dangling', path, target: has.target, message, remedy });
    } else if (targets === undefined) {
      const message = `${shown} leads into ${printable(has.package)}, which does not want it`;
      findings.push({ kind: 'stray', path, message, remedy: 'remove it, unless it is your own' });
    } else if (!targets.some(({ target }) => target === has.target)) {
      const message = `${shown} leads to ${printable(has.target)}, which is not what is wanted there`;
      findings.push({ kind: 'wrong', path, message, remedy: 'xh make-links turns it back' });
    }
  }
  for (const [path, [first]] of wanted) {
    if (seen.has(path) || first === undefined) continue;
    const message = `${printable(path)} is missing, a link of ${printable(first.package)}`;
    findings.push({ kind: 'missing', path, message, remedy: 'xh make-links makes it' });
  }
  return findings;
}

/** Why no link is called `name`, package by package that has a file of the name. */
export function whyNotLinked(host: Host, config: Config, name: Bytes): string[] {
  const receipts = receiptsIn(createDraft(host.walker));
  return receipts.directories().flatMap((directory) => {
    const receipt = receipts.get(directory);
    const files =
      receipt?.files.filter(({ path, type }) => basename(path) === name && type !== 'directory') ??
      [];
    const [file] = files;
    if (receipt === undefined || file === undefined) return [];
    const below = components(file.path).slice(3).join('/') as Bytes;
    return [
      `${printable(directory)} has ${printable(below)}: ${reason(host, config, receipt, below)}`,
    ];
  });
}

function reason(host: Host, config: Config, receipt: PackageReceipt, below: Bytes): string {
  if (!receipt.current)
    return `it is not the current version (xh use ${printable(receipt.package)})`;
  const tree = LINK_CLASSES.find(({ trees }) =>
    trees.some(({ from }) => below.startsWith(`${from}/`)),
  );
  if (tree === undefined) return 'that is no place whose files are linked';
  try {
    const { options } = readPackage(host.site, receipt.package);
    const names = [receipt.name, receipt.package];
    if (!isDefaultPackage(config, names, options.values.default)) {
      return "it is no default package here ('default' in .admin/Options, 'default-packages' in xhier.toml)";
    }
    const { links } = options.values;
    const isOut =
      links.which === 'none' ||
      (links.which === 'some' && !links.classes.some((each) => each === tree.name));
    if (isOut) return `the class ${tree.name} is left out by 'links' in .admin/Options`;
  } catch (error) {
    if (error instanceof XhError) return error.message;
    throw error;
  }
  return tree.executable === true
    ? 'it cannot be executed, is hidden, or is not directly in the directory'
    : `it is none of the files that the class ${tree.name} links, or make-links has not been run since it came`;
}

interface Wanted {
  readonly package: Bytes;
  readonly target: Bytes;
}

function wantedBy(receipts: readonly PackageReceipt[]): ReadonlyMap<Bytes, readonly Wanted[]> {
  const wanted = new Map<Bytes, Wanted[]>();
  for (const { name, links } of receipts) {
    for (const { path, target } of links) {
      const known = wanted.get(path);
      if (known === undefined) wanted.set(path, [{ package: name, target }]);
      else known.push({ package: name, target });
    }
  }
  return wanted;
}

function currentReceipts(host: Host): PackageReceipt[] {
  const receipts = receiptsIn(createDraft(host.walker));
  return receipts
    .directories()
    .map((directory) => receipts.get(directory))
    .filter((receipt) => receipt?.current === true)
    .filter((receipt) => receipt !== undefined);
}

/** Whether a farm's directory is the vendor's and people's too. */
function isHostsOwn(path: Bytes): boolean {
  return !path.startsWith('/.software/');
}

/**
 * Whether the file is there that a link of ours names; one that is itself a link out of the site, to
 * what the host has, is held against the host.
 */
export function leadsSomewhere(host: Host, target: Bytes): boolean {
  try {
    return host.walker.stat(insideOf(host, target), { follow: true }) !== undefined;
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    return existsSync(toBuffer(target));
  }
}

/** The target of a link, as inside the site. */
export function insideOf({ site }: Host, target: Bytes): Bytes {
  return site.root === '/' ? target : slice(target, site.root.length);
}

/**
 * Putting one package's part of the host into a draft, and taking it out again: fragments in system
 * files, links in the farms, the receipt. Everything else that install, uninstall, use and
 * make-links do is which packages, and in which order.
 */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import { planFragments, removeFragments } from '../export/planFragments.ts';
import { classesNamed, LINK_CLASSES, type LinkClass } from '../farm/classes.ts';
import { planFarm, type FarmRequest } from '../farm/plan.ts';
import { wantedLinks, type WantedLink } from '../farm/wanted.ts';
import { userName } from '../host/lock.ts';
import { sameReceipt } from '../host/receipt.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import { architecture } from '../site/arch.ts';
import { isDefaultPackage, siteFileTypes } from '../site/config.ts';
import type { PackageMetadata } from '../package/read.ts';
import type { Planning } from './context.ts';
import { draftEdits, exportFiles, fragmentOwner, viewOf } from './fragments.ts';
import { packageFiles } from './package-files.ts';
import { hasLinkAt, receiptOf, writeReceipt, type PackageReceipt } from './receipts.ts';

export interface ActivateOptions {
  /** Whether the package is what its name means here: only then it has fragments and links. */
  readonly current: boolean;
  /** The version that it takes the place of, whose fragments and links become its own. */
  readonly replaces?: PackageReceipt;
}

/** Plans fragments, links and receipt of an installed package. @throws DiagnosticError */
export function activate(
  planning: Planning,
  pack: PackageMetadata,
  options: ActivateOptions,
): void {
  const { host, config } = planning;
  const old = receiptOf(planning, pack.directory);
  const before = options.replaces ?? old;
  const fragments = options.current ? mergeFragments(planning, pack, before) : [];
  const wanted = options.current ? linksOf(planning, pack) : [];
  if (options.current) placeLinks(planning, pack, { wanted, had: before?.links ?? [] });
  else if (old !== undefined) deactivate(planning, old);
  const receipt: PackageReceipt = {
    format: 1,
    package: pack.directory,
    name: pack.name,
    ...(pack.version !== undefined && { version: pack.version }),
    architecture: architecture(),
    time: new Date().toISOString(),
    user: userName(),
    current: options.current,
    files: packageFiles(host.walker, siteFileTypes(config), pack.directory, old?.files),
    fragments,
    links: wanted,
  };
  if (old === undefined || !sameReceipt(old, receipt)) writeReceipt(planning, receipt);
}

/** Plans taking fragments and links of an installed package out; the receipt is the caller's. */
export function deactivate(
  planning: Planning,
  receipt: PackageReceipt,
  options: { readonly leaving?: ReadonlySet<Bytes> } = {},
): void {
  const { draft, host } = planning;
  placeLinks(planning, receipt, { wanted: [], had: receipt.links, ...options });
  const removed = removeFragments({
    owner: fragmentOwner(host.site, receipt.name, undefined),
    before: receipt.fragments,
    host: viewOf(draft, host.site),
  });
  planning.conflicts.push(...removed.conflicts);
  planning.notes.push(...removed.notes);
  planning.conflicts.push(...draftEdits(draft, host.site, removed.edits));
}

/** Plans an installed package's links anew, and nothing else of it. */
export function relink(planning: Planning, pack: PackageMetadata, receipt: PackageReceipt): void {
  const wanted = linksOf(planning, pack);
  placeLinks(planning, pack, { wanted, had: receipt.links });
  keepLinks(planning, receipt, wanted);
}

/** Plans that a package which is installed, but is no longer in the depot, has no links. */
export function unlink(planning: Planning, receipt: PackageReceipt): void {
  placeLinks(planning, receipt, { wanted: [], had: receipt.links });
  keepLinks(planning, receipt, []);
}

function keepLinks(
  planning: Planning,
  receipt: PackageReceipt,
  links: readonly WantedLink[],
): void {
  const next = { ...receipt, links };
  if (!sameReceipt(receipt, next)) writeReceipt(planning, next);
}

function mergeFragments(
  planning: Planning,
  pack: PackageMetadata,
  before: PackageReceipt | undefined,
): readonly MergedFragment[] {
  const { draft, host } = planning;
  const plan = planFragments({
    owner: fragmentOwner(host.site, pack.name, pack.options.values.owner),
    exportFiles: exportFiles(host.walker, pack.directory),
    before: before?.fragments ?? [],
    host: viewOf(draft, host.site),
  });
  planning.conflicts.push(...plan.conflicts);
  planning.notes.push(...plan.notes, ...plan.warnings.map((warning) => warning.message));
  planning.conflicts.push(...draftEdits(draft, host.site, plan.edits));
  return plan.merged;
}

/** The links that the package wants on this host; none when it is no default package here. */
function linksOf(planning: Planning, pack: PackageMetadata): readonly WantedLink[] {
  const { host, config } = planning;
  const names = [pack.name, pack.directory];
  if (!isDefaultPackage(config, names, pack.options.values.default)) return [];
  return wantedLinks(host.walker, host.site, {
    name: pack.name,
    directory: pack.directory,
    classes: classesFor(pack),
  });
}

function classesFor(pack: PackageMetadata): readonly LinkClass[] {
  const { links } = pack.options.values;
  if (links.which === 'all') return LINK_CLASSES;
  if (links.which === 'none') return [];
  const known = LINK_CLASSES.map(({ name }) => name);
  const unknown = links.classes.find((name) => !known.includes(name));
  if (unknown === undefined) return classesNamed(links.classes);
  throw new DiagnosticError([
    {
      severity: 'error',
      code: 'E_OPTION_VALUE',
      message: `there is no class of links '${printable(unknown)}'`,
      file: b`/software/${pack.directory}/.admin/Options`,
      line: pack.options.lines.get('links') ?? 1,
      column: 1,
      source: b`links = ${links.classes.join(' ') as Bytes}`,
      hint: didYouMean(unknown, known) ?? `known: ${known.join(', ')}`,
    },
  ]);
}

/** A package that is in the depot, or what the receipt of one that leaves says of it. */
type Placed =
  | Pick<PackageMetadata, 'name' | 'directory' | 'options'>
  | Pick<PackageReceipt, 'name' | 'package'>;

function placeLinks(
  planning: Planning,
  pack: Placed,
  links: Pick<FarmRequest, 'wanted' | 'had' | 'leaving'>,
): void {
  const result = planFarm(planning.draft, planning.host.site, {
    ...links,
    ties: planning.ties,
    package: pack.name,
    directory: 'directory' in pack ? pack.directory : pack.package,
    priority: 'options' in pack ? pack.options.values.priority : 0,
    priorityOf: (name) => planning.priorityOf(name),
    recorded: (name, path) => hasLinkAt(planning, name, path),
    preferred: (name) => planning.config.values.prefer.get(name),
  });
  planning.conflicts.push(...result.conflicts);
  planning.notes.push(...result.notes);
}
